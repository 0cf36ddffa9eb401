import type { ByteSource } from "./byte-source.ts";

/*
 * Files made box by box, for tests: what no muxer writes can be written here.
 */

/** A box of the bytes given. */
export function box(type: string, ...parts: readonly Uint8Array[]): Uint8Array {
	const body = join(...parts);
	return join(u32(body.length + 8), latin(type), body);
}

/** A box with version and flags. */
export function fullBox(type: string, version: number, flags: number, ...parts: readonly Uint8Array[]): Uint8Array {
	return box(type, u32(((version << 24) | flags) >>> 0), ...parts);
}

export function u8(...values: readonly number[]): Uint8Array {
	return Uint8Array.from(values);
}

export function u16(...values: readonly number[]): Uint8Array {
	return join(...values.map(value => u8((value >> 8) & 255, value & 255)));
}

/** Negative values in two's complement. */
export function u32(...values: readonly number[]): Uint8Array {
	return listOfU32(values);
}

/** As `u32`, of more values than a call takes arguments. */
export function listOfU32(values: readonly number[]): Uint8Array {
	const bytes = new Uint8Array(values.length * 4);
	const view = new DataView(bytes.buffer);
	for (let at = 0; at < values.length; at++) view.setUint32(at * 4, values[at]!);
	return bytes;
}

export function u64(...values: readonly number[]): Uint8Array {
	return join(...values.map(value => u32(Math.floor(value / 2 ** 32), value % 2 ** 32)));
}

export function latin(text: string): Uint8Array {
	return Uint8Array.from(text, character => character.charCodeAt(0));
}

export function hex(digits: string): Uint8Array {
	const packed = digits.replaceAll(" ", "");
	return Uint8Array.from({ length: packed.length / 2 }, (_, at) =>
		Number.parseInt(packed.slice(at * 2, at * 2 + 2), 16),
	);
}

export function join(...parts: readonly Uint8Array[]): Uint8Array {
	const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
	let at = 0;
	for (const part of parts) {
		whole.set(part, at);
		at += part.length;
	}
	return whole;
}

export const AVCC = hex("01640028ffe1001b67640028acd940780227e5c044000003000400000300f03c60c65801000668ebe3cb22c0");
export const HVCC = hex(
	"0102200000009000000000005df000fcfdfafa00000f0121000100294201010220000003009000000300000300" +
		"5da00280802d1365959a4932bc05a02000007d20000ea601",
);
export const AV1C = hex("81010c000a0b0000000cc50b6936be4010");

/** A visual sample entry with the boxes given behind its fields. */
export function visualEntry(format: string, ...boxes: readonly Uint8Array[]): Uint8Array {
	const head = join(new Uint8Array(6), u16(1), new Uint8Array(16), u16(640, 360));
	return box(format, head, new Uint8Array(78 - head.length), ...boxes);
}

/** An audio sample entry of version 0. */
export function soundEntry(format: string, ...boxes: readonly Uint8Array[]): Uint8Array {
	return box(format, soundFields(0), ...boxes);
}

/** The fields of an audio sample entry that all versions have. */
export function soundFields(version: number): Uint8Array {
	return join(new Uint8Array(6), u16(1, version, 0, 0, 0), u16(2, 16, 0, 0), u16(44_100, 0));
}

/** An elementary stream descriptor with each size in four bytes, as most muxers write it. */
export function esds(objectType: number, specific: Uint8Array): Uint8Array {
	const descriptor = (tag: number, ...parts: readonly Uint8Array[]) => {
		const body = join(...parts);
		return join(u8(tag, 0x80, 0x80, 0x80 | (body.length >> 7), body.length & 127), body);
	};
	const info = specific.length > 0 ? descriptor(5, specific) : new Uint8Array(0);
	const config = descriptor(4, u8(objectType, 0x15, 0, 0, 0), u32(128_000, 128_000), info);
	return fullBox("esds", 0, 0, descriptor(3, u16(1), u8(0), config, descriptor(6, u8(2))));
}

export const AVC_ENTRY = visualEntry("avc1", box("avcC", AVCC));
export const AAC_ENTRY = soundEntry("mp4a", esds(0x40, hex("1210")));

