import { BitReader } from "../bytes/index.ts";
import { PeerError } from "../fault/index.ts";

/** What the head of an AC-3 frame says (ETSI TS 102 366 §4.3, §5.3). */
export type Ac3Frame = {
	readonly sampleRate: number;
	readonly channels: number;
	/** The frame with its head, in bytes. */
	readonly frameBytes: number;
	/** The body of the `dac3` box (annex F.4). */
	readonly record: Uint8Array;
};

/** What the heads of the frames of one access unit of E-AC-3 say (annex E.1). */
export type Eac3Unit = {
	readonly sampleRate: number;
	/** Of the first independent substream and the substreams that depend on it. */
	readonly channels: number;
	/** Samples a channel. */
	readonly samples: number;
	/** The body of the `dec3` box (annex F.6). */
	readonly record: Uint8Array;
};

/** Every AC-3 frame has 1536 samples a channel. */
export const AC3_FRAME_SAMPLES = 1536;

/** Reads the head of an AC-3 frame. Throws `PeerError` (`MESSAGE_MALFORMED`). */
export function parseAc3Frame(frame: Uint8Array): Ac3Frame {
	const bits = startFrame(frame);
	bits.skip(16);
	const rateCode = bits.bits(2);
	const sizeCode = bits.bits(6);
	const bsid = bits.bits(5);
	const bitstreamMode = bits.bits(3);
	const mode = bits.bits(3);
	if ((mode & 1) === 1 && mode !== 1) bits.skip(2);
	if (mode & 4) bits.skip(2);
	if (mode === 2) bits.skip(2);
	const lfe = bits.bit();
	const sampleRate = SAMPLE_RATES[rateCode];
	const bitrate = BITRATES[sizeCode >> 1];
	if (sampleRate === undefined || bitrate === undefined || bsid > MAX_BSID_AC3) {
		throw malformed("The head of an AC-3 frame has reserved values.");
	}
	const packed =
		(rateCode << 22) | (bsid << 17) | (bitstreamMode << 14) | (mode << 11) | (lfe << 10) | ((sizeCode >> 1) << 5);
	// Only at 44.1 kHz do the words of a frame not come out even; the lowest bit of the code adds one.
	const words = Math.floor((bitrate * 1000 * AC3_FRAME_SAMPLES) / 16 / sampleRate);
	const padding = sampleRate === 44_100 ? sizeCode & 1 : 0;
	return {
		sampleRate,
		channels: CHANNELS[mode]! + lfe,
		frameBytes: (words + padding) * 2,
		record: Uint8Array.of(packed >> 16, packed >> 8, packed),
	};
}

/** Reads the heads of the frames in an access unit of E-AC-3. Throws `PeerError` (`MESSAGE_MALFORMED`). */
export function parseEac3Unit(unit: Uint8Array): Eac3Unit {
	let first: Eac3Frame | undefined;
	let samples = 0;
	let dependents = 0;
	let places = 0;
	let extraChannels = 0;
	for (let at = 0; at + MIN_FRAME_BYTES <= unit.length; ) {
		const frame = readEac3Frame(unit.subarray(at));
		at += frame.frameBytes;
		first ??= frame;
		if (!frame.isDependent) {
			// Further independent substreams are other programmes; those of the first count as its time goes on.
			if (frame.substream === first.substream) samples += frame.blocks * BLOCK_SAMPLES;
		} else if (samples === first.blocks * BLOCK_SAMPLES) {
			dependents++;
			places |= frame.places;
			extraChannels += channelsOfPlaces(frame.places);
		}
	}
	if (first === undefined || first.isDependent) throw malformed("An E-AC-3 unit has no independent substream.");
	const kilobits = Math.round((unit.length * 8 * first.sampleRate) / Math.max(samples, BLOCK_SAMPLES) / 1000);
	const record = eac3Record(first, Math.min(kilobits, 0x1fff), dependents, places);
	return { sampleRate: first.sampleRate, channels: first.channels + extraChannels, samples, record };
}

type Eac3Frame = {
	readonly isDependent: boolean;
	readonly substream: number;
	readonly frameBytes: number;
	readonly rateCode: number;
	readonly sampleRate: number;
	readonly blocks: number;
	readonly mode: number;
	readonly lfe: number;
	readonly bsid: number;
	readonly channels: number;
	/** The nine bits of `chan_loc`: pairs and single places beyond five channels. */
	readonly places: number;
};

