import { type FaultCode, PeerError, UsageError } from "../fault/index.ts";

/**
 * Reads bits, the most significant of each byte first, and Exp-Golomb codes (ITU-T H.264 §9.1). Emulation prevention
 * bytes are the caller's matter: they must be gone before. Reading past the end throws a `PeerError` of the code given
 * at construction.
 */
export class BitReader {
	readonly #bytes: Uint8Array;
	readonly #malformed: FaultCode;
	#position = 0;

	/** `malformed` is the fault to throw when the bits end too soon or a code is longer than it can be. */
	constructor(bytes: Uint8Array, malformed: FaultCode) {
		this.#bytes = bytes;
		this.#malformed = malformed;
	}

	/** Bits read so far. */
	get position(): number {
		return this.#position;
	}

	/** Bits not read yet. */
	get remaining(): number {
		return this.#bytes.length * 8 - this.#position;
	}

	/** One bit: 0 or 1. */
	bit(): number {
		const at = this.#advance(1);
		return (this.#bytes[at >> 3]! >> (7 - (at & 7))) & 1;
	}

	/** One bit as a truth value. */
	flag(): boolean {
		return this.bit() === 1;
	}

	/** An unsigned number of `count` bits, 0 to 32. Throws a `UsageError` for wider ones. */
	bits(count: number): number {
		if (count > 32) throw new UsageError("USAGE", `A number of ${count} bits is wider than 32.`);
		let at = this.#advance(count);
		let left = count;
		let value = 0;
		while (left > 0) {
			const available = 8 - (at & 7);
			const taken = Math.min(left, available);
			const part = (this.#bytes[at >> 3]! >> (available - taken)) & ((1 << taken) - 1);
			// Multiplied, not shifted: the 32nd bit would be a sign.
			value = value * (1 << taken) + part;
			at += taken;
			left -= taken;
		}
		return value;
	}

	skip(count: number): void {
		this.#advance(count);
	}

	/** Moves to the next byte's first bit, unless it stands at one. */
	alignToByte(): void {
		this.#position = (this.#position + 7) & ~7;
	}

	/** An unsigned Exp-Golomb code, `ue(v)`: 0 to 2^32 − 2. */
	ue(): number {
		let zeros = 0;
		while (this.bit() === 0) {
			if (++zeros > 31) throw new PeerError(this.#malformed, "An Exp-Golomb code is longer than 63 bits.");
		}
		return 2 ** zeros - 1 + this.bits(zeros);
	}

	/** A signed Exp-Golomb code, `se(v)`. */
	se(): number {
		const code = this.ue();
		if (code === 0) return 0;
		return code % 2 === 1 ? (code + 1) / 2 : -code / 2;
	}

	#advance(count: number): number {
		const at = this.#position;
		if (!(count >= 0 && count <= this.#bytes.length * 8 - at)) {
			throw new PeerError(this.#malformed, `At bit ${at}: ${count} wanted, ${this.remaining} left.`, at >> 3);
		}
		this.#position = at + count;
		return at;
	}
}
