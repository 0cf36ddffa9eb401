import type { ClientConnection } from "@millrace/core/rtmp";
import { encodeForSubscribers, type SharedObjectMessage, sharedObjectType } from "@millrace/core/shared-object";
import { insideOf, type NetConnection } from "./net-connection.ts";
import type { RemoteLink } from "./remote-objects.ts";

/** What a link tells. */
export type SharedObjectLinkHandler = {
	/** The connection is there, for the first time or again: `send` may be used, and nobody is subscribed. */
	onConnected(): void;
	/** The connection has ended. */
	onEnded(): void;
	/** A message of the server about the object. */
	onMessage(message: SharedObjectMessage): void;
};

/**
 * The messages about one remote shared object of a connection, as they are: for programs that hand them on. It stays
 * while the connection ends and begins again, until `close`.
 */
export class SharedObjectLink implements RemoteLink {
	readonly name: string;
	readonly #nc: NetConnection;
	readonly #handler: SharedObjectLinkHandler;
	#connection: ClientConnection | undefined;

	constructor(nc: NetConnection, name: string, handler: SharedObjectLinkHandler) {
		this.name = name;
		this.#nc = nc;
		this.#handler = handler;
		const inside = insideOf(nc);
		inside.remoteObjects.add(this);
		if (inside.session.connection !== undefined) this.onConnected(inside.session.connection);
	}

	/** Whether there is a connection. */
	get isConnected(): boolean {
		return this.#connection !== undefined;
	}

	/**
	 * Sends a message about the object, in the encoding that was agreed; what that cannot hold becomes `undefined`.
	 * Without a connection it is dropped.
	 */
	send(message: SharedObjectMessage): void {
		const connection = this.#connection;
		if (connection === undefined) return;
		const { objectEncoding } = connection;
		for (const body of encodeForSubscribers({ ...message, name: this.name }, objectEncoding)) {
			connection.sendSharedObject(sharedObjectType(objectEncoding), body);
		}
		insideOf(this.#nc).session.planFlush();
	}

	/** Hears nothing any more. The server is not told. */
	close(): void {
		insideOf(this.#nc).remoteObjects.remove(this);
		this.#connection = undefined;
	}

	// ── the connection ──

	onConnected(connection: ClientConnection): void {
		this.#connection = connection;
		this.#handler.onConnected();
	}

	onEnded(): void {
		this.#connection = undefined;
		this.#handler.onEnded();
	}

	receive(message: SharedObjectMessage): void {
		this.#handler.onMessage(message);
	}
}
