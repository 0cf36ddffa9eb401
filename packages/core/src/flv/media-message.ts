/** RTMP message type and FLV tag type of audio (RTMP 1.0 §7.1.4). */
export const MEDIA_AUDIO = 8;
/** RTMP message type and FLV tag type of video (RTMP 1.0 §7.1.5). */
export const MEDIA_VIDEO = 9;
/** Data message in AMF3 (RTMP 1.0 §7.1.2); script tag type 15 of Enhanced RTMP. */
export const MEDIA_DATA_AMF3 = 15;
/** Data message in AMF0 (RTMP 1.0 §7.1.2); FLV script tag. */
export const MEDIA_DATA = 18;

/** The message types that travel through a stream. */
export type MediaType = typeof MEDIA_AUDIO | typeof MEDIA_VIDEO | typeof MEDIA_DATA_AMF3 | typeof MEDIA_DATA;

/** A coded video frame that can be decoded without an earlier one. */
export const FLAG_KEYFRAME = 1;
/** A codec configuration ("sequence header"), or another record that decoders need before the frames. */
export const FLAG_CONFIGURATION = 2;
/** A video metadata packet (colour information, Enhanced RTMP v2). */
export const FLAG_METADATA = 4;
/** The end of a sequence. */
export const FLAG_SEQUENCE_END = 8;
/** A video command frame (seek bracket), which holds no picture. */
export const FLAG_COMMAND = 16;
/** The tag has an Enhanced RTMP header. */
export const FLAG_ENHANCED = 32;
/** The payload is empty: silence, in audio (Enhanced RTMP v2). */
export const FLAG_EMPTY = 64;
/** Several tracks share the message. */
export const FLAG_MANY_TRACKS = 128;

/**
 * The unit that everything passes on: one audio, video or data message. It is immutable and shared by the cache, the
 * recorder and every viewer; nobody may write into `payload`.
 */
export class MediaMessage {
	/** Message type: 8, 9, 15 or 18. */
	readonly type: MediaType;
	/** Decode time in milliseconds on the stream's clock; a non-negative integer that may pass 2^32. */
	readonly timestamp: number;
	/** The FLV tag's body, which is the RTMP message's payload. */
	readonly payload: Uint8Array;
	/** `FLAG_…` bits, read from the payload's head. */
	readonly flags: number;

	constructor(type: MediaType, timestamp: number, payload: Uint8Array, flags: number = mediaFlags(type, payload)) {
		this.type = type;
		this.timestamp = timestamp;
		this.payload = payload;
		this.flags = flags;
	}

	get isVideo(): boolean {
		return this.type === MEDIA_VIDEO;
	}

	get isAudio(): boolean {
		return this.type === MEDIA_AUDIO;
	}

	get isKeyframe(): boolean {
		return (this.flags & FLAG_KEYFRAME) !== 0;
	}

	get isConfiguration(): boolean {
		return (this.flags & FLAG_CONFIGURATION) !== 0;
	}

	/** The same content at another time. */
	at(timestamp: number): MediaMessage {
		return new MediaMessage(this.type, timestamp, this.payload, this.flags);
	}
}

/**
 * Reads the `FLAG_…` bits of a tag's body: a look at the first bytes, no decoding. Bodies too short to say anything
 * have no bits set.
 */
export function mediaFlags(type: MediaType, payload: Uint8Array): number {
	if (payload.length === 0) return FLAG_EMPTY;
	if (type === MEDIA_VIDEO) return videoFlags(payload);
	if (type === MEDIA_AUDIO) return audioFlags(payload);
	return 0;
}

const CODEC_AVC = 7;
/** HEVC, AV1 and VP9 under the numbers of the pre-standard convention; their packets have the form of AVC's. */
const CODEC_PRESTANDARD_FIRST = 12;
const CODEC_PRESTANDARD_LAST = 14;
const SOUND_EXTENDED = 9;
const SOUND_AAC = 10;

function videoFlags(body: Uint8Array): number {
	const head = body[0]!;
	const frameType = (head >> 4) & 7;
	const isKey = frameType === 1 || frameType === 4;
	if (head & 0x80) return enhancedVideoFlags(body, head & 15, frameType, isKey);
	if (frameType === 5) return FLAG_COMMAND;
	const codec = head & 15;
	if (codec === CODEC_AVC || (codec >= CODEC_PRESTANDARD_FIRST && codec <= CODEC_PRESTANDARD_LAST)) {
		if (body[1] === 0) return FLAG_CONFIGURATION;
		if (body[1] === 2) return FLAG_SEQUENCE_END;
	}
	return isKey ? FLAG_KEYFRAME : 0;
}

/** Packet types of Enhanced RTMP v2 video: 0 SequenceStart … 7 ModEx. */
function enhancedVideoFlags(body: Uint8Array, firstPacketType: number, frameType: number, isKey: boolean): number {
	let offset = 1;
	let packetType = firstPacketType;
	while (packetType === 7) {
		const next = afterModEx(body, offset);
		if (next < 0) return FLAG_ENHANCED;
		packetType = body[next]! & 15;
		offset = next + 1;
	}
	if (packetType === 4) return FLAG_ENHANCED | FLAG_METADATA;
	if (frameType === 5) return FLAG_ENHANCED | FLAG_COMMAND;
	let flags = FLAG_ENHANCED;
	if (packetType === 6) {
		const tracks = body[offset] ?? 0;
		packetType = tracks & 15;
		if (tracks >> 4 !== 0) flags |= FLAG_MANY_TRACKS;
		if (packetType === 4) return flags | FLAG_METADATA;
	}
	if (packetType === 0 || packetType === 5) return flags | FLAG_CONFIGURATION;
	if (packetType === 2) return flags | FLAG_SEQUENCE_END;
	return isKey && (packetType === 1 || packetType === 3) ? flags | FLAG_KEYFRAME : flags;
}

function audioFlags(body: Uint8Array): number {
	const head = body[0]!;
	const format = head >> 4;
	if (format === SOUND_AAC) return body[1] === 0 ? FLAG_CONFIGURATION : 0;
	if (format !== SOUND_EXTENDED) return 0;
	let offset = 1;
	let packetType = head & 15;
	while (packetType === 7) {
		const next = afterModEx(body, offset);
		if (next < 0) return FLAG_ENHANCED;
		packetType = body[next]! & 15;
		offset = next + 1;
	}
	let flags = FLAG_ENHANCED;
	if (packetType === 5) {
		const tracks = body[offset] ?? 0;
		packetType = tracks & 15;
		if (tracks >> 4 !== 0) flags |= FLAG_MANY_TRACKS;
	}
	if (packetType === 0 || packetType === 4) return flags | FLAG_CONFIGURATION;
	return packetType === 2 ? flags | FLAG_SEQUENCE_END : flags;
}

/** The offset of the byte that names the next packet type after a ModEx block, or −1 where the body ends first. */
function afterModEx(body: Uint8Array, offset: number): number {
	if (offset >= body.length) return -1;
	let size = body[offset]! + 1;
	let next = offset + 1;
	if (size === 256) {
		if (next + 2 > body.length) return -1;
		size = ((body[next]! << 8) | body[next + 1]!) + 1;
		next += 2;
	}
	next += size;
	return next < body.length ? next : -1;
}
