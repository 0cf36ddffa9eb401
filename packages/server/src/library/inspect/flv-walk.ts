import { FileError } from "@millrace/core/fault";
import { FLV_HEADER_BYTES, type MediaType, mediaFlags, readFlvHeader } from "@millrace/core/flv";
import { MAX_RESYNC_BYTES } from "../flv/flv-map.ts";
import {
	FILTER_BIT,
	FlvTagReader,
	isTagType,
	TAG_HEAD_BYTES,
	TAIL_BYTES,
	TYPE_MASK,
	tagSize,
	tagTime,
	u32,
} from "../flv/flv-tag-reader.ts";
import type { OpenFile } from "../media-file.ts";

/** A tag as the walk meets it. The object is another one each time, `head` a view that must be copied to be kept. */
export type WalkedTag = {
	readonly type: MediaType;
	readonly isFiltered: boolean;
	/** Where its header begins in the file, and the bytes of its body. */
	readonly offset: number;
	readonly size: number;
	/** As it stands in the tag, unsigned. */
	readonly rawTime: number;
	/** `FLAG_…` of its message. */
	readonly flags: number;
	/** The beginning of the body, at most 64 bytes. */
	readonly head: Uint8Array;
	/** The PreviousTagSize behind it agrees. */
	readonly hasRightTail: boolean;
};

/** Who is shown a file. */
export interface FlvWalker {
	/** A tag of a known type with a body. May be awaited, to read the body. */
	onTag(tag: WalkedTag): Promise<void> | undefined;
	/** Bytes in the middle of the file that are no tags. */
	onDamage(offset: number, bytes: number): void;
}

/** Where a walk ended. */
export type FlvWalkEnd = {
	/** Behind the last whole tag and its PreviousTagSize. */
	readonly wholeBytes: number;
	/** What follows it: a tag that was torn off, or nothing that is one. */
	readonly tornBytes: number;
};

/** How much is read at once. */
const BLOCK_BYTES = 256 * 1024;
/** Bytes of a body that tell what it is. */
const PEEK_BYTES = 64;

/**
 * Goes through all tags of an FLV file from the first to the last, over damage, reading nothing twice. As the reader of
 * on-demand files does, it takes a tag that does not end in the file for torn off, unless others follow.
 *
 * @param onProgress is told up to where the file was read, for each block
 * @throws {FileError} `FILE_INVALID` without an FLV header; `FILE_UNREADABLE`; what the walker and `onProgress` throw
 */
export async function walkFlv(
	file: OpenFile,
	walker: FlvWalker,
	onProgress: (bytes: number) => void = () => undefined,
): Promise<FlvWalkEnd> {
	const end = file.size;
	const reader = new FlvTagReader(file, () => end);
	const header = readFlvHeader(await file.read(0, FLV_HEADER_BYTES));
	if (header === undefined) throw new FileError("FILE_INVALID", `${file.path} does not begin with an FLV header.`);
	let offset = Math.min(header.headerBytes + TAIL_BYTES, end);
	let block: Uint8Array = new Uint8Array(0);
	let blockStart = 0;
	const load = async (at: number): Promise<void> => {
		block = await file.read(at, Math.min(BLOCK_BYTES, end - at));
		blockStart = at;
		onProgress(at);
	};
	while (offset < end) {
		if (offset < blockStart || offset + TAG_HEAD_BYTES + PEEK_BYTES > blockStart + block.length) await load(offset);
		const at = offset - blockStart;
		const size = at + TAG_HEAD_BYTES <= block.length ? tagSize(block, at) : 0;
		const next = offset + TAG_HEAD_BYTES + size + TAIL_BYTES;
		const isWhole = at + TAG_HEAD_BYTES <= block.length && next <= end;
		if (!isWhole || (!isTagType(block[at]!) && !(await reader.isTagAt(offset, true)))) {
			const found = await findNext(reader, offset + 1, end);
			if (found < 0) break;
			walker.onDamage(offset, found - offset);
			offset = found;
			continue;
		}
		if (isTagType(block[at]!) && size > 0) {
			const tailAt = next - TAIL_BYTES - blockStart;
			// The head must be told before the block of the tail takes its place.
			const head = block.subarray(at + TAG_HEAD_BYTES, at + TAG_HEAD_BYTES + Math.min(size, PEEK_BYTES));
			const type = (block[at]! & TYPE_MASK) as MediaType;
			const isFiltered = (block[at]! & FILTER_BIT) !== 0;
			const rawTime = tagTime(block, at);
			if (tailAt + TAIL_BYTES > block.length) await load(next - TAIL_BYTES);
			const tail = u32(block, next - TAIL_BYTES - blockStart);
			const hasRightTail = tail === TAG_HEAD_BYTES + size;
			const flags = mediaFlags(type, head);
			const shown = walker.onTag({ type, isFiltered, offset, size, rawTime, flags, head, hasRightTail });
			if (shown !== undefined) await shown;
		}
		offset = next;
	}
	onProgress(end);
	return { wholeBytes: offset, tornBytes: end - offset };
}

/** Where the next tag begins; −1: there is none within the largest tag's size. */
function findNext(reader: FlvTagReader, from: number, end: number): Promise<number> {
	return reader.find(from, Math.min(end, from + MAX_RESYNC_BYTES), { bytes: MAX_RESYNC_BYTES });
}
