import { type NetConnection, SharedObjectLink } from "@millrace/client";
import { netStatus } from "@millrace/core/rtmp";
import {
	decodeSharedObjectMessage,
	encodeForSubscribers,
	type SharedObjectMessage,
	sharedObjectEncoding,
	sharedObjectRefusal,
	sharedObjectType,
} from "@millrace/core/shared-object";
import type { InstanceClient, SharedObjectType } from "../../app/index.ts";

/** Shared objects that one client may use through an edge at once, as many as it may where it is not sent on. */
const MAX_OBJECTS = 1000;

/** The shared objects that a client of an edge uses: its messages go to the origin, and the origin's come back. */
export class EdgeObjects {
	readonly #connection: NetConnection;
	readonly #links = new Map<string, SharedObjectLink>();

	/** @param connection the one to the origin */
	constructor(connection: NetConnection) {
		this.#connection = connection;
	}

	/** @throws PeerError for a message that is none; LimitError for one that holds too much */
	receive(client: InstanceClient, type: SharedObjectType, body: Uint8Array): void {
		const message = decodeSharedObjectMessage(type, body);
		const link = this.#links.get(message.name) ?? this.#open(client, type, message);
		link?.send(message);
		if (link !== undefined && message.events.some(event => event.kind === "release")) {
			link.close();
			this.#links.delete(message.name);
		}
	}

	close(): void {
		for (const link of this.#links.values()) link.close();
		this.#links.clear();
	}

	/** `undefined`: the client may have no more, and has been told so, or it did not subscribe. */
	#open(client: InstanceClient, type: SharedObjectType, message: SharedObjectMessage): SharedObjectLink | undefined {
		if (!message.events.some(event => event.kind === "use")) return;
		const encoding = sharedObjectEncoding(type);
		const tell = (answer: SharedObjectMessage) => {
			for (const each of encodeForSubscribers(answer, encoding)) {
				client.sendSharedObject(sharedObjectType(encoding), each);
			}
		};
		if (this.#links.size >= MAX_OBJECTS) {
			tell(sharedObjectRefusal(message, netStatus("SharedObject.ObjectCreationFailed")));
			return;
		}
		const link = new SharedObjectLink(this.#connection, message.name, {
			onConnected: () => {},
			onEnded: () => {},
			onMessage: tell,
		});
		this.#links.set(message.name, link);
		return link;
	}
}
