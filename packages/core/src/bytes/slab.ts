/**
 * Gives out small arrays as views of larger ones, for media that lives about as long as its neighbours: an array of its
 * own costs the platform several times what its bytes do. A view keeps its whole slab alive, so what is kept for long
 * is to be copied out, and whoever must not see others' bytes must not be handed a view.
 */
export class Slab {
	/** Arrays above this size get memory of their own: a slab would hold too few of them. */
	static readonly MAX_SHARED_BYTES = 16 * 1024;

	readonly #slabBytes: number;
	#current: ArrayBuffer | undefined;
	#used = 0;

	/** @param slabBytes size of a slab; default 128 KiB */
	constructor(slabBytes = 128 * 1024) {
		this.#slabBytes = slabBytes;
	}

	/** An array of zeros, exactly of that length. */
	allocate(length: number): Uint8Array<ArrayBuffer> {
		if (length > Slab.MAX_SHARED_BYTES) return new Uint8Array(length);
		if (this.#current === undefined || this.#used + length > this.#slabBytes) {
			this.#current = new ArrayBuffer(this.#slabBytes);
			this.#used = 0;
		}
		const view = new Uint8Array(this.#current, this.#used, length);
		this.#used += length;
		return view;
	}
}
