import { OPUS_SAMPLE_RATE, parseAacConfiguration } from "../codec/index.ts";
import { PeerError } from "../fault/index.ts";
import {
	FOURCC_AAC,
	FOURCC_AC3,
	FOURCC_AV1,
	FOURCC_AVC,
	FOURCC_EAC3,
	FOURCC_FLAC,
	FOURCC_HEVC,
	FOURCC_MP3,
	FOURCC_OPUS,
	FOURCC_VP8,
	FOURCC_VP9,
} from "../flv/index.ts";
import type { Box } from "./box.ts";
import { readDecoderDescriptor } from "./descriptor.ts";
import { configurationBody, type TagForm } from "./tag-form.ts";

/** How the samples of one description travel in messages. */
export type Carriage = {
	readonly form: TagForm;
	readonly fourCc: number;
	/** The decoder's configuration as the FLV codecs have it; empty where the codec needs none. */
	readonly record: Uint8Array;
	/** The payload of the message that brings it; `undefined` where the codec needs none. */
	readonly configuration: Uint8Array | undefined;
	/** In Hz and as decoded, where the configuration tells it; else `undefined`. */
	readonly sampleRate: number | undefined;
	readonly channels: number | undefined;
};

/** Finds a box inside of a sample entry. */
export type FindBox = (type: string) => Box | undefined;

/** How a visual sample entry travels; `undefined`: not at all, or what its decoder needs is missing. */
export function carriageOfVideo(format: string, find: FindBox): Carriage | undefined {
	const known = VIDEO[format];
	const box = known === undefined ? undefined : find(known.box);
	if (known === undefined || box === undefined || box.length < known.skipped + known.leastBytes) return undefined;
	return carriageOf(known.form, known.fourCc, box.copy(known.skipped));
}

/** As `carriageOfVideo`, for sound. */
export function carriageOfAudio(format: string, find: FindBox): Carriage | undefined {
	switch (format) {
		case "mp4a":
			return carriageOfMpeg4(find("esds"));
		case ".mp3":
		case "ms\0U":
			return carriageOf("mp3", FOURCC_MP3);
		case "ac-3":
			return carriageOf("enhanced-audio", FOURCC_AC3);
		case "ec-3":
			return carriageOf("enhanced-audio", FOURCC_EAC3);
		case "Opus":
			return carriageOfOpus(find("dOps"));
		case "fLaC":
			return carriageOfFlac(find("dfLa"));
		default:
			return undefined;
	}
}

type VideoCodec = {
	readonly form: TagForm;
	readonly fourCc: number;
	readonly box: string;
	/** Bytes of the box in front of the record. */
	readonly skipped: number;
	readonly leastBytes: number;
};

const AVC: VideoCodec = { form: "avc", fourCc: FOURCC_AVC, box: "avcC", skipped: 0, leastBytes: 7 };
const HEVC: VideoCodec = { form: "hevc", fourCc: FOURCC_HEVC, box: "hvcC", skipped: 0, leastBytes: 23 };
const VPX = { form: "enhanced-video", box: "vpcC", skipped: 4, leastBytes: 8 } as const;

const VIDEO: Readonly<Record<string, VideoCodec | undefined>> = {
	avc1: AVC,
	avc3: AVC,
	hvc1: HEVC,
	hev1: HEVC,
	// Dolby Vision over H.265 that other decoders understand.
	dvh1: HEVC,
	dvhe: HEVC,
	av01: { form: "enhanced-video", fourCc: FOURCC_AV1, box: "av1C", skipped: 0, leastBytes: 4 },
	vp08: { ...VPX, fourCc: FOURCC_VP8 },
	vp09: { ...VPX, fourCc: FOURCC_VP9 },
};

const NO_RECORD: Uint8Array = new Uint8Array(0);

