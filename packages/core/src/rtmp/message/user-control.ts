import { readU32, writeU32 } from "../u32.ts";

/** User control events (RTMP 1.0 §7.1.7; 26, 27, 31 and 32 from Flash Media Server 3 on). */
export const EVENT_STREAM_BEGIN = 0;
export const EVENT_STREAM_EOF = 1;
export const EVENT_STREAM_DRY = 2;
export const EVENT_SET_BUFFER_LENGTH = 3;
export const EVENT_STREAM_IS_RECORDED = 4;
export const EVENT_PING_REQUEST = 6;
export const EVENT_PING_RESPONSE = 7;
/** The server asks which SWF file has opened the connection, and the client answers. */
export const EVENT_SWF_REQUEST = 26;
export const EVENT_SWF_ANSWER = 27;
export const EVENT_BUFFER_EMPTY = 31;
export const EVENT_BUFFER_READY = 32;

/** A decoded user control message. `value` is the stream's id or the ping's time, `extra` the buffer length in ms. */
export type UserControl = { readonly event: number; readonly value: number; readonly extra: number };

/** Payload of an event with one 32-bit value, or two for Set Buffer Length. */
export function encodeUserControl(event: number, value: number, extra?: number): Uint8Array {
	const payload = new Uint8Array(extra === undefined ? 6 : 10);
	payload[0] = event >>> 8;
	payload[1] = event;
	writeU32(payload, 2, value);
	if (extra !== undefined) writeU32(payload, 6, extra);
	return payload;
}

/** Reads an event leniently: values that are missing count as 0. `undefined` when not even the event is there. */
export function decodeUserControl(payload: Uint8Array): UserControl | undefined {
	if (payload.length < 2) return undefined;
	return {
		event: (payload[0]! << 8) | payload[1]!,
		value: payload.length >= 6 ? readU32(payload, 2) : 0,
		extra: payload.length >= 10 ? readU32(payload, 6) : 0,
	};
}
