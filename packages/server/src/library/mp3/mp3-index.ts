import type { OpenFile } from "../media-file.ts";
import { FRAME_HEAD_BYTES, findFrame, frameBytesAt } from "./mp3-frame.ts";
import type { Mp3Layout } from "./mp3-layout.ts";

/** A frame: its number, and where it begins. */
export type FramePlace = { readonly frame: number; readonly offset: number };

/** Files of changing bitrate up to this size are read through as far as they are played; in larger ones places are guessed. */
export const MAX_SCANNED_BYTES = 64 * 1024 * 1024;
const WINDOW_BYTES = 256 * 1024;
/** Every so many frames, the place is remembered. */
const STRIDE = 64;
const NEAR_BYTES = 16 * 1024;

/** Finds frames by their number. */
export class Mp3Index {
	readonly #file: OpenFile;
	readonly #layout: Mp3Layout;
	/** Where each `STRIDE`th frame begins. */
	readonly #known: number[];
	/** How far the frames are counted. */
	#frame = 0;
	#offset: number;
	#isWhole = false;
	#scan: Promise<void> = Promise.resolve();

	constructor(file: OpenFile, layout: Mp3Layout) {
		this.#file = file;
		this.#layout = layout;
		this.#offset = layout.start;
		this.#known = [layout.start];
	}

	/** Frames of sound, as far as that is told or can be counted within the limit. */
	async countFrames(): Promise<number> {
		const { first, start, end, told, isConstant } = this.#layout;
		const average = averageBytes(this.#layout);
		if (told?.frames !== undefined && told.frames > 0) {
			// The frame with this number is among the bytes that it tells, but not in the range.
			const share =
				told.bytes === undefined || told.bytes === 0 ? 1 : (end - start + (first.frameBytes ?? 0)) / told.bytes;
			// A file that was torn off has fewer; one that was joined, more than it says.
			if (share > 0.98 && share < 1.02) return told.frames;
			if (told.bytes !== undefined && end - start > MAX_SCANNED_BYTES) return Math.round(told.frames * share);
		}
		if (isConstant || end - start > MAX_SCANNED_BYTES) return Math.max(1, Math.round((end - start) / average));
		await this.#scanTo(Number.POSITIVE_INFINITY);
		return this.#frame;
	}

	/** The frame of this number among `count`; past the end the last one, or what comes near it. */
	async place(frame: number, count: number): Promise<FramePlace> {
		const wanted = Math.max(0, Math.min(frame, count - 1));
		if (wanted === 0) return { frame: 0, offset: this.#layout.start };
		const { start, end, isConstant } = this.#layout;
		if (isConstant) return this.#near(start + wanted * averageBytes(this.#layout), wanted);
		if (end - start <= MAX_SCANNED_BYTES) return this.#counted(wanted);
		return this.#near(this.#guess(wanted / count), wanted);
	}

	#guess(share: number): number {
		const { start, end, told } = this.#layout;
		const table = told?.hundredths;
		if (table === undefined) return start + share * (end - start);
		const place = Math.min(99, Math.floor(share * 100));
		const low = table[place]!;
		const high = place < 99 ? table[place + 1]! : 256;
		return start + ((low + (share * 100 - place) * (high - low)) / 256) * (end - start);
	}

	/** The frame that begins next to an offset; paddings shift it by a byte or two from where arithmetic has it. */
	async #near(offset: number, frame: number): Promise<FramePlace> {
		const { start, end, first } = this.#layout;
		const from = Math.max(start, Math.floor(offset) - 4);
		const window = await this.#file.read(from, Math.min(NEAR_BYTES, end - from));
		const at = findFrame(window, 0, from + window.length === end, first);
		return at < 0 ? { frame, offset: end } : { frame, offset: from + at };
	}

	async #counted(frame: number): Promise<FramePlace> {
		await this.#scanTo(frame);
		const stride = Math.min(Math.floor(frame / STRIDE), this.#known.length - 1);
		let place = stride * STRIDE;
		const from = this.#known[stride]!;
		const last = Math.min(frame, Math.max(0, this.#frame - 1));
		const window = await this.#file.read(from, Math.min(WINDOW_BYTES, this.#layout.end - from));
		let at = 0;
		for (; place < last; place++) {
			const length = frameBytesAt(window, at, this.#layout.first);
			at = length > 0 ? at + length : findFrame(window, at + 1, true, this.#layout.first);
			if (at < 0) return { frame: place, offset: from };
			if (length === 0) place--;
		}
		return { frame: place, offset: from + at };
	}

	/** One after another: each goes on where the one before ended. */
	#scanTo(frame: number): Promise<void> {
		const scanned = this.#scan.then(() => this.#extend(frame));
		this.#scan = scanned.catch(() => {});
		return scanned;
	}

	async #extend(frame: number): Promise<void> {
		const { first, end } = this.#layout;
		while (!this.#isWhole && this.#frame <= frame) {
			const window = await this.#file.read(this.#offset, Math.min(WINDOW_BYTES, end - this.#offset));
			const isEnd = this.#offset + window.length >= end;
			let at = 0;
			while (at + FRAME_HEAD_BYTES <= window.length) {
				const length = frameBytesAt(window, at, first);
				if (length === 0) {
					const next = findFrame(window, at + 1, isEnd, first);
					at = next < 0 ? Math.max(at + 1, window.length - FRAME_HEAD_BYTES + 1) : next;
					continue;
				}
				if (at + length > window.length) break;
				if (this.#frame % STRIDE === 0) this.#known[this.#frame / STRIDE] = this.#offset + at;
				this.#frame++;
				at += length;
			}
			this.#offset += at;
			this.#isWhole = isEnd || at === 0;
		}
	}
}

/** What a frame has on average, in a file of one bitrate or by what its first frame says. */
function averageBytes({ first, told }: Mp3Layout): number {
	if (told?.frames !== undefined && told.bytes !== undefined && !told.isConstant && told.frames > 0) {
		return told.bytes / told.frames;
	}
	return ((first.samples / 8) * 1000 * (first.bitrate ?? 128)) / first.sampleRate;
}
