import { ByteReader } from "../bytes/index.ts";
import { OPUS_SAMPLE_RATE, parseAacConfiguration, parseMp3Frame, parseOpusConfiguration } from "../codec/index.ts";
import { PeerError } from "../fault/index.ts";
import {
	AUDIO_AAC,
	AUDIO_MP3,
	AUDIO_MP3_8K,
	FOURCC_AAC,
	FOURCC_AC3,
	FOURCC_EAC3,
	FOURCC_FLAC,
	FOURCC_MP3,
	FOURCC_OPUS,
} from "../flv/index.ts";
import { BoxWriter } from "./box-writer.ts";
import { AC3_FRAME_SAMPLES, parseAc3Frame, parseEac3Unit } from "./dolby-frame.ts";
import type { TrackFormat } from "./track-format.ts";

/** The FourCC of an audio codec that MP4 can carry and this writer writes; `undefined` for all others. */
export function mp4AudioCodec(codec: number): number | undefined {
	return CARRIED.has(codec) ? codec : LEGACY.get(codec);
}

/** The frames of these codecs tell all: they have no sequence header. */
export function isSelfConfigured(codec: number): boolean {
	return codec === FOURCC_MP3 || codec === FOURCC_AC3 || codec === FOURCC_EAC3;
}

/**
 * The format of an audio track, from its sequence header or, for codecs without one, from a frame. `undefined`: a frame
 * is needed. `planChannels` is what a multichannel configuration says, for Opus without a header. Throws `PeerError`
 * (`MESSAGE_MALFORMED`). `codec` is one that `mp4AudioCodec` gave.
 */
export function audioFormat(
	codec: number,
	configuration: Uint8Array,
	planChannels: number | undefined,
	frame: Uint8Array | undefined,
): TrackFormat | undefined {
	if (codec === FOURCC_AAC) return aacFormat(configuration);
	if (codec === FOURCC_FLAC) return flacFormat(configuration);
	if (codec === FOURCC_OPUS) return opusFormat(configuration, planChannels, frame);
	if (frame === undefined) return undefined;
	return codec === FOURCC_MP3 ? mp3Format(frame) : codec === FOURCC_AC3 ? ac3Format(frame) : eac3Format(frame);
}

const CARRIED: ReadonlySet<number> = new Set([
	FOURCC_AAC,
	FOURCC_MP3,
	FOURCC_OPUS,
	FOURCC_FLAC,
	FOURCC_AC3,
	FOURCC_EAC3,
]);
const LEGACY: ReadonlyMap<number, number> = new Map([
	[AUDIO_AAC, FOURCC_AAC],
	[AUDIO_MP3, FOURCC_MP3],
	[AUDIO_MP3_8K, FOURCC_MP3],
]);

/** With the other frame length, 960, times follow the milliseconds alone. */
const AAC_FRAME_SAMPLES = 1024;

function aacFormat(configuration: Uint8Array): TrackFormat {
	const { sampleRate, channels } = parseAacConfiguration(configuration);
	const sampleEntry = audioSampleEntry("mp4a", channels, sampleRate, "esds", esds(OBJECT_AAC, configuration));
	return format(FOURCC_AAC, sampleRate, sampleEntry, AAC_FRAME_SAMPLES);
}

function mp3Format(frame: Uint8Array): TrackFormat {
	const { version, sampleRate, channels, samples } = parseMp3Frame(frame);
	const object = version === 1 ? OBJECT_MPEG1_AUDIO : OBJECT_MPEG2_AUDIO;
	const sampleEntry = audioSampleEntry("mp4a", channels, sampleRate, "esds", esds(object, undefined));
	return format(FOURCC_MP3, sampleRate, sampleEntry, samples);
}

function ac3Format(frame: Uint8Array): TrackFormat {
	const { sampleRate, channels, record } = parseAc3Frame(frame);
	const sampleEntry = audioSampleEntry("ac-3", channels, sampleRate, "dac3", record);
	return format(FOURCC_AC3, sampleRate, sampleEntry, AC3_FRAME_SAMPLES);
}

