import type { AmfObject, AmfValue } from "../amf/index.ts";
import { BitReader, ByteReader } from "../bytes/index.ts";
import {
	HEVC_NAL_SPS,
	OPUS_SAMPLE_RATE,
	parseAacConfiguration,
	parseAv1Configuration,
	parseAv1SequenceHeader,
	parseAvcConfiguration,
	parseAvcSps,
	parseHevcConfiguration,
	parseHevcSps,
	parseMp3Frame,
	parseOpusConfiguration,
	parseVpxConfiguration,
} from "../codec/index.ts";
import { PeerError } from "../fault/index.ts";
import { parseAudioTag, parseChannelPlan } from "./audio-tag.ts";
import {
	AUDIO_AAC,
	AUDIO_MP3,
	AUDIO_MP3_8K,
	audioCodecName,
	FOURCC_AAC,
	FOURCC_AV1,
	FOURCC_AVC,
	FOURCC_HEVC,
	FOURCC_MP3,
	FOURCC_OPUS,
	FOURCC_VP8,
	FOURCC_VP9,
	fourCcOf,
	VIDEO_AVC,
	VIDEO_PRESTANDARD_AV1,
	VIDEO_PRESTANDARD_HEVC,
	VIDEO_PRESTANDARD_VP9,
	VIDEO_SCREEN,
	VIDEO_SCREEN_2,
	VIDEO_SORENSON_H263,
	videoCodecName,
} from "./codec-id.ts";
import type { MediaTrack } from "./enhanced-head.ts";
import { MEDIA_AUDIO, MEDIA_VIDEO, type MediaMessage } from "./media-message.ts";
import { metadataOf, parseData } from "./metadata.ts";
import { parseVideoTag } from "./video-tag.ts";

/** What is known of a stream, for pages and logs. `undefined`: nothing that was seen tells it. */
export type CodecFacts = {
	/** For people, such as `H.264` or `Sorenson H.263`. */
	readonly videoCodec: string | undefined;
	/** RFC 6381, such as `avc1.64001F`. */
	readonly videoCodecString: string | undefined;
	/** In pixels. */
	readonly width: number | undefined;
	readonly height: number | undefined;
	/** Frames a second. */
	readonly framerate: number | undefined;
	/** For people, such as `AAC` or `Nellymoser`. */
	readonly audioCodec: string | undefined;
	/** RFC 6381, such as `mp4a.40.2`. */
	readonly audioCodecString: string | undefined;
	/** In Hz, as decoded. */
	readonly sampleRate: number | undefined;
	readonly channels: number | undefined;
};

/**
 * Gathers the facts from a stream's messages, in their order: metadata, configurations, or any frames. Only the default
 * track counts. Configurations and frames are believed more than metadata. Never throws for what a message holds: one
 * that cannot be read tells nothing.
 */
export function codecFacts(messages: Iterable<MediaMessage>): CodecFacts {
	const said: Facts = {};
	const seen: Facts = {};
	for (const message of messages) {
		try {
			if (message.type === MEDIA_VIDEO) seeVideo(seen, message.payload);
			else if (message.type === MEDIA_AUDIO) seeAudio(seen, message.payload);
			else {
				const metadata = metadataOf(parseData(message.payload, message.type));
				if (metadata !== undefined) hearMetadata(said, metadata);
			}
		} catch (fault) {
			// The one who relays or records the message reports it; here it is only a missing fact.
			if (!(fault instanceof PeerError)) throw fault;
		}
	}
	return { ...NOTHING, ...said, ...seen };
}

type Facts = { -readonly [Name in keyof CodecFacts]?: Exclude<CodecFacts[Name], undefined> };

const NOTHING: CodecFacts = {
	videoCodec: undefined,
	videoCodecString: undefined,
	width: undefined,
	height: undefined,
	framerate: undefined,
	audioCodec: undefined,
	audioCodecString: undefined,
	sampleRate: undefined,
	channels: undefined,
};

function seeVideo(facts: Facts, payload: Uint8Array): void {
	const tag = parseVideoTag(payload);
	const track = tag?.tracks.find(candidate => candidate.trackId === 0);
	if (tag === undefined || track === undefined) return;
	facts.videoCodec = videoCodecName(track.codec);
	if (tag.packet === "configuration") seeVideoConfiguration(facts, track);
	else if (tag.packet === "frame" && tag.frameType === 1) seePictureHead(facts, track);
}

function seeVideoConfiguration(facts: Facts, { codec, body }: MediaTrack): void {
	if (codec === VIDEO_AVC || codec === FOURCC_AVC) {
		const configuration = parseAvcConfiguration(body);
		facts.videoCodecString = configuration.codec;
		const [sps] = configuration.sps;
		if (sps !== undefined) seePicture(facts, parseAvcSps(sps));
	} else if (codec === VIDEO_PRESTANDARD_HEVC || codec === FOURCC_HEVC) {
		const configuration = parseHevcConfiguration(body);
		facts.videoCodecString = configuration.codec;
		if (configuration.frameRate !== undefined) facts.framerate = configuration.frameRate;
		const sps = configuration.arrays.find(array => array.type === HEVC_NAL_SPS)?.units[0];
		if (sps !== undefined) seePicture(facts, parseHevcSps(sps));
	} else if (codec === VIDEO_PRESTANDARD_AV1 || codec === FOURCC_AV1) {
		const configuration = parseAv1Configuration(body);
		facts.videoCodecString = configuration.codec;
		const picture = parseAv1SequenceHeader(configuration.obus);
		if (picture !== undefined) seePicture(facts, picture);
	} else if (codec === VIDEO_PRESTANDARD_VP9 || codec === FOURCC_VP9) {
		facts.videoCodecString = parseVpxConfiguration(body, "vp09").codec;
	} else if (codec === FOURCC_VP8) {
		facts.videoCodecString = parseVpxConfiguration(body, "vp08").codec;
	}
}

