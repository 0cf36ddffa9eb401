import { BitReader, ByteReader } from "../bytes/index.ts";
import { checkPictureSize, frameRateOf, hexOf, malformed, rbspOf } from "./parameter-set.ts";

/** What an AVCDecoderConfigurationRecord says (ISO/IEC 14496-15 §5.3.3.1). */
export type AvcConfiguration = {
	/** `profile_idc`: 66 baseline, 77 main, 100 high … */
	readonly profile: number;
	/** The byte of `constraint_set` flags. */
	readonly compatibility: number;
	/** `level_idc`: ten times the level. */
	readonly level: number;
	/** The bytes of the length in front of each NAL unit: 1 to 4, though the standard has no 3. */
	readonly lengthBytes: number;
	/** Sequence and picture parameter sets with their NAL header, as views into the record. */
	readonly sps: readonly Uint8Array[];
	readonly pps: readonly Uint8Array[];
	/** RFC 6381, such as `avc1.64001F`. */
	readonly codec: string;
};

/** What a sequence parameter set says (H.264 §7.3.2.1.1). */
export type AvcPicture = {
	readonly profile: number;
	readonly level: number;
	/** In pixels, after cropping. */
	readonly width: number;
	readonly height: number;
	/** Frames a second; `undefined` where the stream does not say. */
	readonly frameRate: number | undefined;
	readonly bitDepth: number;
};

/**
 * Reads an AVCDecoderConfigurationRecord. The trailing fields of the High profiles are not needed and often missing.
 * Throws `PeerError` (`MESSAGE_MALFORMED`).
 */
export function parseAvcConfiguration(record: Uint8Array): AvcConfiguration {
	const reader = new ByteReader(record, "MESSAGE_MALFORMED");
	const version = reader.u8();
	if (version !== 1) throw malformed(`An AVC configuration has version 1, not ${version}.`);
	const profile = reader.u8();
	const compatibility = reader.u8();
	const level = reader.u8();
	const lengthBytes = (reader.u8() & 3) + 1;
	const sps = readUnits(reader, reader.u8() & 31);
	const pps = readUnits(reader, reader.u8());
	const codec = avcCodecString(profile, compatibility, level);
	return { profile, compatibility, level, lengthBytes, sps, pps, codec };
}

/** `avc1.PPCCLL` (RFC 6381 §3.3). */
export function avcCodecString(profile: number, compatibility: number, level: number): string {
	return `avc1.${hexOf(profile, 2)}${hexOf(compatibility, 2)}${hexOf(level, 2)}`;
}

/** Reads a sequence parameter set with its NAL header. Throws `PeerError` (`MESSAGE_MALFORMED`). */
export function parseAvcSps(nal: Uint8Array): AvcPicture {
	if (((nal[0] ?? 0) & 31) !== NAL_SPS) throw malformed("The NAL unit is no H.264 sequence parameter set.");
	const bits = new BitReader(rbspOf(nal, 1), "MESSAGE_MALFORMED");
	const profile = bits.bits(8);
	bits.skip(8);
	const level = bits.bits(8);
	bits.ue();
	let chromaFormat = 1;
	let bitDepth = 8;
	let hasSeparatePlanes = false;
	if (PROFILES_WITH_CHROMA.has(profile)) {
		chromaFormat = bits.ue();
		if (chromaFormat > 3) throw malformed(`There is no chroma format ${chromaFormat}.`);
		if (chromaFormat === 3) hasSeparatePlanes = bits.flag();
		bitDepth = 8 + bits.ue();
		if (bitDepth > 14) throw malformed(`H.264 has no bit depth of ${bitDepth}.`);
		bits.ue();
		bits.skip(1);
		if (bits.flag()) skipScalingLists(bits, chromaFormat === 3 ? 12 : 8);
	}
	bits.ue();
	skipPictureOrder(bits);
	bits.ue();
	bits.skip(1);
	const widthInBlocks = bits.ue() + 1;
	const heightInUnits = bits.ue() + 1;
	const fieldFactor = bits.flag() ? 1 : 2;
	if (fieldFactor === 2) bits.skip(1);
	bits.skip(1);
	let width = widthInBlocks * 16;
	let height = heightInUnits * 16 * fieldFactor;
	if (bits.flag()) {
		const chromaArray = hasSeparatePlanes ? 0 : chromaFormat;
		const unitX = chromaArray === 1 || chromaArray === 2 ? 2 : 1;
		const unitY = (chromaArray === 1 ? 2 : 1) * fieldFactor;
		width -= (bits.ue() + bits.ue()) * unitX;
		height -= (bits.ue() + bits.ue()) * unitY;
	}
	checkPictureSize(width, height);
	const frameRate = bits.flag() ? frameRateOfUsability(bits) : undefined;
	return { profile, level, width, height, frameRate, bitDepth };
}

const NAL_SPS = 7;
/** The profiles whose parameter sets tell the chroma format (H.264 §7.3.2.1.1). */
const PROFILES_WITH_CHROMA = new Set([44, 83, 86, 100, 110, 118, 122, 128, 134, 135, 138, 139, 244]);
const ASPECT_RATIO_EXTENDED = 255;

function readUnits(reader: ByteReader, count: number): Uint8Array[] {
	const units: Uint8Array[] = [];
	for (let index = 0; index < count; index++) units.push(reader.bytes(reader.u16()));
	return units;
}

/** H.264 §7.3.2.1.1.1. */
function skipScalingLists(bits: BitReader, count: number): void {
	for (let list = 0; list < count; list++) {
		if (!bits.flag()) continue;
		const size = list < 6 ? 16 : 64;
		let next = 8;
		for (let index = 0, last = 8; index < size && next !== 0; index++) {
			next = (last + bits.se() + 256) % 256;
			if (next !== 0) last = next;
		}
	}
}

function skipPictureOrder(bits: BitReader): void {
	const type = bits.ue();
	if (type === 0) bits.ue();
	if (type !== 1) return;
	bits.skip(1);
	bits.se();
	bits.se();
	const cycle = bits.ue();
	if (cycle > 255) throw malformed(`A picture order cycle has at most 255 frames, not ${cycle}.`);
	for (let index = 0; index < cycle; index++) bits.se();
}

/** The way to the timing in the video usability information (H.264 §E.1.1). A frame has two ticks. */
function frameRateOfUsability(bits: BitReader): number | undefined {
	if (bits.flag() && bits.bits(8) === ASPECT_RATIO_EXTENDED) bits.skip(32);
	if (bits.flag()) bits.skip(1);
	if (bits.flag()) {
		bits.skip(4);
		if (bits.flag()) bits.skip(24);
	}
	if (bits.flag()) {
		bits.ue();
		bits.ue();
	}
	return bits.flag() ? frameRateOf(bits.bits(32) * 2, bits.bits(32)) : undefined;
}
