import { FileError } from "../fault/index.ts";

/**
 * Decompresses LZMA as SWF files hold it: a byte of properties, the dictionary's size in four, and the data. What comes
 * behind `size` bytes is not looked at.
 *
 * @param size the exact length of what is packed; memory for it is taken at once
 * @throws FileError FILE_INVALID where the data is broken or ends early
 */
export function lzmaDecompress(packed: Uint8Array, size: number): Uint8Array {
	return new LzmaDecoder(packed, size).decode();
}

/** Before the data: properties and the dictionary's size. */
const HEADER_BYTES = 5;
/** The properties' byte is below this. */
const MAX_PROPERTIES = 9 * 5 * 5;
const STATES = 12;
/** From this state on, the last thing was a match. */
const FIRST_MATCH_STATE = 7;
const MIN_MATCH = 2;
const END_MARKER = 0xffff_ffff;
/** Distances whose slot is below this have probabilities for all of their bits. */
const FIRST_DIRECT_SLOT = 14;
const ALIGN_BITS = 4;
const EVEN_ODDS = 1024;

// Where each group of probabilities begins.
const IS_MATCH = 0;
const IS_REPEAT = IS_MATCH + STATES * 16;
const IS_REPEAT_0 = IS_REPEAT + STATES;
const IS_REPEAT_1 = IS_REPEAT_0 + STATES;
const IS_REPEAT_2 = IS_REPEAT_1 + STATES;
const IS_LONG_REPEAT_0 = IS_REPEAT_2 + STATES;
const SLOTS = IS_LONG_REPEAT_0 + STATES * 16;
const SHORT_DISTANCES = SLOTS + 4 * 64;
const ALIGNMENT = SHORT_DISTANCES + 115;
const MATCH_LENGTH = ALIGNMENT + 16;
const REPEAT_LENGTH = MATCH_LENGTH + 2 + 128 + 128 + 256;
const LITERALS = REPEAT_LENGTH + 2 + 128 + 128 + 256;
const LITERAL_ODDS = 0x300;

class LzmaDecoder {
	readonly #input: Uint8Array;
	readonly #output: Uint8Array;
	readonly #odds: Uint16Array;
	readonly #contextBits: number;
	readonly #literalMask: number;
	readonly #positionMask: number;
	#at = HEADER_BYTES;
	#length = 0;
	#range = 0xffff_ffff;
	#code = 0;

