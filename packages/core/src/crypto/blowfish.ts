/** The block cipher Blowfish (Schneier 1993), encryption alone. Making one costs as much as encrypting 521 blocks. */
export class Blowfish {
	/** The 18 round keys, then four boxes of 256 words. */
	readonly #words: Int32Array;

	/** @param key 4 to 56 bytes */
	constructor(key: Uint8Array) {
		piWords ??= computePiWords();
		const words = piWords.slice();
		this.#words = words;
		for (let round = 0, at = 0; round < ROUND_KEYS; round++) {
			let part = 0;
			for (let byte = 0; byte < 4; byte++) part = (part << 8) | key[at++ % key.length]!;
			words[round]! ^= part;
		}
		const pair = new Int32Array(2);
		for (let word = 0; word < WORDS; word += 2) {
			this.#encryptPair(pair);
			words.set(pair, word);
		}
	}

	/** Encrypts the eight bytes at `offset` in place. The cipher's own words have the highest byte first. */
	encrypt(bytes: Uint8Array, offset: number, littleEndian = false): void {
		const block = new DataView(bytes.buffer, bytes.byteOffset + offset, 8);
		const pair = Int32Array.of(block.getInt32(0, littleEndian), block.getInt32(4, littleEndian));
		this.#encryptPair(pair);
		block.setInt32(0, pair[0]!, littleEndian);
		block.setInt32(4, pair[1]!, littleEndian);
	}

	#encryptPair(pair: Int32Array): void {
		const words = this.#words;
		let left = pair[0]!;
		let right = pair[1]!;
		for (let round = 0; round < 16; round++) {
			left ^= words[round]!;
			const first = words[BOXES + (left >>> 24)]! + words[BOXES + 256 + ((left >>> 16) & 0xff)]!;
			const mixed = (first ^ words[BOXES + 512 + ((left >>> 8) & 0xff)]!) + words[BOXES + 768 + (left & 0xff)]!;
			const next = right ^ mixed;
			right = left;
			left = next;
		}
		pair[0] = right ^ words[17]!;
		pair[1] = left ^ words[16]!;
	}
}

const ROUND_KEYS = 18;
const BOXES = ROUND_KEYS;
const WORDS = ROUND_KEYS + 4 * 256;

/** What every key starts from; worked out when the first one is made, in some milliseconds. */
let piWords: Int32Array | undefined;

/** The digits of π behind the point, as words of 32 bits: by Chudnovsky's series, each term of which gives 47 bits. */
function computePiWords(): Int32Array {
	const guardBits = 64n;
	const one = 1n << (BigInt(32 * WORDS) + guardBits);
	let term = one;
	let constants = one;
	let multiples = 0n;
	for (let k = 1n; term !== 0n; k++) {
		term = (-term * ((6n * k - 5n) * (2n * k - 1n) * (6n * k - 1n))) / (k * k * k * 10_939_058_860_032_000n);
		constants += term;
		multiples += k * term;
	}
	const pi = (426_880n * squareRoot(10_005n * one * one) * one) / (13_591_409n * constants + 545_140_134n * multiples);
	let digits = (pi - 3n * one) >> guardBits;
	const words = new Int32Array(WORDS);
	for (let word = WORDS - 1; word >= 0; word--) {
		words[word] = Number(BigInt.asIntN(32, digits));
		digits >>= 32n;
	}
	return words;
}

/** The whole part of a square root, by Newton's method from above. */
function squareRoot(square: bigint): bigint {
	let root = 1n << BigInt(Math.ceil(square.toString(16).length * 2));
	for (;;) {
		const next = (root + square / root) >> 1n;
		if (next >= root) return root;
		root = next;
	}
}
