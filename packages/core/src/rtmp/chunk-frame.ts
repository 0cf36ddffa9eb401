import { writeU32 } from "./u32.ts";

/**
 * Framing without state: each message goes out whole, with a full (type 0) header, so that the bytes mean the same
 * wherever they stand in a connection. Blocks made here are shared by every viewer (`docs/decisions`, law 3 and 5).
 */

const EXTENDED = 0xffffff;

/** The number of bytes that `frameInto` writes, for a chunk stream id below 64. */
export function framedLength(length: number, timestamp: number, chunkSize: number): number {
	const continuations = length > chunkSize ? Math.ceil(length / chunkSize) - 1 : 0;
	return timestamp >= EXTENDED ? 16 + length + continuations * 5 : 12 + length + continuations;
}

/**
 * Writes one message in chunks and returns the offset behind it (RTMP 1.0 §5.3). An extended timestamp is repeated on
 * each continuation chunk, as the errata (§5.1), Flash and ffmpeg have it.
 *
 * @param chunkStreamId 2 to 63
 * @param timestamp milliseconds, already modulo 2^32
 */
export function frameInto(
	target: Uint8Array,
	start: number,
	chunkStreamId: number,
	type: number,
	timestamp: number,
	streamId: number,
	payload: Uint8Array,
	chunkSize: number,
): number {
	const length = payload.length;
	const extended = timestamp >= EXTENDED;
	const field = extended ? EXTENDED : timestamp;
	let offset = start;
	target[offset++] = chunkStreamId;
	target[offset++] = field >>> 16;
	target[offset++] = field >>> 8;
	target[offset++] = field;
	target[offset++] = length >>> 16;
	target[offset++] = length >>> 8;
	target[offset++] = length;
	target[offset++] = type;
	target[offset++] = streamId;
	target[offset++] = streamId >>> 8;
	target[offset++] = streamId >>> 16;
	target[offset++] = streamId >>> 24;
	if (extended) {
		writeU32(target, offset, timestamp);
		offset += 4;
	}
	if (length <= chunkSize) {
		target.set(payload, offset);
		return offset + length;
	}
	for (let from = 0; from < length; ) {
		const to = Math.min(from + chunkSize, length);
		target.set(payload.subarray(from, to), offset);
		offset += to - from;
		from = to;
		if (from < length) {
			target[offset++] = 0xc0 | chunkStreamId;
			if (extended) {
				writeU32(target, offset, timestamp);
				offset += 4;
			}
		}
	}
	return offset;
}
