import { readFileSync } from "node:fs";
import type { FaultCode } from "@millrace/core/fault";
import { join, u16, u24, u32 } from "../bytes.ts";

/** A file that somebody has put into an application's folder. */
export type FileCase = {
	/** Row of the table in `docs/reference/abuse-tests.md`. */
	readonly row: number;
	/** What it is and what becomes of it, as the end of a test's name. */
	readonly behaviour: string;
	/** Its extension; default `flv`. */
	readonly format?: "mp4" | "mp3";
	bytes(): Uint8Array;
	/** The reason that is logged; `undefined`: it is played to an end. */
	readonly reason?: FaultCode;
	/** The statuses that say so to who plays it. */
	readonly statuses: readonly string[];
	/** How many frames are played at least, of what is played. */
	readonly frames?: number;
	/** What the one line `file-damaged` of a file that is played all the same says; `undefined`: there is none. */
	readonly damage?: string;
};

const sample = (name: string) => readFileSync(new URL(`../../../packages/server/media/vod/${name}`, import.meta.url));
/** Ten seconds of H.264 and AAC. */
export const SAMPLE_FLV = sample("sample.flv");
/** The same; its index stands in front. */
export const SAMPLE_MP4 = sample("sample.mp4");

const INVALID = { reason: "FILE_INVALID", statuses: ["NetStream.Play.FileStructureInvalid"] } as const;
const NO_TRACK = { reason: "FILE_NO_TRACK", statuses: ["NetStream.Play.NoSupportedTrackFound"] } as const;
const PLAYED = { statuses: [] } as const;

const FLV_HEAD = join("FLV", 1, 5, u32(9), u32(0));
const tag = (type: number, size: number, time: number, body: Uint8Array, previous = size + 11) =>
	join(type, u24(size), u24(time), 0, u24(0), body, u32(previous));

/** Where the tags of the FLV sample begin. */
function flvTags(): number[] {
	const starts: number[] = [];
	for (let at = 13; at + 11 <= SAMPLE_FLV.length; at += 15 + SAMPLE_FLV.readUIntBE(at + 1, 3)) starts.push(at);
	return starts;
}

/** The MP4 sample with bytes put behind the first box of a type, counted from the box's own beginning. */
function mp4With(type: string, offset: number, bytes: Uint8Array): Uint8Array {
	const copy = Uint8Array.from(SAMPLE_MP4);
	const at = SAMPLE_MP4.indexOf(type, 0, "latin1") - 4;
	if (at < 0) throw new Error(`the sample has no ${type}`);
	copy.set(bytes, at + offset);
	return copy;
}

/** The MP4 sample with so many units of nothing in front of its first track. */
function mp4Delayed(units: number): Uint8Array {
	const at = (type: string) => SAMPLE_MP4.indexOf(type, 0, "latin1") - 4;
	const entries = at("elst") + 16;
	const copy = Buffer.concat([
		SAMPLE_MP4.subarray(0, entries),
		join(u32(units), u32(0xffff_ffff), u32(0x1_0000)),
		SAMPLE_MP4.subarray(entries),
	]);
	// What lies behind moves, so that the samples are not those of before; how many there are stays.
	for (const type of ["moov", "trak", "edts", "elst"]) copy.writeUInt32BE(copy.readUInt32BE(at(type)) + 12, at(type));
	copy.writeUInt32BE(2, entries - 4);
	return copy;
}

const box = (type: string, ...content: Uint8Array[]) => {
	const inside = Buffer.concat(content);
	return join(u32(inside.length + 8), type, inside);
};

