import { malformed } from "./parameter-set.ts";

/** What the header of an MPEG audio frame says (ISO/IEC 11172-3 §2.4.1.3, 13818-3). */
export type Mp3Frame = {
	/** MPEG-1, MPEG-2, or the extension to low rates. */
	readonly version: 1 | 2 | 2.5;
	readonly layer: 1 | 2 | 3;
	/** In Hz. */
	readonly sampleRate: number;
	readonly channels: 1 | 2;
	/** In kbit/s; `undefined`: free format. */
	readonly bitrate: number | undefined;
	/** The frame with its header in bytes; `undefined`: free format. */
	readonly frameBytes: number | undefined;
	/** Samples a channel. */
	readonly samples: number;
	/** RFC 6381: `mp4a.6B` for MPEG-1, `mp4a.69` for MPEG-2. */
	readonly codec: string;
};

/** Reads the four bytes at the start of an MPEG audio frame. Throws `PeerError` (`MESSAGE_MALFORMED`). */
export function parseMp3Frame(frame: Uint8Array): Mp3Frame {
	if (frame.length < 4) throw malformed("An MPEG audio frame has at least four bytes.");
	if (frame[0] !== 0xff || (frame[1]! & 0xe0) !== 0xe0) throw malformed("An MPEG audio frame begins with 11 set bits.");
	const version = ([2.5, undefined, 2, 1] as const)[(frame[1]! >> 3) & 3];
	const layer = ([undefined, 3, 2, 1] as const)[(frame[1]! >> 1) & 3];
	const rate = SAMPLE_RATES[(frame[2]! >> 2) & 3];
	const bitrateIndex = frame[2]! >> 4;
	if (version === undefined || layer === undefined || rate === undefined || bitrateIndex === 15) {
		throw malformed("The header of an MPEG audio frame has reserved values.");
	}
	const sampleRate = version === 1 ? rate : version === 2 ? rate / 2 : rate / 4;
	const isMpeg1 = version === 1;
	const table = isMpeg1 ? BITRATES_1[layer] : layer === 1 ? BITRATES_2_LAYER_1 : BITRATES_2;
	const bitrate = bitrateIndex === 0 ? undefined : table[bitrateIndex];
	const samples = layer === 1 ? 384 : layer === 3 && !isMpeg1 ? 576 : 1152;
	return {
		version,
		layer,
		sampleRate,
		channels: frame[3]! >> 6 === 3 ? 1 : 2,
		bitrate,
		frameBytes: bitrate === undefined ? undefined : frameBytes(layer, samples, bitrate, sampleRate, frame[2]! & 2),
		samples,
		codec: isMpeg1 ? "mp4a.6B" : "mp4a.69",
	};
}

const SAMPLE_RATES: readonly (number | undefined)[] = [44_100, 48_000, 32_000, undefined];
const BITRATES_1 = {
	1: [0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448],
	2: [0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384],
	3: [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320],
} as const;
const BITRATES_2_LAYER_1 = [0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256] as const;
const BITRATES_2 = [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160] as const;

/** Layer 1 counts in slots of four bytes. */
function frameBytes(layer: number, samples: number, bitrate: number, sampleRate: number, padding: number): number {
	const pad = padding === 0 ? 0 : 1;
	if (layer === 1) return (Math.floor((12_000 * bitrate) / sampleRate) + pad) * 4;
	return Math.floor(((samples / 8) * 1000 * bitrate) / sampleRate) + pad;
}
