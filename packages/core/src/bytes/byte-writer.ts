import { type FaultCode, UsageError } from "../fault/index.ts";
import { encodeUtf8Into, utf8ByteLength } from "./utf8.ts";

/** Shared by all writers: a double's bytes are made here, which needs no view for each writer. */
const SCRATCH = new DataView(new ArrayBuffer(8));

/**
 * The memory of a writer that has finished, for the next one: reserving it anew costs more than writing a command.
 * Nothing of what it held can be read, since a writer gives out only what it has written.
 */
let spare: Uint8Array | undefined;
const SPARE_BYTES = 64 * 1024;
/** What a writer has that has finished. */
const NOTHING = new Uint8Array(0);

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
	#length = 0;

	constructor(options: ByteWriterOptions = {}) {
		this.#maxBytes = options.maxBytes ?? Number.POSITIVE_INFINITY;
		this.#tooLarge = options.tooLarge ?? "USAGE";
		const capacity = Math.min(options.capacity ?? 256, this.#maxBytes);
		if (spare !== undefined && capacity <= spare.length && spare.length <= this.#maxBytes) {
			this.#buffer = spare;
			spare = undefined;
		} else {
			this.#buffer = new Uint8Array(capacity);
		}
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
		this.#buffer[at] = value;
		this.#buffer[at + 1] = value >> 8;
		this.#buffer[at + 2] = value >> 16;
		this.#buffer[at + 3] = value >> 24;
	}

	i32(value: number): void {
		this.u32(value);
	}

	/** An IEEE 754 double. */
	f64(value: number): void {
		const at = this.#reserve(8);
		const buffer = this.#buffer;
		SCRATCH.setFloat64(0, value);
		const high = SCRATCH.getInt32(0);
		const low = SCRATCH.getInt32(4);
		buffer[at] = high >> 24;
		buffer[at + 1] = high >> 16;
		buffer[at + 2] = high >> 8;
		buffer[at + 3] = high;
		buffer[at + 4] = low >> 24;
		buffer[at + 5] = low >> 16;
		buffer[at + 6] = low >> 8;
		buffer[at + 7] = low;
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
		this.#buffer[offset] = value >> 8;
		this.#buffer[offset + 1] = value;
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
		this.#buffer[offset] = value >> 24;
		this.#buffer[offset + 1] = value >> 16;
		this.#buffer[offset + 2] = value >> 8;
		this.#buffer[offset + 3] = value;
	}

	/** All that was written, as a copy of its own that is exactly as long. */
	toBytes(): Uint8Array {
		return this.#buffer.slice(0, this.#length);
	}

	/** The same, and the writer is empty again; its memory serves the next writer. */
	finish(): Uint8Array {
		const bytes = this.toBytes();
		const size = this.#buffer.length;
		if (size <= SPARE_BYTES && size > (spare?.length ?? 0)) spare = this.#buffer;
		this.#buffer = NOTHING;
		this.#length = 0;
		return bytes;
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
		const grown = new Uint8Array(Math.min(Math.max(needed, this.#buffer.length * 2, 64), this.#maxBytes));
		grown.set(this.#buffer.subarray(0, this.#length));
		this.#buffer = grown;
	}

	#mustBeWritten(offset: number, count: number): void {
		if (offset >= 0 && offset + count <= this.#length) return;
		throw new UsageError("USAGE", `Nothing was written at byte ${offset} that could be patched.`);
	}
}
