import { MemoryPool } from "@millrace/core/bytes";
import { MEDIA_AUDIO, MEDIA_DATA, MEDIA_DATA_AMF3, MEDIA_VIDEO, mediaFlags } from "@millrace/core/flv";
import type { OpenFile } from "../media-file.ts";

/** The bytes of a tag's header (FLV 10.1 §E.4.1). */
export const TAG_HEAD_BYTES = 11;
/** The bytes of the PreviousTagSize behind each tag. */
export const TAIL_BYTES = 4;
/** The bytes that one read of a search or walk asks for. */
export const WINDOW_BYTES = 128 * 1024;

/** What a search may still read before it gives up; several searches can share one. */
export type ReadBudget = { bytes: number };

/** A tag as a walk meets it: one object for all of them, so nothing of it may be kept. */
export class TagView {
	/** The tag type without its filter bit. */
	type = 0;
	isFiltered = false;
	/** Of the body, in bytes. */
	size = 0;
	/** As it stands in the tag, unsigned. */
	rawTime = 0;
	/** Where its header begins in the file. */
	offset = 0;
	/** The beginning of the body, at most `PEEK_BYTES` of it, in memory that is used again. */
	head: Uint8Array = NO_BYTES;

	get isMedia(): boolean {
		return (this.type === MEDIA_AUDIO || this.type === MEDIA_VIDEO) && this.size > 0 && !this.isFiltered;
	}

	get isVideo(): boolean {
		return this.type === MEDIA_VIDEO && this.isMedia;
	}

	/** `FLAG_…` of its message. */
	get flags(): number {
		return this.type === MEDIA_VIDEO || this.type === MEDIA_AUDIO ? mediaFlags(this.type, this.head) : 0;
	}
}

/** Why a walk ended: it came to the end it was given, was stopped, met what is no tag, or spent its budget. */
export type WalkEnd = "end" | "stopped" | "lost" | "spent";

/** Bytes of a body that tell what it is, modifiers of Enhanced RTMP in front of it included. */
const PEEK_BYTES = 64;
const NO_BYTES = new Uint8Array(0);
/** What searches and walks of all files read into, one window at a time each. */
const windows = new MemoryPool(WINDOW_BYTES, 4);
/** Places that look like a tag whose successor lies outside the window: each costs a read, so only so many a window. */
const MAX_FAR_CHECKS = 8;

/**
 * Finds its way through the tags of a file: from tag to tag, and back to them from any place in between. `end` tells
 * how far the file may be read. No call reads more than its budget.
 */
export class FlvTagReader {
	readonly #file: OpenFile;
	readonly #end: () => number;

	constructor(file: OpenFile, end: () => number) {
		this.#file = file;
		this.#end = end;
	}

	get end(): number {
		return this.#end();
	}

	/** The bytes from `offset` to before `offset + length`, or to the end; `into`: as of `OpenFile.read`. */
	read(offset: number, length: number, into?: Uint8Array): Promise<Uint8Array> {
		return this.#file.read(offset, Math.max(0, Math.min(length, this.#end() - offset)), into);
	}

	/**
	 * Goes from the tag at `from` to the last one that begins before `to` and is whole, and shows each to `visit` until
	 * that returns false. `next` is where the first tag begins that was not shown.
	 */
	async walk(
		from: number,
		to: number,
		budget: ReadBudget,
		visit: (tag: TagView) => boolean,
	): Promise<{ why: WalkEnd; next: number }> {
		const memory = windows.take(WINDOW_BYTES);
		try {
			return await this.#walk(from, to, budget, visit, memory);
		} finally {
			windows.give(memory);
		}
	}

