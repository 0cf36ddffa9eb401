import type { AmfObject } from "@millrace/core/amf";
import type { OpenFile } from "../media-file.ts";

/** Where the sound of an MP3 file lies between its tags. */
export type SoundRange = { readonly start: number; readonly end: number };

const HEAD_BYTES = 10;
const FOOTER_FLAG = 0x10;
/** ID3v2 tags in a row that are passed over. */
const MAX_TAGS = 8;
/** Text stands in front of pictures as a rule; nothing behind this is looked at. */
const MAX_TAG_BYTES = 1024 * 1024;
const V1_BYTES = 128;
const APE_FOOTER_BYTES = 32;

/** Passes over ID3v2 tags at the start (§3.1 of ID3v2.4: syncsafe size, footer), and ID3v1 and APE tags at the end. */
export async function soundRange(file: OpenFile): Promise<SoundRange> {
	let start = 0;
	for (let count = 0; count < MAX_TAGS; count++) {
		const size = tagBytes(await file.read(start, HEAD_BYTES));
		if (size === 0) break;
		start += size;
	}
	let end = file.size;
	if (await beginsWith(file, end - V1_BYTES, "TAG")) end -= V1_BYTES;
	if (await beginsWith(file, end - APE_FOOTER_BYTES, "APETAGEX")) {
		const footer = await file.read(end - APE_FOOTER_BYTES, APE_FOOTER_BYTES);
		const view = new DataView(footer.buffer, footer.byteOffset, footer.length);
		const size = view.getUint32(12, true) + (footer[23]! & 0x80 ? APE_FOOTER_BYTES : 0);
		if (size <= end - start) end -= size;
	}
	return { start: Math.min(start, end), end };
}

/**
 * What the ID3 tags of a file say, text alone: under the frame's own identifier (`TIT2`) and under the names that Flash
 * has for them (`songName`, `artist`, `album`, `year`, `comment`, `genre`, `track`). Version 2 counts more than
 * version 1. Never throws for what the tags hold: a frame that cannot be read is left out.
 */
export async function readId3(file: OpenFile): Promise<AmfObject> {
	const values: AmfObject = {};
	const v1 = await file.read(Math.max(0, file.size - V1_BYTES), V1_BYTES);
	if (v1.length === V1_BYTES && ascii(v1, 0, 3) === "TAG") readV1(v1, values);
	const size = tagBytes(await file.read(0, HEAD_BYTES));
	if (size > 0) readV2(await file.read(0, Math.min(size, MAX_TAG_BYTES)), values);
	return values;
}

/** The names of `ID3Info` by the identifiers of versions 2.3 and 2.4, and of 2.2. */
const FLASH_NAMES: Readonly<Record<string, string>> = {
	TIT2: "songName",
	TPE1: "artist",
	TALB: "album",
	TYER: "year",
	TDRC: "year",
	COMM: "comment",
	TCON: "genre",
	TRCK: "track",
	TT2: "songName",
	TP1: "artist",
	TAL: "album",
	TYE: "year",
	COM: "comment",
	TCO: "genre",
	TRK: "track",
};

/** The bytes of the ID3v2 tag whose head this is; 0: it is none. */
function tagBytes(head: Uint8Array): number {
	if (head.length < HEAD_BYTES || ascii(head, 0, 3) !== "ID3" || head[3] === 0xff || head[4] === 0xff) return 0;
	const size = syncsafe(head, 6);
	if (size < 0) return 0;
	return HEAD_BYTES + size + (head[5]! & FOOTER_FLAG ? HEAD_BYTES : 0);
}

/** 28 bits in four bytes whose highest bits are clear; −1: they are not. */
function syncsafe(bytes: Uint8Array, at: number): number {
	let value = 0;
	for (let index = at; index < at + 4; index++) {
		if (bytes[index] === undefined || bytes[index]! > 0x7f) return -1;
		value = (value << 7) | bytes[index]!;
	}
	return value;
}

function readV1(tag: Uint8Array, values: AmfObject): void {
	const set = (name: string, at: number, length: number) => {
		const text = latin1(tag.subarray(at, at + length))
			.split("\0")[0]!
			.trimEnd();
		if (text !== "") values[name] = text;
	};
	set("songName", 3, 30);
	set("artist", 33, 30);
	set("album", 63, 30);
	set("year", 93, 4);
	set("comment", 97, 30);
	// Version 1.1: a zero, and the track's number.
	if (tag[125] === 0 && tag[126] !== 0) values["track"] = String(tag[126]);
}

