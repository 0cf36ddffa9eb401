import { randomBytes } from "node:crypto";

/** What is drawn of the system's generator at once, in bytes: a call for a handshake's 1.5 kB costs nearly as much. */
const POOL_BYTES = 64 * 1024;

/** Random bytes that nobody can foretell, drawn many at a time. */
export class RandomPool {
	#pool: Uint8Array = new Uint8Array(0);

	/** Gives bytes that it gives to nobody else: they may be a key. */
	take(count: number): Uint8Array {
		if (count > POOL_BYTES) return randomBytes(count);
		if (count > this.#pool.length) this.#pool = randomBytes(POOL_BYTES);
		const bytes = this.#pool.subarray(0, count);
		this.#pool = this.#pool.subarray(count);
		return bytes;
	}
}
