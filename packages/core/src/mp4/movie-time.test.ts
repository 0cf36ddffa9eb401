import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { openMovie } from "./movie.ts";
import { buildFile, type FixtureTrack, fullBox, latin, MemorySource, simpleTracks, u8, u32 } from "./mp4-fixture.ts";
import { roundMillis } from "./sample-index.ts";

type Times = {
	readonly video: readonly number[];
	readonly shown: readonly number[];
	readonly audio: readonly number[];
	readonly keys: readonly number[];
};

async function timesOf(...tracks: readonly FixtureTrack[]): Promise<Times> {
	const cursor = (await openMovie(new MemorySource(buildFile({ tracks })))).cursor();
	const messages = await cursor.read(10_000_000);
	const pictures = messages.filter(message => message.isVideo);
	return {
		video: pictures.map(message => message.timestamp),
		shown: pictures.map(
			({ timestamp, payload }) => timestamp + (((payload[2]! << 24) >> 8) | (payload[3]! << 8) | payload[4]!),
		),
		audio: messages.filter(message => message.isAudio).map(message => message.timestamp),
		keys: pictures.flatMap((message, at) => (message.isKeyframe ? [at] : [])),
	};
}

/** Four pictures at 40 ms in the order I P B B, and sound of three frames at 1000 Hz, 100 ms each. */
const picture: FixtureTrack = {
	...simpleTracks()[0]!,
	sizes: [9, 9, 9, 9],
	durations: [[4, 40]],
	compositions: [
		[1, 40],
		[1, 120],
		[2, 0],
	],
	sync: [1],
};
const sound: FixtureTrack = { ...simpleTracks()[1]!, timescale: 1000, sizes: [5, 5, 5], durations: [[3, 100]] };

