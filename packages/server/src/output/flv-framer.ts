import { dataAsAmf0, flvHeader, MEDIA_DATA, MEDIA_DATA_AMF3, MediaMessage, writeFlvTags } from "@millrace/core/flv";
import type { Framer } from "../hub/index.ts";

/** FLV tags, for viewers over HTTP. */
export const flvFramer: Framer = {
	key: "flv:",
	frame: batch => writeFlvTags(withoutAmf3(batch)),
};

/** FLV tags inside one binary WebSocket message. Server frames are not masked, so that they can be shared. */
export const webSocketFlvFramer: Framer = {
	key: "ws-flv:",
	frame(batch) {
		const tags = writeFlvTags(withoutAmf3(batch));
		return tags.length === 0 ? tags : webSocketFrame(tags);
	},
};

/**
 * The header of an FLV stream of which it may not be known yet what it has. Players wait for a kind of media that the
 * header promises, so it promises what is known; where nothing is, both.
 */
export function flvHeaderOf({
	hasAudio,
	hasVideo,
}: {
	readonly hasAudio: boolean;
	readonly hasVideo: boolean;
}): Uint8Array {
	const isKnown = hasAudio || hasVideo;
	return flvHeader(hasAudio || !isKnown, hasVideo || !isKnown);
}

/** One array of two. */
export function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
	const out = new Uint8Array(a.length + b.length);
	out.set(a);
	out.set(b, a.length);
	return out;
}

const FINAL_BINARY = 0x82;

/** One unmasked binary message (RFC 6455 §5.2). */
export function webSocketFrame(payload: Uint8Array): Uint8Array {
	const { length } = payload;
	const head = length < 126 ? 2 : length < 0x10000 ? 4 : 10;
	const frame = new Uint8Array(head + length);
	frame[0] = FINAL_BINARY;
	if (head === 2) {
		frame[1] = length;
	} else if (head === 4) {
		frame[1] = 126;
		frame[2] = length >>> 8;
		frame[3] = length;
	} else {
		frame[1] = 127;
		new DataView(frame.buffer).setUint32(6, length);
	}
	frame.set(payload, head);
	return frame;
}

/** Browsers' players and older tools know script data of type 18 alone. */
function withoutAmf3(batch: readonly MediaMessage[]): readonly MediaMessage[] {
	if (!batch.some(message => message.type === MEDIA_DATA_AMF3)) return batch;
	const out: MediaMessage[] = [];
	for (const message of batch) {
		if (message.type !== MEDIA_DATA_AMF3) {
			out.push(message);
			continue;
		}
		const payload = dataAsAmf0(message.payload);
		if (payload !== undefined) out.push(new MediaMessage(MEDIA_DATA, message.timestamp, payload));
	}
	return out;
}
