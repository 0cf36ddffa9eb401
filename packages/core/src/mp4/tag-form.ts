import { FOURCC_HEVC } from "../flv/index.ts";

/**
 * How a sample becomes the body of an FLV tag: the legacy forms of H.264, AAC and MP3, and those of Enhanced RTMP for
 * the rest, of which H.265 alone has a composition time.
 */
export type MediaForm = "avc" | "hevc" | "enhanced-video" | "aac" | "mp3" | "enhanced-audio";

/** Beside them text, which becomes a data message (`timed-text.ts`). */
export type TagForm = MediaForm | "text";

/** The body of the message that holds a decoder's configuration (FLV 10.1 §E.4; Enhanced RTMP v2). */
export function configurationBody(form: TagForm, fourCc: number, configuration: Uint8Array): Uint8Array {
	// A sequence start of Enhanced RTMP has the same first byte in a key frame and in sound.
	const head = form === "avc" ? [0x17, 0, 0, 0, 0] : form === "aac" ? [0xaf, 0] : [0x90, ...bytesOf(fourCc)];
	const body = new Uint8Array(head.length + configuration.length);
	body.set(head);
	body.set(configuration, head.length);
	return body;
}

/** The longest head that a sample gets in front of it, in bytes. */
export const MOST_HEAD_BYTES = 8;

/** The body of the message of one sample, in `memory` from `start` on, in an array of its own size. */
export function sampleBody(
	form: MediaForm,
	fourCc: number,
	isSync: boolean,
	compositionMillis: number,
	bytes: Uint8Array,
	at: number,
	length: number,
	memory: Uint8Array,
	start: number,
): Uint8Array {
	const isPlainHevc = form === "hevc" && compositionMillis === 0;
	const headBytes = isPlainHevc ? 5 : HEAD_BYTES[form];
	const body = memory.subarray(start, start + headBytes + length);
	body.set(bytes.subarray(at, at + length), headBytes);
	switch (form) {
		case "avc":
			body[0] = isSync ? 0x17 : 0x27;
			body[1] = 1;
			writeI24(body, 2, compositionMillis);
			break;
		case "hevc":
			body[0] = (isSync ? 0x90 : 0xa0) | (isPlainHevc ? CODED_FRAMES_X : CODED_FRAMES);
			writeFourCc(body, FOURCC_HEVC);
			if (!isPlainHevc) writeI24(body, 5, compositionMillis);
			break;
		case "enhanced-video":
			body[0] = (isSync ? 0x90 : 0xa0) | CODED_FRAMES;
			writeFourCc(body, fourCc);
			break;
		case "enhanced-audio":
			body[0] = 0x90 | CODED_FRAMES;
			writeFourCc(body, fourCc);
			break;
		case "aac":
			body[0] = 0xaf;
			body[1] = 1;
			break;
		case "mp3":
			body[0] = mp3Head(body);
			break;
	}
	return body;
}

const HEAD_BYTES: Record<MediaForm, number> = {
	avc: 5,
	hevc: 8,
	"enhanced-video": 5,
	aac: 2,
	mp3: 1,
	"enhanced-audio": 5,
};

const CODED_FRAMES = 1;
const CODED_FRAMES_X = 3;

/**
 * The head of an MP3 tag from the frame behind it (FLV 10.1 §E.4.2.1). It knows 5.5, 11, 22 and 44 kHz: others say the
 * next one below, 48 and 32 kHz say 44, and 8 kHz has a format of its own.
 */
function mp3Head(body: Uint8Array): number {
	const version = ((body[2] ?? 0) >> 3) & 3;
	const rateIndex = ((body[3] ?? 0) >> 2) & 3;
	const isStereo = (body[4] ?? 0) >> 6 !== 3;
	const is8k = version === 0 && rateIndex === 2;
	const rate = is8k ? 0 : version === 3 ? 3 : version === 2 && rateIndex !== 2 ? 2 : 1;
	return ((is8k ? 14 : 2) << 4) | (rate << 2) | 2 | (isStereo ? 1 : 0);
}

function writeI24(body: Uint8Array, at: number, value: number): void {
	body[at] = value >> 16;
	body[at + 1] = value >> 8;
	body[at + 2] = value;
}

function writeFourCc(body: Uint8Array, code: number): void {
	body[1] = code >>> 24;
	body[2] = code >>> 16;
	body[3] = code >>> 8;
	body[4] = code;
}

function bytesOf(code: number): number[] {
	return [code >>> 24, (code >>> 16) & 0xff, (code >>> 8) & 0xff, code & 0xff];
}
