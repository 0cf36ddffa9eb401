import { readU32, u32Payload } from "../u32.ts";

/** How strictly a peer is asked to keep its window (RTMP 1.0 §5.4.5). */
export const BANDWIDTH_HARD = 0;
export const BANDWIDTH_SOFT = 1;
export const BANDWIDTH_DYNAMIC = 2;

/** Payload of Set Chunk Size (§5.4.1), Abort (§5.4.2), Acknowledgement (§5.4.3) and Window Acknowledgement Size (§5.4.4). */
export function encodeControlValue(value: number): Uint8Array {
	return u32Payload(value);
}

/** The 32-bit value of those messages, or `undefined` where the payload is too short. */
export function decodeControlValue(payload: Uint8Array): number | undefined {
	return payload.length < 4 ? undefined : readU32(payload, 0);
}

/** Payload of Set Peer Bandwidth (§5.4.5). */
export function encodeSetPeerBandwidth(windowBytes: number, limit: number): Uint8Array {
	const payload = new Uint8Array(5);
	payload.set(u32Payload(windowBytes));
	payload[4] = limit;
	return payload;
}
