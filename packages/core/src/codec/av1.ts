import { BitReader, ByteReader } from "../bytes/index.ts";
import { checkPictureSize, frameRateOf, malformed } from "./parameter-set.ts";

/** What an AV1CodecConfigurationRecord says (AV1 in ISO BMFF §2.3). */
export type Av1Configuration = {
	/** 0 main, 1 high, 2 professional. */
	readonly profile: number;
	/** `seq_level_idx_0`. */
	readonly level: number;
	readonly isHighTier: boolean;
	readonly bitDepth: number;
	/** The OBUs behind the record's head, as a view; often a sequence header, often nothing. */
	readonly obus: Uint8Array;
	/** AV1 in ISO BMFF §5, such as `av01.0.04M.08`. */
	readonly codec: string;
};

/** What an AV1 sequence header says (AV1 §5.5.1). */
export type Av1Picture = {
	/** The largest picture, in pixels. */
	readonly width: number;
	readonly height: number;
	/** Frames a second; `undefined` where the stream does not say or frames come at uneven times. */
	readonly frameRate: number | undefined;
};

/** Reads an AV1CodecConfigurationRecord. Throws `PeerError` (`MESSAGE_MALFORMED`). */
export function parseAv1Configuration(record: Uint8Array): Av1Configuration {
	const reader = new ByteReader(record, "MESSAGE_MALFORMED");
	const head = reader.u8();
	if (head !== 0x81) throw malformed("An AV1 configuration begins with 81.");
	const profileAndLevel = reader.u8();
	const flags = reader.u8();
	reader.skip(1);
	const profile = profileAndLevel >> 5;
	const level = profileAndLevel & 31;
	const isHighTier = (flags & 0x80) !== 0;
	const bitDepth = flags & 0x40 ? (flags & 0x20 ? 12 : 10) : 8;
	const tier = isHighTier ? "H" : "M";
	const codec = `av01.${profile}.${decimal(level)}${tier}.${decimal(bitDepth)}`;
	return { profile, level, isHighTier, bitDepth, obus: reader.bytes(reader.remaining), codec };
}

/**
 * Looks for a sequence header among OBUs, which carry their size (a configuration's, or a temporal unit's), and reads
 * it. `undefined`: there is none. Throws `PeerError` (`MESSAGE_MALFORMED`).
 */
export function parseAv1SequenceHeader(obus: Uint8Array): Av1Picture | undefined {
	const reader = new ByteReader(obus, "MESSAGE_MALFORMED");
	while (reader.remaining > 0) {
		const head = reader.u8();
		if (head & 0x80) throw malformed("An OBU begins with a bit that must be zero.");
		if (head & 4) reader.skip(1);
		const body = reader.bytes(head & 2 ? readLeb128(reader) : reader.remaining);
		if (((head >> 3) & 15) === OBU_SEQUENCE_HEADER) return readSequenceHeader(body);
	}
	return undefined;
}

const OBU_SEQUENCE_HEADER = 1;

function decimal(value: number): string {
	return String(value).padStart(2, "0");
}

/** AV1 §4.10.5: at most eight bytes. */
function readLeb128(reader: ByteReader): number {
	let value = 0;
	for (let index = 0; index < 8; index++) {
		const byte = reader.u8();
		value += (byte & 127) * 2 ** (index * 7);
		if (byte < 128) return value;
	}
	throw malformed("The size of an OBU is longer than eight bytes.");
}

function readSequenceHeader(body: Uint8Array): Av1Picture {
	const bits = new BitReader(body, "MESSAGE_MALFORMED");
	bits.skip(4);
	const isReduced = bits.flag();
	let frameRate: number | undefined;
	if (isReduced) bits.skip(5);
	else frameRate = readTimingAndOperatingPoints(bits);
	const widthBits = bits.bits(4) + 1;
	const heightBits = bits.bits(4) + 1;
	const width = bits.bits(widthBits) + 1;
	const height = bits.bits(heightBits) + 1;
	checkPictureSize(width, height);
	return { width, height, frameRate };
}

function readTimingAndOperatingPoints(bits: BitReader): number | undefined {
	let frameRate: number | undefined;
	let delayBits = 0;
	if (bits.flag()) {
		const unitsInTick = bits.bits(32);
		const timeScale = bits.bits(32);
		if (bits.flag()) frameRate = frameRateOf(unitsInTick * (bits.ue() + 1), timeScale);
		if (bits.flag()) {
			delayBits = bits.bits(5) + 1;
			bits.skip(32 + 5 + 5);
		}
	}
	const hasDisplayDelay = bits.flag();
	const points = bits.bits(5) + 1;
	for (let point = 0; point < points; point++) {
		bits.skip(12);
		const level = bits.bits(5);
		if (level > 7) bits.skip(1);
		if (delayBits > 0 && bits.flag()) bits.skip(2 * delayBits + 1);
		if (hasDisplayDelay && bits.flag()) bits.skip(4);
	}
	return frameRate;
}