function readV2(bytes: Uint8Array, values: AmfObject): void {
	const version = bytes[3]!;
	if (version < 2 || version > 4) return;
	const flags = bytes[5]!;
	const isWholeUnsynchronised = (flags & 0x80) !== 0 && version < 4;
	let body: Uint8Array = bytes.subarray(HEAD_BYTES);
	if (isWholeUnsynchronised) body = resynchronised(body);
	let at = 0;
	if ((flags & 0x40) !== 0 && version > 2) {
		// The extended header's size leaves out itself in 2.3 and has it in 2.4.
		const size = version === 4 ? syncsafe(body, 0) : u32(body, 0) + 4;
		if (size <= 0) return;
		at = size;
	}
	const idBytes = version === 2 ? 3 : 4;
	const headBytes = version === 2 ? 6 : 10;
	while (at + headBytes < body.length) {
		const id = ascii(body, at, idBytes);
		if (!/^[A-Z0-9]+$/.test(id)) return;
		const size =
			version === 2 ? u32(body, at + 2) & 0xff_ffff : version === 4 ? syncsafe(body, at + 4) : u32(body, at + 4);
		if (size < 0 || at + headBytes + size > body.length) return;
		const format = version === 2 ? 0 : body[at + 9]!;
		const frame = body.subarray(at + headBytes, at + headBytes + size);
		readFrame(id, frame, version, format, values);
		at += headBytes + size;
	}
}

function readFrame(id: string, frame: Uint8Array, version: number, format: number, values: AmfObject): void {
	const isComment = id === "COMM" || id === "COM";
	if (!isComment && !id.startsWith("T")) return;
	// Compressed or encrypted.
	if ((format & (version === 4 ? 0x0c : 0xc0)) !== 0) return;
	let content = frame;
	if (version === 4) {
		if ((format & 0x40) !== 0) content = content.subarray(1);
		if ((format & 0x01) !== 0) content = content.subarray(4);
		if ((format & 0x02) !== 0) content = resynchronised(content);
	} else if (version === 3 && (format & 0x20) !== 0) {
		content = content.subarray(1);
	}
	if (content.length < 2) return;
	let parts = text(content[0]!, content.subarray(isComment ? 4 : 1)).split("\0");
	// Of a comment, a description comes first; TXXX and the like have one too, which names the value.
	if (isComment) parts = parts.slice(1);
	const value = parts.filter(part => part !== "").join(id.startsWith("TX") ? ": " : "/");
	if (value === "" || (isComment && values["COMM"] !== undefined)) return;
	values[id] = value;
	const name = FLASH_NAMES[id];
	if (name !== undefined) values[name] = value;
}

function text(encoding: number, bytes: Uint8Array): string {
	if (encoding === 0) return latin1(bytes);
	if (encoding === 3) return new TextDecoder().decode(bytes);
	// Each string of a frame may have a byte-order mark of its own.
	const isLittle = encoding === 1 && bytes[0] === 0xff && bytes[1] === 0xfe;
	return new TextDecoder(isLittle ? "utf-16le" : "utf-16be").decode(bytes).replaceAll(/[\ufeff\ufffe]/g, "");
}

/** Undoes unsynchronisation: a zero behind each FF was put in (ID3v2.4 §6.1). */
function resynchronised(bytes: Uint8Array): Uint8Array {
	const out = new Uint8Array(bytes.length);
	let length = 0;
	for (let index = 0; index < bytes.length; index++) {
		out[length++] = bytes[index]!;
		if (bytes[index] === 0xff && bytes[index + 1] === 0) index++;
	}
	return out.subarray(0, length);
}

async function beginsWith(file: OpenFile, offset: number, text: string): Promise<boolean> {
	return offset >= 0 && ascii(await file.read(offset, text.length), 0, text.length) === text;
}

function ascii(bytes: Uint8Array, at: number, length: number): string {
	return String.fromCharCode(...bytes.subarray(at, at + length));
}

function latin1(bytes: Uint8Array): string {
	return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1");
}

function u32(bytes: Uint8Array, at: number): number {
	return (
		(((bytes[at] ?? 0) << 24) | ((bytes[at + 1] ?? 0) << 16) | ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0)) >>> 0
	);
}
