import { BitReader, ByteReader } from "../bytes/index.ts";
import { checkPictureSize, hexOf, malformed, rbspOf } from "./parameter-set.ts";

/** The parameter sets of one kind in an HEVCDecoderConfigurationRecord. */
export type HevcUnits = {
	/** NAL unit type: 32 video, 33 sequence, 34 picture parameter set, 39 and 40 supplemental information. */
	readonly type: number;
	/** With their NAL header, as views into the record. */
	readonly units: readonly Uint8Array[];
};

/** What an HEVCDecoderConfigurationRecord says (ISO/IEC 14496-15 §8.3.3.1). */
export type HevcConfiguration = {
	/** `general_profile_idc`: 1 main, 2 main 10 … */
	readonly profile: number;
	/** `general_level_idc`: thirty times the level. */
	readonly level: number;
	readonly isHighTier: boolean;
	readonly bitDepth: number;
	/** Frames a second; `undefined` where the record does not say. */
	readonly frameRate: number | undefined;
	/** The bytes of the length in front of each NAL unit. */
	readonly lengthBytes: number;
	readonly arrays: readonly HevcUnits[];
	/** ISO/IEC 14496-15 annex E, such as `hvc1.1.6.L93.B0`. */
	readonly codec: string;
};

/** What a sequence parameter set says (H.265 §7.3.2.2.1). */
export type HevcPicture = {
	/** In pixels, after cropping. */
	readonly width: number;
	readonly height: number;
	readonly bitDepth: number;
};

/** Reads an HEVCDecoderConfigurationRecord. Throws `PeerError` (`MESSAGE_MALFORMED`). */
export function parseHevcConfiguration(record: Uint8Array): HevcConfiguration {
	const reader = new ByteReader(record, "MESSAGE_MALFORMED");
	const version = reader.u8();
	// Early encoders wrote the draft's version 0 with the same fields.
	if (version > 1) throw malformed(`An HEVC configuration has version 1, not ${version}.`);
	const profileByte = reader.u8();
	const compatibility = reader.u32();
	const constraints = reader.bytes(6);
	const level = reader.u8();
	// Segmentation, parallelism and chroma format.
	reader.skip(4);
	const bitDepth = 8 + (reader.u8() & 7);
	reader.skip(1);
	const averageFrameRate = reader.u16();
	const lengthBytes = (reader.u8() & 3) + 1;
	const arrays: HevcUnits[] = [];
	for (let left = reader.u8(); left > 0; left--) arrays.push(readArray(reader));
	return {
		profile: profileByte & 31,
		level,
		isHighTier: (profileByte & 32) !== 0,
		bitDepth,
		frameRate: averageFrameRate > 0 ? averageFrameRate / 256 : undefined,
		lengthBytes,
		arrays,
		codec: codecString(profileByte, compatibility, level, constraints),
	};
}

/** Reads a sequence parameter set with its NAL header. Throws `PeerError` (`MESSAGE_MALFORMED`). */
export function parseHevcSps(nal: Uint8Array): HevcPicture {
	if ((((nal[0] ?? 0) >> 1) & 63) !== HEVC_NAL_SPS) throw malformed("The NAL unit is no H.265 sequence parameter set.");
	const bits = new BitReader(rbspOf(nal, 2), "MESSAGE_MALFORMED");
	bits.skip(4);
	const subLayers = bits.bits(3);
	bits.skip(1);
	skipProfileTierLevel(bits, subLayers);
	bits.ue();
	const chromaFormat = bits.ue();
	if (chromaFormat > 3) throw malformed(`There is no chroma format ${chromaFormat}.`);
	const chromaArray = chromaFormat === 3 && bits.flag() ? 0 : chromaFormat;
	let width = bits.ue();
	let height = bits.ue();
	if (bits.flag()) {
		width -= (bits.ue() + bits.ue()) * (chromaArray === 1 || chromaArray === 2 ? 2 : 1);
		height -= (bits.ue() + bits.ue()) * (chromaArray === 1 ? 2 : 1);
	}
	checkPictureSize(width, height);
	const bitDepth = 8 + bits.ue();
	if (bitDepth > 16) throw malformed(`H.265 has no bit depth of ${bitDepth}.`);
	return { width, height, bitDepth };
}

/** The type of H.265 sequence parameter sets among the arrays of a configuration. */
export const HEVC_NAL_SPS = 33;

function readArray(reader: ByteReader): HevcUnits {
	const type = reader.u8() & 63;
	const units: Uint8Array[] = [];
	for (let left = reader.u16(); left > 0; left--) units.push(reader.bytes(reader.u16()));
	return { type, units };
}

function skipProfileTierLevel(bits: BitReader, subLayers: number): void {
	bits.skip(GENERAL_PROFILE_BITS + LEVEL_BITS);
	if (subLayers === 0) return;
	let skipped = 0;
	for (let layer = 0; layer < 8; layer++) {
		const presence = bits.bits(2);
		if (layer >= subLayers) continue;
		if (presence & 2) skipped += GENERAL_PROFILE_BITS;
		if (presence & 1) skipped += LEVEL_BITS;
	}
	bits.skip(skipped);
}

const GENERAL_PROFILE_BITS = 88;
const LEVEL_BITS = 8;

/** The compatibility flags stand in reverse order of bits; zero bytes at the end of the constraints are left out. */
function codecString(profileByte: number, compatibility: number, level: number, constraints: Uint8Array): string {
	let reversed = 0;
	for (let bit = 0; bit < 32; bit++) reversed = (reversed << 1) | ((compatibility >>> bit) & 1);
	const space = ["", "A", "B", "C"][profileByte >> 6]!;
	const tier = profileByte & 32 ? "H" : "L";
	let text = `hvc1.${space}${profileByte & 31}.${hexOf(reversed >>> 0, 1)}.${tier}${level}`;
	let last = constraints.length;
	while (last > 0 && constraints[last - 1] === 0) last--;
	for (let index = 0; index < last; index++) text += `.${hexOf(constraints[index]!, 1)}`;
	return text;
}
