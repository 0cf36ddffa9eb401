import { type FaultCode, PeerError } from "../fault/index.ts";
import { decodeUtf8 } from "./utf8.ts";

/** Shared by all readers: a double's bytes are put here and read back, which needs no view for each reader. */
const SCRATCH = new DataView(new ArrayBuffer(8));

/**
 * Reads numbers and byte runs from one array, front to back. Integers are big-endian unless the name ends in `le`.
 * Every read that would pass the end throws a `PeerError` of the code given at construction, with the position, and
 * moves nothing.
 */
export class ByteReader {
	readonly #bytes: Uint8Array;
	readonly #truncated: FaultCode;
	readonly #end: number;
	#position = 0;

	/** `truncated` is the fault to throw when the bytes end too soon: that of the format that is being read. */
	constructor(bytes: Uint8Array, truncated: FaultCode) {
		this.#bytes = bytes;
		this.#truncated = truncated;
		this.#end = bytes.length;
	}

	/** Bytes read so far, which is the index of the next one. */
	get position(): number {
		return this.#position;
	}

	/** Bytes not read yet. */
	get remaining(): number {
		return this.#end - this.#position;
	}

	u8(): number {
		return this.#bytes[this.#advance(1)]!;
	}

	/** The next byte without reading it, or −1 at the end. */
	peekU8(): number {
		return this.#position < this.#end ? this.#bytes[this.#position]! : -1;
	}

	u16(): number {
		const at = this.#advance(2);
		return (this.#bytes[at]! << 8) | this.#bytes[at + 1]!;
	}

	u16le(): number {
		const at = this.#advance(2);
		return this.#bytes[at]! | (this.#bytes[at + 1]! << 8);
	}

	i16(): number {
		return (this.u16() << 16) >> 16;
	}

	u24(): number {
		const at = this.#advance(3);
		return (this.#bytes[at]! << 16) | (this.#bytes[at + 1]! << 8) | this.#bytes[at + 2]!;
	}

	i24(): number {
		return (this.u24() << 8) >> 8;
	}

	u32(): number {
		return this.i32() >>> 0;
	}

	u32le(): number {
		const at = this.#advance(4);
		const bytes = this.#bytes;
		return (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0;
	}

	i32(): number {
		const at = this.#advance(4);
		const bytes = this.#bytes;
		return (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
	}

	/** An IEEE 754 double. */
	f64(): number {
		const at = this.#advance(8);
		const bytes = this.#bytes;
		SCRATCH.setInt32(0, (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!);
		SCRATCH.setInt32(4, (bytes[at + 4]! << 24) | (bytes[at + 5]! << 16) | (bytes[at + 6]! << 8) | bytes[at + 7]!);
		return SCRATCH.getFloat64(0);
	}

	/** The next `length` bytes as a view into the same memory: copy it to keep it longer than the input. */
	bytes(length: number): Uint8Array {
		const at = this.#advance(length);
		return this.#bytes.subarray(at, at + length);
	}

	/** The next `length` bytes as text; what is not UTF-8 becomes U+FFFD (see `decodeUtf8`). */
	utf8(length: number): string {
		const at = this.#advance(length);
		return decodeUtf8(this.#bytes, at, at + length);
	}

	skip(length: number): void {
		this.#advance(length);
	}

	/** Moves past `length` bytes and answers where they begin. */
	#advance(length: number): number {
		const at = this.#position;
		// A negative or broken length would move backwards, so it is refused like one that is too long.
		if (!(length >= 0 && length <= this.#end - at)) this.#fail(length);
		this.#position = at + length;
		return at;
	}

	#fail(length: number): never {
		const at = this.#position;
		throw new PeerError(this.#truncated, `At byte ${at}: ${length} wanted, ${this.#end - at} left.`, at);
	}
}
