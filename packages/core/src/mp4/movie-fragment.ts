import { type Box, invalid } from "./box.ts";
import type { SampleIndex } from "./sample-index.ts";
import type { FragmentDefaults, TrackHead } from "./track-head.ts";

/** A track as fragments add to it. */
export type FragmentedTrack = {
	readonly head: TrackHead;
	readonly defaults: FragmentDefaults;
	/** `undefined`: the track is not played, and its samples are only counted. */
	readonly index: SampleIndex | undefined;
	samples: number;
	bytes: number;
	/** Where the next sample is decoded, unless its fragment says it; in units of the time scale. */
	nextTime: number;
};

/**
 * Takes the samples of one `moof`, which begins at `moofOffset` (ISO/IEC 14496-12 §8.8). False, and nothing taken: the
 * file ends before their last byte. Throws `FILE_INVALID`, and `FILE_TOO_COMPLEX` past a limit.
 */
export function takeFragment(
	moof: Box,
	moofOffset: number,
	tracks: ReadonlyMap<number, FragmentedTrack>,
	fileBytes: number,
): boolean {
	const runs: Run[] = [];
	let dataEnd = moofOffset;
	for (const traf of moof.children()) {
		if (traf.type !== "traf") continue;
		const added = readTrackFragment(traf, moofOffset, dataEnd, tracks);
		for (const run of added) {
			dataEnd = run.offset + run.bytes;
			if (dataEnd > fileBytes) return false;
			runs.push(run);
		}
	}
	for (const run of runs) addRun(run);
	return true;
}

/** A sample that needs no other, as an index of fragments names it. */
export type SyncPlace = {
	readonly trackId: number;
	/** When it is presented, in units of the track's time scale. */
	readonly time: number;
	/** The number of its track's part in the `moof`, from 1. */
	readonly part: number;
	/** Its number in the first run of that part, from 1. */
	readonly sample: number;
};

/** The first such sample of each track in the first run of its part, before `takeFragment` takes the same `moof`. */
export function syncPlaces(
	moof: Box,
	moofOffset: number,
	tracks: ReadonlyMap<number, FragmentedTrack>,
): readonly SyncPlace[] {
	const places: SyncPlace[] = [];
	let part = 0;
	for (const traf of moof.children()) {
		if (traf.type !== "traf") continue;
		part++;
		const [run] = readTrackFragment(traf, moofOffset, moofOffset, tracks);
		const place = run === undefined ? undefined : firstSync(run, part);
		if (place !== undefined) places.push(place);
	}
	return places;
}

function firstSync(
	{ track, fields, defaults, count, decodeTime, firstFlags }: Run,
	part: number,
): SyncPlace | undefined {
	const { entries, entryBytes } = fields;
	let time = decodeTime ?? track.nextTime;
	// Samples without fields of their own are all alike.
	const most = entryBytes === 0 ? Math.min(count, 2) : count;
	for (let sample = 0; sample < most; sample++) {
		const at = sample * entryBytes;
		const own = fields.flags < 0 ? defaults.flags : entries.getUint32(at + fields.flags);
		const flags = sample === 0 ? (firstFlags ?? own) : own;
		if (track.head.kind !== "video" || (flags & NO_SYNC) === 0) {
			const composition = fields.composition < 0 ? 0 : entries.getInt32(at + fields.composition);
			return { trackId: track.head.id, time: Math.max(0, time + composition), part, sample: sample + 1 };
		}
		time += fields.duration < 0 ? defaults.duration : entries.getUint32(at + fields.duration);
	}
	return undefined;
}

/** One `trun` with what counts for it. */
type Run = {
	readonly track: FragmentedTrack;
	readonly count: number;
	/** Where its samples begin in the file, and their bytes. */
	readonly offset: number;
	readonly bytes: number;
	/** The decode time of the first; `undefined`: it follows the run before. */
	readonly decodeTime: number | undefined;
	/** From 0. */
	readonly description: number;
	readonly fields: RunFields;
	readonly defaults: SampleDefaults;
	readonly firstFlags: number | undefined;
};

type SampleDefaults = { readonly duration: number; readonly bytes: number; readonly flags: number };

/** The fields that each sample of a run has; −1: it has the default. */
type RunFields = {
	readonly entries: DataView;
	readonly entryBytes: number;
	readonly duration: number;
	readonly bytes: number;
	readonly flags: number;
	readonly composition: number;
};

const TFHD_BASE = 0x1;
const TFHD_DESCRIPTION = 0x2;
const TFHD_DURATION = 0x8;
const TFHD_BYTES = 0x10;
const TFHD_FLAGS = 0x20;
const TFHD_BASE_IS_MOOF = 0x20000;

const TRUN_OFFSET = 0x1;
const TRUN_FIRST_FLAGS = 0x4;
const TRUN_DURATION = 0x100;
const TRUN_BYTES = 0x200;
const TRUN_FLAGS = 0x400;
const TRUN_COMPOSITION = 0x800;

