import { ByteReader } from "../bytes/index.ts";
import { malformed } from "./parameter-set.ts";

/** What an Opus identification header says (RFC 7845 §5.1). Opus is always decoded at 48 kHz. */
export type OpusConfiguration = {
	readonly channels: number;
	/** Samples at 48 kHz to drop from the start. */
	readonly preSkip: number;
	/** The rate of the source in Hz; 0 where it is unknown. */
	readonly inputSampleRate: number;
	/** In 1/256 dB. */
	readonly outputGain: number;
	/** 0: mono or stereo; 1: Vorbis order; 255: no order. */
	readonly mappingFamily: number;
	readonly codec: "opus";
};

/** The rate at which Opus is decoded, in Hz. */
export const OPUS_SAMPLE_RATE = 48_000;

/**
 * Reads an `OpusHead`. `undefined`: the configuration is empty, as Enhanced RTMP allows; the channels then stand in
 * the packets. Throws `PeerError` (`MESSAGE_MALFORMED`).
 */
export function parseOpusConfiguration(head: Uint8Array): OpusConfiguration | undefined {
	if (head.length === 0) return undefined;
	const reader = new ByteReader(head, "MESSAGE_MALFORMED");
	for (let index = 0; index < MAGIC.length; index++) {
		if (reader.u8() !== MAGIC.charCodeAt(index)) throw malformed("An Opus configuration begins with “OpusHead”.");
	}
	const version = reader.u8();
	if (version > 15) throw malformed(`An Opus configuration of version ${version} is not known.`);
	const channels = reader.u8();
	if (channels === 0) throw malformed("An Opus configuration has no channels.");
	const preSkip = reader.u16le();
	const inputSampleRate = reader.u32le();
	const outputGain = (reader.u16le() << 16) >> 16;
	const mappingFamily = reader.u8();
	if (mappingFamily !== 0) reader.skip(2 + channels);
	return { channels, preSkip, inputSampleRate, outputGain, mappingFamily, codec: "opus" };
}

const MAGIC = "OpusHead";
