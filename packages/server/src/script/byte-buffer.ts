/** The bytes of one ByteArray. Flash's own bound is the memory; here a script cannot take it from others. */
export const MAX_BYTE_ARRAY_BYTES = 64 * 1024 * 1024;

const MIN_CAPACITY = 64;

/** The bytes behind ActionScript's ByteArray: they grow as they are written, and have a position. */
export class ByteBuffer {
	/** Byte order of numbers of several bytes. */
	isLittleEndian = false;
	/** AMF0 or AMF3, for objects. */
	objectEncoding: 0 | 3 = 3;
	/** Where the next byte is read or written; may lie behind the end. */
	position = 0;
	#bytes: Uint8Array<ArrayBuffer>;
	#length: number;

	/** Takes a copy of `bytes`. */
	constructor(bytes: Uint8Array = new Uint8Array()) {
		this.#bytes = new Uint8Array(bytes);
		this.#length = bytes.length;
	}

	get length(): number {
		return this.#length;
	}

	/** Cuts the bytes, or adds zeros; a position behind the end moves to it. Throws a `RangeError`. */
	set length(length: number) {
		if (length > this.#length) this.#grow(length);
		else this.#bytes.fill(0, length, this.#length);
		this.#length = length;
		this.position = Math.min(this.position, length);
	}

	/** All bytes, as they are stored: valid until the next write. */
	get bytes(): Uint8Array<ArrayBuffer> {
		return this.#bytes.subarray(0, this.#length);
	}

	/** Bytes from the position to the end. */
	get available(): number {
		return Math.max(0, this.#length - this.position);
	}

	/** The next bytes, as they are stored, or `undefined` where so many are not left. */
	take(count: number): Uint8Array<ArrayBuffer> | undefined {
		if (count > this.available) return undefined;
		this.position += count;
		return this.#bytes.subarray(this.position - count, this.position);
	}

	/** Writes at the position and moves behind it. Throws a `RangeError`. */
	put(bytes: Uint8Array): void {
		this.room(bytes.length).set(bytes);
	}

	/** The next `count` bytes, to be filled; the position moves behind them. Throws a `RangeError`. */
	room(count: number): Uint8Array<ArrayBuffer> {
		const end = this.position + count;
		this.#grow(end);
		this.#length = Math.max(this.#length, end);
		this.position = end;
		return this.#bytes.subarray(end - count, end);
	}

	/** Puts other bytes in the place of all; the position is at the start. */
	replace(bytes: Uint8Array): void {
		this.#bytes = new Uint8Array(bytes);
		this.#length = bytes.length;
		this.position = 0;
	}

	#grow(length: number): void {
		if (length > MAX_BYTE_ARRAY_BYTES) {
			throw new RangeError(`A ByteArray holds at most ${MAX_BYTE_ARRAY_BYTES} bytes.`);
		}
		if (length <= this.#bytes.length) return;
		const capacity = Math.max(MIN_CAPACITY, length, Math.min(this.#bytes.length * 2, MAX_BYTE_ARRAY_BYTES));
		const bytes = new Uint8Array(capacity);
		bytes.set(this.bytes);
		this.#bytes = bytes;
	}
}
