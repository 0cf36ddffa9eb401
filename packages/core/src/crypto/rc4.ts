/**
 * The stream cipher RC4. Two calls of `apply` with the same key and bytes give the bytes back. It is broken, and here
 * only because RTMPE is made of it; OpenSSL 3 no longer has it.
 */
export class Rc4 {
	/** Bytes in whole integers, which makes the loop a third faster. */
	readonly #state = new Int32Array(256);
	#i = 0;
	#j = 0;

	/** @param key 1 to 256 bytes */
	constructor(key: Uint8Array) {
		const state = this.#state;
		for (let i = 0; i < 256; i++) state[i] = i;
		for (let i = 0, j = 0; i < 256; i++) {
			const held = state[i]!;
			j = (j + held + key[i % key.length]!) & 0xff;
			state[i] = state[j]!;
			state[j] = held;
		}
	}

	/** Combines `input` with the next bytes of the key stream and writes the result to `output`, which may be the same. */
	apply(input: Uint8Array, output: Uint8Array): void {
		const state = this.#state;
		let i = this.#i;
		let j = this.#j;
		for (let at = 0; at < input.length; at++) {
			i = (i + 1) & 0xff;
			const a = state[i]!;
			j = (j + a) & 0xff;
			const b = state[j]!;
			state[i] = b;
			state[j] = a;
			output[at] = input[at]! ^ state[(a + b) & 0xff]!;
		}
		this.#i = i;
		this.#j = j;
	}

	/** Throws bytes of the key stream away. */
	skip(count: number): void {
		const dropped = new Uint8Array(count);
		this.apply(dropped, dropped);
	}
}
