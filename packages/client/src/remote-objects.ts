import type { ClientConnection } from "@millrace/core/rtmp";
import {
	decodeSharedObjectMessage,
	SHARED_OBJECT_ANSWER_LIMITS,
	type SharedObjectMessage,
} from "@millrace/core/shared-object";

/** A remote shared object, as its connection sees it. */
export interface RemoteLink {
	readonly name: string;
	/** The connection is there, again or for the first time. */
	onConnected(connection: ClientConnection): void;
	/** The connection has ended. */
	onEnded(): void;
	receive(message: SharedObjectMessage): void;
}

/** The remote shared objects of one connection. They stay while it ends and begins again. */
export class RemoteObjects {
	readonly #links = new Set<RemoteLink>();

	add(link: RemoteLink): void {
		this.#links.add(link);
	}

	remove(link: RemoteLink): void {
		this.#links.delete(link);
	}

	onConnected(connection: ClientConnection): void {
		for (const link of [...this.#links]) link.onConnected(connection);
	}

	onEnded(): void {
		for (const link of [...this.#links]) link.onEnded();
	}

	/** Throws a `PeerError` for a message that is none. Each object gets values of its own. */
	receive(type: 16 | 19, body: Uint8Array): void {
		let message: SharedObjectMessage | undefined = decodeSharedObjectMessage(type, body, SHARED_OBJECT_ANSWER_LIMITS);
		const { name } = message;
		for (const link of [...this.#links].filter(each => each.name === name)) {
			link.receive(message ?? decodeSharedObjectMessage(type, body, SHARED_OBJECT_ANSWER_LIMITS));
			message = undefined;
		}
	}
}
