import { ByteWriter } from "../bytes/index.ts";
import { UsageError } from "../fault/index.ts";

/**
 * Builds boxes, one inside another (ISO/IEC 14496-12 §4.2): each begins with its size, which is filled in when it ends,
 * and its four-character type. Fields are written through `fields`.
 */
export class BoxWriter {
	/** Where a box's fields go; its length is the position in what is being built. */
	readonly fields: ByteWriter;
	/** Where the open boxes begin. */
	readonly #open: number[] = [];

	/** `capacity`: bytes to reserve at first. */
	constructor(capacity = 1024) {
		this.fields = new ByteWriter({ capacity });
	}

	/** Begins a box; `type` is four characters of ASCII. Answers where it begins. */
	begin(type: string): number {
		const start = this.fields.length;
		this.#open.push(start);
		this.fields.u32(0);
		this.fields.utf8(type);
		return start;
	}

	/** Begins a box that has a version and 24 bits of flags in front of its fields. Answers where it begins. */
	beginFull(type: string, version: number, flags: number): number {
		const start = this.begin(type);
		this.fields.u8(version);
		this.fields.u24(flags);
		return start;
	}

	/** Ends the box that was begun last. Throws `UsageError` where none is open. */
	end(): void {
		const start = this.#open.pop();
		if (start === undefined) throw new UsageError("USAGE", "No box is open that could be ended.");
		this.fields.patchU32(start, this.fields.length - start);
	}

	/** An unsigned integer of 64 bits; exact up to 2^53. */
	u64(value: number): void {
		this.fields.u32(Math.floor(value / 2 ** 32));
		this.fields.u32(value >>> 0);
	}

	/** `count` zero bytes: reserved fields. */
	zeros(count: number): void {
		for (let left = count; left > 0; left--) this.fields.u8(0);
	}

	/** All boxes, exactly sized; the writer is empty again. Throws `UsageError` while a box is open. */
	finish(): Uint8Array {
		if (this.#open.length > 0) throw new UsageError("USAGE", "A box is still open.");
		return this.fields.finish();
	}
}