	constructor(input: Uint8Array, size: number) {
		const properties = input[0] ?? MAX_PROPERTIES;
		if (properties >= MAX_PROPERTIES) throw broken("its properties are impossible");
		this.#contextBits = properties % 9;
		const literalBits = Math.floor(properties / 9) % 5;
		this.#literalMask = (1 << literalBits) - 1;
		this.#positionMask = (1 << Math.floor(properties / 45)) - 1;
		this.#odds = new Uint16Array(LITERALS + (LITERAL_ODDS << (this.#contextBits + literalBits))).fill(EVEN_ODDS);
		this.#input = input;
		if (this.#nextByte() !== 0) throw broken("its first byte is not zero");
		for (let i = 0; i < 4; i++) this.#code = ((this.#code << 8) | this.#nextByte()) >>> 0;
		this.#output = new Uint8Array(size);
	}

	decode(): Uint8Array {
		const output = this.#output;
		/** The distances of the last four matches, newest first. */
		let [d0, d1, d2, d3] = [0, 0, 0, 0];
		let state = 0;
		while (this.#length < output.length) {
			const position = this.#length & this.#positionMask;
			if (this.#bit(IS_MATCH + state * 16 + position) === 0) {
				this.#literal(state, d0);
				state = state < 4 ? 0 : state < 10 ? state - 3 : state - 6;
				continue;
			}
			const wasMatch = state >= FIRST_MATCH_STATE;
			if (this.#bit(IS_REPEAT + state) === 0) {
				[d1, d2, d3] = [d0, d1, d2];
				const length = this.#matchLength(MATCH_LENGTH, position);
				d0 = this.#distance(length);
				if (d0 === END_MARKER) break;
				state = wasMatch ? 10 : 7;
				this.#copy(d0, length + MIN_MATCH);
				continue;
			}
			if (this.#bit(IS_REPEAT_0 + state) === 0) {
				if (this.#bit(IS_LONG_REPEAT_0 + state * 16 + position) === 0) {
					state = wasMatch ? 11 : 9;
					this.#copy(d0, 1);
					continue;
				}
			} else if (this.#bit(IS_REPEAT_1 + state) === 0) {
				[d0, d1] = [d1, d0];
			} else if (this.#bit(IS_REPEAT_2 + state) === 0) {
				[d0, d1, d2] = [d2, d0, d1];
			} else {
				[d0, d1, d2, d3] = [d3, d0, d1, d2];
			}
			state = wasMatch ? 11 : 8;
			this.#copy(d0, this.#matchLength(REPEAT_LENGTH, position) + MIN_MATCH);
		}
		if (this.#length < output.length) throw broken("it ends before its size");
		return output;
	}

	#literal(state: number, distance: number): void {
		const output = this.#output;
		const before = this.#length > 0 ? output[this.#length - 1]! : 0;
		const context = ((this.#length & this.#literalMask) << this.#contextBits) + (before >>> (8 - this.#contextBits));
		const base = LITERALS + LITERAL_ODDS * context;
		let symbol = 1;
		if (state >= FIRST_MATCH_STATE) {
			// What would have stood here, had the match gone on, is a good guess.
			let guess = output[this.#length - distance - 1]!;
			while (symbol < 0x100) {
				const guessed = (guess >>> 7) & 1;
				guess <<= 1;
				const bit = this.#bit(base + ((1 + guessed) << 8) + symbol);
				symbol = (symbol << 1) | bit;
				if (bit !== guessed) break;
			}
		}
		while (symbol < 0x100) symbol = (symbol << 1) | this.#bit(base + symbol);
		output[this.#length++] = symbol;
	}

	#copy(distance: number, length: number): void {
		const output = this.#output;
		let at = this.#length;
		if (distance >= at) throw broken("a match begins before the data");
		const end = Math.min(at + length, output.length);
		for (let from = at - distance - 1; at < end; ) output[at++] = output[from++]!;
		this.#length = at;
	}

	#matchLength(base: number, position: number): number {
		if (this.#bit(base) === 0) return this.#tree(base + 2 + position * 8, 3);
		if (this.#bit(base + 1) === 0) return 8 + this.#tree(base + 2 + 128 + position * 8, 3);
		return 16 + this.#tree(base + 2 + 256, 8);
	}

	#distance(length: number): number {
		const slot = this.#tree(SLOTS + Math.min(length, 3) * 64, 6);
		if (slot < 4) return slot;
		const bits = (slot >>> 1) - 1;
		const high = ((2 | (slot & 1)) << bits) >>> 0;
		if (slot < FIRST_DIRECT_SLOT) return high + this.#reversedTree(SHORT_DISTANCES + high - slot, bits);
		const middle = (this.#directBits(bits - ALIGN_BITS) << ALIGN_BITS) >>> 0;
		return high + middle + this.#reversedTree(ALIGNMENT, ALIGN_BITS);
	}

	#tree(base: number, bits: number): number {
		let node = 1;
		for (let i = 0; i < bits; i++) node = (node << 1) | this.#bit(base + node);
		return node - (1 << bits);
	}

	#reversedTree(base: number, bits: number): number {
		let node = 1;
		let value = 0;
		for (let i = 0; i < bits; i++) {
			const bit = this.#bit(base + node);
			node = (node << 1) | bit;
			value |= bit << i;
		}
		return value;
	}

	/** One bit of the range coder. */
	#bit(index: number): number {
		const odds = this.#odds[index]!;
		const bound = (this.#range >>> 11) * odds;
		const bit = this.#code < bound ? 0 : 1;
		if (bit === 0) {
			this.#range = bound;
			this.#odds[index] = odds + ((2048 - odds) >>> 5);
		} else {
			this.#range -= bound;
			this.#code -= bound;
			this.#odds[index] = odds - (odds >>> 5);
		}
		if (this.#range < 0x100_0000) this.#refill();
		return bit;
	}

	#directBits(count: number): number {
		let value = 0;
		for (let i = 0; i < count; i++) {
			this.#range >>>= 1;
			const bit = this.#code >= this.#range ? 1 : 0;
			if (bit === 1) this.#code -= this.#range;
			if (this.#range < 0x100_0000) this.#refill();
			value = (value << 1) | bit;
		}
		return value;
	}

	#refill(): void {
		this.#range = (this.#range << 8) >>> 0;
		this.#code = ((this.#code << 8) | this.#nextByte()) >>> 0;
	}

	#nextByte(): number {
		const byte = this.#input[this.#at++];
		if (byte === undefined) throw broken("it ends too early");
		return byte;
	}
}

function broken(what: string): FileError {
	return new FileError("FILE_INVALID", `The LZMA data is broken: ${what}.`);
}