/** A track as a test describes it. */
export type FixtureTrack = {
	readonly handler: "vide" | "soun" | "text";
	readonly entries: readonly Uint8Array[];
	readonly timescale: number;
	readonly sizes: readonly number[];
	/** Runs of a count and a duration. */
	readonly durations: readonly (readonly [number, number])[];
	/** Runs of a count and a composition offset. */
	readonly compositions?: readonly (readonly [number, number])[];
	/** Numbers of sync samples, from 1. Default: all, and no table. */
	readonly sync?: readonly number[];
	/** Of duration and media time. */
	readonly edits?: readonly (readonly [number, number])[];
	/** Default 1. */
	readonly samplesInChunk?: number;
	/** The description of each chunk, from 1. Default 1. */
	readonly descriptions?: readonly number[];
	readonly isDisabled?: boolean;
	/** Boxes in place of the tables of the same type (`stz2`: of `stsz`, `co64`: of `stco`), or added to them. */
	readonly tables?: readonly Uint8Array[];
};

/** What stands around the tracks. */
export type FixtureFile = {
	readonly tracks: readonly FixtureTrack[];
	/** Default `ftyp` of `isom`. */
	readonly front?: readonly Uint8Array[];
	readonly isMoovFirst?: boolean;
	readonly hasLongOffsets?: boolean;
	/** More boxes in `moov`. */
	readonly extra?: readonly Uint8Array[];
};

/**
 * A file whose chunks take turns between the tracks. Each byte of a sample is the number of its track (from 1) in the
 * upper half and that of the sample (from 0) in the lower.
 */
export function buildFile(file: FixtureFile): Uint8Array {
	const front = join(...(file.front ?? [box("ftyp", latin("isom"), u32(512), latin("isomavc1"))]));
	const chunks = chunksOf(file.tracks);
	const data = join(...chunks.map(chunk => chunk.bytes));
	const moovOf = (dataOffset: number) => {
		let at = dataOffset;
		const offsets: number[][] = file.tracks.map(() => []);
		for (const chunk of chunks) {
			offsets[chunk.track]!.push(at);
			at += chunk.bytes.length;
		}
		const traks = file.tracks.map((track, index) =>
			buildTrak(track, index + 1, offsets[index]!, file.hasLongOffsets === true),
		);
		return box("moov", mvhd(), ...traks, ...(file.extra ?? []));
	};
	const mdat = box("mdat", data);
	if (file.isMoovFirst !== true) return join(front, mdat, moovOf(front.length + 8));
	const moovBytes = moovOf(0).length;
	return join(front, moovOf(front.length + moovBytes + 8), mdat);
}

/** The movie header; its time scale is 1000. */
export function mvhd(): Uint8Array {
	return fullBox("mvhd", 0, 0, u32(0, 0, 1000, 0), new Uint8Array(80));
}