describe("edit lists", () => {
	const cases: readonly (readonly [string, FixtureTrack["edits"], FixtureTrack["edits"], Partial<Times>])[] = [
		[
			"none: times as they are",
			undefined,
			undefined,
			{ video: [0, 40, 80, 120], shown: [40, 160, 80, 120], audio: [0, 100, 200] },
		],
		[
			"the delay of reordering taken back: decoding begins before the presentation",
			[[160, 40]],
			undefined,
			{ video: [0, 40, 80, 120], shown: [40, 160, 80, 120], audio: [40, 140, 240] },
		],
		[
			"an empty edit delays sound",
			[[160, 40]],
			[
				[500, -1],
				[300, 0],
			],
			{ video: [0, 40, 80, 120], audio: [540, 640, 740] },
		],
		[
			"several empty edits delay pictures",
			[
				[500, -1],
				[500, -1],
				[160, 40],
			],
			undefined,
			{ video: [960, 1000, 1040, 1080], audio: [0, 100, 200] },
		],
		[
			"priming of sound is decoded before the start",
			undefined,
			[[250, 50]],
			{ video: [50, 90, 130, 170], audio: [0, 100, 200] },
		],
		[
			"an edit between two pictures begins with the next",
			[[100, 50]],
			undefined,
			{ video: [0, 40, 80, 120], audio: [80, 180, 280] },
		],
		["sound far before its edit is left out", undefined, [[50, 250]], { video: [150, 190, 230, 270], audio: [0, 100] }],
		[
			"the end of an edit ends the track",
			[[50, 40]],
			[[100, 0]],
			{ video: [0, 40, 80], shown: [40, 160, 80], audio: [40] },
		],
		[
			"edits that go on where the last ended are one",
			[
				[50, 40],
				[50, 90],
				[70, 140],
			],
			undefined,
			{ video: [0, 40, 80, 120] },
		],
		[
			"an edit that jumps ends the track",
			[
				[50, 40],
				[50, 120],
			],
			undefined,
			{ video: [0, 40, 80] },
		],
		[
			"an edit without a duration goes on to the end",
			[[0, 40]],
			undefined,
			{ video: [0, 40, 80, 120], audio: [40, 140, 240] },
		],
		[
			"an edit behind the end of the pictures is not followed",
			[[100, 5000]],
			undefined,
			{ video: [0, 40, 80, 120], audio: [0, 100, 200] },
		],
		[
			"an edit behind the end of the sound is not followed",
			undefined,
			[[100, 3_600_000]],
			{ video: [0, 40, 80, 120], audio: [0, 100, 200] },
		],
		[
			"sound that begins hours after the pictures begins with them",
			undefined,
			[
				[7_200_000, -1],
				[300, 0],
			],
			{ video: [0, 40, 80, 120], audio: [0, 100, 200] },
		],
		[
			"pictures that begin hours after the sound begin with it",
			[
				[36_000_000, -1],
				[160, 40],
			],
			undefined,
			{ video: [0, 40, 80, 120], audio: [0, 100, 200] },
		],
		[
			"a silence of some seconds is believed",
			undefined,
			[
				[9000, -1],
				[300, 0],
			],
			{ video: [0, 40, 80, 120], audio: [9000, 9100, 9200] },
		],
		["only empty edits count for nothing", [[100, -1]], undefined, { video: [0, 40, 80, 120], audio: [0, 100, 200] }],
	];
	test.each(cases)("%s", async (_name, videoEdits, audioEdits, expected) => {
		const times = await timesOf(
			videoEdits === undefined ? picture : { ...picture, edits: videoEdits },
			audioEdits === undefined ? sound : { ...sound, edits: audioEdits },
		);
		expect(times).toMatchObject(expected);
	});

	test.each([
		[
			"behind the end",
			[[100, 5000]],
			"The edit list of track 1 begins where the track has ended, and is not followed.",
		],
		[
			"with hours of nothing",
			[
				[7_200_000, -1],
				[160, 40],
			],
			"Track 1 begins 7200 s after the other has ended; it is played from the start.",
		],
		["as encoders write it", [[160, 40]], undefined],
	] as const)("one %s is told as a flaw, or not", async (_name, edits, text) => {
		const movie = await openMovie(new MemorySource(buildFile({ tracks: [{ ...picture, edits }, sound] })));
		expect(movie.flaws).toEqual(text === undefined ? [] : [{ kind: "wrong-edit-list", text }]);
		expect(movie.durationMillis).toBeLessThan(1000);
	});

	test("a start between keyframes keeps the one before", async () => {
		const long = { ...simpleTracks(18)[0]!, edits: [[200, 500]] as const };
		const { video, shown, keys } = await timesOf(long);
		// Of the pictures from 480 on (decoded as the 13th), the first that is shown at or after 500.
		expect(keys[0]).toBe(0);
		expect(shown[0]).toBe(80);
		expect(video.length).toBeLessThan(18);
	});
});

describe("composition offsets", () => {
	const negative = {
		...picture,
		compositions: [
			[1, 0],
			[1, 80],
			[2, -40],
		] as const,
	};

	test("below zero raise all, so that nothing is shown before it is decoded", async () => {
		expect(await timesOf(negative, sound)).toMatchObject({
			video: [0, 40, 80, 120],
			shown: [40, 160, 80, 120],
			audio: [0, 100, 200],
		});
	});

	test("below zero move decoding where an edit list says when pictures are shown", async () => {
		const { video, shown, audio } = await timesOf({ ...negative, edits: [[160, 0]] }, sound);
		expect({ video, shown, audio }).toEqual({
			video: [0, 40, 80, 120],
			shown: [40, 160, 80, 120],
			audio: [40, 140, 240],
		});
	});

	test("that end too soon are zero", async () => {
		expect((await timesOf({ ...picture, compositions: [[1, 40]] })).shown).toEqual([40, 40, 80, 120]);
	});
});