const SYNC_WORD = 0x0b77;
const MIN_FRAME_BYTES = 8;
const MAX_BSID_AC3 = 10;
const SAMPLE_RATES: readonly (number | undefined)[] = [48_000, 44_100, 32_000];
const HALF_RATES: readonly (number | undefined)[] = [24_000, 22_050, 16_000];
/** In kbit/s, by `frmsizecod` without its lowest bit. */
const BITRATES: readonly (number | undefined)[] = [
	32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384, 448, 512, 576, 640,
];
/** Full-range channels by `acmod`. */
const CHANNELS = [2, 1, 2, 3, 3, 4, 4, 5] as const;
const BLOCK_SAMPLES = 256;
const BLOCKS = [1, 2, 3, 6] as const;
const TYPE_DEPENDENT = 1;
const TYPE_RESERVED = 3;

function startFrame(frame: Uint8Array): BitReader {
	const bits = new BitReader(frame, "MESSAGE_MALFORMED");
	if (bits.bits(16) !== SYNC_WORD) throw malformed("An AC-3 frame begins with 0B77.");
	return bits;
}

function readEac3Frame(frame: Uint8Array): Eac3Frame {
	const bits = startFrame(frame);
	const type = bits.bits(2);
	const substream = bits.bits(3);
	const frameBytes = (bits.bits(11) + 1) * 2;
	const rateCode = bits.bits(2);
	const second = bits.bits(2);
	const sampleRate = rateCode === 3 ? HALF_RATES[second] : SAMPLE_RATES[rateCode];
	const blocks = rateCode === 3 ? 6 : BLOCKS[second]!;
	const mode = bits.bits(3);
	const lfe = bits.bit();
	const bsid = bits.bits(5);
	if (sampleRate === undefined || type === TYPE_RESERVED || frameBytes < MIN_FRAME_BYTES) {
		throw malformed("The head of an E-AC-3 frame has reserved values.");
	}
	const isDependent = type === TYPE_DEPENDENT;
	const places = isDependent ? readPlaces(bits, mode) : 0;
	const channels = CHANNELS[mode]! + lfe;
	return { isDependent, substream, frameBytes, rateCode, sampleRate, blocks, mode, lfe, bsid, channels, places };
}

/** The channel map of a dependent substream (annex E.1.3.1.8), turned into the places of `chan_loc`. */
function readPlaces(bits: BitReader, mode: number): number {
	for (let programme = mode === 0 ? 2 : 1; programme > 0; programme--) {
		bits.skip(5);
		if (bits.flag()) bits.skip(8);
	}
	if (!bits.flag()) return 0;
	const map = bits.bits(16);
	let places = 0;
	// Bits 5 to 12 of the map, counted from the left, are places 0 to 7; bit 14 is the second LFE.
	for (let place = 0; place < 8; place++) if (map & (0x8000 >> (5 + place))) places |= 1 << place;
	return map & 2 ? places | 0x100 : places;
}

/** Pairs: Lc/Rc, Lrs/Rrs, Lsd/Rsd, Lw/Rw, Lvh/Rvh; single: Cs, Ts, Cvh, LFE2. */
const PLACE_CHANNELS = [2, 2, 1, 1, 2, 2, 2, 1, 1] as const;

function channelsOfPlaces(places: number): number {
	let channels = 0;
	for (let place = 0; place < PLACE_CHANNELS.length; place++) {
		if (places & (1 << place)) channels += PLACE_CHANNELS[place]!;
	}
	return channels;
}

function eac3Record(frame: Eac3Frame, kilobits: number, dependents: number, places: number): Uint8Array {
	const head = (frame.rateCode << 6) | (frame.bsid << 1);
	const record = [kilobits >> 5, (kilobits & 31) << 3, head, (frame.mode << 1) | frame.lfe];
	if (dependents === 0) record.push(0);
	else record.push((dependents << 1) | (places >> 8), places & 0xff);
	return Uint8Array.from(record);
}

function malformed(detail: string): PeerError {
	return new PeerError("MESSAGE_MALFORMED", detail);
}
