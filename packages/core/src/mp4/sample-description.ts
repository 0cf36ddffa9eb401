import { FileError } from "../fault/index.ts";
import { type Box, printable } from "./box.ts";
import { type Carriage, carriageOfAudio, carriageOfVideo } from "./carriage.ts";
import type { Mp4Limits } from "./mp4-limits.ts";
import { carriageOfText } from "./timed-text.ts";

/** One entry of `stsd`: what a decoder must know of the samples that point at it. */
export type SampleDescription = {
	/** The type of the entry, such as `avc1`. */
	readonly format: string;
	/** How the samples travel; `undefined` if no player could be sent them. */
	readonly carriage: Carriage | undefined;
	/** In pixels; 0 but in video. */
	readonly width: number;
	readonly height: number;
	/** In Hz, as decoded; 0 but in sound. */
	readonly sampleRate: number;
	readonly channels: number;
};

/** What a track is, by its handler. */
export type TrackKind = "video" | "audio" | "other";

/** Reads `stsd` (ISO/IEC 14496-12 §8.5.2). Throws `FILE_INVALID`, and `FILE_TOO_COMPLEX` for too many entries. */
export function readSampleDescriptions(stsd: Box, kind: TrackKind, limits: Mp4Limits): SampleDescription[] {
	const most = Math.min(limits.sampleDescriptions, MOST_DESCRIPTIONS);
	const entries = stsd.children(8).slice(0, stsd.u32(4));
	if (entries.length > most) throw new FileError("FILE_TOO_COMPLEX", `A track has more than ${most} descriptions.`);
	return entries.map(entry => {
		if (kind === "video") return readVisualEntry(entry);
		if (kind === "audio") return readSoundEntry(entry, stsd.version);
		return { ...NOTHING, format: printable(entry.type), carriage: carriageOfText(entry.type) };
	});
}

/** The sample index has seven bits for the number of a description. */
const MOST_DESCRIPTIONS = 127;

const NOTHING = { carriage: undefined, width: 0, height: 0, sampleRate: 0, channels: 0 };

/** The fields of a visual sample entry (§12.1.3) and of a sound's (§12.2.3), behind which its boxes stand. */
const VISUAL_BYTES = 78;
const SOUND_BYTES = 28;
/** What QuickTime's sound descriptions of version 1 and 2 have behind the fields of version 0. */
const SOUND_1_BYTES = 16;
const SOUND_2_BYTES = 36;

function readVisualEntry(entry: Box): SampleDescription {
	entry.need(0, VISUAL_BYTES);
	const carriage = carriageOfVideo(entry.type, type => entry.child(type, VISUAL_BYTES));
	return { ...NOTHING, format: printable(entry.type), carriage, width: entry.u16(24), height: entry.u16(26) };
}

function readSoundEntry(entry: Box, tableVersion: number): SampleDescription {
	entry.need(0, SOUND_BYTES);
	// A `stsd` of version 1 has entries of a version 1 that lacks QuickTime's fields (ISO/IEC 14496-12 §12.2.3).
	const version = tableVersion === 0 ? entry.u16(8) : 0;
	const isVersion2 = version === 2;
	if (isVersion2) entry.need(SOUND_BYTES, SOUND_2_BYTES);
	const at = SOUND_BYTES + (version === 1 ? SOUND_1_BYTES : isVersion2 ? SOUND_2_BYTES : 0);
	// QuickTime wraps the descriptor in a `wave` box.
	const find = (type: string) => entry.child(type, at) ?? entry.child("wave", at)?.child(type);
	const carriage = carriageOfAudio(entry.type, find);
	const sampleRate = isVersion2 ? Math.round(entry.view.getFloat64(SOUND_BYTES + 4)) : entry.u16(24);
	return {
		...NOTHING,
		format: printable(entry.type),
		carriage,
		sampleRate: carriage?.sampleRate ?? sampleRate,
		channels: carriage?.channels ?? (isVersion2 ? entry.u32(SOUND_BYTES + 12) : entry.u16(16)),
	};
}
