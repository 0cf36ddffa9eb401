import { FileError } from "@millrace/core/fault";
import { type MediaMessage, parseAudioTag, parseVideoTag } from "@millrace/core/flv";
import { MovieWalk } from "../../packages/core/src/mp4/movie-cursor.ts";
import { type IndexedMovie, indexMovie } from "../../packages/core/src/mp4/movie-index.ts";
import { movieMetadata } from "../../packages/core/src/mp4/movie-metadata.ts";
import {
	AVC_ENTRY,
	box,
	buildFile,
	buildTrak,
	fullBox,
	HVCC,
	join,
	latin,
	mvhd,
	simpleTracks,
	soundEntry,
	u8,
	u16,
	u32,
	visualEntry,
} from "../../packages/core/src/mp4/mp4-fixture.ts";
import { MP4_LIMITS } from "../../packages/core/src/mp4/mp4-limits.ts";
import type { Reading } from "../../packages/core/src/mp4/reading.ts";
import type { FuzzTarget } from "../fuzz-target.ts";

const LIMITS = { ...MP4_LIMITS, samples: 100_000 };

/**
 * A whole MP4 file: it is indexed and read to its end, or refused with a fault of files; decode times go forward,
 * payloads are what their heads say, and a seek lands on a keyframe, from which the same messages follow.
 */
export const target: FuzzTarget = {
	name: "mp4",

	seeds() {
		const [video, sound] = simpleTracks(4);
		const hevc = {
			...video!,
			entries: [visualEntry("hev1", box("hvcC", HVCC)), AVC_ENTRY],
			descriptions: [1, 2, 1, 1],
		};
		const opus = soundEntry("Opus", box("dOps", u8(0, 2), u16(312), u32(48_000), u16(0), u8(0)));
		const cut = {
			...video!,
			edits: [
				[500, -1],
				[100, 80],
			] as const,
			compositions: [
				[2, -40],
				[2, 80],
			] as const,
		};
		const tags = fullBox("meta", 0, 0, box("ilst", box("©nam", box("data", u32(1, 0), latin("title")))));
		return [
			buildFile({ tracks: [video!, sound!], isMoovFirst: true }),
			buildFile({ tracks: [hevc, { ...sound!, entries: [opus] }], isMoovFirst: true, hasLongOffsets: true }),
			buildFile({ tracks: [cut, sound!], extra: [box("udta", tags)] }),
			fragmented(),
		];
	},

	run(input) {
		let movie: IndexedMovie;
		try {
			movie = carryOut(indexMovie(input.length, LIMITS), input);
		} catch (error) {
			if (!(error instanceof FileError)) throw error;
			return;
		}
		const messages = readAll(new MovieWalk(movie), input);
		if (messages[0]?.timestamp !== 0) throw new Error("The first message is not at 0.");
		let last = 0;
		for (const message of messages) {
			if (!(message.timestamp >= last)) throw new Error(`Time goes from ${last} to ${message.timestamp}.`);
			last = message.timestamp;
			const tag = message.isVideo ? parseVideoTag(message.payload) : parseAudioTag(message.payload);
			if (tag === undefined || (tag.packet !== "frame" && tag.packet !== "configuration"))
				throw new Error("A strange tag.");
		}
		movieMetadata(movie);
		checkSeek(movie, messages, input);
	},
};

function checkSeek(movie: IndexedMovie, messages: readonly MediaMessage[], input: Uint8Array): void {
	const walk = new MovieWalk(movie);
	const landed = walk.seek(movie.durationMillis / 2);
	if (walk.configurations().some(message => message.timestamp !== landed))
		throw new Error("Configurations of another time.");
	const [first] = readSome(walk, input);
	const expected = messages.find(message => message.timestamp === landed && message.type === first?.type);
	if (first === undefined || first.timestamp !== landed || expected === undefined)
		throw new Error("A seek lands elsewhere.");
}

function readAll(walk: MovieWalk, input: Uint8Array): MediaMessage[] {
	const messages: MediaMessage[] = [];
	for (;;) {
		const some = readSome(walk, input);
		if (some.length === 0) return messages;
		for (const message of some) messages.push(message);
	}
}

function readSome(walk: MovieWalk, input: Uint8Array): readonly MediaMessage[] {
	return carryOut(walk.read(10_000), input);
}

/** Without promises, for a target returns when it is done. */
function carryOut<Result>(reading: Reading<Result>, input: Uint8Array): Result {
	let step = reading.next();
	while (step.done !== true) {
		const range = step.value;
		step = reading.next(range === undefined ? undefined : input.slice(range.offset, range.offset + range.length));
	}
	return step.value;
}

function fragmented(): Uint8Array {
	const traks = simpleTracks(0).map((track, at) =>
		buildTrak({ ...track, sizes: [], durations: [] }, at + 1, [], false),
	);
	const trex = [1, 2].map(id => fullBox("trex", 0, 0, u32(id, 1, 40, 4, 0)));
	const trafs = [
		box(
			"traf",
			fullBox("tfhd", 0, 0x20038, u32(1, 40, 4, 0x10000)),
			fullBox("tfdt", 0, 0, u32(500)),
			fullBox("trun", 0, 0x805, u32(2, 176, 0, 0, -40)),
		),
		box("traf", fullBox("tfhd", 0, 0, u32(2)), fullBox("trun", 0, 0x701, u32(2, 184, 1024, 4, 0, 1024, 4, 0))),
	];
	const moof = box("moof", fullBox("mfhd", 0, 0, u32(1)), ...trafs);
	const fragment = join(moof, box("mdat", new Uint8Array(40).fill(1)));
	return join(
		box("ftyp", latin("iso5"), u32(0)),
		box("moov", mvhd(), ...traks, box("mvex", ...trex)),
		fragment,
		fragment,
	);
}
