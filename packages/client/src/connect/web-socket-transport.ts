import type { Transport, TransportHandler } from "./transport.ts";

/** What is used of the platform's `WebSocket`. */
export type WebSocketMaker = new (address: string) => WebSocket;

/** Sockets tell how much waits, but not when it has gone: they are asked this often. */
const DRAIN_POLL_MILLIS = 5;

/** RTMP in binary WebSocket messages, whose borders mean nothing. */
export class WebSocketTransport implements Transport {
	readonly #socket: WebSocket;
	readonly #after: (millis: number, action: () => void) => () => void;
	readonly #handler: TransportHandler;
	#stopPolling: (() => void) | undefined;
	#isOver = false;
	#isOpen = false;

	/** @param after the platform's timer */
	constructor(
		Maker: WebSocketMaker,
		address: string,
		after: (millis: number, action: () => void) => () => void,
		handler: TransportHandler,
	) {
		this.#after = after;
		this.#handler = handler;
		const socket = new Maker(address);
		this.#socket = socket;
		socket.binaryType = "arraybuffer";
		socket.addEventListener("open", () => {
			if (this.#isOver) return;
			this.#isOpen = true;
			handler.onOpen();
		});
		socket.addEventListener("message", event => {
			if (!this.#isOver && event.data instanceof ArrayBuffer) handler.onData(new Uint8Array(event.data));
		});
		let detail = "";
		socket.addEventListener("error", event => {
			const { message, error } = event as Event & { message?: string; error?: Error & { cause?: Error } };
			detail = error?.cause?.message || error?.message || message || "";
		});
		socket.addEventListener("close", ({ code, reason, wasClean }) => {
			if (this.#isOver) return;
			this.#isOver = true;
			this.#stopPolling?.();
			const what = this.#isOpen ? `The WebSocket ended with code ${code}` : "The WebSocket was not opened";
			const text = [reason, detail].filter(part => part !== "").join("; ");
			handler.onClosed(wasClean && this.#isOpen ? undefined : new Error(text === "" ? `${what}.` : `${what}: ${text}`));
		});
	}

	get backlog(): number {
		return this.#socket.bufferedAmount;
	}

	write(slices: readonly Uint8Array[]): void {
		if (this.#isOver || !this.#isOpen || slices.length === 0) return;
		for (const slice of slices) this.#socket.send(slice as Uint8Array<ArrayBuffer>);
		this.#stopPolling ??= this.#after(0, () => this.#poll());
	}

	close(): void {
		this.#socket.close(1000);
	}

	destroy(): void {
		this.#isOver = true;
		this.#stopPolling?.();
		this.#socket.close();
	}

	#poll(): void {
		this.#stopPolling = undefined;
		if (this.#isOver) return;
		if (this.#socket.bufferedAmount > 0) this.#stopPolling = this.#after(DRAIN_POLL_MILLIS, () => this.#poll());
		else this.#handler.onDrain();
	}
}
