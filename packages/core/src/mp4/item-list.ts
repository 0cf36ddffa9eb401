import type { AmfValue } from "../amf/index.ts";
import { decodeUtf8 } from "../bytes/index.ts";
import { FileError } from "../fault/index.ts";
import { type Box, printable } from "./box.ts";

/**
 * The tags of a file by name, such as `©nam`: from `udta/meta/ilst` as iTunes writes it, and QuickTime's texts right
 * in `udta`. Pictures are left out. Tags that contradict themselves are left out too: they harm no playback.
 */
export function readItemList(moov: Box): ReadonlyMap<string, AmfValue> {
	const tags = new Map<string, AmfValue>();
	const udta = moov.child("udta");
	for (const box of udta === undefined ? [] : childrenOf(udta)) {
		if (box.type.startsWith("©")) keep(tags, box.type, quickTimeText(box));
		if (box.type !== "meta") continue;
		for (const item of itemsOf(box)) keep(tags, ...readItem(item));
	}
	return tags;
}

const MOST_TAGS = 100;
const MOST_TEXT_BYTES = 4096;

const DATA_UTF8 = 1;
const DATA_SIGNED = 21;
const DATA_UNSIGNED = 22;

function keep(tags: Map<string, AmfValue>, name: string, value: AmfValue): void {
	if (value !== undefined && tags.size < MOST_TAGS && !tags.has(name)) tags.set(name, value);
}

/** `meta` is a full box in MP4 and a plain one in QuickTime: a plain one has the type of a box where it begins. */
function itemsOf(meta: Box): readonly Box[] {
	const isPlain = meta.length >= 8 && meta.name(4) === "hdlr";
	const ilst = childrenOf(meta, isPlain ? 0 : 4).find(box => box.type === "ilst");
	return ilst === undefined ? [] : childrenOf(ilst);
}

function readItem(item: Box): [string, AmfValue] {
	const inside = childrenOf(item);
	const data = inside.find(box => box.type === "data");
	const name = inside.find(box => box.type === "name");
	const ownName = item.type === "----" && name !== undefined && name.length > 4 ? text(name, 4) : printable(item.type);
	return [ownName, data === undefined || data.length < 8 ? undefined : readData(item.type, data)];
}

function readData(type: string, data: Box): AmfValue {
	const kind = data.u32(0) & 0xffffff;
	const bytes = data.length - 8;
	if (kind === DATA_UTF8) return text(data, 8);
	// Track and disc: number and count, of which old iTunes says no type.
	if ((type === "trkn" || type === "disk") && bytes >= 4) return data.u16(10);
	if (kind !== DATA_SIGNED && kind !== DATA_UNSIGNED) return undefined;
	if (bytes === 1) return kind === DATA_SIGNED ? data.view.getInt8(8) : data.u8(8);
	if (bytes === 2) return kind === DATA_SIGNED ? data.i16(8) : data.u16(8);
	if (bytes === 4) return kind === DATA_SIGNED ? data.i32(8) : data.u32(8);
	return undefined;
}

/** A length, a language, and text (QuickTime File Format, "User Data Text Strings"). */
function quickTimeText(box: Box): string | undefined {
	if (box.length < 4 || box.u16(0) > box.length - 4) return undefined;
	return decodeUtf8(box.bytes(4, 4 + Math.min(box.u16(0), MOST_TEXT_BYTES)));
}

function text(box: Box, at: number): string {
	return decodeUtf8(box.bytes(at, Math.min(box.length, at + MOST_TEXT_BYTES)));
}

/** The boxes inside, or none where they contradict themselves. */
function childrenOf(box: Box, at = 0): readonly Box[] {
	try {
		return box.children(at);
	} catch (fault) {
		if (!(fault instanceof FileError)) throw fault;
		return [];
	}
}