export const fileCases: readonly FileCase[] = [
	{ row: 62, behaviour: "an empty FLV file is refused", bytes: () => new Uint8Array(0), ...INVALID },
	{ row: 62, behaviour: "FLV that is half a head is refused", bytes: () => FLV_HEAD.subarray(0, 8), ...INVALID },
	{ row: 62, behaviour: "FLV without a tag is refused", bytes: () => FLV_HEAD, ...NO_TRACK },
	{
		row: 62,
		behaviour: "FLV that is something else is refused",
		bytes: () => Buffer.from("<html>nothing here</html>".repeat(1000)),
		...INVALID,
	},
	{
		row: 62,
		behaviour: "FLV that is torn is played up to its last whole tag",
		bytes: () => SAMPLE_FLV.subarray(0, flvTags()[300]! + 20),
		...PLAYED,
		frames: 290,
	},
	{
		row: 62,
		behaviour: "FLV with a tag that reaches beyond the file is played up to it",
		bytes: () => {
			const copy = Uint8Array.from(SAMPLE_FLV);
			copy.set(u24(0xffffff), flvTags()[200]! + 1);
			return copy;
		},
		...PLAYED,
		frames: 190,
	},
	{
		row: 62,
		behaviour: "FLV whose sizes of previous tags are lies is played whole",
		bytes: () => {
			const copy = Uint8Array.from(SAMPLE_FLV);
			for (const at of flvTags().slice(1)) copy.set(u32((at * 2_654_435_761) >>> 0), at - 4);
			return copy;
		},
		...PLAYED,
		frames: 500,
	},
	{
		row: 62,
		behaviour: "FLV without metadata and its table of keyframes is played whole",
		bytes: () => join(FLV_HEAD, SAMPLE_FLV.subarray(flvTags()[1]!)),
		...PLAYED,
		frames: 500,
	},
	{
		row: 62,
		behaviour: "FLV of a million empty tags is refused",
		bytes: () => {
			const one = tag(9, 0, 0, new Uint8Array(0));
			return Buffer.concat([FLV_HEAD, ...Array.from({ length: 1_000_000 }, () => one)]);
		},
		...NO_TRACK,
	},
	{
		row: 62,
		behaviour: "FLV with a million empty tags behind a good start ends",
		bytes: () => {
			const one = tag(9, 0, 5000, new Uint8Array(0));
			const start = SAMPLE_FLV.subarray(0, flvTags()[50]!);
			return Buffer.concat([start, ...Array.from({ length: 1_000_000 }, () => one)]);
		},
		...PLAYED,
		frames: 40,
	},
	{
		row: 62,
		behaviour: "FLV with zeros in its middle is played up to them",
		bytes: () => {
			const copy = Uint8Array.from(SAMPLE_FLV);
			copy.fill(0, flvTags()[200]!, flvTags()[260]!);
			return copy;
		},
		...PLAYED,
		frames: 190,
	},
	{ row: 63, behaviour: "an empty MP4 file is refused", format: "mp4", bytes: () => new Uint8Array(0), ...INVALID },
	{
		row: 63,
		behaviour: "MP4 that is torn in its index is refused",
		format: "mp4",
		bytes: () => SAMPLE_MP4.subarray(0, 3000),
		...INVALID,
	},
	{
		row: 63,
		behaviour: "MP4 that is torn in its samples is played up to its end",
		format: "mp4",
		bytes: () => SAMPLE_MP4.subarray(0, SAMPLE_MP4.length >> 1),
		...PLAYED,
		damage: "The file ends before the last of its samples.",
		frames: 250,
	},
	{
		row: 63,
		behaviour: "MP4 with an index of size 1 and 2^63 bytes is refused",
		format: "mp4",
		bytes: () => mp4With("moov", 0, join(u32(1), "moov", u32(0x8000_0000), u32(0))),
		...INVALID,
	},
	{
		row: 63,
		behaviour: "MP4 with a track that is larger than what it stands in is refused",
		format: "mp4",
		bytes: () => mp4With("trak", 0, u32(0x7fff_ffff)),
		...INVALID,
	},
	{
		row: 63,
		behaviour: "MP4 with a box of no size in its index is refused",
		format: "mp4",
		bytes: () => mp4With("mdia", 0, u32(4)),
		...INVALID,
	},
	{
		row: 63,
		behaviour: "MP4 of boxes in boxes a thousand deep is refused",
		format: "mp4",
		bytes: () => {
			let inside: Uint8Array = new Uint8Array(0);
			for (let depth = 0; depth < 1000; depth++) inside = box("moov", inside);
			return join(box("ftyp", Buffer.from("isom\0\0\0\0", "latin1")), inside);
		},
		...NO_TRACK,
	},
	{
		row: 63,
		behaviour: "MP4 with 2^32 samples in a table of some is refused",
		format: "mp4",
		bytes: () => mp4With("stsz", 16, u32(0xffff_ffff)),
		...INVALID,
	},
	{
		row: 63,
		behaviour: "MP4 with 2^32 samples of one size is played as far as its other tables go",
		format: "mp4",
		bytes: () => mp4With("stsz", 12, join(u32(100), u32(0xffff_ffff))),
		...PLAYED,
		damage: "tells of 4294967295 samples",
		frames: 375,
	},
	{
		row: 63,
		behaviour: "MP4 with pictures that lie behind its end is played without them",
		format: "mp4",
		bytes: () => mp4With("stco", 16, u32(0xffff_0000)),
		...PLAYED,
		damage: "The file ends before the last of its samples.",
		frames: 375,
	},
	{
		row: 63,
		behaviour: "MP4 with negative composition times is played whole",
		format: "mp4",
		// In place of the table of keyframes, which it is as long as.
		bytes: () => mp4With("stss", 4, join("ctts", u32(0x100_0000), u32(2), ...[120, -256, 120, -256].map(u32))),
		...PLAYED,
		frames: 500,
	},
	{
		row: 63,
		behaviour: "MP4 with an edit list that begins days behind its pictures is played from the start",
		format: "mp4",
		bytes: () => mp4With("elst", 20, u32(0x7fff_ffff)),
		...PLAYED,
		damage: "begins where the track has ended, and is not followed.",
		frames: 500,
	},
	{
		row: 63,
		behaviour: "MP4 with an edit list that holds a track back for days is played without waiting for it",
		format: "mp4",
		bytes: () => mp4Delayed(0x0fff_ffff),
		...PLAYED,
		damage: "it is played from the start.",
		frames: 500,
	},
	{
		row: 63,
		behaviour: "MP4 of fragments without an index is refused",
		format: "mp4",
		bytes: () =>
			join(
				box("ftyp", Buffer.from("isom\0\0\0\0", "latin1")),
				box("moof", box("mfhd", u32(0), u32(1))),
				box("mdat", new Uint8Array(5000)),
			),
		...INVALID,
	},
	{
		row: 63,
		behaviour: "MP4 with an edit list of 2^32 entries is refused",
		format: "mp4",
		bytes: () => mp4With("elst", 12, u32(0xffff_ffff)),
		...INVALID,
	},
	{ row: 64, behaviour: "an empty MP3 file is refused", format: "mp3", bytes: () => new Uint8Array(0), ...NO_TRACK },
	{
		row: 64,
		behaviour: "MP3 with a tag that is larger than the file is refused",
		format: "mp3",
		bytes: () => join("ID3", 4, 0, 0, [0x7f, 0x7f, 0x7f, 0x7f], new Uint8Array(2000)),
		...NO_TRACK,
	},
	{
		row: 64,
		behaviour: "MP3 with a tag whose frames are larger than itself is refused",
		format: "mp3",
		bytes: () => join("ID3", 4, 0, 0, [0, 0, 1, 0], "TIT2", [0x7f, 0x7f, 0x7f, 0x7f], u16(0), new Uint8Array(2000)),
		...NO_TRACK,
	},
	{
		row: 64,
		behaviour: "MP3 of one frame and megabytes of nothing is refused",
		format: "mp3",
		bytes: () => join([0xff, 0xfb, 0x90, 0x64], new Uint8Array(8 * 1024 * 1024)),
		...NO_TRACK,
	},
];