function carriageOf(
	form: TagForm,
	fourCc: number,
	record = NO_RECORD,
	sampleRate?: number,
	channels?: number,
): Carriage {
	const configuration = record.length > 0 ? configurationBody(form, fourCc, record) : undefined;
	return { form, fourCc, record, configuration, sampleRate, channels };
}

const OBJECT_AAC: ReadonlySet<number> = new Set([0x40, 0x66, 0x67, 0x68]);
const OBJECT_MP3: ReadonlySet<number> = new Set([0x69, 0x6b]);
const OBJECT_AC3 = 0xa5;
const OBJECT_EAC3 = 0xa6;

function carriageOfMpeg4(esds: Box | undefined): Carriage | undefined {
	if (esds === undefined) return undefined;
	const { objectType, specific } = readDecoderDescriptor(esds);
	if (OBJECT_MP3.has(objectType)) return carriageOf("mp3", FOURCC_MP3);
	if (objectType === OBJECT_AC3) return carriageOf("enhanced-audio", FOURCC_AC3);
	if (objectType === OBJECT_EAC3) return carriageOf("enhanced-audio", FOURCC_EAC3);
	if (!OBJECT_AAC.has(objectType) || specific.length < 2) return undefined;
	try {
		const { outputSampleRate, channels, hasParametricStereo } = parseAacConfiguration(specific);
		return carriageOf("aac", FOURCC_AAC, specific.slice(), outputSampleRate, hasParametricStereo ? 2 : channels);
	} catch (fault) {
		if (!(fault instanceof PeerError)) throw fault;
		// A decoder may know what we do not.
		return carriageOf("aac", FOURCC_AAC, specific.slice());
	}
}

/** `dOps` (Opus in ISO BMFF §4.3.2) becomes the `OpusHead` of RFC 7845 §5.1, whose numbers are little-endian. */
function carriageOfOpus(dOps: Box | undefined): Carriage | undefined {
	if (dOps === undefined || dOps.length < 11) return undefined;
	const channels = dOps.u8(1);
	const mapping = dOps.u8(10) === 0 ? NO_RECORD : dOps.bytes(11, 13 + channels);
	const head = new Uint8Array(19 + mapping.length);
	const view = new DataView(head.buffer);
	head.set([0x4f, 0x70, 0x75, 0x73, 0x48, 0x65, 0x61, 0x64, 1, channels]);
	view.setUint16(10, dOps.u16(2), true);
	view.setUint32(12, dOps.u32(4), true);
	view.setInt16(16, dOps.i16(8), true);
	view.setUint8(18, dOps.u8(10));
	head.set(mapping, 19);
	return carriageOf("enhanced-audio", FOURCC_OPUS, head, OPUS_SAMPLE_RATE, channels);
}

const STREAM_INFO_BYTES = 34;
const FLAC_MAGIC = [0x66, 0x4c, 0x61, 0x43];
/** The head of a metadata block that is the last, of type STREAMINFO, with its 34 bytes. */
const LAST_STREAM_INFO = [0x80, 0, 0, STREAM_INFO_BYTES];

/** `dfLa` holds metadata blocks, of which the first is STREAMINFO: a decoder needs that alone, behind the magic. */
function carriageOfFlac(dfLa: Box | undefined): Carriage | undefined {
	if (dfLa === undefined || dfLa.length < 8 + STREAM_INFO_BYTES || (dfLa.u8(4) & 0x7f) !== 0) return undefined;
	const record = new Uint8Array(8 + STREAM_INFO_BYTES);
	record.set(FLAC_MAGIC);
	record.set(LAST_STREAM_INFO, 4);
	record.set(dfLa.bytes(8, 8 + STREAM_INFO_BYTES), 8);
	// 20 bits of sample rate, then three of channels less one (RFC 9639 §8.2).
	const rateAndChannels = dfLa.u32(18);
	return carriageOf("enhanced-audio", FOURCC_FLAC, record, rateAndChannels >>> 12, ((rateAndChannels >>> 9) & 7) + 1);
}
