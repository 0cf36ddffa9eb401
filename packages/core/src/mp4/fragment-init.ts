import { BoxWriter } from "./box-writer.ts";
import type { FragmentTrack } from "./fragment-track.ts";

/** A place in a file to be overwritten, such as one that holds a duration. */
export type FilePatch = {
	/** In bytes, from where the init segment begins. */
	readonly offset: number;
	readonly bytes: Uint8Array;
};

/** A field that holds a duration; zero until it is overwritten. */
export type DurationField = {
	/** In bytes, from where the init segment begins. */
	readonly offset: number;
	/** The size of the big-endian number. */
	readonly byteLength: 4 | 8;
	/** Units a second. */
	readonly timescale: number;
};

/** The bytes of an init segment, and where its durations stand. */
export type InitBytes = { readonly bytes: Uint8Array; readonly durationFields: readonly DurationField[] };

/**
 * Writes `ftyp` and `moov`: the tracks with their formats, no samples, and `mvex`, which says that fragments follow
 * (ISO/IEC 14496-12 §8.8). Every track has its format and its number in the file. `isFile`: with room for the durations.
 */
export function writeInit(tracks: readonly FragmentTrack[], isFile: boolean): InitBytes {
	const box = new BoxWriter(2048);
	const durationFields: DurationField[] = [];
	writeFileType(box);
	box.begin("moov");
	writeMovieHeader(box, tracks.length, durationFields);
	for (const track of tracks) writeTrack(box, track, tracks);
	writeExtends(box, tracks, isFile, durationFields);
	box.end();
	return { bytes: box.finish(), durationFields: isFile ? durationFields : [] };
}

/** What to write where, so that an init segment tells a duration in milliseconds. */
export function durationPatches(fields: readonly DurationField[], millis: number): FilePatch[] {
	return fields.map(({ offset, byteLength, timescale }) => {
		const box = new BoxWriter(8);
		const ticks = Math.round((millis * timescale) / 1000);
		if (byteLength === 8) box.u64(ticks);
		// All bits set: too long to be told (ISO/IEC 14496-12 §8.2.2.3).
		else box.fields.u32(Math.min(ticks, 0xffff_ffff));
		return { offset, bytes: box.finish() };
	});
}

/** Samples that need no other, in `sample_flags` (ISO/IEC 14496-12 §8.8.3.1). */
export const FLAGS_SYNC = 0x0200_0000;
/** Samples that need others: they depend on them and are no sync samples. */
export const FLAGS_DEPENDENT = 0x0101_0000;

/** Of the movie: units a second. */
const MOVIE_TIMESCALE = 1000;
/** Fixed-point 1.0 with sixteen bits behind the point. */
const ONE = 0x1_0000;
/** “und”, each letter in five bits. */
const LANGUAGE_UNDETERMINED = 0x55c4;
const TRACK_ENABLED = 1;
const TRACK_IN_MOVIE = 2;
const DATA_IN_SAME_FILE = 1;

/** `iso6` stands for what fragments use here: 64-bit decode times, signed offsets, offsets from the `moof`. */
function writeFileType(box: BoxWriter): void {
	box.begin("ftyp");
	for (const brand of ["iso6", "\0\0\0\0", "iso6", "iso5", "mp41"]) box.fields.utf8(brand);
	box.end();
}

function durationField(box: BoxWriter, fields: DurationField[], byteLength: 4 | 8, timescale: number): void {
	fields.push({ offset: box.fields.length, byteLength, timescale });
	box.zeros(byteLength);
}

function writeMatrix(box: BoxWriter): void {
	for (const value of [ONE, 0, 0, 0, ONE, 0, 0, 0, 0x4000_0000]) box.fields.u32(value);
}