function eac3Format(unit: Uint8Array): TrackFormat {
	const { sampleRate, channels, samples, record } = parseEac3Unit(unit);
	return format(FOURCC_EAC3, sampleRate, audioSampleEntry("ec-3", channels, sampleRate, "dec3", record), samples);
}

const FLAC_STREAMINFO_BYTES = 34;
const FLAC_LAST_BLOCK = 0x80;

/** “fLaC” and metadata blocks; `dfLa` has the blocks alone (Xiph, “Encapsulation of FLAC in ISO BMFF” §3.3.2). */
function flacFormat(configuration: Uint8Array): TrackFormat {
	const reader = new ByteReader(configuration, "MESSAGE_MALFORMED");
	if (reader.u32() !== FOURCC_FLAC) throw malformed("A FLAC configuration begins with “fLaC”.");
	if ((reader.u8() & 0x7f) !== 0 || reader.u24() !== FLAC_STREAMINFO_BYTES) {
		throw malformed("A FLAC configuration has STREAMINFO as its first block.");
	}
	const info = reader.bytes(FLAC_STREAMINFO_BYTES);
	const sampleRate = (info[10]! << 12) | (info[11]! << 4) | (info[12]! >> 4);
	if (sampleRate === 0) throw malformed("A FLAC configuration has no sample rate.");
	const channels = ((info[12]! >> 1) & 7) + 1;
	const sampleBits = (((info[12]! & 1) << 4) | (info[13]! >> 4)) + 1;
	const smallest = (info[0]! << 8) | info[1]!;
	const largest = (info[2]! << 8) | info[3]!;
	const box = new BoxWriter(64);
	box.fields.u32(0);
	box.fields.u8(FLAC_LAST_BLOCK);
	box.fields.u24(FLAC_STREAMINFO_BYTES);
	box.fields.bytes(info);
	const sampleEntry = audioSampleEntry("fLaC", channels, sampleRate, "dfLa", box.finish(), sampleBits);
	return format(FOURCC_FLAC, sampleRate, sampleEntry, smallest === largest ? largest : 0);
}

/** Streams and coupled streams, then the place of each channel (RFC 7845 §5.1.1.2), from three channels on. */
const OPUS_LAYOUTS: readonly (readonly number[])[] = [
	[2, 1, 0, 2, 1],
	[2, 2, 0, 1, 2, 3],
	[3, 2, 0, 4, 1, 2, 3],
	[4, 2, 0, 4, 1, 2, 3, 5],
	[4, 3, 0, 4, 1, 2, 3, 5, 6],
	[5, 3, 0, 6, 1, 2, 3, 4, 5, 7],
];
const OPUS_HEAD_LAYOUT = 19;

function opusFormat(
	configuration: Uint8Array,
	planChannels: number | undefined,
	frame: Uint8Array | undefined,
): TrackFormat | undefined {
	const head = parseOpusConfiguration(configuration);
	if (head === undefined && planChannels === undefined && frame === undefined) return undefined;
	// The third bit of a packet's first byte says whether it is stereo (RFC 6716 §3.1).
	const channels = head?.channels ?? planChannels ?? ((frame?.[0] ?? 0) & 4 ? 2 : 1);
	const box = new BoxWriter(64);
	box.fields.u8(0);
	box.fields.u8(channels);
	box.fields.u16(head?.preSkip ?? 0);
	box.fields.u32(head?.inputSampleRate ?? OPUS_SAMPLE_RATE);
	box.fields.i16(head?.outputGain ?? 0);
	if (head !== undefined) {
		box.fields.u8(head.mappingFamily);
		const layoutEnd = OPUS_HEAD_LAYOUT + 2 + channels;
		if (head.mappingFamily !== 0) box.fields.bytes(configuration.subarray(OPUS_HEAD_LAYOUT, layoutEnd));
	} else if (channels <= 2) {
		box.fields.u8(0);
	} else {
		const layout = OPUS_LAYOUTS[channels - 3];
		if (layout === undefined) throw malformed(`Opus has no usual order of ${channels} channels.`);
		box.fields.u8(1);
		for (const byte of layout) box.fields.u8(byte);
	}
	const sampleEntry = audioSampleEntry("Opus", channels, OPUS_SAMPLE_RATE, "dOps", box.finish());
	return format(FOURCC_OPUS, OPUS_SAMPLE_RATE, sampleEntry, 0);
}

