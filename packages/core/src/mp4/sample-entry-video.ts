import { BitReader, ByteReader } from "../bytes/index.ts";
import {
	HEVC_NAL_SPS,
	MAX_PICTURE_SIDE,
	parseAv1Configuration,
	parseAv1SequenceHeader,
	parseAvcConfiguration,
	parseAvcSps,
	parseHevcConfiguration,
	parseHevcSps,
	parseVpxConfiguration,
} from "../codec/index.ts";
import { PeerError } from "../fault/index.ts";
import {
	FOURCC_AV1,
	FOURCC_AVC,
	FOURCC_HEVC,
	FOURCC_VP8,
	FOURCC_VP9,
	fourCcText,
	VIDEO_AVC,
	VIDEO_PRESTANDARD_AV1,
	VIDEO_PRESTANDARD_HEVC,
	VIDEO_PRESTANDARD_VP9,
} from "../flv/index.ts";
import { BoxWriter } from "./box-writer.ts";
import type { TrackFormat } from "./track-format.ts";

/** Units a second of video times: a millisecond is 90 of them, so that times in milliseconds stay exact. */
export const VIDEO_TIMESCALE = 90_000;

/** The FourCC of a video codec that MP4 can carry and this writer writes; `undefined` for all others. */
export function mp4VideoCodec(codec: number): number | undefined {
	return CARRIED.has(codec) ? codec : LEGACY.get(codec);
}

/**
 * The format of a video track, from the configuration of its sequence header and, where that does not tell the size of
 * the picture (VP8, VP9, some AV1), from a keyframe. `undefined`: a keyframe is needed. Throws `PeerError`
 * (`MESSAGE_MALFORMED`). `codec` is one that `mp4VideoCodec` gave.
 */
export function videoFormat(
	codec: number,
	configuration: Uint8Array,
	keyframe: Uint8Array | undefined,
): TrackFormat | undefined {
	const size = pictureSize(codec, configuration, keyframe);
	if (size === undefined) return undefined;
	const { width, height } = size;
	if (width > MAX_PICTURE_SIDE || height > MAX_PICTURE_SIDE) {
		throw new PeerError("MESSAGE_MALFORMED", `A picture of ${width}×${height} is not possible.`);
	}
	const sampleEntry = visualSampleEntry(codec, width, height, configuration);
	return { kind: "video", codec, timescale: VIDEO_TIMESCALE, sampleEntry, width, height, frameSamples: 0 };
}

const CARRIED: ReadonlySet<number> = new Set([FOURCC_AVC, FOURCC_HEVC, FOURCC_AV1, FOURCC_VP8, FOURCC_VP9]);
const LEGACY: ReadonlyMap<number, number> = new Map([
	[VIDEO_AVC, FOURCC_AVC],
	[VIDEO_PRESTANDARD_HEVC, FOURCC_HEVC],
	[VIDEO_PRESTANDARD_AV1, FOURCC_AV1],
	[VIDEO_PRESTANDARD_VP9, FOURCC_VP9],
]);
/** The boxes of the configuration records by codec. */
const RECORD_BOXES: ReadonlyMap<number, string> = new Map([
	[FOURCC_AVC, "avcC"],
	[FOURCC_HEVC, "hvcC"],
	[FOURCC_AV1, "av1C"],
	[FOURCC_VP8, "vpcC"],
	[FOURCC_VP9, "vpcC"],
]);

type PictureSize = { readonly width: number; readonly height: number };

