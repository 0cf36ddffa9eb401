import { FileError } from "../fault/index.ts";
import { Box, invalid, readBoxHead } from "./box.ts";
import type { Mp4Limits } from "./mp4-limits.ts";
import { type Reading, readRange } from "./reading.ts";

/** A box at the top of a file. */
export type TopBox = {
	readonly type: string;
	/** Where the box begins in the file. */
	readonly offset: number;
	readonly headBytes: number;
	/** The bytes of the whole box, as it says; more than the file has where that was cut off. */
	readonly bytes: number;
};

/**
 * Goes from box to box at the top of a file and reads no more than heads: `mdat` is hopped over. A look at a head
 * brings a few kilobytes along, so that a fragment's `moof` mostly needs no second one.
 */
export class TopLevelWalk {
	readonly #size: number;
	readonly #limits: Mp4Limits;
	#next = 0;
	#boxes = 0;
	#window: Uint8Array = new Uint8Array(0);
	#windowOffset = 0;
	/** What the last large window was read into. */
	#memory: ArrayBuffer | undefined;

	constructor(size: number, limits: Mp4Limits) {
		this.#size = size;
		this.#limits = limits;
	}

	/** The next box; `undefined` at the end of the file, also where only a part of a head is left. */
	*next(): Reading<TopBox | undefined> {
		const offset = this.#next;
		if (offset + 8 > this.#size) return undefined;
		const bytes = yield* this.#read(offset, Math.min(16, this.#size - offset));
		const head = readBoxHead(viewOf(bytes), 0);
		if (head === undefined) return undefined;
		if (this.#boxes === 0 && !FIRST_BOXES.has(head.type)) throw invalid("The file does not begin as MP4 does.");
		if (++this.#boxes > this.#limits.topLevelBoxes) {
			throw new FileError("FILE_TOO_COMPLEX", `The file has more than ${this.#limits.topLevelBoxes} boxes.`);
		}
		const length = head.bytes === Number.POSITIVE_INFINITY ? this.#size - offset : head.bytes;
		this.#next = offset + length;
		return { type: head.type, offset, headBytes: head.headBytes, bytes: length };
	}

	/** The whole of a box; `undefined` where the file ends inside it. Throws `FILE_TOO_COMPLEX` past `mostBytes`. */
	*load(box: TopBox, mostBytes: number): Reading<Box | undefined> {
		if (box.offset + box.bytes > this.#size) return undefined;
		if (box.bytes > mostBytes) {
			throw new FileError("FILE_TOO_COMPLEX", `“${box.type}” has ${box.bytes} bytes; ${mostBytes} is the limit.`);
		}
		const bytes = yield* this.#read(box.offset, box.bytes);
		return new Box(box.type, viewOf(bytes.subarray(box.headBytes)), this.#limits);
	}

	/**
	 * Gives the memory of the box that was loaded last back to the system at once: a `moov` of megabytes would lie there
	 * until the engine sees a reason to collect. Nothing of the box may be looked at any more.
	 */
	release(): void {
		this.#memory?.transfer(0);
		this.#memory = undefined;
		this.#window = new Uint8Array(0);
	}

	*#read(offset: number, length: number): Reading<Uint8Array> {
		let at = offset - this.#windowOffset;
		if (at < 0 || at + length > this.#window.length) {
			if (length > WINDOW_BYTES) this.#memory = new ArrayBuffer(length);
			const into = this.#memory && new Uint8Array(this.#memory);
			this.#window = yield* readRange(offset, Math.min(Math.max(length, WINDOW_BYTES), this.#size - offset), into);
			this.#windowOffset = offset;
			at = 0;
			if (this.#window.length < length) throw invalid("The file became shorter while it was read.");
		}
		return this.#window.subarray(at, at + length);
	}
}

/** A page: it costs no more to read than a head. */
const WINDOW_BYTES = 4096;

/** What a file may begin with; QuickTime files often have no `ftyp`, segments have `styp`. */
const FIRST_BOXES: ReadonlySet<string> = new Set([
	"ftyp",
	"moov",
	"mdat",
	"free",
	"skip",
	"wide",
	"pnot",
	"uuid",
	"styp",
	"sidx",
	"moof",
	"PICT",
	"pdin",
	"junk",
]);

function viewOf(bytes: Uint8Array): DataView {
	return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
