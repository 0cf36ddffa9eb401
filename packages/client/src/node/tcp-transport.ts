import { connect, type Socket } from "node:net";
import type { Transport, TransportHandler, TransportTarget } from "../connect/index.ts";

/** How long a server may take to read the last bytes, in milliseconds. */
const END_TIMEOUT_MILLIS = 2000;
/** Slices of this many bytes together are joined: one small copy costs less than many pieces in one system call. */
const MAX_JOINED_BYTES = 65_536;

/** Opens TCP. Addresses of both families are tried where a name has both. */
export function openTcp(target: TransportTarget, handler: TransportHandler): Transport {
	return new TcpTransport(target, handler);
}

class TcpTransport implements Transport {
	readonly #socket: Socket;
	#error: Error | undefined;

	constructor(target: TransportTarget, handler: TransportHandler) {
		// Without `noDelay`, Nagle's algorithm and delayed acknowledgements hold a frame's tail for 40 ms.
		const socket = connect({ host: target.host, port: target.port, noDelay: true });
		this.#socket = socket;
		socket.on("connect", () => handler.onOpen());
		socket.on("data", bytes => {
			if (typeof bytes !== "string") handler.onData(bytes);
		});
		socket.on("drain", () => handler.onDrain());
		socket.on("error", error => {
			this.#error = plainError(error);
		});
		socket.on("close", () => handler.onClosed(this.#error));
	}

	get backlog(): number {
		return this.#socket.writableLength;
	}

	write(slices: readonly Uint8Array[]): void {
		const socket = this.#socket;
		if (socket.destroyed || slices.length === 0) return;
		let total = 0;
		for (const slice of slices) total += slice.length;
		if (slices.length === 1) socket.write(slices[0]!);
		else if (total <= MAX_JOINED_BYTES) socket.write(Buffer.concat(slices, total));
		else {
			socket.cork();
			for (const slice of slices) socket.write(slice);
			socket.uncork();
		}
	}

	close(): void {
		const socket = this.#socket;
		if (socket.destroyed) return;
		socket.destroySoon();
		const timer = setTimeout(() => socket.destroy(), END_TIMEOUT_MILLIS);
		socket.once("close", () => clearTimeout(timer));
	}

	destroy(): void {
		this.#socket.destroy();
	}
}

/** Several addresses that all failed come as one error without a text of its own: the first says enough. */
function plainError(error: Error): Error {
	if (!(error instanceof AggregateError)) return error;
	const [first] = error.errors;
	return first instanceof Error ? first : error;
}