function pictureSize(
	codec: number,
	configuration: Uint8Array,
	keyframe: Uint8Array | undefined,
): PictureSize | undefined {
	if (codec === FOURCC_AVC) {
		const [sps] = parseAvcConfiguration(configuration).sps;
		return parseAvcSps(sps ?? noParameterSet("H.264"));
	}
	if (codec === FOURCC_HEVC) {
		const { arrays } = parseHevcConfiguration(configuration);
		const sps = arrays.find(array => array.type === HEVC_NAL_SPS)?.units[0];
		return parseHevcSps(sps ?? noParameterSet("H.265"));
	}
	if (codec === FOURCC_AV1) {
		const size = parseAv1SequenceHeader(parseAv1Configuration(configuration).obus);
		return size ?? (keyframe && parseAv1SequenceHeader(keyframe));
	}
	parseVpxConfiguration(configuration, codec === FOURCC_VP8 ? "vp08" : "vp09");
	if (keyframe === undefined) return undefined;
	return codec === FOURCC_VP8 ? vp8PictureSize(keyframe) : vp9PictureSize(keyframe);
}

function noParameterSet(name: string): never {
	throw new PeerError("MESSAGE_MALFORMED", `An ${name} configuration holds no sequence parameter set.`);
}

const VP8_START_CODE = 0x9d012a;

/** RFC 6386 §9.1: three bytes of frame tag, the start code, then both sides with two bits of scaling. */
function vp8PictureSize(keyframe: Uint8Array): PictureSize {
	const reader = new ByteReader(keyframe, "MESSAGE_MALFORMED");
	reader.skip(3);
	if (reader.u24() !== VP8_START_CODE) throw new PeerError("MESSAGE_MALFORMED", "A VP8 keyframe has no start code.");
	return { width: reader.u16le() & 0x3fff, height: reader.u16le() & 0x3fff };
}

const VP9_SYNC_CODE = 0x498342;
const VP9_SRGB = 7;

/** VP9 bitstream §6.2, `uncompressed_header` of a keyframe. */
function vp9PictureSize(keyframe: Uint8Array): PictureSize {
	const bits = new BitReader(keyframe, "MESSAGE_MALFORMED");
	const marker = bits.bits(2);
	const profile = bits.bit() | (bits.bit() << 1);
	if (profile === 3) bits.skip(1);
	const showsExisting = bits.flag();
	const isInter = bits.flag();
	bits.skip(2);
	if (marker !== 2 || showsExisting || isInter || bits.bits(24) !== VP9_SYNC_CODE) {
		throw new PeerError("MESSAGE_MALFORMED", "A VP9 keyframe does not begin as one.");
	}
	if (profile >= 2) bits.skip(1);
	const hasChromaBits = (profile & 1) === 1;
	if (bits.bits(3) === VP9_SRGB) bits.skip(hasChromaBits ? 1 : 0);
	else bits.skip(hasChromaBits ? 4 : 1);
	return { width: bits.bits(16) + 1, height: bits.bits(16) + 1 };
}

/** 72 dots an inch, as fixed-point number 16.16. */
const RESOLUTION = 0x48_0000;
const DEPTH_COLOUR = 0x18;

/** ISO/IEC 14496-12 §12.1.3. */
function visualSampleEntry(codec: number, width: number, height: number, configuration: Uint8Array): Uint8Array {
	const box = new BoxWriter(configuration.length + 128);
	const { fields } = box;
	box.begin(fourCcText(codec));
	box.zeros(6);
	fields.u16(1);
	box.zeros(16);
	fields.u16(width);
	fields.u16(height);
	fields.u32(RESOLUTION);
	fields.u32(RESOLUTION);
	box.zeros(4);
	fields.u16(1);
	box.zeros(32);
	fields.u16(DEPTH_COLOUR);
	fields.i16(-1);
	box.begin(RECORD_BOXES.get(codec)!);
	if ((codec === FOURCC_VP8 || codec === FOURCC_VP9) && !startsAsFullBox(configuration)) fields.u32(VPCC_HEAD);
	fields.bytes(configuration);
	box.end();
	box.end();
	return box.finish();
}

/** Version 1 and no flags, which `vpcC` has in front of its record and which not all senders leave out. */
const VPCC_HEAD = 0x0100_0000;

function startsAsFullBox(record: Uint8Array): boolean {
	return record[0] === 1 && record[1] === 0 && record[2] === 0 && record[3] === 0;
}
