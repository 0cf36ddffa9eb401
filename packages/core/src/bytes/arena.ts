/**
 * Memory for what is needed together and for a moment only: given out piece by piece, taken back all at once. Large
 * arrays that come and go make the collector work all the time; this one stays.
 */
export class Arena {
	readonly #bytes: number;
	/** Made when it is first needed. */
	#buffer: ArrayBuffer | undefined;
	#used = 0;

	/** @param bytes how much there is; what does not fit gets memory of its own */
	constructor(bytes: number) {
		this.#bytes = bytes;
	}

	/** So many bytes, of any content, until `reset`. */
	take(length: number): Uint8Array<ArrayBuffer> {
		if (this.#used + length > this.#bytes) return new Uint8Array(length);
		this.#buffer ??= new ArrayBuffer(this.#bytes);
		const piece = new Uint8Array(this.#buffer, this.#used, length);
		this.#used += length;
		return piece;
	}

	/** Takes everything back. Whoever still looks at it sees what somebody else writes. */
	reset(): void {
		this.#used = 0;
	}

	/** Leaves everything to those who have it, for as long as they do; what is taken from now on is other memory. */
	abandon(): void {
		if (this.#used > 0) this.#buffer = undefined;
		this.#used = 0;
	}
}
