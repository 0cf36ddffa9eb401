import { UsageError } from "../fault/index.ts";

const CONSUMED = new Uint8Array(0);

/**
 * What a socket delivered and nobody has consumed yet. Chunks are kept as they came: the caller may not write into a
 * chunk after pushing it. Results are views wherever the bytes lie inside one chunk, and copies only where they
 * straddle chunks.
 */
export class ByteQueue {
	/**
	 * Chunks before `#head` are consumed and replaced by `CONSUMED`; they are cut off in groups, so that a long queue is
	 * not shifted each time.
	 */
	readonly #chunks: Uint8Array[] = [];
	#head = 0;
	/** Bytes of the first chunk that are consumed. */
	#offset = 0;
	#length = 0;

	/** Bytes that can be taken. */
	get length(): number {
		return this.#length;
	}

	/** Appends a chunk; empty ones are dropped. */
	push(chunk: Uint8Array): void {
		if (chunk.length === 0) return;
		this.#chunks.push(chunk);
		this.#length += chunk.length;
	}

	/** The next `count` bytes, which stay in the queue. Throws a `UsageError` when fewer are there. */
	peek(count: number): Uint8Array {
		this.#mustHave(count);
		const first = this.#chunks[this.#head];
		if (first === undefined) return new Uint8Array(0);
		const end = this.#offset + count;
		return end <= first.length ? first.subarray(this.#offset, end) : this.#join(count);
	}

	/** Removes and answers the next `count` bytes. Throws a `UsageError` when fewer are there. */
	take(count: number): Uint8Array {
		const taken = this.peek(count);
		this.skip(count);
		return taken;
	}

	/** Removes the next `count` bytes. Throws a `UsageError` when fewer are there. */
	skip(count: number): void {
		this.#mustHave(count);
		this.#length -= count;
		let left = count;
		while (left > 0) {
			const available = this.#chunks[this.#head]!.length - this.#offset;
			if (left < available) {
				this.#offset += left;
				break;
			}
			left -= available;
			// Their memory is freed at once, even while they wait to be cut off.
			this.#chunks[this.#head++] = CONSUMED;
			this.#offset = 0;
		}
		this.#dropConsumed();
	}

	#dropConsumed(): void {
		if (this.#head === this.#chunks.length) {
			this.#chunks.length = 0;
			this.#head = 0;
		} else if (this.#head > 64 && this.#head * 2 > this.#chunks.length) {
			this.#chunks.splice(0, this.#head);
			this.#head = 0;
		}
	}

	#join(count: number): Uint8Array {
		const joined = new Uint8Array(count);
		let filled = 0;
		let offset = this.#offset;
		for (let index = this.#head; filled < count; index++) {
			const chunk = this.#chunks[index]!;
			const part = chunk.subarray(offset, offset + count - filled);
			joined.set(part, filled);
			filled += part.length;
			offset = 0;
		}
		return joined;
	}

	#mustHave(count: number): void {
		if (count >= 0 && count <= this.#length) return;
		throw new UsageError("USAGE", `${count} bytes were asked of a queue that holds ${this.#length}.`);
	}
}
