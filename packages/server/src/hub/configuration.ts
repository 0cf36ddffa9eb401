import { MEDIA_AUDIO, MEDIA_VIDEO, MediaMessage } from "@millrace/core/flv";

/** Equal for configurations that replace each other: same medium, same kind of packet, same track. */
export function configurationKey(message: MediaMessage): string {
	const { payload, type } = message;
	const head = payload[0]!;
	const enhancedVideo = type === MEDIA_VIDEO && (head & 0x80) !== 0;
	const enhancedAudio = type === MEDIA_AUDIO && head >> 4 === 9;
	if (!enhancedVideo && !enhancedAudio) return `${type}`;
	const packet = head & 15;
	const multitrack = packet === (enhancedVideo ? 6 : 5);
	// Multitrack: kind, FourCC (or none) and track id are the next six bytes; otherwise the FourCC tells codecs apart
	// only within one track, which is track 0.
	return multitrack ? `${type}:${packet}:${payload.subarray(1, 7).join()}` : `${type}:${packet}`;
}

/** Whether a configuration has no content: ffmpeg writes such a one before the real one. */
export function isBlankConfiguration({ payload, type }: MediaMessage): boolean {
	return payload.length <= (type === MEDIA_VIDEO ? 5 : 2);
}

/** A payload may be a view of memory that it shares with others; what is kept for long must not keep all of that. */
export function ownCopy(message: MediaMessage): MediaMessage {
	return new MediaMessage(message.type, message.timestamp, message.payload.slice(), message.flags);
}

/** Whether two arrays hold the same. */
export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
	if (a.length !== b.length) return false;
	for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
	return true;
}
