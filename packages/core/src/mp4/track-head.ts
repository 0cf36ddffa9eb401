import { FileError } from "../fault/index.ts";
import type { Box } from "./box.ts";
import type { Mp4Limits } from "./mp4-limits.ts";
import { readSampleDescriptions, type SampleDescription, type TrackKind } from "./sample-description.ts";

/** One stretch of a track that plays (ISO/IEC 14496-12 §8.6.6). */
export type Edit = {
	/** In the movie's time scale; 0: to the end. */
	readonly duration: number;
	/** Where it begins in the track's own time; −1: nothing plays for the edit's duration. */
	readonly mediaTime: number;
};

/** What `trak` says of a track, without its samples. */
export type TrackHead = {
	readonly id: number;
	readonly isEnabled: boolean;
	readonly kind: TrackKind;
	/** The handler's type, such as `vide` or `tmcd`. */
	readonly handler: string;
	/** ISO 639-2, `und` where the file does not say. */
	readonly language: string;
	/** Units of time in a second. */
	readonly timescale: number;
	/** In units of the time scale; 0 where the file does not say. */
	readonly duration: number;
	readonly edits: readonly Edit[];
	readonly descriptions: readonly SampleDescription[];
	/** The sample tables. */
	readonly table: Box;
};

/** What `trex` says of samples that a fragment says nothing of (§8.8.3). */
export type FragmentDefaults = {
	readonly description: number;
	readonly duration: number;
	readonly bytes: number;
	readonly flags: number;
};

/** What `moov` says. */
export type MovieHead = {
	/** Units of time in a second, of edits. */
	readonly timescale: number;
	/** How long the whole is said to be, in milliseconds; `undefined` where nothing is said. */
	readonly toldMillis: number | undefined;
	readonly tracks: readonly TrackHead[];
	/** By track; `undefined`: there are no fragments. */
	readonly fragmentDefaults: ReadonlyMap<number, FragmentDefaults> | undefined;
};

/** Reads `moov` but for the sample tables. Throws `FILE_INVALID`, and `FILE_TOO_COMPLEX` past a limit. */
export function readMovieHead(moov: Box, limits: Mp4Limits): MovieHead {
	const timescale = movieTimescale(moov);
	const traks = moov.children().filter(box => box.type === "trak");
	if (traks.length > limits.tracks) {
		throw new FileError("FILE_TOO_COMPLEX", `The file has ${traks.length} tracks; ${limits.tracks} is the limit.`);
	}
	const tracks = traks.flatMap(trak => readTrack(trak, limits) ?? []);
	const mvex = moov.child("mvex");
	return {
		timescale,
		toldMillis: toldMillis(moov, timescale),
		tracks,
		fragmentDefaults: mvex === undefined ? undefined : readFragmentDefaults(mvex),
	};
}

/** A field of `moov` that holds the duration of the whole, in the movie's time scale. */
export type DurationPlace = { readonly box: Box; readonly at: number; readonly byteLength: 4 | 8 };

/**
 * Where `moov` tells how long the whole is (§8.2.2, §8.8.2). With fragments, `mehd` counts, and `mvhd` at most where
 * it says something, for muxers that do not know the length yet leave `mehd` out and `mvhd` at zero.
 */
export function durationPlaces(moov: Box): readonly DurationPlace[] {
	const mvex = moov.child("mvex");
	const inExtends = placeIn(mvex?.child("mehd"), { at: 4, byteLength: 4 }, { at: 4, byteLength: 8 });
	const inHeader = placeIn(moov.child("mvhd"), { at: 16, byteLength: 4 }, { at: 24, byteLength: 8 });
	const isSilent = inHeader !== undefined && mvex !== undefined && durationAt(inHeader) === 0;
	return [inExtends, isSilent && inExtends === undefined ? undefined : inHeader].flatMap(place => place ?? []);
}

type Place = Omit<DurationPlace, "box">;

/** `undefined` also where the box ends early: nothing else of it is missed. */
function placeIn(box: Box | undefined, short: Place, long: Place): DurationPlace | undefined {
	if (box === undefined) return undefined;
	const place = { box, ...(box.version === 1 ? long : short) };
	return place.at + place.byteLength <= box.length ? place : undefined;
}

