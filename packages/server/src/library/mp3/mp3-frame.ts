import { type Mp3Frame, parseMp3Frame } from "@millrace/core/codec";

/** The bytes of a frame's header. */
export const FRAME_HEAD_BYTES = 4;

/** What all frames of a file have in common; the bitrate may differ. */
export type Mp3Format = Pick<Mp3Frame, "version" | "sampleRate" | "samples">;

/**
 * The length of the layer III frame whose header is at `at`, in bytes; 0: there is none, or its length cannot be told
 * (free format), or it is not of the format.
 */
export function frameBytesAt(bytes: Uint8Array, at: number, format?: Mp3Format): number {
	if (!looksLikeFrame(bytes, at)) return 0;
	const frame = parseMp3Frame(bytes.subarray(at, at + FRAME_HEAD_BYTES));
	const isAlike = format === undefined || (frame.sampleRate === format.sampleRate && frame.version === format.version);
	return isAlike ? (frame.frameBytes ?? 0) : 0;
}

/**
 * Where a frame begins from `from` on that has another one behind it, or the end of the bytes where `isEnd` says that
 * there is nothing behind them; −1: there is none.
 */
export function findFrame(bytes: Uint8Array, from: number, isEnd: boolean, format?: Mp3Format): number {
	for (let at = from; at + FRAME_HEAD_BYTES <= bytes.length; at++) {
		const length = frameBytesAt(bytes, at, format);
		if (length === 0) continue;
		const next = at + length;
		if (next === bytes.length ? isEnd : frameBytesAt(bytes, next, format ?? formatAt(bytes, at)) > 0) return at;
	}
	return -1;
}

/** The format of the frame at `at`, where `frameBytesAt` found one. */
export function formatAt(bytes: Uint8Array, at: number): Mp3Frame {
	return parseMp3Frame(bytes.subarray(at, at + FRAME_HEAD_BYTES));
}

/** Set bits, a known version, layer III, and neither a reserved nor a free rate. */
function looksLikeFrame(bytes: Uint8Array, at: number): boolean {
	if (bytes[at] !== 0xff || at + FRAME_HEAD_BYTES > bytes.length) return false;
	const second = bytes[at + 1]!;
	const third = bytes[at + 2]!;
	if ((second & 0xe6) !== 0xe2 || (second & 0x18) === 0x08) return false;
	return (third & 0xf0) !== 0xf0 && (third & 0xf0) !== 0 && (third & 0x0c) !== 0x0c;
}
