import { LimitError } from "../fault/index.ts";
import type { MediaMessage } from "./media-message.ts";

/** The bytes that a tag needs beside its body: the tag header and the PreviousTagSize behind it. */
export const FLV_TAG_OVERHEAD = 15;
/** The largest body that a tag can hold: its size has 24 bits. */
export const FLV_MAX_BODY_BYTES = 0xff_ffff;

/**
 * One message as an FLV tag with the PreviousTagSize behind it (FLV 10.1 §E.4.1). A message without payload (silence)
 * gives no bytes: readers take an empty tag for the end of a sequence. Throws `LimitError` as `writeFlvTags` does.
 */
export function flvTag(message: MediaMessage): Uint8Array {
	return writeFlvTags([message]);
}

/**
 * The messages from `start` to before `end` as FLV tags, joined into one exactly sized array: what a batch costs for
 * all viewers together. Times are cut to 31 bits, as Flash reads them signed. Throws `LimitError`
 * (`FLV_TAG_TOO_LARGE`) for a payload of 16 MiB or more, which RTMP cannot carry either.
 */
export function writeFlvTags(messages: readonly MediaMessage[], start = 0, end: number = messages.length): Uint8Array {
	let total = 0;
	for (let index = start; index < end; index++) {
		const size = messages[index]!.payload.length;
		if (size > FLV_MAX_BODY_BYTES) {
			throw new LimitError("FLV_TAG_TOO_LARGE", `${size} bytes; a tag holds ${FLV_MAX_BODY_BYTES} at most.`);
		}
		if (size > 0) total += size + FLV_TAG_OVERHEAD;
	}
	const out = new Uint8Array(total);
	let at = 0;
	for (let index = start; index < end; index++) at = writeTag(out, at, messages[index]!);
	return out;
}

/** The bytes of the header in front of a tag's body. */
const TAG_HEADER_BYTES = 11;

function writeTag(out: Uint8Array, start: number, message: MediaMessage): number {
	const payload = message.payload;
	const size = payload.length;
	if (size === 0) return start;
	// Past 2^32 the integer operators take the low bits, which is what is wanted.
	const time = message.timestamp & 0x7fff_ffff;
	out[start] = message.type;
	out[start + 1] = size >> 16;
	out[start + 2] = size >> 8;
	out[start + 3] = size;
	out[start + 4] = time >> 16;
	out[start + 5] = time >> 8;
	out[start + 6] = time;
	out[start + 7] = time >> 24;
	const body = start + TAG_HEADER_BYTES;
	out.set(payload, body);
	const tagSize = size + TAG_HEADER_BYTES;
	const end = body + size;
	out[end] = tagSize >> 24;
	out[end + 1] = tagSize >> 16;
	out[end + 2] = tagSize >> 8;
	out[end + 3] = tagSize;
	return end + 4;
}
