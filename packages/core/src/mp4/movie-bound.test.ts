import { describe, expect, test } from "vitest";
import { FileError } from "../fault/index.ts";
import { openMovie } from "./movie.ts";
import {
	AVC_ENTRY,
	box,
	buildFile,
	buildTrak,
	type FixtureTrack,
	fullBox,
	join,
	latin,
	MemorySource,
	mvhd,
	simpleTracks,
	u8,
	u32,
} from "./mp4-fixture.ts";
import { MP4_LIMITS, type Mp4Limits } from "./mp4-limits.ts";

/** How opening and reading the whole file ends: the number of messages, or the code of the fault. */
async function outcome(file: Uint8Array, limits: Partial<Mp4Limits> = {}): Promise<number | string> {
	try {
		const cursor = (await openMovie(new MemorySource(file), { limits })).cursor();
		let messages = 0;
		for (;;) {
			const some = await cursor.read(65_536);
			if (some.length === 0) return messages;
			messages += some.length;
		}
	} catch (fault) {
		if (fault instanceof FileError) return fault.code;
		throw fault;
	}
}

const [video, sound] = simpleTracks(4);
const MOST = 0xffff_ffff;
const plain = (changes: Partial<FixtureTrack>) => buildFile({ tracks: [{ ...video!, ...changes }] });
const table = (...tables: readonly Uint8Array[]) => plain({ tables });
const trackless = simpleTrackless();

describe("a broken file ends in a fault and in nothing else", () => {
	test("cut at every length, moov in front", async () => {
		const file = buildFile({ tracks: simpleTracks(4), isMoovFirst: true });
		for (let length = 0; length < file.length; length++) {
			const result = await outcome(file.subarray(0, length));
			if (typeof result === "string") expect(result).toBe("FILE_INVALID");
			else expect(result).toBeLessThan(12);
		}
		expect(await outcome(file)).toBe(12);
	});

	test("cut at every length, moov at the end", async () => {
		const file = buildFile({ tracks: simpleTracks(4) });
		for (let length = 0; length < file.length; length++) {
			expect(await outcome(file.subarray(0, length))).toBe("FILE_INVALID");
		}
	});

	test("with any byte changed", async () => {
		const file = buildFile({ tracks: simpleTracks(3), isMoovFirst: true });
		for (let at = 0; at < file.length; at++) {
			for (const value of [0, 1, 127, 255]) {
				const result = await outcome(file.with(at, value));
				expect(typeof result === "number" || result.startsWith("FILE_")).toBe(true);
			}
		}
	});

	const contradictions: readonly (readonly [string, Uint8Array, number | string])[] = [
		["nothing", new Uint8Array(0), "FILE_INVALID"],
		["something else", latin("ID3 this is no movie at all"), "FILE_INVALID"],
		["a picture with the same boxes", join(box("ftyp", latin("heic"), u32(0)), box("meta")), "FILE_INVALID"],
		["a size below eight", join(box("ftyp"), u32(7), latin("moov")), "FILE_INVALID"],
		["a 64-bit size below sixteen", join(box("ftyp"), u32(1), latin("moov"), u32(0, 15)), "FILE_INVALID"],
		["a moov larger than the file", join(box("ftyp"), u32(1000), latin("moov"), u32(0)), "FILE_INVALID"],
		["a box larger than what it is in", join(box("ftyp"), box("moov", u32(100), latin("trak"))), "FILE_INVALID"],
		["sizes announced that are not there", table(fullBox("stsz", 0, 0, u32(0, MOST), u8(1, 2))), "FILE_INVALID"],
		["compact sizes of three bits", table(fullBox("stz2", 0, 0, u32(3, 4, 0))), "FILE_INVALID"],
		["durations announced that are not there", table(fullBox("stts", 0, 0, u32(MOST, 4, 40))), "FILE_INVALID"],
		["offsets of composition announced that are not there", table(fullBox("ctts", 0, 0, u32(3, 1, 1))), "FILE_INVALID"],
		["chunks announced that are not there", table(fullBox("stco", 0, 0, u32(MOST, 32))), "FILE_INVALID"],
		["runs of chunks announced that are not there", table(fullBox("stsc", 0, 0, u32(9, 1, 1, 1))), "FILE_INVALID"],
		["sync samples announced that are not there", table(fullBox("stss", 0, 0, u32(MOST))), "FILE_INVALID"],
		["descriptions announced that are not there", table(fullBox("stsd", 0, 0, u32(MOST), AVC_ENTRY)), 4],
		["no sizes", trackless("stsz"), "FILE_INVALID"],
		["no chunk offsets", trackless("stco"), "FILE_INVALID"],
		["no runs of chunks", trackless("stsc"), "FILE_INVALID"],
		["samples of one size without number", table(fullBox("stsz", 0, 0, u32(1, MOST))), 4],
		[
			"samples of one size in one chunk without number",
			table(fullBox("stsz", 0, 0, u32(1, MOST)), fullBox("stsc", 0, 0, u32(1, 1, MOST, 1))),
			707,
		],
		["chunks without samples", table(fullBox("stsc", 0, 0, u32(1, 1, 0, 1))), "FILE_NO_TRACK"],
		["chunks behind the end of the file", table(fullBox("stco", 0, 0, u32(4, MOST, MOST, MOST, MOST))), "FILE_INVALID"],
		[
			"chunks farther than numbers go",
			table(fullBox("co64", 0, 0, u32(4), u32(...Array<number>(8).fill(MOST)))),
			"FILE_INVALID",
		],
		["samples of a description that is not there", table(fullBox("stsc", 0, 0, u32(1, 1, 1, 9))), "FILE_NO_TRACK"],
		["one duration for all time", table(fullBox("stts", 0, 0, u32(1, 4, 0x7fff_ffff))), "FILE_TOO_COMPLEX"],
		[
			"edits announced that are not there",
			plain({ edits: [[1, 1]] }).map((byte, at, all) => (isCountOfEdits(all, at) ? 255 : byte)),
			"FILE_INVALID",
		],
		["all samples at the same place", table(fullBox("stco", 0, 0, u32(4, 32, 32, 32, 32))), 4],
	];
	test.each(contradictions)("with %s", async (_name, file, expected) => {
		expect(await outcome(file)).toBe(expected);
	});

	test("with more samples in fragments than the file has bytes", async () => {
		const head = box("moov", mvhd(), buildTrak({ ...sound!, sizes: [], durations: [] }, 1, [], false), box("mvex"));
		const run = (flags: number, size: number, count: number) =>
			box("moof", box("traf", fullBox("tfhd", 0, 0x20018, u32(1, 20, size)), fullBox("trun", 0, flags, u32(count))));
		const front = join(box("ftyp"), head);
		expect(await outcome(join(front, run(0, 1, MOST), new Uint8Array(100)))).toBe("FILE_INVALID");
		expect(await outcome(join(front, run(0, 0, MOST), run(0, 0, MOST)))).toBe("FILE_NO_TRACK");
		expect(await outcome(join(front, run(0xf00, 1, MOST), new Uint8Array(100)))).toBe("FILE_INVALID");
		const many = Array.from({ length: 50 }, () => run(0, 1, 100));
		expect(await outcome(join(front, ...many, box("free", new Uint8Array(100))))).toBe("FILE_INVALID");
	});
});

