import { type FaultCode, UsageError } from "../fault/index.ts";
import { encodeUtf8Into, utf8ByteLength } from "./utf8.ts";

/** How a `ByteWriter` grows. */
export type ByteWriterOptions = {
	/** Bytes to reserve at first. Default 256. */
	capacity?: number;
	/** Writing past this many bytes throws a `UsageError`. Default: no ceiling. */
	maxBytes?: number;
	/** The code of that error. Default `USAGE`. */
	tooLarge?: FaultCode;
};

/**
 * Builds one array of bytes, growing as needed. Integers are big-endian unless the name ends in `le`; only the low
 * bits that fit are written.
 */
export class ByteWriter {
	readonly #maxBytes: number;
	readonly #tooLarge: FaultCode;
	#buffer: Uint8Array;
	#view: DataView;
	#length = 0;

	constructor(options: ByteWriterOptions = {}) {
		this.#maxBytes = options.maxBytes ?? Number.POSITIVE_INFINITY;
		this.#tooLarge = options.tooLarge ?? "USAGE";
		this.#buffer = new Uint8Array(Math.min(options.capacity ?? 256, this.#maxBytes));
		this.#view = new DataView(this.#buffer.buffer);
	}

	/** Bytes written so far. */
	get length(): number {
		return this.#length;
	}

	u8(value: number): void {
		const at = this.#reserve(1);
		this.#buffer[at] = value;
	}

	u16(value: number): void {
		const at = this.#reserve(2);
		this.#buffer[at] = value >> 8;
		this.#buffer[at + 1] = value;
	}

	u16le(value: number): void {
		const at = this.#reserve(2);
		this.#buffer[at] = value;
		this.#buffer[at + 1] = value >> 8;
	}

	i16(value: number): void {
		this.u16(value);
	}

	u24(value: number): void {
		this.patchU24(this.#reserve(3), value);
	}

	i24(value: number): void {
		this.u24(value);
	}

	u32(value: number): void {
		this.patchU32(this.#reserve(4), value);
	}

	u32le(value: number): void {
		const at = this.#reserve(4);
		this.#view.setUint32(at, value, true);
	}

	i32(value: number): void {
		this.u32(value);
	}

	/** An IEEE 754 double. */
	f64(value: number): void {
		const at = this.#reserve(8);
		this.#view.setFloat64(at, value);
	}

	/** Copies `bytes` in. */
	bytes(bytes: Uint8Array): void {
		const at = this.#reserve(bytes.length);
		this.#buffer.set(bytes, at);
	}

	/** Writes `text` without a length or terminator; answers the number of bytes. */
	utf8(text: string): number {
		// Three bytes a code unit is the most that can be needed; counting exactly is left to where room is short.
		if (text.length * 3 > this.#buffer.length - this.#length) this.#grow(utf8ByteLength(text));
		const written = encodeUtf8Into(text, this.#buffer, this.#length);
		this.#length += written;
		return written;
	}

	/** Overwrites two bytes that were written before. */
	patchU16(offset: number, value: number): void {
		this.#mustBeWritten(offset, 2);
		this.#view.setUint16(offset, value);
	}

	/** Overwrites three bytes that were written before. */
	patchU24(offset: number, value: number): void {
		this.#mustBeWritten(offset, 3);
		this.#buffer[offset] = value >> 16;
		this.#buffer[offset + 1] = value >> 8;
		this.#buffer[offset + 2] = value;
	}

	/** Overwrites four bytes that were written before. */
	patchU32(offset: number, value: number): void {
		this.#mustBeWritten(offset, 4);
		this.#view.setUint32(offset, value);
	}

	/** All that was written, as a copy of its own that is exactly as long. */
	toBytes(): Uint8Array {
		return this.#buffer.slice(0, this.#length);
	}

	/** Makes room for `count` bytes and answers where they begin. */
	#reserve(count: number): number {
		const at = this.#length;
		if (count > this.#buffer.length - at) this.#grow(count);
		this.#length = at + count;
		return at;
	}

	#grow(count: number): void {
		const needed = this.#length + count;
		if (needed > this.#maxBytes) {
			throw new UsageError(this.#tooLarge, `It would take more than ${this.#maxBytes} bytes.`);
		}
		if (needed <= this.#buffer.length) return;
		const grown = new Uint8Array(Math.min(Math.max(needed, this.#buffer.length * 2), this.#maxBytes));
		grown.set(this.#buffer.subarray(0, this.#length));
		this.#buffer = grown;
		this.#view = new DataView(grown.buffer);
	}

	#mustBeWritten(offset: number, count: number): void {
		if (offset >= 0 && offset + count <= this.#length) return;
		throw new UsageError("USAGE", `Nothing was written at byte ${offset} that could be patched.`);
	}
}
