import { writeSync } from "node:fs";

/** How long is waited before a full descriptor is tried again, in milliseconds. */
const RETRY_MILLIS = 1;
/** Up to so many bytes, copying costs less than another call. */
const JOINED_BYTES = 64 * 1024;

/**
 * Writes to a descriptor that does not block, at once as far as it takes the bytes: other than with a stream, what was
 * written can be brought to its end without a turn of the event loop.
 */
export class DescriptorWriter {
	readonly #descriptor: number;
	readonly #onBroken: () => void;
	#waiting: Uint8Array[] = [];
	#retry: NodeJS.Timeout | undefined;
	#isBroken = false;

	/** `onBroken`: nobody reads it any more. */
	constructor(descriptor: number, onBroken: () => void) {
		this.#descriptor = descriptor;
		this.#onBroken = onBroken;
	}

	/** The bytes are kept until they are written. */
	write(...parts: readonly Uint8Array[]): void {
		if (this.#isBroken) return;
		const length = parts.reduce((sum, part) => sum + part.length, 0);
		if (length <= JOINED_BYTES) this.#waiting.push(Buffer.concat(parts));
		else this.#waiting.push(...parts);
		if (this.#retry === undefined) this.#writeWaiting();
	}

	/** Stands still until everything is written. */
	finish(): void {
		while (this.#waiting.length > 0) {
			this.#writeWaiting();
			if (this.#waiting.length > 0) Atomics.wait(CLOCK, 0, 0, RETRY_MILLIS);
		}
	}

	#writeWaiting(): void {
		clearTimeout(this.#retry);
		this.#retry = undefined;
		while (this.#waiting.length > 0) {
			const bytes = this.#waiting[0]!;
			const written = this.#writeSome(bytes);
			if (this.#isBroken) return;
			if (written < bytes.length) {
				this.#waiting[0] = bytes.subarray(written);
				this.#retry = setTimeout(() => this.#writeWaiting(), RETRY_MILLIS);
				return;
			}
			this.#waiting.shift();
		}
	}

	#writeSome(bytes: Uint8Array): number {
		try {
			return writeSync(this.#descriptor, bytes);
		} catch (error) {
			const { code } = error as NodeJS.ErrnoException;
			if (code === "EAGAIN" || code === "EWOULDBLOCK") return 0;
			this.#isBroken = true;
			this.#waiting = [];
			this.#onBroken();
			return 0;
		}
	}
}

/** Nobody ever wakes those who wait on it. */
const CLOCK = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
