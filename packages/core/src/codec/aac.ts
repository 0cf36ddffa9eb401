import { BitReader } from "../bytes/index.ts";
import { malformed } from "./parameter-set.ts";

/** What an AudioSpecificConfig says (ISO/IEC 14496-3 §1.6.2.1). */
export type AacConfiguration = {
	/** The audio object type that is signalled first: 2 LC, 5 SBR, 29 SBR with parametric stereo … */
	readonly objectType: number;
	/** The object type of the core, which with explicit SBR differs from `objectType`. */
	readonly coreObjectType: number;
	/** The core's rate in Hz. */
	readonly sampleRate: number;
	/** The rate after SBR in Hz, where the configuration tells of SBR; else `sampleRate`. */
	readonly outputSampleRate: number;
	/** As coded: parametric stereo makes two of one. */
	readonly channels: number;
	/** SBR is signalled; streams without a signal may still have it. */
	readonly hasSbr: boolean;
	readonly hasParametricStereo: boolean;
	/** RFC 6381, such as `mp4a.40.2`. */
	readonly codec: string;
};

/** Reads an AudioSpecificConfig. Throws `PeerError` (`MESSAGE_MALFORMED`). */
export function parseAacConfiguration(config: Uint8Array): AacConfiguration {
	const bits = new BitReader(config, "MESSAGE_MALFORMED");
	const objectType = readObjectType(bits);
	const sampleRate = readSampleRate(bits);
	const channelConfiguration = bits.bits(4);
	let coreObjectType = objectType;
	let outputSampleRate = sampleRate;
	let hasSbr = objectType === OBJECT_SBR || objectType === OBJECT_PS;
	let hasParametricStereo = objectType === OBJECT_PS;
	if (hasSbr) {
		outputSampleRate = readSampleRate(bits);
		coreObjectType = readObjectType(bits);
	}
	let channels = CHANNELS[channelConfiguration];
	if (GENERAL_AUDIO.has(coreObjectType)) {
		skipGeneralAudioHead(bits);
		if (channelConfiguration === 0) channels = readProgramChannels(bits);
		const extension = hasSbr ? undefined : readExtension(bits);
		if (extension !== undefined) {
			hasSbr = true;
			outputSampleRate = extension.sampleRate;
			hasParametricStereo = extension.hasParametricStereo;
		}
	}
	if (channels === undefined || channels === 0) throw malformed("An AAC configuration does not tell the channels.");
	return {
		objectType,
		coreObjectType,
		sampleRate,
		outputSampleRate,
		channels,
		hasSbr,
		hasParametricStereo,
		codec: `mp4a.40.${objectType}`,
	};
}

const OBJECT_SBR = 5;
const OBJECT_PS = 29;
const OBJECT_ESCAPE = 31;
/** Main, LC, SSR and LTP, whose configuration is a plain GASpecificConfig. */
const GENERAL_AUDIO = new Set([1, 2, 3, 4]);
/** Announces SBR, and then parametric stereo, behind a configuration that old decoders understand. */
const SYNC_SBR = 0x2b7;
const SYNC_PS = 0x548;

const SAMPLE_RATES = [
	96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000, 7_350,
];
const SAMPLE_RATE_ESCAPE = 15;

/** Channels by `channelConfiguration` (ISO/IEC 14496-3 table 1.19); 0 is told elsewhere, the gaps are reserved. */
const CHANNELS: readonly (number | undefined)[] = [
	undefined,
	1,
	2,
	3,
	4,
	5,
	6,
	8,
	undefined,
	undefined,
	undefined,
	7,
	8,
	24,
	8,
	undefined,
];

function readObjectType(bits: BitReader): number {
	const type = bits.bits(5);
	return type === OBJECT_ESCAPE ? 32 + bits.bits(6) : type;
}

function readSampleRate(bits: BitReader): number {
	const index = bits.bits(4);
	const rate = index === SAMPLE_RATE_ESCAPE ? bits.bits(24) : (SAMPLE_RATES[index] ?? 0);
	if (rate === 0) throw malformed("An AAC configuration has a reserved sample rate.");
	return rate;
}

/** GASpecificConfig: frame length, dependence on a core coder, extension (ISO/IEC 14496-3 §4.4.1). */
function skipGeneralAudioHead(bits: BitReader): void {
	bits.skip(1);
	if (bits.flag()) bits.skip(14);
	bits.skip(1);
}

/** The channels of a program_config_element (ISO/IEC 14496-3 §4.4.1.1). */
function readProgramChannels(bits: BitReader): number {
	bits.skip(10);
	const front = bits.bits(4);
	const side = bits.bits(4);
	const back = bits.bits(4);
	const lowFrequency = bits.bits(2);
	const associated = bits.bits(3);
	const coupling = bits.bits(4);
	if (bits.flag()) bits.skip(4);
	if (bits.flag()) bits.skip(4);
	if (bits.flag()) bits.skip(3);
	let channels = lowFrequency;
	for (let element = front + side + back; element > 0; element--) {
		channels += bits.bit() + 1;
		bits.skip(4);
	}
	bits.skip(4 * lowFrequency + 4 * associated + 5 * coupling);
	bits.alignToByte();
	bits.skip(8 * bits.bits(8));
	return channels;
}

/** The SBR signal that may stand behind the configuration (ISO/IEC 14496-3 §1.6.6.1). */
function readExtension(bits: BitReader): { sampleRate: number; hasParametricStereo: boolean } | undefined {
	if (bits.remaining < 17 || bits.bits(11) !== SYNC_SBR) return undefined;
	if (readObjectType(bits) !== OBJECT_SBR || !bits.flag()) return undefined;
	const sampleRate = readSampleRate(bits);
	const hasParametricStereo = bits.remaining >= 12 && bits.bits(11) === SYNC_PS && bits.flag();
	return { sampleRate, hasParametricStereo };
}
