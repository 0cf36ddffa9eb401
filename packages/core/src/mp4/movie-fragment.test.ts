import { describe, expect, test } from "vitest";
import { openMovie } from "./movie.ts";
import {
	AAC_ENTRY,
	AVC_ENTRY,
	box,
	buildTrak,
	type FixtureTrack,
	fullBox,
	join,
	latin,
	MemorySource,
	mvhd,
	u32,
	u64,
} from "./mp4-fixture.ts";

const empty = { sizes: [], durations: [], timescale: 1000 } as const;
const picture: FixtureTrack = { ...empty, handler: "vide", entries: [AVC_ENTRY] };
const sound: FixtureTrack = { ...empty, handler: "soun", entries: [AAC_ENTRY] };

/** Of each track: description, duration, size and flags of a sample that nothing else is said of. */
function moov(tracks: readonly FixtureTrack[], defaults: readonly number[] = [1, 0, 0, 0]): Uint8Array {
	const traks = tracks.map((track, at) => buildTrak(track, at + 1, [], false));
	const trex = tracks.map((_, at) => fullBox("trex", 0, 0, u32(at + 1, ...defaults)));
	return box("moov", mvhd(), ...traks, box("mvex", ...trex));
}

type Traf = { readonly tfhd: Uint8Array; readonly time?: Uint8Array; readonly truns: readonly Uint8Array[] };

/** Boxes of a track fragment; every `trun` is given whole, so that its flags are those of the test. */
const traf = ({ tfhd, time, truns }: Traf) => box("traf", tfhd, ...(time === undefined ? [] : [time]), ...truns);
const moof = (...trafs: readonly Uint8Array[]) => box("moof", fullBox("mfhd", 0, 0, u32(1)), ...trafs);
const tfhd = (flags: number, id: number, ...fields: readonly Uint8Array[]) =>
	fullBox("tfhd", 0, flags, u32(id), ...fields);
const tfdt = (time: number) => fullBox("tfdt", 0, 0, u32(time));
const trun = (flags: number, count: number, ...values: readonly number[]) =>
	fullBox("trun", 0, flags, u32(count, ...values));
const data = (...runs: readonly (readonly [number, number])[]) =>
	box("mdat", join(...runs.map(([size, content]) => new Uint8Array(size).fill(content))));

const BASE_IS_MOOF = 0x20000;
const NO_SYNC = 0x10000;
const ftyp = box("ftyp", latin("iso5"), u32(0));

async function play(...boxes: readonly Uint8Array[]): Promise<string[]> {
	const movie = await openMovie(new MemorySource(join(ftyp, ...boxes)));
	const messages = await movie.cursor().read(1_000_000);
	return messages.map(message => {
		const { payload, timestamp, isVideo } = message;
		const head = isVideo ? 5 : 2;
		const composition = isVideo ? `+${((payload[2]! << 24) >> 8) | (payload[3]! << 8) | payload[4]!}` : "";
		const kind = isVideo ? (message.isKeyframe ? "key" : "inter") : "sound";
		return `${kind} ${timestamp}${composition} ${payload.length - head}×${payload[head]!.toString(16)}`;
	});
}

/** A `moof` whose data offsets are those of the `mdat` behind it: the maker is called twice. */
function withData(make: (start: number) => Uint8Array): Uint8Array {
	return make(make(0).length + 8);
}

