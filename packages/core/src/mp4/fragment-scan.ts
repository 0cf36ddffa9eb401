import type { ByteSource } from "./byte-source.ts";

/** How far a fragmented MP4 file is whole. */
export type FragmentScan = {
	/** Up to here, in bytes, the file can be kept: the end of the last whole box, or of the last whole fragment. */
	readonly completeBytes: number;
	/** Whole pairs of `moof` and `mdat`. */
	readonly fragments: number;
	/** A whole `moov` stands in front of the fragments. Without one nothing of the file can be played. */
	readonly hasInit: boolean;
	/** The file ends in a whole index (`mfra`). */
	readonly hasIndex: boolean;
};

/**
 * Looks from box to box for where a fragmented MP4 file that was torn (its writer killed, the disk full) stops being
 * whole: cut there, it plays. A `moof` counts only with its `mdat`. Only the heads of boxes are read. A file without
 * fragments is told as it is, with `fragments` 0: cutting one would not help.
 */
export async function scanFragments(source: ByteSource): Promise<FragmentScan> {
	let completeBytes = 0;
	let fragments = 0;
	let hasInit = false;
	let hasIndex = false;
	let isInFragment = false;
	for (let at = 0; at < source.size; ) {
		const box = readBoxHead(await source.read(at, LONG_HEAD_BYTES));
		if (box === undefined || at + box.size > source.size) break;
		at += box.size;
		hasIndex = box.type === "mfra";
		if (box.type === "moof") {
			isInFragment = true;
		} else if (box.type === "mdat") {
			if (isInFragment) fragments++;
			isInFragment = false;
		} else if (box.type === "moov") {
			hasInit = true;
		}
		if (!isInFragment) completeBytes = at;
	}
	return { completeBytes, fragments, hasInit, hasIndex: hasIndex && completeBytes === source.size };
}

const HEAD_BYTES = 8;
const LONG_HEAD_BYTES = 16;

/** `undefined`: the bytes are too few, or no box begins with them. A box that goes on to the end of the file is open. */
function readBoxHead(head: Uint8Array): { readonly size: number; readonly type: string } | undefined {
	if (head.length < HEAD_BYTES) return undefined;
	let type = "";
	for (let index = 4; index < HEAD_BYTES; index++) {
		const unit = head[index]!;
		if (unit < 0x20 || unit > 0x7e) return undefined;
		type += String.fromCharCode(unit);
	}
	let size = u32(head, 0);
	let smallest = HEAD_BYTES;
	if (size === 1) {
		if (head.length < LONG_HEAD_BYTES) return undefined;
		size = u32(head, 8) * 2 ** 32 + u32(head, 12);
		smallest = LONG_HEAD_BYTES;
	}
	return size >= smallest ? { size, type } : undefined;
}

function u32(bytes: Uint8Array, at: number): number {
	return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;
}