/** `sample_is_non_sync_sample`, and `sample_depends_on` with the value 1: a muxer may say it by either (§8.8.3.1). */
const NO_SYNC = 0x0101_0000;

function readTrackFragment(
	traf: Box,
	moofOffset: number,
	dataEnd: number,
	tracks: ReadonlyMap<number, FragmentedTrack>,
): Run[] {
	const tfhd = traf.mustHave("tfhd");
	const { flags } = tfhd;
	const track = tracks.get(tfhd.u32(4));
	if (track === undefined) return [];
	let at = 8;
	const field = (flag: number, otherwise: number) => {
		if ((flags & flag) === 0) return otherwise;
		at += 4;
		return tfhd.u32(at - 4);
	};
	// Without a base of its own, a track's data follow those of the track before, and at first the `moof` (§8.8.7).
	let base = flags & TFHD_BASE_IS_MOOF ? moofOffset : dataEnd;
	if (flags & TFHD_BASE) {
		base = tfhd.u64(at);
		at += 8;
	}
	const description = field(TFHD_DESCRIPTION, track.defaults.description) - 1;
	const defaults: SampleDefaults = {
		duration: field(TFHD_DURATION, track.defaults.duration),
		bytes: field(TFHD_BYTES, track.defaults.bytes),
		flags: field(TFHD_FLAGS, track.defaults.flags),
	};
	const tfdt = traf.child("tfdt");
	let decodeTime = tfdt === undefined ? undefined : tfdt.version === 1 ? tfdt.u64(4) : tfdt.u32(4);
	const runs: Run[] = [];
	let offset = base;
	for (const trun of traf.children()) {
		if (trun.type !== "trun") continue;
		const run = readRun(trun, track, base, offset, decodeTime, description, defaults);
		decodeTime = undefined;
		offset = run.offset + run.bytes;
		runs.push(run);
	}
	return runs;
}

function readRun(
	trun: Box,
	track: FragmentedTrack,
	base: number,
	follows: number,
	decodeTime: number | undefined,
	description: number,
	defaults: SampleDefaults,
): Run {
	const { flags } = trun;
	const count = trun.u32(4);
	let at = 8;
	let offset = follows;
	if (flags & TRUN_OFFSET) {
		offset = base + trun.i32(at);
		at += 4;
	}
	if (offset < 0) throw invalid("The samples of a fragment lie in front of the file.");
	let firstFlags: number | undefined;
	if (flags & TRUN_FIRST_FLAGS) {
		firstFlags = trun.u32(at);
		at += 4;
	}
	let entryBytes = 0;
	const field = (flag: number) => {
		if ((flags & flag) === 0) return -1;
		entryBytes += 4;
		return entryBytes - 4;
	};
	const places = {
		duration: field(TRUN_DURATION),
		bytes: field(TRUN_BYTES),
		flags: field(TRUN_FLAGS),
		composition: field(TRUN_COMPOSITION),
	};
	const entries = trun.table(at, count, entryBytes);
	const fields = { entries, entryBytes, ...places };
	let bytes = count * defaults.bytes;
	if (places.bytes >= 0) {
		bytes = 0;
		for (let place = places.bytes; place < entries.byteLength; place += entryBytes) bytes += entries.getUint32(place);
	}
	return { track, count, offset, bytes, decodeTime, description, fields, defaults, firstFlags };
}

function addRun(run: Run): void {
	const { track, fields, defaults, count } = run;
	const { entries, entryBytes } = fields;
	const { index } = track;
	const isVideo = track.head.kind === "video";
	const isPlayable = track.head.descriptions[run.description]?.carriage !== undefined;
	if (run.decodeTime !== undefined) track.nextTime = run.decodeTime;
	track.samples += count;
	track.bytes += run.bytes;
	if (fields.duration < 0 && (run.bytes === 0 || index === undefined || !isPlayable)) {
		// However many samples are announced that are not taken, they are passed over at once.
		track.nextTime += count * defaults.duration;
		return;
	}
	if (index !== undefined && fields.composition >= 0) {
		let least = 0;
		for (let place = fields.composition; place < entries.byteLength; place += entryBytes) {
			least = Math.min(least, entries.getInt32(place));
		}
		index.expectComposition(least);
	}
	let { offset } = run;
	let time = track.nextTime;
	for (let sample = 0; sample < count; sample++) {
		const at = sample * entryBytes;
		const duration = fields.duration < 0 ? defaults.duration : entries.getUint32(at + fields.duration);
		const bytes = fields.bytes < 0 ? defaults.bytes : entries.getUint32(at + fields.bytes);
		if (index !== undefined && isPlayable && bytes > 0) {
			const composition = fields.composition < 0 ? 0 : entries.getInt32(at + fields.composition);
			const own = fields.flags < 0 ? defaults.flags : entries.getUint32(at + fields.flags);
			const flags = sample === 0 ? (run.firstFlags ?? own) : own;
			index.add(offset, bytes, run.description, !isVideo || (flags & NO_SYNC) === 0, time, composition, duration);
		}
		offset += bytes;
		time += duration;
	}
	track.nextTime = time;
}
