import { ByteReader } from "../bytes/index.ts";
import {
	AUDIO_AAC,
	AUDIO_ALAW,
	AUDIO_MP3_8K,
	AUDIO_MULAW,
	AUDIO_NELLYMOSER,
	AUDIO_NELLYMOSER_8K,
	AUDIO_NELLYMOSER_16K,
	AUDIO_SPEEX,
} from "./codec-id.ts";
import { type MediaTrack, readModifiers, readPlainTrack, readTracks } from "./enhanced-head.ts";

/**
 * What an audio message is: a codec's configuration, one or more frames, the end of a sequence, the places of the
 * channels, or something reserved that is to be passed on or dropped, but not understood.
 */
export type AudioPacket = "configuration" | "frame" | "end" | "channels" | "reserved";

/** What a legacy header tells of the sound; for AAC the configuration tells it. */
export type SoundFormat = {
	/** In Hz. */
	readonly sampleRate: number;
	readonly channels: 1 | 2;
	/** Of uncompressed sound; compressed sound says 16 and means nothing. */
	readonly sampleBits: 8 | 16;
};

/** The head of an audio message, legacy or extended. */
export type AudioTag = {
	/** The header is that of Enhanced RTMP. */
	readonly isEnhanced: boolean;
	readonly packet: AudioPacket;
	/** `undefined` where the header does not tell: AAC and extended headers. */
	readonly format: SoundFormat | undefined;
	/** To add to the presentation time, in nanoseconds (Enhanced RTMP v2). */
	readonly nanoOffset: number;
	/** One track, unless the header is multitrack; none in reserved packets. */
	readonly tracks: readonly MediaTrack[];
};

/** Where the channels of a track go (Enhanced RTMP v2, "Multichannel Config"). */
export type ChannelPlan = {
	readonly order: "unspecified" | "native" | "custom";
	readonly channels: number;
	/** Native order: one bit for each place, front left first. */
	readonly mask: number | undefined;
	/** Custom order: the place of each channel; FE unused, FF unknown. */
	readonly places: Uint8Array | undefined;
};

/**
 * Reads the head of an audio message (FLV 10.1 §E.4.2, Enhanced RTMP v2 "Enhanced Audio"). `undefined`: the message is
 * empty, which means silence. Throws `PeerError` (`MESSAGE_MALFORMED`) if it ends inside its head.
 */
export function parseAudioTag(payload: Uint8Array): AudioTag | undefined {
	if (payload.length === 0) return undefined;
	const reader = new ByteReader(payload, "MESSAGE_MALFORMED");
	const head = reader.u8();
	const codec = head >> 4;
	if (codec === CODEC_EXTENDED) return parseEnhanced(reader, head & 15);
	const common = { isEnhanced: false, nanoOffset: 0, format: formatOf(head) };
	const packet = codec === AUDIO_AAC ? (AAC_PACKETS[reader.u8()] ?? "reserved") : "frame";
	if (packet === "reserved") return { ...common, packet, tracks: [] };
	const body = reader.bytes(reader.remaining);
	return { ...common, packet, tracks: [{ trackId: 0, codec, compositionTime: 0, body }] };
}

/** Reads the body of a `"channels"` packet. Throws `PeerError` (`MESSAGE_MALFORMED`). */
export function parseChannelPlan(body: Uint8Array): ChannelPlan {
	const reader = new ByteReader(body, "MESSAGE_MALFORMED");
	const orderCode = reader.u8();
	const channels = reader.u8();
	const order = orderCode === 1 ? "native" : orderCode === 2 ? "custom" : "unspecified";
	const mask = order === "native" ? reader.u32() : undefined;
	const places = order === "custom" ? reader.bytes(channels) : undefined;
	return { order, channels, mask, places };
}

const CODEC_EXTENDED = 9;
const PACKET_MULTITRACK = 5;

/** By AudioPacketType of Enhanced RTMP; multitrack and modifiers stand for no packet of their own. */
const ENHANCED_PACKETS: readonly (AudioPacket | undefined)[] = ["configuration", "frame", "end", undefined, "channels"];
/** By AACPacketType. */
const AAC_PACKETS: readonly (AudioPacket | undefined)[] = ["configuration", "frame"];

const RATES = [5512, 11_025, 22_050, 44_100];
/** The codecs whose rate is fixed, whatever the header's bits say. */
const FIXED_RATES: ReadonlyMap<number, number> = new Map([
	[AUDIO_NELLYMOSER_16K, 16_000],
	[AUDIO_NELLYMOSER_8K, 8000],
	[AUDIO_ALAW, 8000],
	[AUDIO_MULAW, 8000],
	[AUDIO_SPEEX, 16_000],
	[AUDIO_MP3_8K, 8000],
]);
const ALWAYS_MONO: ReadonlySet<number> = new Set([
	AUDIO_NELLYMOSER_16K,
	AUDIO_NELLYMOSER_8K,
	AUDIO_NELLYMOSER,
	AUDIO_ALAW,
	AUDIO_MULAW,
	AUDIO_SPEEX,
]);

function formatOf(head: number): SoundFormat | undefined {
	const codec = head >> 4;
	if (codec === AUDIO_AAC) return undefined;
	return {
		sampleRate: FIXED_RATES.get(codec) ?? RATES[(head >> 2) & 3]!,
		channels: head & 1 && !ALWAYS_MONO.has(codec) ? 2 : 1,
		sampleBits: head & 2 ? 16 : 8,
	};
}

function parseEnhanced(reader: ByteReader, firstPacketType: number): AudioTag {
	const { packetType: outerType, nanoOffset } = readModifiers(reader, firstPacketType);
	let packetType = outerType;
	let sharing: number | undefined;
	if (outerType === PACKET_MULTITRACK) {
		const shared = reader.u8();
		packetType = shared & 15;
		sharing = shared >> 4;
	}
	const packet = ENHANCED_PACKETS[packetType];
	const head = { isEnhanced: true, nanoOffset, format: undefined };
	if (packet === undefined) return { ...head, packet: "reserved", tracks: [] };
	const tracks = sharing === undefined ? [readPlainTrack(reader, false)] : readTracks(reader, sharing, false);
	return tracks === undefined ? { ...head, packet: "reserved", tracks: [] } : { ...head, packet, tracks };
}
