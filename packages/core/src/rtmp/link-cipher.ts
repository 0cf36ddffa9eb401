import type { MemoryPool } from "../bytes/index.ts";
import type { Rc4 } from "../crypto/index.ts";

/** The encryption of everything after the handshake: one stream each way. Every byte passes it once, in its order. */
export class LinkCipher {
	/** The most that `open` takes at once. */
	static readonly PIECE_BYTES = 4096;

	readonly #input: Rc4;
	readonly #output: Rc4;
	readonly #opened = new Uint8Array(LinkCipher.PIECE_BYTES);

	constructor(input: Rc4, output: Rc4) {
		this.#input = input;
		this.#output = output;
	}

	/** Decrypts the next bytes that came, `PIECE_BYTES` at most, which stay as they are. Valid until the next call. */
	open(bytes: Uint8Array): Uint8Array {
		this.#input.apply(bytes, this.#opened);
		return this.#opened.subarray(0, bytes.length);
	}

	/** An encrypted copy of the next bytes that leave, which may be shared with other connections; in memory of `pool`. */
	seal(bytes: Uint8Array, pool?: MemoryPool): Uint8Array {
		const sealed = pool?.take(bytes.length) ?? new Uint8Array(bytes.length);
		this.#output.apply(bytes, sealed);
		return sealed;
	}
}
