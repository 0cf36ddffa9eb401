import { type Box, invalid } from "./box.ts";

/** What an elementary stream descriptor says of a decoder (ISO/IEC 14496-1 §7.2.6.6). */
export type DecoderDescriptor = {
	/** `objectTypeIndication`: 40 AAC, 66 to 68 AAC of MPEG-2, 69 and 6B MP3, A5 AC-3, A6 E-AC-3 … */
	readonly objectType: number;
	/** The decoder's configuration, of AAC the AudioSpecificConfig; a view. Empty where there is none. */
	readonly specific: Uint8Array;
};

/** Reads an `esds` box (ISO/IEC 14496-14 §5.6). Throws `FILE_INVALID`. */
export function readDecoderDescriptor(esds: Box): DecoderDescriptor {
	const stream = readDescriptor(esds, 4);
	if (stream.tag === TAG_DECODER_CONFIG) return decoderOf(esds, stream);
	if (stream.tag !== TAG_STREAM) throw invalid("An elementary stream descriptor begins with another tag.");
	const flags = esds.u8(stream.start + 2);
	let at = stream.start + 3;
	if (flags & 0x80) at += 2;
	if (flags & 0x40) at += 1 + esds.u8(at);
	if (flags & 0x20) at += 2;
	while (at < stream.end) {
		const inner = readDescriptor(esds, at);
		if (inner.tag === TAG_DECODER_CONFIG) return decoderOf(esds, inner);
		at = inner.end;
	}
	throw invalid("An elementary stream descriptor does not tell the decoder.");
}

type Descriptor = { readonly tag: number; readonly start: number; readonly end: number };

const TAG_STREAM = 3;
const TAG_DECODER_CONFIG = 4;
const TAG_DECODER_SPECIFIC = 5;
/** Object type, stream type, buffer size and two bit rates. */
const DECODER_CONFIG_BYTES = 13;

function decoderOf(esds: Box, { start, end }: Descriptor): DecoderDescriptor {
	const objectType = esds.u8(start);
	for (let at = start + DECODER_CONFIG_BYTES; at < end; ) {
		const inner = readDescriptor(esds, at);
		if (inner.tag === TAG_DECODER_SPECIFIC) return { objectType, specific: esds.bytes(inner.start, inner.end) };
		at = inner.end;
	}
	return { objectType, specific: new Uint8Array(0) };
}

/** A tag and a size of one to four bytes with seven bits each. An end past the box is brought back to it: muxers err. */
function readDescriptor(esds: Box, from: number): Descriptor {
	const tag = esds.u8(from);
	let size = 0;
	let at = from + 1;
	for (let index = 0; index < 4; index++) {
		const byte = esds.u8(at++);
		size = (size << 7) | (byte & 0x7f);
		if (byte < 0x80) break;
	}
	return { tag, start: at, end: Math.min(at + size, esds.length) };
}
