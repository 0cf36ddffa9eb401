import type { Socket } from "node:net";
import { PeerError } from "@millrace/core/fault";
import type { WebSocket } from "ws";
import type { Wire, WireHandler } from "./wire.ts";

/** How long a peer may take to read the last bytes and answer the close, in milliseconds. */
const END_TIMEOUT_MILLIS = 5000;
/** TCP probes an idle peer after this time, so that its end is noticed even where it is never written to. */
const KEEP_ALIVE_MILLIS = 60_000;

/** Who goes on with a long message after our close is not waited for. */
const MAX_HELD_AT_END_BYTES = 16 * 1024;

const NOTHING = new Uint8Array(0);
/** RFC 6455 §7.4.1: the purpose is fulfilled; a text came where only bytes are understood. */
const CLOSE_NORMAL = 1000;
const CLOSE_UNSUPPORTED = 1003;

/** A wire over the binary messages of a WebSocket, which carry a byte stream split anywhere. */
export class WebSocketWire implements Wire {
	readonly remoteAddress: string;
	readonly #webSocket: WebSocket;
	readonly #socket: Socket;
	readonly #handler: WireHandler;
	#error: Error | undefined;
	#waitsForDrain = false;
	#isEnding = false;
	/** What has come of a message that is not complete, about: the heads of frames are in it too. */
	#held = 0;
	/** The length of what came last; it may hold the ends of messages and the beginning of another. */
	#lastPart = 0;

	readonly #onDrained = (): void => {
		this.#waitsForDrain = false;
		this.#handler.onWireDrain();
	};

	/**
	 * @param webSocket open, of the server's side, with `binaryType` as it is by default
	 * @param socket what it runs on
	 */
	constructor(webSocket: WebSocket, socket: Socket, remoteAddress: string, handler: WireHandler) {
		this.#webSocket = webSocket;
		this.#socket = socket;
		this.#handler = handler;
		this.remoteAddress = remoteAddress;
		socket.setNoDelay(true);
		socket.setKeepAlive(true, KEEP_ALIVE_MILLIS);
		webSocket.on("message", (data, isBinary) => {
			this.#hold(Math.min(Math.max(0, this.#held - (data as Buffer).length), this.#lastPart));
			if (this.#isEnding) return;
			if (isBinary) handler.onWireData?.(data as Buffer);
			else this.#refuseText();
		});
		// The library keeps the parts of a message until it is complete. This sees them first.
		socket.prependListener("data", (bytes: Uint8Array) => {
			this.#lastPart = bytes.length;
			this.#hold(this.#held + bytes.length);
		});
		// Pings of one that does not read must not pile up answers.
		webSocket.on("ping", bytes => {
			if (socket.writableLength === 0) webSocket.pong(bytes);
		});
		webSocket.on("error", (error: NodeJS.ErrnoException) => {
			const isFrame = error.code?.startsWith("WS_ERR_") === true;
			this.#error ??= isFrame ? new PeerError("WEB_SOCKET_BAD_FRAME", error.message) : error;
		});
		webSocket.on("close", () => handler.onWireClosed(this.#error));
	}

	get backlog(): number {
		return this.#socket.writableLength;
	}

	/** The library may keep what it was given. */
	readonly isSpent = false;

	get bytesWritten(): number {
		return this.#socket.bytesWritten;
	}

	write(bytes: Uint8Array): void {
		// Frames of a server are not masked: the library sends its head and these very bytes.
		if (!this.#isEnding) this.#webSocket.send(bytes, { binary: true });
	}

	notifyDrain(): void {
		if (this.#waitsForDrain || this.#socket.destroyed) return;
		this.#waitsForDrain = true;
		this.#socket.write(NOTHING, this.#onDrained);
	}

	pause(): void {
		if (!this.#isEnding) this.#webSocket.pause();
	}

	resume(): void {
		this.#webSocket.resume();
	}

	end(): void {
		this.#close(CLOSE_NORMAL);
	}

	destroy(): void {
		this.#isEnding = true;
		this.#webSocket.terminate();
	}

	#hold(bytes: number): void {
		this.#held = bytes;
		if (this.#isEnding && bytes > MAX_HELD_AT_END_BYTES) this.#webSocket.terminate();
		this.#handler.onWireHeld?.(bytes);
	}

	/** Whoever sends text is not waited for to answer the close. */
	#refuseText(): void {
		this.#error ??= new PeerError("WEB_SOCKET_BAD_FRAME", "A text came.");
		this.#close(CLOSE_UNSUPPORTED);
		this.#socket.destroySoon();
	}

	#close(code: number): void {
		if (this.#socket.destroyed || this.#isEnding) return;
		this.#isEnding = true;
		this.#webSocket.resume();
		this.#webSocket.close(code);
		const timer = setTimeout(() => this.#webSocket.terminate(), END_TIMEOUT_MILLIS);
		timer.unref();
		this.#webSocket.once("close", () => clearTimeout(timer));
	}
}