describe("fragments", () => {
	test("tell each sample's duration, size, flags and composition offset", async () => {
		const fragment = withData(start =>
			moof(
				traf({
					tfhd: tfhd(BASE_IS_MOOF, 1),
					time: tfdt(1000),
					truns: [trun(0xf01, 3, start, 40, 5, 0, 40, 40, 6, NO_SYNC, 80, 20, 7, NO_SYNC, 0)],
				}),
			),
		);
		expect(await play(moov([picture]), fragment, data([5, 0xa1], [6, 0xa2], [7, 0xa3]))).toEqual([
			"key 0+40 5×a1",
			"inter 40+80 6×a2",
			"inter 80+0 7×a3",
		]);
	});

	test("leave out what tfhd tells for all, and it what trex tells", async () => {
		const byHead = withData(start =>
			moof(traf({ tfhd: tfhd(0x38, 1, u32(30, 4, NO_SYNC)), truns: [trun(5, 2, start, 0)] })),
		);
		const content = data([4, 0xb1], [4, 0xb2]);
		expect(await play(moov([picture]), byHead, content)).toEqual(["key 0+0 4×b1", "inter 30+0 4×b2"]);
		const byMovie = withData(start => moof(traf({ tfhd: tfhd(0, 1), truns: [trun(1, 2, start)] })));
		expect(await play(moov([picture], [1, 50, 4, 0x01000000]), byMovie, content)).toEqual([
			"inter 0+0 4×b1",
			"inter 50+0 4×b2",
		]);
	});

	test("of two tracks follow each other's data, and the moof's start where nothing else is said", async () => {
		const fragment = withData(start =>
			moof(
				traf({ tfhd: tfhd(0x18, 1, u32(40, 5)), truns: [trun(1, 1, start), trun(0, 1)] }),
				traf({ tfhd: tfhd(0x18, 2, u32(20, 3)), truns: [trun(0, 2)] }),
			),
		);
		const content = data([5, 0xc1], [5, 0xc2], [3, 0xc3], [3, 0xc4]);
		expect(await play(moov([picture, sound]), fragment, content)).toEqual([
			"key 0+0 5×c1",
			"sound 0 3×c3",
			"sound 20 3×c4",
			"key 40+0 5×c2",
		]);
	});

	test("have a place in the file of their own, or the start of the moof, as the base", async () => {
		const head = moov([sound]);
		const base = ftyp.length + head.length;
		const byOffset = withData(start =>
			moof(traf({ tfhd: tfhd(0x19, 1, u64(base + start), u32(20, 3)), truns: [trun(1, 1, 2), trun(1, 1, 0)] })),
		);
		expect(await play(head, byOffset, data([2, 0xd1], [3, 0xd2]))).toEqual(["sound 0 3×d2", "sound 20 3×d1"]);
		const byMoof = withData(start =>
			moof(
				traf({ tfhd: tfhd(BASE_IS_MOOF | 0x18, 2, u32(20, 3)), truns: [trun(1, 1, start)] }),
				traf({ tfhd: tfhd(BASE_IS_MOOF | 0x18, 1, u32(20, 3)), truns: [trun(1, 1, start + 3)] }),
			),
		);
		expect(await play(moov([sound, picture]), byMoof, data([3, 0xd3], [3, 0xd4]))).toEqual([
			"key 0+0 3×d3",
			"sound 0 3×d4",
		]);
	});

	const later = (time: Uint8Array | undefined) =>
		withData(start =>
			moof(
				traf({
					tfhd: tfhd(BASE_IS_MOOF | 0x18, 1, u32(20, 3)),
					...(time === undefined ? {} : { time }),
					truns: [trun(1, 2, start)],
				}),
			),
		);
	const content = data([3, 0xe1], [3, 0xe2]);

	test("go on in time where they say none, and jump where they say one, in 32 or 64 bits", async () => {
		const times = async (...fragments: readonly (Uint8Array | undefined)[]) => {
			const parts = fragments.flatMap(time => [later(time), content]);
			return (await play(moov([sound]), ...parts)).map(line => Number(line.split(" ")[1]));
		};
		expect(await times(undefined, undefined)).toEqual([0, 20, 40, 60]);
		expect(await times(tfdt(500), tfdt(900))).toEqual([0, 20, 400, 420]);
		expect(await times(fullBox("tfdt", 1, 0, u64(2 ** 45)), fullBox("tfdt", 1, 0, u64(2 ** 45 + 100)))).toEqual([
			0, 20, 100, 120,
		]);
		// A time that goes back is held, for decode times go forward.
		expect(await times(tfdt(500), tfdt(100))).toEqual([0, 20, 20, 20]);
	});

	test("that are cut off are left out whole", async () => {
		const file = join(ftyp, moov([sound]), later(undefined), content, later(undefined), content);
		for (let cut = 1; cut <= later(undefined).length + content.length; cut++) {
			const movie = await openMovie(new MemorySource(file.subarray(0, file.length - cut)));
			expect((await movie.cursor().read(1000)).length).toBe(2);
			expect(movie.durationMillis).toBe(40);
		}
		expect((await openMovie(new MemorySource(file))).tracks[0]).toMatchObject({ samples: 4, bytes: 12, duration: 80 });
	});

	test("say by an empty edit how late a track begins", async () => {
		const delayed = {
			...sound,
			edits: [
				[700, -1],
				[0, 0],
			] as const,
		};
		const fragment = withData(start =>
			moof(
				traf({ tfhd: tfhd(BASE_IS_MOOF | 0x18, 1, u32(40, 3)), truns: [trun(1, 1, start)] }),
				traf({ tfhd: tfhd(BASE_IS_MOOF | 0x18, 2, u32(20, 3)), truns: [trun(1, 1, start + 3)] }),
			),
		);
		expect(await play(moov([picture, delayed]), fragment, content)).toEqual(["key 0+0 3×e1", "sound 700 3×e2"]);
	});

	test("of tracks that are not there, or not played, harm nobody", async () => {
		const strange = withData(start =>
			moof(traf({ tfhd: tfhd(BASE_IS_MOOF | 0x18, 9, u32(20, 3)), truns: [trun(1, 2, start)] })),
		);
		const text: FixtureTrack = { ...empty, handler: "text", entries: [box("tx3g")] };
		const fragment = withData(start =>
			moof(traf({ tfhd: tfhd(BASE_IS_MOOF | 0x18, 2, u32(20, 3)), truns: [trun(1, 2, start)] })),
		);
		const movie = await openMovie(
			new MemorySource(join(ftyp, moov([sound, text]), strange, content, fragment, content, later(undefined), content)),
		);
		expect(movie.tracks.map(track => track.samples)).toEqual([2, 2]);
	});

	test("with negative composition offsets raise all of a track, also those that came before", async () => {
		const one = (composition: number) =>
			withData(start =>
				moof(traf({ tfhd: tfhd(BASE_IS_MOOF | 0x18, 1, u32(40, 3)), truns: [trun(0x801, 2, start, 0, composition)] })),
			);
		expect(await play(moov([picture]), one(0), content, one(-40), content)).toEqual([
			"key 0+40 3×e1",
			"key 40+40 3×e2",
			"key 80+40 3×e1",
			"key 120+0 3×e2",
		]);
	});
});
