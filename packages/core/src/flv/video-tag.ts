import { ByteReader } from "../bytes/index.ts";
import { VIDEO_AVC, VIDEO_PRESTANDARD_HEVC, VIDEO_PRESTANDARD_VP9 } from "./codec-id.ts";
import { type MediaTrack, readModifiers, readPlainTrack, readTracks } from "./enhanced-head.ts";

/**
 * What a video message is: a codec's configuration, a frame, the end of a sequence, metadata (colour information), a
 * command (seek bracket), or something reserved that is to be passed on or dropped, but not understood.
 */
export type VideoPacket =
	| "configuration"
	| "mpeg2ts-configuration"
	| "frame"
	| "end"
	| "metadata"
	| "command"
	| "reserved";

/** The head of a video message, legacy or extended. */
export type VideoTag = {
	/** The header is that of Enhanced RTMP. */
	readonly isEnhanced: boolean;
	/** 1 key, 2 inter, 3 disposable inter, 4 generated key, 5 command; others are reserved. */
	readonly frameType: number;
	readonly packet: VideoPacket;
	/** Of a command: 0 the client-side seek begins, 1 it ends. */
	readonly command: number | undefined;
	/** To add to the presentation time, in nanoseconds (Enhanced RTMP v2). */
	readonly nanoOffset: number;
	/** One track, unless the header is multitrack; none in commands and reserved packets. */
	readonly tracks: readonly MediaTrack[];
};

/**
 * Reads the head of a video message (FLV 10.1 §E.4.3, Enhanced RTMP v2 "Enhanced Video"). `undefined`: the message is
 * empty. Throws `PeerError` (`MESSAGE_MALFORMED`) if it ends inside its head.
 */
export function parseVideoTag(payload: Uint8Array): VideoTag | undefined {
	if (payload.length === 0) return undefined;
	const head = payload[0]!;
	const frameType = (head >> 4) & 7;
	return head & 0x80 ? parseEnhanced(payload, frameType) : parseLegacy(payload, frameType);
}

const FRAME_COMMAND = 5;
const PACKET_CODED_FRAMES = 1;
const PACKET_METADATA = 4;
const PACKET_MULTITRACK = 6;

/** By VideoPacketType of Enhanced RTMP; multitrack and modifiers stand for no packet of their own. */
const ENHANCED_PACKETS: readonly (VideoPacket | undefined)[] = [
	"configuration",
	"frame",
	"end",
	"frame",
	"metadata",
	"mpeg2ts-configuration",
];
/** By AVCPacketType. */
const AVC_PACKETS: readonly (VideoPacket | undefined)[] = ["configuration", "frame", "end"];

function parseLegacy(payload: Uint8Array, frameType: number): VideoTag {
	const codec = payload[0]! & 15;
	if (frameType === FRAME_COMMAND) return commandTag(false, legacyCommand(payload, codec), 0);
	const isLikeAvc = codec === VIDEO_AVC || (codec >= VIDEO_PRESTANDARD_HEVC && codec <= VIDEO_PRESTANDARD_VP9);
	const head = { isEnhanced: false, frameType, command: undefined, nanoOffset: 0 };
	if (!isLikeAvc) {
		return { ...head, packet: "frame", tracks: [{ trackId: 0, codec, compositionTime: 0, body: payload.subarray(1) }] };
	}
	const reader = new ByteReader(payload, "MESSAGE_MALFORMED");
	reader.skip(1);
	const packet = AVC_PACKETS[reader.u8()] ?? "reserved";
	if (packet === "reserved") return { ...head, packet, tracks: [] };
	// The end of a sequence comes without its composition time from some encoders.
	const compositionTime = packet === "end" && reader.remaining < 3 ? 0 : reader.i24();
	const body = reader.bytes(reader.remaining);
	return { ...head, packet, tracks: [{ trackId: 0, codec, compositionTime, body }] };
}

/** Flash Media Server sends two bytes; others put AVC's packet type and composition time in front of the command. */
function legacyCommand(payload: Uint8Array, codec: number): number | undefined {
	return codec === VIDEO_AVC && payload.length > 5 ? payload[5] : payload[1];
}

function parseEnhanced(payload: Uint8Array, frameType: number): VideoTag {
	const reader = new ByteReader(payload, "MESSAGE_MALFORMED");
	const { packetType: outerType, nanoOffset } = readModifiers(reader, reader.u8() & 15);
	// OBS writes colour information with frame type 0, others with whatever frame comes next.
	if (outerType !== PACKET_METADATA && frameType === FRAME_COMMAND) return commandTag(true, reader.u8(), nanoOffset);
	let packetType = outerType;
	let sharing: number | undefined;
	if (outerType === PACKET_MULTITRACK) {
		const shared = reader.u8();
		packetType = shared & 15;
		sharing = shared >> 4;
	}
	const packet = ENHANCED_PACKETS[packetType];
	const head = { isEnhanced: true, frameType, command: undefined, nanoOffset };
	if (packet === undefined) return { ...head, packet: "reserved", tracks: [] };
	const hasTime = packetType === PACKET_CODED_FRAMES;
	const tracks = sharing === undefined ? [readPlainTrack(reader, hasTime)] : readTracks(reader, sharing, hasTime);
	return tracks === undefined ? { ...head, packet: "reserved", tracks: [] } : { ...head, packet, tracks };
}

function commandTag(isEnhanced: boolean, command: number | undefined, nanoOffset: number): VideoTag {
	return { isEnhanced, frameType: FRAME_COMMAND, packet: "command", command, nanoOffset, tracks: [] };
}