/** A track box. */
export function buildTrak(
	track: FixtureTrack,
	id: number,
	offsets: readonly number[],
	hasLongOffsets: boolean,
): Uint8Array {
	const duration = track.durations.reduce((sum, [count, delta]) => sum + count * delta, 0);
	const perChunk = track.samplesInChunk ?? 1;
	const runs = (pairs: readonly (readonly [number, number])[]) => join(u32(pairs.length), u32(...pairs.flat()));
	const stsc = offsets.map((_, chunk) => {
		const samples = Math.min(perChunk, track.sizes.length - chunk * perChunk);
		return u32(chunk + 1, samples, track.descriptions?.[chunk] ?? 1);
	});
	const tables = [
		fullBox("stsd", 0, 0, u32(track.entries.length), ...track.entries),
		fullBox("stts", 0, 0, runs(track.durations)),
		...(track.compositions === undefined ? [] : [fullBox("ctts", 0, 0, runs(track.compositions))]),
		...(track.sync === undefined ? [] : [fullBox("stss", 0, 0, u32(track.sync.length, ...track.sync))]),
		fullBox("stsc", 0, 0, u32(stsc.length), ...stsc),
		fullBox("stsz", 0, 0, u32(0, track.sizes.length), listOfU32(track.sizes)),
		hasLongOffsets
			? fullBox("co64", 0, 0, u32(offsets.length), u64(...offsets))
			: fullBox("stco", 0, 0, u32(offsets.length, ...offsets)),
	];
	const replaced = new Set((track.tables ?? []).map(typeOf));
	if (replaced.has("stz2")) replaced.add("stsz");
	if (replaced.has("co64")) replaced.add("stco");
	const kept = tables.filter(table => !replaced.has(typeOf(table)));
	const edits =
		track.edits === undefined
			? []
			: [
					box(
						"edts",
						fullBox(
							"elst",
							0,
							0,
							u32(track.edits.length),
							...track.edits.map(([length, start]) => u32(length, start, 65_536)),
						),
					),
				];
	return box(
		"trak",
		fullBox("tkhd", 0, track.isDisabled === true ? 2 : 3, u32(0, 0, id, 0, 0), new Uint8Array(60)),
		...edits,
		box(
			"mdia",
			fullBox("mdhd", 0, 0, u32(0, 0, track.timescale, duration), u16(0x15c7, 0)),
			fullBox("hdlr", 0, 0, u32(0), latin(track.handler), new Uint8Array(13)),
			box("minf", box("stbl", ...kept, ...(track.tables ?? []))),
		),
	);
}

/** 25 pictures a second, reordered as encoders do it with two B-frames; a sync sample each 6; one second of AAC. */
export function simpleTracks(pictures = 12): FixtureTrack[] {
	const sizes = Array.from({ length: pictures }, (_, at) => (at % 6 === 0 ? 40 : 10 + at));
	const compositions = sizes.map((_, at): [number, number] => [
		1,
		[80, 160, 40, 40][at % 6 === 0 ? 0 : ((at - 1) % 3) + 1]!,
	]);
	return [
		{
			handler: "vide",
			entries: [AVC_ENTRY],
			timescale: 1000,
			sizes,
			durations: [[pictures, 40]],
			compositions,
			sync: sizes.flatMap((_, at) => (at % 6 === 0 ? [at + 1] : [])),
		},
		{
			handler: "soun",
			entries: [AAC_ENTRY],
			timescale: 44_100,
			sizes: Array.from({ length: pictures * 2 }, (_, at) => 5 + at),
			durations: [[pictures * 2, 1024]],
			samplesInChunk: 2,
		},
	];
}

/** A source in memory that counts how often it is read. */
export class MemorySource implements ByteSource {
	readonly size: number;
	reads = 0;
	bytesRead = 0;
	readonly #bytes: Uint8Array;

	/** `size` may be more than there is: the file then is shorter than it was. */
	constructor(bytes: Uint8Array, size = bytes.length) {
		this.#bytes = bytes;
		this.size = size;
	}

	async read(offset: number, length: number): Promise<Uint8Array> {
		this.reads++;
		const bytes = this.#bytes.slice(offset, offset + length);
		this.bytesRead += bytes.length;
		return bytes;
	}
}

type Chunk = { readonly track: number; readonly bytes: Uint8Array };

function chunksOf(tracks: readonly FixtureTrack[]): Chunk[] {
	const chunks: Chunk[] = [];
	const next = tracks.map(() => 0);
	for (let isDone = false; !isDone; ) {
		isDone = true;
		for (const [at, track] of tracks.entries()) {
			const samples = track.sizes.slice(next[at]!, next[at]! + (track.samplesInChunk ?? 1));
			if (samples.length === 0) continue;
			isDone = false;
			const content = samples.map((size, sample) => new Uint8Array(size).fill(contentOf(at, next[at]! + sample)));
			chunks.push({ track: at, bytes: join(...content) });
			next[at]! += samples.length;
		}
	}
	return chunks;
}

/** What each byte of a sample is. */
export function contentOf(track: number, sample: number): number {
	return (((track + 1) << 4) | (sample & 15)) & 255;
}

function typeOf(bytes: Uint8Array): string {
	return String.fromCharCode(...bytes.subarray(4, 8));
}