	async #walk(
		from: number,
		to: number,
		budget: ReadBudget,
		visit: (tag: TagView) => boolean,
		memory: Uint8Array,
	): Promise<{ why: WalkEnd; next: number }> {
		const tag = new TagView();
		let offset = from;
		while (offset < to) {
			const end = this.#end();
			if (offset + TAG_HEAD_BYTES > end) return { why: "end", next: offset };
			if (budget.bytes <= 0) return { why: "spent", next: offset };
			const length = Math.min(WINDOW_BYTES, to - offset + TAG_HEAD_BYTES + PEEK_BYTES);
			const window = await this.read(offset, length, memory);
			budget.bytes -= window.length;
			let at = 0;
			for (;;) {
				if (offset + at >= to || at + TAG_HEAD_BYTES > window.length) break;
				const size = tagSize(window, at);
				const peek = Math.min(size, PEEK_BYTES);
				if (at + TAG_HEAD_BYTES + peek > window.length) break;
				if (!isTagType(window[at]!) && !(await this.isTagAt(offset + at, true))) {
					return { why: "lost", next: offset + at };
				}
				if (offset + at + TAG_HEAD_BYTES + size > end) return { why: "end", next: offset + at };
				fill(tag, window, at, offset + at, peek);
				if (!visit(tag)) return { why: "stopped", next: offset + at };
				at += TAG_HEAD_BYTES + size + TAIL_BYTES;
			}
			// The file was cut while it was read.
			if (at === 0) return { why: "end", next: offset };
			offset += at;
		}
		return { why: "end", next: offset };
	}

	/**
	 * Where the first tag begins that does so at or after `from` and before `to`: a known type, stream 0, a body, a
	 * PreviousTagSize behind it that agrees, and a tag or the end behind that. −1: there is none, or the budget is spent.
	 */
	async find(from: number, to: number, budget: ReadBudget): Promise<number> {
		const memory = windows.take(WINDOW_BYTES);
		try {
			return await this.#find(from, to, budget, memory);
		} finally {
			windows.give(memory);
		}
	}

	async #find(from: number, to: number, budget: ReadBudget, memory: Uint8Array): Promise<number> {
		let offset = from;
		while (offset < to && budget.bytes > 0) {
			const window = await this.read(offset, Math.min(WINDOW_BYTES, to - offset + TAG_HEAD_BYTES), memory);
			budget.bytes -= window.length;
			const last = Math.min(window.length - TAG_HEAD_BYTES, to - 1 - offset);
			let farChecks = 0;
			for (let at = nextLikely(window, 0, last); at <= last; at = nextLikely(window, at + 1, last)) {
				const next = at + TAG_HEAD_BYTES + tagSize(window, at) + TAIL_BYTES;
				if (next + TAG_HEAD_BYTES <= window.length) {
					const agrees = u32(window, next - TAIL_BYTES) === next - TAIL_BYTES - at && isTagType(window[next]!);
					if (agrees) return offset + at;
				}
				if (farChecks++ >= MAX_FAR_CHECKS) continue;
				budget.bytes -= TAG_HEAD_BYTES;
				if (await this.isTagAt(offset + at, false)) return offset + at;
			}
			if (last < 0) return -1;
			offset += last + 1;
		}
		return -1;
	}

	/**
	 * Whether a whole tag begins at `offset`, by what follows it: a PreviousTagSize that agrees and a tag or the end; or,
	 * because some writers leave PreviousTagSize zero, three tags more.
	 *
	 * @param anyType whether its type may be unknown; then PreviousTagSize must agree
	 */
	async isTagAt(offset: number, anyType: boolean): Promise<boolean> {
		let at = offset;
		for (let count = 0; count < CHAIN_TAGS; count++) {
			const head = await this.read(at, TAG_HEAD_BYTES);
			if (head.length < TAG_HEAD_BYTES || (!anyType && !looksLikeTag(head, 0))) return false;
			const tagBytes = TAG_HEAD_BYTES + tagSize(head, 0);
			const tail = await this.read(at + tagBytes, TAIL_BYTES + 1);
			if (tail.length < TAIL_BYTES) return count > 0 && at + tagBytes <= this.#end();
			const hasSuccessor = tail.length > TAIL_BYTES;
			if (u32(tail, 0) === tagBytes && (!hasSuccessor || isTagType(tail[TAIL_BYTES]!))) return true;
			if (anyType || !hasSuccessor) return false;
			at += tagBytes + TAIL_BYTES;
		}
		return true;
	}
}

/** So many tags in a row are believed without their PreviousTagSize. */
const CHAIN_TAGS = 4;

/** The announced size of the body of the tag whose header begins at `at`. */
export function tagSize(bytes: Uint8Array, at: number): number {
	return (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
}

/** The time in the tag header at `at`, unsigned. */
export function tagTime(bytes: Uint8Array, at: number): number {
	return ((bytes[at + 7]! << 24) | (bytes[at + 4]! << 16) | (bytes[at + 5]! << 8) | bytes[at + 6]!) >>> 0;
}

/** Whether this byte begins a tag of a known type, encrypted or not. */
export function isTagType(byte: number): boolean {
	return IS_TAG_TYPE[byte] === 1;
}

export function u32(bytes: Uint8Array, at: number): number {
	return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;
}

/** The bits of a tag's first byte that are its type. */
export const TYPE_MASK = 0x1f;
/** The bit that says that the body is encrypted (FLV 10.1 annex F). */
export const FILTER_BIT = 0x20;

/** 1 for the first bytes of tags: a search asks this of every byte. */
const IS_TAG_TYPE = new Uint8Array(256);
for (const type of [MEDIA_AUDIO, MEDIA_VIDEO, MEDIA_DATA, MEDIA_DATA_AMF3]) {
	IS_TAG_TYPE[type] = 1;
	IS_TAG_TYPE[type | FILTER_BIT] = 1;
}

/** The next place up to `last` that looks like a tag; behind `last`: there is none. */
function nextLikely(window: Uint8Array, from: number, last: number): number {
	let at = from;
	while (at <= last && (IS_TAG_TYPE[window[at]!] === 0 || !looksLikeTag(window, at))) at++;
	return at;
}

function looksLikeTag(bytes: Uint8Array, at: number): boolean {
	if (!isTagType(bytes[at]!) || (bytes[at + 8]! | bytes[at + 9]! | bytes[at + 10]!) !== 0) return false;
	return (bytes[at + 1]! | bytes[at + 2]! | bytes[at + 3]!) !== 0;
}

function fill(tag: TagView, window: Uint8Array, at: number, offset: number, peek: number): void {
	tag.type = window[at]! & TYPE_MASK;
	tag.isFiltered = (window[at]! & FILTER_BIT) !== 0;
	tag.size = tagSize(window, at);
	tag.rawTime = tagTime(window, at);
	tag.offset = offset;
	tag.head = window.subarray(at + TAG_HEAD_BYTES, at + TAG_HEAD_BYTES + peek);
}
