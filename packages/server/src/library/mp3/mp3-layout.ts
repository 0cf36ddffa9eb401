import type { Mp3Frame } from "@millrace/core/codec";
import { FileError } from "@millrace/core/fault";
import type { OpenFile } from "../media-file.ts";
import { soundRange } from "./id3-tag.ts";
import { FRAME_HEAD_BYTES, findFrame, formatAt, frameBytesAt } from "./mp3-frame.ts";
import { readVbrHeader, type VbrHeader } from "./vbr-header.ts";

/** Where the frames of a file are. */
export type Mp3Layout = {
	/** The first frame of sound. */
	readonly first: Mp3Frame;
	/** Where it begins. */
	readonly start: number;
	/** Behind the last frame. */
	readonly end: number;
	/** All frames have the bitrate of the first. */
	readonly isConstant: boolean;
	/** What the encoder told, where it did. */
	readonly told: VbrHeader | undefined;
};

/** Between the tags and the first frame there may be padding, but no more than this. */
const MAX_LEAD_BYTES = 256 * 1024;
const WINDOW_BYTES = 16 * 1024;
/** Places at which a file that says nothing of itself is asked for its bitrate. */
const PROBES = 8;

/**
 * Finds the first frame and learns whether all are of one bitrate.
 *
 * @throws {FileError} `FILE_NO_TRACK` where there is no frame of layer III
 */
export async function readLayout(file: OpenFile): Promise<Mp3Layout> {
	const { start: lead, end } = await soundRange(file);
	const head = await file.read(lead, Math.min(MAX_LEAD_BYTES, end - lead));
	const at = findFrame(head, 0, lead + head.length === end);
	if (at < 0) throw new FileError("FILE_NO_TRACK", `${file.path} holds no MP3 frames near its start.`);
	const frame = formatAt(head, at);
	const length = frameBytesAt(head, at);
	const told = readVbrHeader(head.subarray(at, at + length), frame);
	if (told === undefined) {
		const layout = { first: frame, start: lead + at, end, told };
		return { ...layout, isConstant: await isConstant(file, frame, layout.start, end) };
	}
	const next = findFrame(head, at + length, lead + head.length === end, frame);
	if (next < 0) throw new FileError("FILE_NO_TRACK", `${file.path} holds one MP3 frame, without sound.`);
	const first = formatAt(head, next);
	const start = lead + next;
	return { first, start, end, told, isConstant: told.isConstant && (await isConstant(file, first, start, end)) };
}

/** By samples: a file of changing bitrate whose every eighth part begins with the same one is taken for constant. */
async function isConstant(file: OpenFile, first: Mp3Frame, start: number, end: number): Promise<boolean> {
	for (let probe = 1; probe < PROBES; probe++) {
		const offset = start + Math.floor(((end - start) * probe) / PROBES);
		const window = await file.read(offset, Math.min(WINDOW_BYTES, end - offset));
		const at = findFrame(window, 0, offset + window.length === end, first);
		if (at < 0) continue;
		if (formatAt(window, at).bitrate !== first.bitrate) return false;
		const next = at + frameBytesAt(window, at);
		if (next + FRAME_HEAD_BYTES <= window.length && formatAt(window, next).bitrate !== first.bitrate) return false;
	}
	return true;
}
