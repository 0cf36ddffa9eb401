/**
 * Memory for what lives shortly, used again instead of being left to the collector: large arrays that come and go by the
 * thousand make it collect all the time.
 */
export class MemoryPool {
	readonly #pieceBytes: number;
	readonly #mostFree: number;
	readonly #free: ArrayBuffer[] = [];

	/**
	 * @param pieceBytes size of a piece; what is larger gets memory of its own
	 * @param mostFree how many pieces are kept while nobody uses them
	 */
	constructor(pieceBytes: number, mostFree: number) {
		this.#pieceBytes = pieceBytes;
		this.#mostFree = mostFree;
	}

	/** So many bytes, of any content, until they are given back. */
	take(length: number): Uint8Array {
		if (length > this.#pieceBytes) return new Uint8Array(length);
		return new Uint8Array(this.#free.pop() ?? new ArrayBuffer(this.#pieceBytes), 0, length);
	}

	/** Takes back what `take` gave. Whoever still looks at it sees what somebody else writes. */
	give({ buffer }: Uint8Array): void {
		if (buffer.byteLength !== this.#pieceBytes || this.#free.length >= this.#mostFree) return;
		this.#free.push(buffer as ArrayBuffer);
	}
}