describe("a file past a limit is refused", () => {
	const file = buildFile({ tracks: simpleTracks(4) });
	const limits: readonly (readonly [keyof Mp4Limits, number])[] = [
		["movieBoxBytes", 500],
		["topLevelBoxes", 2],
		["boxesInside", 3],
		["tracks", 1],
		["sampleDescriptions", 0],
		["samples", 11],
		["sampleBytes", 39],
	];
	test.each(limits)("%s", async (name, value) => {
		expect(await outcome(file)).toBe(12);
		expect(await outcome(file, { [name]: value })).toBe("FILE_TOO_COMPLEX");
	});

	test("fragments and fragmentBoxBytes", async () => {
		const head = box("moov", mvhd(), buildTrak({ ...sound!, sizes: [], durations: [] }, 1, [], false), box("mvex"));
		const one = box("moof", box("traf", fullBox("tfhd", 0, 0x20018, u32(1, 20, 4)), fullBox("trun", 0, 1, u32(1, 0))));
		const fragments = join(box("ftyp"), head, one, one, one);
		expect(await outcome(fragments)).toBe(3);
		expect(await outcome(fragments, { fragments: 2 })).toBe("FILE_TOO_COMPLEX");
		expect(await outcome(fragments, { fragmentBoxBytes: 40 })).toBe("FILE_TOO_COMPLEX");
	});

	test("a sample that no message has room for, whatever the limit", async () => {
		const sizes = fullBox("stsz", 0, 0, u32(0, 1, 0xff_ffff));
		const file = join(table(sizes), new Uint8Array(0x100_0000));
		expect(await outcome(file, { sampleBytes: MOST })).toBe("FILE_TOO_COMPLEX");
	});
});

test("a moov of boxes without content is refused, not gathered", async () => {
	const boxes = new Uint8Array(8 * 200_000);
	for (let at = 0; at < boxes.length; at += 8) boxes.set(u8(0, 0, 0, 8, 0x66, 0x72, 0x65, 0x65), at);
	expect(await outcome(join(box("ftyp"), box("moov", boxes)))).toBe("FILE_TOO_COMPLEX");
	expect(MP4_LIMITS.boxesInside).toBe(10_000);
});

/** Files whose track lacks one table. */
function simpleTrackless(): (type: string) => Uint8Array {
	return type => {
		const file = buildFile({ tracks: [video!] });
		const text = String.fromCharCode(...file);
		file.set(latin("none"), text.indexOf(type));
		return file;
	};
}

function isCountOfEdits(file: Uint8Array, at: number): boolean {
	const text = String.fromCharCode(...file.subarray(Math.max(at - 8, 0), Math.max(at - 4, 0)));
	return text === "elst";
}
