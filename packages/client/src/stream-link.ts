import type { ClientConnection, ClientStream, ClientStreamHandler } from "@millrace/core/rtmp";
import type { ConnectionInside } from "./connection-inside.ts";

/** What a `StreamLink` reports: what the stream of the wire does, of the current one only. */
export type StreamLinkHandler = Pick<ClientStreamHandler, "onStatus" | "onMedia" | "onEvent"> & {
	/** The stream is gone without having been closed here: it was refused or deleted, or its connection has ended. */
	onLost(byUser: boolean): void;
};

/**
 * What stands on the wire behind a `NetStream`: one stream of the connection, made when it is needed and anew on each
 * connection.
 */
export class StreamLink {
	readonly #inside: ConnectionInside;
	readonly #handler: StreamLinkHandler;
	readonly #onConnectionEnd = (byUser: boolean): void => this.#onLost(byUser);
	#stream: ClientStream | undefined;
	/** The stream that was closed here last: what the server says to that is still reported. */
	#closedStream: ClientStream | undefined;

	constructor(inside: ConnectionInside, handler: StreamLinkHandler) {
		this.#inside = inside;
		this.#handler = handler;
		inside.session.use(connection => this.#on(connection));
	}

	/** The stream, where there is one now. */
	get stream(): ClientStream | undefined {
		return this.#stream;
	}

	/** Uses the stream, at once or when there is one. */
	use(action: (stream: ClientStream) => void): void {
		this.#inside.endListeners.add(this.#onConnectionEnd);
		this.#inside.session.use(connection => action(this.#on(connection)));
	}

	/** Gives the stream back to the server. */
	close(): void {
		const stream = this.#stream;
		this.#stream = undefined;
		this.#closedStream = stream;
		this.#inside.endListeners.delete(this.#onConnectionEnd);
		if (stream === undefined) return;
		stream.delete();
		this.#inside.session.planFlush();
	}

	/** The stream on this connection, made where there is none. */
	#on(connection: ClientConnection): ClientStream {
		const current = this.#stream;
		if (current !== undefined && !current.closed && current.connection === connection) return current;
		const stream = connection.createStream(this.#streamHandler());
		this.#stream = stream;
		return stream;
	}

	#streamHandler(): ClientStreamHandler {
		const handler = this.#handler;
		let own: ClientStream | undefined;
		const isCurrent = (): boolean => own === undefined || own === this.#stream;
		return {
			onCreated: stream => {
				own = stream;
			},
			onCreateFailed: info => handler.onStatus(info),
			onStatus: info => {
				if (isCurrent() || (own === this.#closedStream && this.#stream === undefined)) handler.onStatus(info);
			},
			onMedia: (type, timestamp, payload) => {
				if (isCurrent()) handler.onMedia(type, timestamp, payload);
			},
			onEvent: event => {
				if (isCurrent()) handler.onEvent(event);
			},
			onClosed: () => {
				if (isCurrent()) this.#onLost(false);
			},
		};
	}

	#onLost(byUser: boolean): void {
		this.#stream = undefined;
		this.#closedStream = undefined;
		this.#handler.onLost(byUser);
	}
}