function writeMovieHeader(box: BoxWriter, trackCount: number, durations: DurationField[]): void {
	const { fields } = box;
	box.beginFull("mvhd", 0, 0);
	box.zeros(8);
	fields.u32(MOVIE_TIMESCALE);
	durationField(box, durations, 4, MOVIE_TIMESCALE);
	fields.u32(ONE);
	fields.u16(0x100);
	box.zeros(10);
	writeMatrix(box);
	box.zeros(24);
	fields.u32(trackCount + 1);
	box.end();
}

function writeTrack(box: BoxWriter, track: FragmentTrack, tracks: readonly FragmentTrack[]): void {
	box.begin("trak");
	writeTrackHeader(box, track, tracks);
	box.begin("mdia");
	writeMediaHeader(box, track);
	box.begin("minf");
	writeMediaInformation(box, track);
	box.end();
	box.end();
	box.end();
}

function writeTrackHeader(box: BoxWriter, track: FragmentTrack, tracks: readonly FragmentTrack[]): void {
	const { fields } = box;
	// Of the tracks of one kind a player plays one: the first, unless it is told otherwise.
	const siblings = tracks.filter(other => other.kind === track.kind);
	const isAudio = track.kind === "audio";
	box.beginFull("tkhd", 0, siblings[0] === track ? TRACK_ENABLED | TRACK_IN_MOVIE : TRACK_IN_MOVIE);
	box.zeros(8);
	fields.u32(track.fileTrackId);
	box.zeros(4 + 4 + 8 + 2);
	fields.u16(siblings.length > 1 ? (isAudio ? 1 : 2) : 0);
	fields.u16(isAudio ? 0x100 : 0);
	fields.u16(0);
	writeMatrix(box);
	fields.u32(track.format!.width * ONE);
	fields.u32(track.format!.height * ONE);
	box.end();
}

function writeMediaHeader(box: BoxWriter, track: FragmentTrack): void {
	const { fields } = box;
	box.beginFull("mdhd", 0, 0);
	box.zeros(8);
	fields.u32(track.format!.timescale);
	box.zeros(4);
	fields.u16(LANGUAGE_UNDETERMINED);
	fields.u16(0);
	box.end();
	box.beginFull("hdlr", 0, 0);
	box.zeros(4);
	fields.utf8(track.kind === "video" ? "vide" : "soun");
	box.zeros(12);
	fields.utf8(track.kind === "video" ? "Video\0" : "Sound\0");
	box.end();
}

function writeMediaInformation(box: BoxWriter, track: FragmentTrack): void {
	const { fields } = box;
	if (track.kind === "video") {
		box.beginFull("vmhd", 0, 1);
		box.zeros(8);
	} else {
		box.beginFull("smhd", 0, 0);
		box.zeros(4);
	}
	box.end();
	box.begin("dinf");
	box.beginFull("dref", 0, 0);
	fields.u32(1);
	box.beginFull("url ", 0, DATA_IN_SAME_FILE);
	box.end();
	box.end();
	box.end();
	box.begin("stbl");
	box.beginFull("stsd", 0, 0);
	fields.u32(1);
	fields.bytes(track.format!.sampleEntry);
	box.end();
	// The tables of the samples are empty: the samples are in the fragments.
	for (const type of ["stts", "stsc", "stsz", "stco"]) {
		box.beginFull(type, 0, 0);
		box.zeros(type === "stsz" ? 8 : 4);
		box.end();
	}
	box.end();
}

function writeExtends(
	box: BoxWriter,
	tracks: readonly FragmentTrack[],
	isFile: boolean,
	durations: DurationField[],
): void {
	const { fields } = box;
	box.begin("mvex");
	if (isFile) {
		box.beginFull("mehd", 1, 0);
		durationField(box, durations, 8, MOVIE_TIMESCALE);
		box.end();
	}
	for (const track of tracks) {
		box.beginFull("trex", 0, 0);
		fields.u32(track.fileTrackId);
		fields.u32(1);
		box.zeros(8);
		fields.u32(track.kind === "video" ? FLAGS_DEPENDENT : FLAGS_SYNC);
		box.end();
	}
	box.end();
}