/** Units of time in a second, of the movie; 1000 where it does not say. */
export function movieTimescale(moov: Box): number {
	const mvhd = moov.child("mvhd");
	return mvhd?.u32(mvhd.version === 1 ? 20 : 12) || 1000;
}

function durationAt({ box, at, byteLength }: DurationPlace): number | undefined {
	// All bits set: it is not known (§8.2.2.3).
	if (box.u32(at) === 0xffff_ffff) return undefined;
	return byteLength === 8 ? box.u64(at) : box.u32(at);
}

function toldMillis(moov: Box, timescale: number): number | undefined {
	const [place] = durationPlaces(moov);
	const duration = place === undefined ? undefined : durationAt(place);
	return duration === undefined ? undefined : (duration * 1000) / timescale;
}

/** `undefined`: a track without media or tables, as QuickTime has for references. */
function readTrack(trak: Box, limits: Mp4Limits): TrackHead | undefined {
	const tkhd = trak.child("tkhd");
	const mdia = trak.child("mdia");
	const mdhd = mdia?.child("mdhd");
	const table = mdia?.child("minf")?.child("stbl");
	const stsd = table?.child("stsd");
	if (tkhd === undefined || mdia === undefined || mdhd === undefined || table === undefined || stsd === undefined) {
		return undefined;
	}
	const hdlr = mdia.child("hdlr");
	const handler = hdlr === undefined ? "????" : hdlr.name(8);
	const kind = handler === "vide" ? "video" : handler === "soun" ? "audio" : "other";
	const isLong = mdhd.version === 1;
	const timescale = mdhd.u32(isLong ? 20 : 12);
	const duration = isLong ? mdhd.u64(24) : mdhd.u32(16);
	const isUnknown = isLong ? mdhd.u32(24) === 0xffff_ffff : duration === 0xffff_ffff;
	return {
		id: tkhd.u32(tkhd.version === 1 ? 20 : 12),
		isEnabled: (tkhd.flags & 1) !== 0,
		kind,
		handler,
		language: languageOf(mdhd.u16(isLong ? 32 : 20)),
		// Without a time scale no time has a meaning: a second is as good as anything.
		timescale: timescale === 0 ? 1 : timescale,
		duration: isUnknown ? 0 : duration,
		edits: readEdits(trak.child("edts")?.child("elst")),
		descriptions: readSampleDescriptions(stsd, kind, limits),
		table,
	};
}

/** Three letters of five bits. Less than 400 (hexadecimal) is a number of Macintosh's languages, of which 0 is English. */
function languageOf(code: number): string {
	if (code === 0) return "eng";
	if (code < 0x400 || code === 0x7fff) return "und";
	const letters = [code >> 10, code >> 5, code].map(bits => String.fromCharCode(0x60 + (bits & 31))).join("");
	return /^[a-z]{3}$/.test(letters) ? letters : "und";
}

/** More edits than this are a programme's cut, of which only the first stretch counts anyway. */
const MOST_EDITS = 1000;

function readEdits(elst: Box | undefined): Edit[] {
	if (elst === undefined) return [];
	const isLong = elst.version === 1;
	const entryBytes = isLong ? 20 : 12;
	const count = elst.u32(4);
	elst.need(8, count * entryBytes);
	const edits: Edit[] = [];
	for (let index = 0; index < count && index < MOST_EDITS; index++) {
		const at = 8 + index * entryBytes;
		edits.push(
			isLong
				? { duration: elst.u64(at), mediaTime: elst.i64(at + 8) }
				: { duration: elst.u32(at), mediaTime: elst.i32(at + 4) },
		);
	}
	return edits;
}

function readFragmentDefaults(mvex: Box): Map<number, FragmentDefaults> {
	const defaults = new Map<number, FragmentDefaults>();
	for (const box of mvex.children()) {
		if (box.type !== "trex") continue;
		defaults.set(box.u32(4), {
			description: box.u32(8),
			duration: box.u32(12),
			bytes: box.u32(16),
			flags: box.u32(20),
		});
	}
	return defaults;
}
