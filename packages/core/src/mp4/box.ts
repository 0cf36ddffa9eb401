import { FileError } from "../fault/index.ts";
import type { Mp4Limits } from "./mp4-limits.ts";

/** The head of a box (ISO/IEC 14496-12 §4.2). */
export type BoxHead = {
	/** Four characters, each a byte; `©` is A9. */
	readonly type: string;
	/** The bytes in front of the body: 8, or 16 where the size has 64 bits. */
	readonly headBytes: number;
	/** The whole box; `Infinity` where it goes on to the end of whatever it is in. */
	readonly bytes: number;
};

/** Reads a box's head; `undefined`: there are too few bytes. Throws `FILE_INVALID` where the size is impossible. */
export function readBoxHead(view: DataView, at: number): BoxHead | undefined {
	if (at + 8 > view.byteLength) return undefined;
	const type = typeAt(view, at + 4);
	const size = view.getUint32(at);
	if (size === 0) return { type, headBytes: 8, bytes: Number.POSITIVE_INFINITY };
	if (size !== 1) {
		if (size < 8) throw invalid(`A box of type “${printable(type)}” has a size of ${size}.`);
		return { type, headBytes: 8, bytes: size };
	}
	if (at + 16 > view.byteLength) return undefined;
	const bytes = view.getUint32(at + 8) * 2 ** 32 + view.getUint32(at + 12);
	if (bytes < 16) throw invalid(`A box of type “${printable(type)}” has a size of ${bytes}.`);
	return { type, headBytes: 16, bytes };
}

/**
 * A box in memory: the numbers of its body by their place. Reading past its end throws `FileError` (`FILE_INVALID`),
 * so that nothing that a box announces is believed.
 */
export class Box {
	readonly type: string;
	/** The body: what follows size and type. */
	readonly view: DataView;
	readonly #limits: Mp4Limits;
	readonly #children = new Map<number, Box[]>();

	constructor(type: string, view: DataView, limits: Mp4Limits) {
		this.type = type;
		this.view = view;
		this.#limits = limits;
	}

	/** The bytes of the body. */
	get length(): number {
		return this.view.byteLength;
	}

	/** Of a full box: its version, 0 where it is too short to have one. */
	get version(): number {
		return this.length > 0 ? this.view.getUint8(0) : 0;
	}

	/** Of a full box: its flags. */
	get flags(): number {
		return this.u32(0) & 0xffffff;
	}

	u8(at: number): number {
		this.need(at, 1);
		return this.view.getUint8(at);
	}

	u16(at: number): number {
		this.need(at, 2);
		return this.view.getUint16(at);
	}

	i16(at: number): number {
		this.need(at, 2);
		return this.view.getInt16(at);
	}

	u32(at: number): number {
		this.need(at, 4);
		return this.view.getUint32(at);
	}

	i32(at: number): number {
		this.need(at, 4);
		return this.view.getInt32(at);
	}

	/** As a double: exact up to 2^53, which no time or place in a real file passes. */
	u64(at: number): number {
		return this.u32(at) * 2 ** 32 + this.u32(at + 4);
	}

	/** Exact in the same bounds. */
	i64(at: number): number {
		return this.i32(at) * 2 ** 32 + this.u32(at + 4);
	}

	/** Four bytes as the name of a type. */
	name(at: number): string {
		this.need(at, 4);
		return typeAt(this.view, at);
	}

	/** The bytes from `at` to `end` as a view into the file's memory. */
	bytes(at: number, end = this.length): Uint8Array {
		this.need(at, end - at);
		return new Uint8Array(this.view.buffer, this.view.byteOffset + at, end - at);
	}

	/** As `bytes`, in memory of their own: what is kept after the file's tables are gone. */
	copy(at: number, end = this.length): Uint8Array {
		return this.bytes(at, end).slice();
	}

	/** Throws where `length` bytes from `at` are not all inside. */
	need(at: number, length: number): void {
		if (at >= 0 && length >= 0 && at + length <= this.length) return;
		throw invalid(
			`A box of type “${printable(this.type)}” ends after ${this.length} bytes, but ${at + length} are read.`,
		);
	}

	/**
	 * A table of `count` entries at `at`; throws where its entries are not all there, so that a count is worth no more
	 * memory or time than the bytes that came with it.
	 */
	table(at: number, count: number, entryBytes: number): DataView {
		this.need(at, count * entryBytes);
		return new DataView(this.view.buffer, this.view.byteOffset + at, count * entryBytes);
	}

	/**
	 * The boxes inside, from `at` on. Fewer than eight bytes at the end are no box (QuickTime closes its user data with
	 * four zeros). A box that is longer than what it is in throws `FILE_INVALID`.
	 */
	children(at = 0): readonly Box[] {
		let children = this.#children.get(at);
		if (children === undefined) {
			children = this.#readChildren(at);
			this.#children.set(at, children);
		}
		return children;
	}

	/** The first box inside of one type, if any. */
	child(type: string, at = 0): Box | undefined {
		return this.children(at).find(box => box.type === type);
	}

	/** The first box inside of one type. Throws `FILE_INVALID` if there is none. */
	mustHave(type: string, at = 0): Box {
		const child = this.child(type, at);
		if (child === undefined) throw invalid(`“${printable(this.type)}” has no “${type}”.`);
		return child;
	}

	#readChildren(from: number): Box[] {
		const boxes: Box[] = [];
		for (let at = from; at < this.length; ) {
			const head = readBoxHead(this.view, at);
			if (head === undefined) break;
			const end = head.bytes === Number.POSITIVE_INFINITY ? this.length : at + head.bytes;
			if (end > this.length) {
				throw invalid(`“${printable(head.type)}” is longer than the “${printable(this.type)}” that it is in.`);
			}
			if (boxes.length === this.#limits.boxesInside) {
				throw new FileError("FILE_TOO_COMPLEX", `“${printable(this.type)}” holds more than ${boxes.length} boxes.`);
			}
			const start = at + head.headBytes;
			const body = new DataView(this.view.buffer, this.view.byteOffset + start, end - start);
			boxes.push(new Box(head.type, body, this.#limits));
			at = end;
		}
		return boxes;
	}
}

/** A file that contradicts its format. */
export function invalid(detail: string): FileError {
	return new FileError("FILE_INVALID", detail);
}

/** A name of four characters as it may stand in a log. */
export function printable(type: string): string {
	return type.replace(/[^\x20-\x7e\xa1-\xff]/g, "?");
}

function typeAt(view: DataView, at: number): string {
	return String.fromCharCode(view.getUint8(at), view.getUint8(at + 1), view.getUint8(at + 2), view.getUint8(at + 3));
}