function format(codec: number, sampleRate: number, sampleEntry: Uint8Array, frameSamples: number): TrackFormat {
	return { kind: "audio", codec, timescale: sampleRate, sampleEntry, width: 0, height: 0, frameSamples };
}

/** ISO/IEC 14496-12 §12.2.3. */
function audioSampleEntry(
	type: string,
	channels: number,
	sampleRate: number,
	recordType: string,
	record: Uint8Array,
	sampleBits = 16,
): Uint8Array {
	const box = new BoxWriter(128);
	const { fields } = box;
	box.begin(type);
	box.zeros(6);
	fields.u16(1);
	box.zeros(8);
	fields.u16(channels);
	fields.u16(sampleBits);
	box.zeros(4);
	// Sixteen bits before the point: higher rates have no place here and stand in the timescale and the configuration.
	fields.u32(sampleRate <= 0xffff ? sampleRate * 0x1_0000 : 0);
	box.begin(recordType);
	fields.bytes(record);
	box.end();
	box.end();
	return box.finish();
}

/** Object types of ISO/IEC 14496-1 §7.2.6.6. */
const OBJECT_AAC = 0x40;
const OBJECT_MPEG2_AUDIO = 0x69;
const OBJECT_MPEG1_AUDIO = 0x6b;
const DESCRIPTOR_STREAM = 3;
const DESCRIPTOR_DECODER = 4;
const DESCRIPTOR_SPECIFIC = 5;
const DESCRIPTOR_SYNC = 6;
const DESCRIPTOR_HEAD_BYTES = 5;
/** Stream type 5, audio; the reserved bit is 1. */
const AUDIO_STREAM = 0x15;

/** The body of `esds` (ISO/IEC 14496-14 §5.6.1): version and flags, then descriptors one in another. */
function esds(object: number, specific: Uint8Array | undefined): Uint8Array {
	const box = new BoxWriter(64);
	const { fields } = box;
	const specificBytes = specific === undefined ? 0 : DESCRIPTOR_HEAD_BYTES + specific.length;
	fields.u32(0);
	descriptor(box, DESCRIPTOR_STREAM, 3 + DESCRIPTOR_HEAD_BYTES + 13 + specificBytes + DESCRIPTOR_HEAD_BYTES + 1);
	box.zeros(3);
	descriptor(box, DESCRIPTOR_DECODER, 13 + specificBytes);
	fields.u8(object);
	fields.u8(AUDIO_STREAM);
	box.zeros(11);
	if (specific !== undefined) {
		descriptor(box, DESCRIPTOR_SPECIFIC, specific.length);
		fields.bytes(specific);
	}
	descriptor(box, DESCRIPTOR_SYNC, 1);
	fields.u8(2);
	return box.finish();
}

/** A descriptor's tag and its length in the form of four bytes, which every reader knows. */
function descriptor(box: BoxWriter, tag: number, length: number): void {
	box.fields.u8(tag);
	for (let shift = 21; shift > 0; shift -= 7) box.fields.u8(0x80 | ((length >> shift) & 0x7f));
	box.fields.u8(length & 0x7f);
}

function malformed(detail: string): PeerError {
	return new PeerError("MESSAGE_MALFORMED", detail);
}
