import type { IncomingMessage } from "node:http";
import { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { WebSocketServer } from "ws";
import { isOriginAllowed } from "../access/index.ts";
import { refuseUpgrade, type SocketOrigin, WebSocketWire, type Wire, type WireHandler } from "../net/index.ts";

export type RtmpWebSocketOptions = {
	/** Web origins whose pages may connect; `*` is all. */
	readonly cors: readonly string[];
	originOf(request: IncomingMessage): SocketOrigin;
	/** Whether one more client may come; it is counted if so. */
	admit(origin: SocketOrigin, socket: Socket): boolean;
	/** Takes a client. */
	onClient(wire: (handler: WireHandler) => Wire, origin: SocketOrigin): void;
};

/** Where it is. */
const PATH = "/rtmp";
/** As much as a client may send in one message, in bytes; a message of RTMP may be spread over any number of them. */
const MAX_MESSAGE_BYTES = 1024 * 1024;
/** Pieces of one message; a client that needs more means harm. */
const MAX_FRAGMENTS = 1024;

/**
 * RTMP as it is, handshake included, in the binary messages of a WebSocket at `/rtmp`, split anywhere: for web pages,
 * and for players that tunnel sockets so. A subprotocol that the client asks for is echoed.
 */
export class RtmpWebSocket {
	readonly #options: RtmpWebSocketOptions;
	readonly #webSockets = new WebSocketServer({
		noServer: true,
		perMessageDeflate: false,
		maxPayload: MAX_MESSAGE_BYTES,
		maxFragments: MAX_FRAGMENTS,
		autoPong: false,
		clientTracking: false,
	});

	constructor(options: RtmpWebSocketOptions) {
		this.#options = options;
	}

	/** Whether a request's address is this one. */
	static isPath(url: string): boolean {
		return url === PATH || url.startsWith(`${PATH}?`);
	}

	/** Answers an upgrade at `/rtmp`. */
	handleUpgrade(request: IncomingMessage, socket: Duplex, head: Uint8Array): void {
		// The HTTP server has let go of the socket: without a listener, a reset would end the process.
		socket.on("error", () => socket.destroy());
		if (!(socket instanceof Socket)) return refuseUpgrade(socket, "400 Bad Request");
		const { cors, originOf, admit, onClient } = this.#options;
		if (!isOriginAllowed(cors, request.headers.origin, request.headers.host))
			return refuseUpgrade(socket, "403 Forbidden");
		const origin = originOf(request);
		if (!admit(origin, socket)) return refuseUpgrade(socket, "503 Service Unavailable");
		this.#webSockets.handleUpgrade(request, socket, Buffer.from(head), webSocket => {
			onClient(handler => new WebSocketWire(webSocket, socket, origin.address, handler), origin);
		});
	}

	/** Takes no more clients. */
	stop(): void {
		this.#webSockets.close();
	}
}
