/** Below this many bytes, plain JavaScript is faster than the call into the platform's decoder. */
const SHORT = 48;

const REPLACEMENT = 0xfffd;
const NATIVE_DECODER = new TextDecoder("utf-8", { ignoreBOM: true });
const NATIVE_ENCODER = new TextEncoder();

/**
 * The bytes from `start` to `end` as text. Never throws: each ill-formed sequence becomes one U+FFFD, divided as the
 * WHATWG Encoding standard does. Unlike there, the three-byte form of a surrogate (ED A0..BF xx), which Flash emits,
 * becomes that surrogate, so that re-encoding gives the same bytes back.
 */
export function decodeUtf8(bytes: Uint8Array, start = 0, end = bytes.length): string {
	if (end - start <= SHORT) return decodeShort(bytes, start, end);
	const text = NATIVE_DECODER.decode(bytes.subarray(start, end));
	// A replacement may stand for a surrogate; it may also have been sent, and then decoding again does no harm.
	return text.includes("\ufffd") ? decodeLenient(bytes, start, end) : text;
}

/** `text` as UTF-8 in an array of its own; lone surrogates in their three-byte form. */
export function encodeUtf8(text: string): Uint8Array {
	const bytes = new Uint8Array(utf8ByteLength(text));
	encodeUtf8Into(text, bytes, 0);
	return bytes;
}

/** The number of bytes that `encodeUtf8` gives. */
export function utf8ByteLength(text: string): number {
	let length = text.length;
	for (let index = 0; index < text.length; index++) {
		const unit = text.charCodeAt(index);
		if (unit < 0x80) continue;
		if (unit < 0x800) {
			length += 1;
		} else {
			length += 2;
			// A pair takes four bytes in place of the two units already counted.
			if (isHighSurrogate(unit) && isLowSurrogate(text.charCodeAt(index + 1))) index++;
		}
	}
	return length;
}

/**
 * Writes `text` at `offset` of `target` and answers the number of bytes. The caller sees to it that they fit
 * (`utf8ByteLength`, or three bytes a code unit).
 */
export function encodeUtf8Into(text: string, target: Uint8Array, offset: number): number {
	if (text.length > SHORT && text.isWellFormed()) {
		return NATIVE_ENCODER.encodeInto(text, target.subarray(offset)).written;
	}
	let at = offset;
	for (let index = 0; index < text.length; index++) {
		let unit = text.charCodeAt(index);
		if (unit < 0x80) {
			target[at++] = unit;
			continue;
		}
		if (unit < 0x800) {
			target[at++] = 0xc0 | (unit >> 6);
		} else {
			if (isHighSurrogate(unit) && isLowSurrogate(text.charCodeAt(index + 1))) {
				unit = 0x10000 + ((unit & 0x3ff) << 10) + (text.charCodeAt(++index) & 0x3ff);
				target[at++] = 0xf0 | (unit >> 18);
				target[at++] = 0x80 | ((unit >> 12) & 0x3f);
			} else {
				target[at++] = 0xe0 | (unit >> 12);
			}
			target[at++] = 0x80 | ((unit >> 6) & 0x3f);
		}
		target[at++] = 0x80 | (unit & 0x3f);
	}
	return at - offset;
}

/** Eight ASCII characters at a time, as far as they go. */
function decodeShort(bytes: Uint8Array, start: number, end: number): string {
	let text = "";
	let at = start;
	for (; at + 8 <= end; at += 8) {
		const a = bytes[at]!;
		const b = bytes[at + 1]!;
		const c = bytes[at + 2]!;
		const d = bytes[at + 3]!;
		const e = bytes[at + 4]!;
		const f = bytes[at + 5]!;
		const g = bytes[at + 6]!;
		const h = bytes[at + 7]!;
		if ((a | b | c | d | e | f | g | h) & 0x80) return text + decodeLenient(bytes, at, end);
		text += String.fromCharCode(a, b, c, d, e, f, g, h);
	}
	for (; at < end; at++) {
		const byte = bytes[at]!;
		if (byte & 0x80) return text + decodeLenient(bytes, at, end);
		text += String.fromCharCode(byte);
	}
	return text;
}

/** Long texts are turned into strings in blocks, since a call takes only so many arguments. */
const BLOCK = 4096;

function decodeLenient(bytes: Uint8Array, start: number, end: number): string {
	const units = new Uint16Array(Math.min(end - start, BLOCK) + 2);
	let text = "";
	let filled = 0;
	let at = start;
	while (at < end) {
		if (filled >= BLOCK) {
			text += fromUnits(units, filled);
			filled = 0;
		}
		const lead = bytes[at++]!;
		if (lead < 0x80) {
			units[filled++] = lead;
			continue;
		}
		// How many bytes follow; none for a byte that cannot begin a sequence (80..C1, F5..FF).
		const follow = lead < 0xc2 ? 0 : lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : lead < 0xf5 ? 3 : 0;
		let point = follow === 0 ? REPLACEMENT : lead & (0x3f >> follow);
		for (let index = 0; index < follow; index++) {
			const byte = at < end ? bytes[at]! : 0;
			const isFirst = index === 0;
			// The first byte after E0, F0 and F4 is narrower, or the sequence would be overlong or past U+10FFFF.
			const low = isFirst && lead === 0xe0 ? 0xa0 : isFirst && lead === 0xf0 ? 0x90 : 0x80;
			const high = isFirst && lead === 0xf4 ? 0x8f : 0xbf;
			if (byte < low || byte > high) {
				point = REPLACEMENT;
				break;
			}
			point = (point << 6) | (byte & 0x3f);
			at++;
		}
		if (point >= 0x10000) {
			units[filled++] = 0xd800 | ((point - 0x10000) >> 10);
			units[filled++] = 0xdc00 | (point & 0x3ff);
		} else {
			units[filled++] = point;
		}
	}
	return text + fromUnits(units, filled);
}

function fromUnits(units: Uint16Array, count: number): string {
	return String.fromCharCode.apply(null, units.subarray(0, count) as unknown as number[]);
}

function isHighSurrogate(unit: number): boolean {
	return (unit & 0xfc00) === 0xd800;
}

function isLowSurrogate(unit: number): boolean {
	return (unit & 0xfc00) === 0xdc00;
}
