import type { ByteReader } from "../bytes/index.ts";
import { PeerError } from "../fault/index.ts";
import { FOURCC_AVC, FOURCC_HEVC, FOURCC_VVC } from "./codec-id.ts";

/** One track's share of an audio or video message. */
export type MediaTrack = {
	/** 0 is the default track, which all messages without a track number carry. Audio and video count apart. */
	readonly trackId: number;
	/** The id of the legacy header or a FourCC as a number (see `videoCodecName`). */
	readonly codec: number;
	/** Presentation time less decode time, in milliseconds; 0 where the codec has none. */
	readonly compositionTime: number;
	/** What the decoder gets, untouched: a view into the message. */
	readonly body: Uint8Array;
};

/** What stands between the first byte of an extended header and its tracks. */
export type EnhancedHead = {
	/** The packet type behind all modifiers. */
	readonly packetType: number;
	/** To add to the presentation time of this message, in nanoseconds (0 to 999,999). */
	readonly nanoOffset: number;
};

/** The packet type of modifiers, the same in audio and video. */
const PACKET_MODIFIER = 7;
const MODIFIER_NANO_OFFSET = 0;
/** The modifier's size that says that a longer one follows. */
const LONG_MODIFIER = 256;

const ONE_TRACK = 0;
const MANY_TRACKS = 1;
const MANY_TRACKS_MANY_CODECS = 2;
/** There are no more track numbers. */
const MAX_TRACKS = 256;

/**
 * Passes over the modifiers (`ModEx`) in front of the packet type (Enhanced RTMP v2, "Enhanced Video" and "Enhanced
 * Audio"). Unknown ones are skipped. Each takes at least three bytes, so the message's length bounds the loop.
 */
export function readModifiers(reader: ByteReader, firstPacketType: number): EnhancedHead {
	let packetType = firstPacketType;
	let nanoOffset = 0;
	while (packetType === PACKET_MODIFIER) {
		let size = reader.u8() + 1;
		if (size === LONG_MODIFIER) size = reader.u16() + 1;
		const data = reader.bytes(size);
		const next = reader.u8();
		packetType = next & 15;
		if (next >> 4 === MODIFIER_NANO_OFFSET && data.length >= 3) {
			nanoOffset = (data[0]! << 16) | (data[1]! << 8) | data[2]!;
		}
	}
	return { packetType, nanoOffset };
}

/** The single track of a message without track numbers: its FourCC and the rest. */
export function readPlainTrack(reader: ByteReader, hasCompositionTime: boolean): MediaTrack {
	const codec = reader.u32();
	return readBody(reader, codec, 0, reader.remaining, hasCompositionTime);
}

/**
 * The tracks behind the byte that announces several (`Multitrack`). `undefined`: the way of sharing is reserved, and
 * the message is to be dropped. Throws `PeerError` where a track is longer than the message.
 */
export function readTracks(reader: ByteReader, sharing: number, hasCompositionTime: boolean): MediaTrack[] | undefined {
	if (sharing > MANY_TRACKS_MANY_CODECS) return undefined;
	let codec = sharing === MANY_TRACKS_MANY_CODECS ? 0 : reader.u32();
	if (sharing === ONE_TRACK) {
		const trackId = reader.u8();
		return [readBody(reader, codec, trackId, reader.remaining, hasCompositionTime)];
	}
	const tracks: MediaTrack[] = [];
	while (reader.remaining > 0) {
		if (tracks.length === MAX_TRACKS) throw new PeerError("MESSAGE_MALFORMED", "There are more than 256 tracks.");
		if (sharing !== MANY_TRACKS) codec = reader.u32();
		const trackId = reader.u8();
		tracks.push(readBody(reader, codec, trackId, reader.u24(), hasCompositionTime));
	}
	return tracks;
}

function readBody(
	reader: ByteReader,
	codec: number,
	trackId: number,
	size: number,
	hasCompositionTime: boolean,
): MediaTrack {
	// The other codecs have no such field: reading it would eat three bytes of the frame.
	const isReordered = codec === FOURCC_AVC || codec === FOURCC_HEVC || codec === FOURCC_VVC;
	if (!hasCompositionTime || !isReordered) return { trackId, codec, compositionTime: 0, body: reader.bytes(size) };
	const compositionTime = reader.i24();
	return { trackId, codec, compositionTime, body: reader.bytes(size - 3) };
}
