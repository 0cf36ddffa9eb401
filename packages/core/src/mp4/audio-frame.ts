import { parseMp3Frame } from "../codec/index.ts";
import { FOURCC_AC3, FOURCC_MP3, FOURCC_OPUS } from "../flv/index.ts";
import { parseAc3Frame, parseEac3Unit } from "./dolby-frame.ts";
import { isSelfConfigured } from "./sample-entry-audio.ts";
import type { TrackFormat } from "./track-format.ts";

/**
 * How many bytes the first frame of a message takes: MP4 has one frame a sample, messages may have several frames of
 * MP3 or AC-3. What does not go on with another frame stays together. Throws `PeerError` (`MESSAGE_MALFORMED`).
 */
export function firstFrameBytes(codec: number, body: Uint8Array): number {
	let bytes: number | undefined;
	if (codec === FOURCC_MP3) bytes = parseMp3Frame(body).frameBytes;
	else if (codec === FOURCC_AC3) bytes = parseAc3Frame(body).frameBytes;
	if (bytes === undefined || bytes + 4 > body.length) return body.length;
	const isNext = body[bytes] === body[0] && (body[bytes + 1]! & 0xe0) === (body[1]! & 0xe0);
	return isNext ? bytes : body.length;
}

/** The samples a channel in a frame; 0 where neither the format nor the frame's first bytes tell. */
export function frameSamples(format: TrackFormat, frame: Uint8Array): number {
	return format.codec === FOURCC_OPUS ? opusSamples(frame) : format.frameSamples;
}

/**
 * A number that changes when frames need another format than those before, for codecs that have no sequence header; 0
 * for the others. Throws `PeerError` (`MESSAGE_MALFORMED`).
 */
export function frameSignature(codec: number, frame: Uint8Array): number {
	if (!isSelfConfigured(codec)) return 0;
	if (codec === FOURCC_MP3) {
		const { version, layer, sampleRate, channels } = parseMp3Frame(frame);
		return sampleRate * 64 + version * 16 + layer * 4 + channels;
	}
	const { sampleRate, channels } = codec === FOURCC_AC3 ? parseAc3Frame(frame) : parseEac3Unit(frame);
	return sampleRate * 64 + channels;
}

/** Samples at 48 kHz by the lower bits of the configuration number (RFC 6716 §3.1). */
const OPUS_SILK = [480, 960, 1920, 2880] as const;
const OPUS_HYBRID = [480, 960] as const;
const OPUS_CELT = [120, 240, 480, 960] as const;

function opusSamples(packet: Uint8Array): number {
	const head = packet[0]!;
	const configuration = head >> 3;
	const samples =
		configuration < 12
			? OPUS_SILK[configuration & 3]!
			: configuration < 16
				? OPUS_HYBRID[configuration & 1]!
				: OPUS_CELT[configuration & 3]!;
	const sharing = head & 3;
	const frames = sharing === 0 ? 1 : sharing < 3 ? 2 : (packet[1] ?? 1) & 63;
	return samples * frames;
}