type Picture = { readonly width: number; readonly height: number; readonly frameRate?: number | undefined };

function seePicture(facts: Facts, picture: Picture): void {
	facts.width = picture.width;
	facts.height = picture.height;
	if (picture.frameRate !== undefined) facts.framerate = picture.frameRate;
}

/** The pictures of the old codecs tell their size themselves. */
function seePictureHead(facts: Facts, { codec, body }: MediaTrack): void {
	if (codec === VIDEO_SORENSON_H263) {
		const [width, height] = readH263Size(body);
		seePicture(facts, { width, height });
	} else if (codec === VIDEO_SCREEN || codec === VIDEO_SCREEN_2) {
		const reader = new ByteReader(body, "MESSAGE_MALFORMED");
		seePicture(facts, { width: reader.u16() & 0xfff, height: reader.u16() & 0xfff });
	}
}

const H263_SIZES: readonly (readonly [number, number] | undefined)[] = [
	undefined,
	undefined,
	[352, 288],
	[176, 144],
	[128, 96],
	[320, 240],
	[160, 120],
];

/** SWF 19, "H.263 Video Packet": start code, version and temporal reference come before the size. */
function readH263Size(body: Uint8Array): readonly [number, number] {
	const bits = new BitReader(body, "MESSAGE_MALFORMED");
	bits.skip(17 + 5 + 8);
	const code = bits.bits(3);
	if (code < 2) return [bits.bits(8 << code), bits.bits(8 << code)];
	const size = H263_SIZES[code];
	if (size === undefined) throw new PeerError("MESSAGE_MALFORMED", "An H.263 picture has a reserved size.");
	return size;
}

function seeAudio(facts: Facts, payload: Uint8Array): void {
	const tag = parseAudioTag(payload);
	const track = tag?.tracks.find(candidate => candidate.trackId === 0);
	if (tag === undefined || track === undefined) return;
	facts.audioCodec = audioCodecName(track.codec);
	if (tag.format !== undefined) {
		facts.sampleRate = tag.format.sampleRate;
		facts.channels = tag.format.channels;
	}
	if (tag.packet === "channels") facts.channels = parseChannelPlan(track.body).channels;
	else if (tag.packet === "configuration") seeAudioConfiguration(facts, track);
	else if (tag.packet === "frame") seeMp3(facts, track);
}

function seeAudioConfiguration(facts: Facts, { codec, body }: MediaTrack): void {
	if (codec === AUDIO_AAC || codec === FOURCC_AAC) {
		const configuration = parseAacConfiguration(body);
		facts.audioCodecString = configuration.codec;
		facts.sampleRate = configuration.outputSampleRate;
		facts.channels = configuration.hasParametricStereo ? 2 : configuration.channels;
	} else if (codec === FOURCC_OPUS) {
		facts.audioCodecString = "opus";
		facts.sampleRate = OPUS_SAMPLE_RATE;
		const configuration = parseOpusConfiguration(body);
		if (configuration !== undefined) facts.channels = configuration.channels;
	}
}

/** The header of an MP3 tag cannot tell 48 kHz from 44.1 kHz; the frame can. */
function seeMp3(facts: Facts, { codec, body }: MediaTrack): void {
	if (codec !== AUDIO_MP3 && codec !== AUDIO_MP3_8K && codec !== FOURCC_MP3) return;
	const frame = parseMp3Frame(body);
	facts.audioCodecString = frame.codec;
	facts.sampleRate = frame.sampleRate;
	facts.channels = frame.channels;
}

function hearMetadata(facts: Facts, metadata: AmfObject): void {
	const set = (name: "width" | "height" | "framerate" | "sampleRate" | "channels", value: AmfValue) => {
		const number = typeof value === "string" ? Number(value) : value;
		if (typeof number === "number" && Number.isFinite(number) && number > 0) facts[name] = number;
	};
	set("width", metadata["width"]);
	set("height", metadata["height"]);
	set("framerate", metadata["videoframerate"]);
	set("framerate", metadata["framerate"]);
	set("sampleRate", metadata["audiosamplerate"]);
	if (typeof metadata["stereo"] === "boolean") facts.channels = metadata["stereo"] ? 2 : 1;
	set("channels", metadata["audiochannels"]);
	const video = nameOfCodec(metadata["videocodecid"], videoCodecName);
	if (video !== undefined) facts.videoCodec = video;
	const audio = nameOfCodec(metadata["audiocodecid"], audioCodecName);
	if (audio !== undefined) facts.audioCodec = audio;
}

/** Encoders write the codec as a number, as a number in text, or as a FourCC in text. */
function nameOfCodec(id: AmfValue, nameOf: (codec: number) => string): string | undefined {
	const isNumber = typeof id === "number" || (typeof id === "string" && /^\d{1,10}$/.test(id));
	if (isNumber) return isCodec(Number(id)) ? nameOf(Number(id)) : undefined;
	const code = typeof id === "string" ? fourCcOf(id) : undefined;
	return code === undefined ? undefined : nameOf(code);
}

function isCodec(id: number): boolean {
	return Number.isInteger(id) && id >= 0 && id <= 0xffff_ffff;
}
