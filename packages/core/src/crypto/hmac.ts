import { SHA256_BLOCK_BYTES, Sha256, sha256 } from "./sha256.ts";

/** HMAC-SHA256 in steps (RFC 2104, FIPS 198-1): `update` as often as needed, then `digest` once. */
export class HmacSha256 {
	readonly #inner = new Sha256();
	readonly #outer = new Sha256();

	constructor(key: Uint8Array) {
		const pad = new Uint8Array(SHA256_BLOCK_BYTES);
		pad.set(key.length > SHA256_BLOCK_BYTES ? sha256(key) : key);
		for (let index = 0; index < pad.length; index++) pad[index]! ^= INNER_PAD;
		this.#inner.update(pad);
		for (let index = 0; index < pad.length; index++) pad[index]! ^= INNER_PAD ^ OUTER_PAD;
		this.#outer.update(pad);
	}

	/** Takes the next bytes of the message. Throws `UsageError` after `digest`. */
	update(bytes: Uint8Array): this {
		this.#inner.update(bytes);
		return this;
	}

	/** The 32 bytes of the code. Throws `UsageError` when it is called a second time. */
	digest(): Uint8Array {
		return this.#outer.update(this.#inner.digest()).digest();
	}
}

/** HMAC-SHA256 of one piece of data: 32 bytes. */
export function hmacSha256(key: Uint8Array, message: Uint8Array): Uint8Array {
	return new HmacSha256(key).update(message).digest();
}

/**
 * Whether two byte strings are the same, in a time that depends on their length alone, so that a peer cannot guess a
 * code byte by byte.
 */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
	if (a.length !== b.length) return false;
	let difference = 0;
	for (let index = 0; index < a.length; index++) difference |= a[index]! ^ b[index]!;
	return difference === 0;
}

const INNER_PAD = 0x36;
const OUTER_PAD = 0x5c;