describe("durations", () => {
	test("that end too soon go on as they were", async () => {
		expect((await timesOf({ ...picture, durations: [[2, 40]] })).video).toEqual([0, 40, 80, 120]);
	});

	test("below zero, with which some muxers correct a delay, do not turn time back", async () => {
		expect(
			(
				await timesOf({
					...picture,
					durations: [
						[1, 40],
						[1, -10],
						[2, 40],
					],
				})
			).video,
		).toEqual([0, 40, 41, 81]);
	});

	test("of zero give equal times", async () => {
		expect((await timesOf({ ...picture, durations: [[4, 0]] })).video).toEqual([0, 0, 0, 0]);
	});

	test("of four hours do not drift", async () => {
		const samples = 200_000;
		const long = {
			...sound,
			timescale: 44_100,
			sizes: Array<number>(samples).fill(1),
			durations: [[samples, 1024]] as const,
			samplesInChunk: 1000,
		};
		const movie = await openMovie(new MemorySource(buildFile({ tracks: [long] })));
		const cursor = movie.cursor();
		expect(await cursor.seek(1e9)).toBe(Math.round(((samples - 1) * 1024_000) / 44_100));
	});
});

describe("sync samples", () => {
	const cases: readonly (readonly [string, Partial<FixtureTrack>, readonly number[]])[] = [
		["all, without a table", {}, [0, 1, 2, 3]],
		["those of the table", { sync: [1, 3] }, [0, 2]],
		[
			"also those in a random access group",
			{ sync: [1], tables: [fullBox("sbgp", 0, 0, latin("rap "), u32(2, 2, 0, 1, 1))] },
			[0, 2],
		],
		[
			"also those in such a group of version 1",
			{ sync: [1], tables: [fullBox("sbgp", 1, 0, latin("rap "), u32(0, 2, 3, 0, 1, 1))] },
			[0, 3],
		],
		["not those in another group", { sync: [1], tables: [fullBox("sbgp", 0, 0, latin("roll"), u32(1, 4, 1))] }, [0]],
		["also QuickTime's partial ones", { sync: [1], tables: [fullBox("stps", 0, 0, u32(1, 4))] }, [0, 3]],
		[
			"those without dependencies, where the table is empty",
			{ sync: [], tables: [fullBox("sdtp", 0, 0, u8(0x20, 0x10, 0x10, 0x20))] },
			[0, 3],
		],
		["the first, where nothing names one", { sync: [] }, [0]],
	];
	test.each(cases)("are %s", async (_name, changes, keys) => {
		const { sync: _sync, ...plain } = picture;
		expect((await timesOf({ ...plain, ...changes })).keys).toEqual(keys);
	});
});

test("times go forward, offsets lead to presentation within a millisecond, whatever the tables say", async () => {
	const run = (least: number, most: number) =>
		fc.array(fc.tuple(fc.integer({ min: 0, max: 5 }), fc.integer({ min: least, max: most })), { maxLength: 6 });
	await fc.assert(
		fc.asyncProperty(
			run(0, 5000),
			run(-3000, 5000),
			fc.integer({ min: 1, max: 100_000 }),
			fc.integer({ min: 1, max: 20 }),
			fc.option(fc.tuple(fc.integer({ min: 0, max: 5000 }), fc.integer({ min: -1, max: 20_000 }))),
			async (durations, compositions, timescale, samples, edit) => {
				const sizes = Array<number>(samples).fill(3);
				const track = {
					...picture,
					timescale,
					sizes,
					durations,
					compositions,
					...(edit === null ? {} : { edits: [edit] }),
				};
				const movie = await openMovie(new MemorySource(buildFile({ tracks: [track, { ...sound, timescale }] })));
				const messages = await movie.cursor().read(1_000_000);
				let last = 0;
				for (const message of messages) {
					expect(message.timestamp).toBeGreaterThanOrEqual(last);
					expect(Number.isInteger(message.timestamp)).toBe(true);
					last = message.timestamp;
				}
				expect(messages[0]!.timestamp).toBe(0);
				expect(movie.durationMillis).toBeGreaterThanOrEqual(last);
			},
		),
		{ numRuns: 200 },
	);
});

test.each([
	[0, 1000, 0],
	[-1, 2000, -1],
	[1, 2000, 1],
	[-312, 48_000, -7],
	[15_015, 30_000, 501],
	[1024, 44_100, 23],
])("%i ticks of 1/%i s are %i ms", (ticks, timescale, millis) => {
	expect(roundMillis(ticks, timescale)).toBe(millis);
});
