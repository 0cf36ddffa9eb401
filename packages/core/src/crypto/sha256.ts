import { UsageError } from "../fault/index.ts";

/** The length of a SHA-256 digest in bytes. */
export const SHA256_BYTES = 32;
/** The length of the block that SHA-256 works on, in bytes (FIPS 180-4 §1). */
export const SHA256_BLOCK_BYTES = 64;

/**
 * SHA-256 in steps (FIPS 180-4 §6.2): `update` as often as needed, then `digest` once. It is synchronous, so that the
 * handshake that needs it stays synchronous too.
 */
export class Sha256 {
	readonly #state = new Int32Array(INITIAL_STATE);
	readonly #block = new Uint8Array(SHA256_BLOCK_BYTES);
	#blockFill = 0;
	#totalBytes = 0;
	#isDone = false;

	/** Takes the next bytes of the message. Throws `UsageError` after `digest`. */
	update(bytes: Uint8Array): this {
		if (this.#isDone) throw new UsageError("USAGE", "Sha256.update was called after digest.");
		this.#totalBytes += bytes.length;
		let offset = 0;
		if (this.#blockFill > 0) {
			offset = Math.min(SHA256_BLOCK_BYTES - this.#blockFill, bytes.length);
			this.#block.set(bytes.subarray(0, offset), this.#blockFill);
			this.#blockFill += offset;
			if (this.#blockFill < SHA256_BLOCK_BYTES) return this;
			compress(this.#state, this.#block, 0);
			this.#blockFill = 0;
		}
		for (; offset + SHA256_BLOCK_BYTES <= bytes.length; offset += SHA256_BLOCK_BYTES) {
			compress(this.#state, bytes, offset);
		}
		this.#block.set(bytes.subarray(offset));
		this.#blockFill = bytes.length - offset;
		return this;
	}

	/** The 32 bytes of the digest. Throws `UsageError` when it is called a second time. */
	digest(): Uint8Array {
		if (this.#isDone) throw new UsageError("USAGE", "Sha256.digest was called twice.");
		this.#isDone = true;
		const block = this.#block;
		block[this.#blockFill] = 0x80;
		block.fill(0, this.#blockFill + 1);
		if (this.#blockFill >= LENGTH_OFFSET) {
			compress(this.#state, block, 0);
			block.fill(0);
		}
		const view = new DataView(block.buffer);
		view.setUint32(LENGTH_OFFSET, Math.floor(this.#totalBytes / 0x2000_0000));
		view.setUint32(LENGTH_OFFSET + 4, (this.#totalBytes << 3) >>> 0);
		compress(this.#state, block, 0);
		const digest = new Uint8Array(SHA256_BYTES);
		const out = new DataView(digest.buffer);
		for (let word = 0; word < 8; word++) out.setInt32(word * 4, this.#state[word]!);
		return digest;
	}
}

/** The SHA-256 digest of one piece of data: 32 bytes. */
export function sha256(bytes: Uint8Array): Uint8Array {
	return new Sha256().update(bytes).digest();
}

/** Where the message's length in bits stands in the last block. */
const LENGTH_OFFSET = SHA256_BLOCK_BYTES - 8;

/** FIPS 180-4 §5.3.3. */
const INITIAL_STATE = new Int32Array([
	0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
]);

/** FIPS 180-4 §4.2.2. */
const ROUND_CONSTANTS = new Int32Array([
	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98,
	0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786,
	0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8,
	0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13,
	0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819,
	0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a,
	0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7,
	0xc67178f2,
]);

/** The message schedule. One for all: `compress` fills it anew and nothing can come in between. */
const schedule = new Int32Array(64);

function compress(state: Int32Array, bytes: Uint8Array, start: number): void {
	const w = schedule;
	for (let round = 0, offset = start; round < 16; round++, offset += 4) {
		w[round] = (bytes[offset]! << 24) | (bytes[offset + 1]! << 16) | (bytes[offset + 2]! << 8) | bytes[offset + 3]!;
	}
	for (let round = 16; round < 64; round++) {
		const early = w[round - 15]!;
		const late = w[round - 2]!;
		const sigma0 = ((early >>> 7) | (early << 25)) ^ ((early >>> 18) | (early << 14)) ^ (early >>> 3);
		const sigma1 = ((late >>> 17) | (late << 15)) ^ ((late >>> 19) | (late << 13)) ^ (late >>> 10);
		w[round] = (w[round - 16]! + sigma0 + w[round - 7]! + sigma1) | 0;
	}
	let a = state[0]!;
	let b = state[1]!;
	let c = state[2]!;
	let d = state[3]!;
	let e = state[4]!;
	let f = state[5]!;
	let g = state[6]!;
	let h = state[7]!;
	for (let round = 0; round < 64; round++) {
		const sum1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
		const choice = g ^ (e & (f ^ g));
		const first = (h + sum1 + choice + ROUND_CONSTANTS[round]! + w[round]!) | 0;
		const sum0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
		const majority = (a & b) | (c & (a | b));
		h = g;
		g = f;
		f = e;
		e = (d + first) | 0;
		d = c;
		c = b;
		b = a;
		a = (first + sum0 + majority) | 0;
	}
	state[0] = state[0]! + a;
	state[1] = state[1]! + b;
	state[2] = state[2]! + c;
	state[3] = state[3]! + d;
	state[4] = state[4]! + e;
	state[5] = state[5]! + f;
	state[6] = state[6]! + g;
	state[7] = state[7]! + h;
}
