import { describe, expect, test } from "vitest";
import { Arena } from "../bytes/index.ts";
import { FileError } from "../fault/index.ts";
import { type MediaMessage, parseAudioTag, parseVideoTag } from "../flv/index.ts";
import { type Movie, type MovieOptions, openMovie } from "./movie.ts";
import {
	AVC_ENTRY,
	AVCC,
	box,
	buildFile,
	esds,
	type FixtureFile,
	fullBox,
	hex,
	join,
	latin,
	MemorySource,
	simpleTracks,
	soundEntry,
	u8,
	u16,
	u32,
	visualEntry,
} from "./mp4-fixture.ts";

const open = (file: Uint8Array, options?: MovieOptions) => openMovie(new MemorySource(file), options);

async function readAll(movie: Movie, maxBytes = 65_536): Promise<MediaMessage[]> {
	const cursor = movie.cursor();
	const messages: MediaMessage[] = [];
	for (;;) {
		const some = await cursor.read(maxBytes);
		if (some.length === 0) return messages;
		messages.push(...some);
	}
}

/** Kind, decode time, composition time, and content of each message. */
function summary(messages: readonly MediaMessage[]): string[] {
	return messages.map(message => {
		const tag = message.isVideo ? parseVideoTag(message.payload)! : parseAudioTag(message.payload)!;
		const { body, compositionTime } = tag.tracks[0]!;
		const kind = message.isConfiguration
			? "configuration"
			: message.isVideo
				? message.isKeyframe
					? "key"
					: "inter"
				: "sound";
		return `${kind} ${message.timestamp}+${compositionTime} ${body.length}×${body[0]!.toString(16)}`;
	});
}

async function faultOf(promise: Promise<unknown>): Promise<string> {
	try {
		await promise;
	} catch (fault) {
		if (fault instanceof FileError) return fault.code;
		throw fault;
	}
	return "none";
}

describe("the messages of a file", () => {
	test("come in the order of decode times, the picture first, with times in milliseconds from 0", async () => {
		const messages = await readAll(await open(buildFile({ tracks: simpleTracks(3) })));
		expect(summary(messages)).toEqual([
			"key 0+80 40×10",
			"sound 0+0 5×20",
			"sound 23+0 6×21",
			"inter 40+160 11×11",
			"sound 46+0 7×22",
			"sound 70+0 8×23",
			"inter 80+40 12×12",
			"sound 93+0 9×24",
			"sound 116+0 10×25",
		]);
	});

	const shapes: readonly (readonly [string, Partial<FixtureFile>])[] = [
		["moov first", { isMoovFirst: true }],
		["64-bit chunk offsets", { hasLongOffsets: true }],
		["no ftyp, as QuickTime", { front: [box("wide")] }],
		[
			"other boxes in front",
			{ front: [box("ftyp", latin("qt  "), u32(0)), box("free", u8(1, 2, 3)), box("uuid", new Uint8Array(16))] },
		],
		[
			"a box with a 64-bit size",
			{ front: [box("ftyp", latin("dash"), u32(0)), join(u32(1), latin("skip"), u32(0, 24), new Uint8Array(8))] },
		],
		["user data that ends with four zeros", { extra: [box("udta", fullBox("name", 0, 0), u32(0))] }],
		["user data that contradict themselves", { extra: [box("udta", u32(99), latin("meta"), u32(0))] }],
		["compact sizes of 8 bits", { tracks: withSizes(8) }],
		["compact sizes of 16 bits", { tracks: withSizes(16) }],
	];
	test.each(shapes)("are the same with %s", async (_name, shape) => {
		const plain = await readAll(await open(buildFile({ tracks: simpleTracks() })));
		const movie = await open(buildFile({ tracks: simpleTracks(), ...shape }));
		expect(await readAll(movie)).toEqual(plain);
	});

	test("are the same however much is read at once", async () => {
		const movie = await open(buildFile({ tracks: simpleTracks() }));
		const whole = await readAll(movie);
		for (const most of [0, 1, 50, 300]) expect(await readAll(movie, most)).toEqual(whole);
	});

	test("of sizes of four bits are read", async () => {
		const [, sound] = simpleTracks(1);
		const table = fullBox("stz2", 0, 0, u8(0, 0, 0, 4), u32(3), hex("35 70"));
		const file = buildFile({
			tracks: [{ ...sound!, sizes: [3, 5, 7], durations: [[3, 1024]], samplesInChunk: 3, tables: [table] }],
		});
		expect(summary(await readAll(await open(file)))).toEqual(["sound 0+0 3×10", "sound 23+0 5×11", "sound 46+0 7×12"]);
	});

	test("lie together in the file and are read together", async () => {
		const source = new MemorySource(buildFile({ tracks: simpleTracks() }));
		const cursor = (await openMovie(source)).cursor();
		const before = source.reads;
		expect((await cursor.read(1_000_000)).length).toBe(36);
		expect(source.reads - before).toBe(1);
	});

	test("keep what they hold while the cursor reads on", async () => {
		const movie = await open(buildFile({ tracks: simpleTracks() }));
		const whole = await movie.cursor().read(1_000_000);
		const cursor = movie.cursor();
		const parts = [];
		for (let part = await cursor.read(1); part.length > 0; part = await cursor.read(1)) parts.push(...part);
		expect(parts.map(({ payload }) => [...payload])).toEqual(whole.map(({ payload }) => [...payload]));
	});

	test("are put into the memory that the reader brings, and need no other", async () => {
		const movie = await open(buildFile({ tracks: simpleTracks() }));
		const whole = await movie.cursor().read(1_000_000);
		const cursor = movie.cursor();
		const arena = new Arena(1_000_000);
		const memory = new Set<ArrayBufferLike>();
		let count = 0;
		for (let part = await cursor.read(30, Number.POSITIVE_INFINITY, arena); part.length > 0; ) {
			for (const { payload } of part) {
				memory.add(payload.buffer);
				expect([...payload]).toEqual([...whole[count++]!.payload]);
			}
			arena.reset();
			part = await cursor.read(30, Number.POSITIVE_INFINITY, arena);
		}
		expect([count, memory.size]).toEqual([whole.length, 1]);
	});

	test("that are later than the reader wants stay for the next call, which is told their time", async () => {
		const movie = await open(buildFile({ tracks: simpleTracks() }));
		const whole = await movie.cursor().read(1_000_000);
		const cursor = movie.cursor();
		const parts = [];
		for (let until = whole[0]!.timestamp; parts.length < whole.length; until = cursor.nextMillis!) {
			const part = await cursor.read(1_000_000, until);
			expect(part.every(({ timestamp }) => timestamp === until)).toBe(true);
			parts.push(...part);
			expect(cursor.nextMillis).toBe(whole[parts.length]?.timestamp);
			if (cursor.nextMillis === undefined) break;
			expect(await cursor.read(1_000_000, cursor.nextMillis - 1)).toEqual([]);
		}
		expect(parts).toEqual(whole);
		expect([await cursor.read(1000, 0), cursor.nextMillis]).toEqual([[], undefined]);
	});

	test("leave out samples without content", async () => {
		const [video] = simpleTracks(6);
		const movie = await open(buildFile({ tracks: [{ ...video!, sizes: [40, 0, 12, 0, 14, 15] }] }));
		expect((await readAll(movie)).map(message => message.timestamp)).toEqual([0, 80, 160, 200]);
	});
});

describe("configurations", () => {
	const other = visualEntry("avc1", box("avcC", hex("0142c01effe1000467 42c01e 01000468ce3c80")));
	const [video] = simpleTracks(6);
	const changing = { ...video!, entries: [AVC_ENTRY, other], samplesInChunk: 2, descriptions: [1, 2, 2] };

	test("are told apart from the messages, at the time of the next one", async () => {
		const cursor = (await open(buildFile({ tracks: simpleTracks() }))).cursor();
		await cursor.seek(300);
		const [picture, sound] = cursor.configurations();
		expect([picture?.timestamp, sound?.timestamp]).toEqual([240, 240]);
		expect(picture?.payload).toEqual(join(hex("17 00 000000"), AVCC));
		expect(sound?.payload).toEqual(hex("af 00 1210"));
	});

	test("come among the messages where they change", async () => {
		const movie = await open(buildFile({ tracks: [changing] }));
		const messages = await readAll(movie);
		expect(messages.map(message => message.isConfiguration)).toEqual([false, false, true, false, false, false, false]);
		expect(messages[2]!.timestamp).toBe(80);
		expect(messages[2]!.payload.subarray(5, 9)).toEqual(hex("0142c01e"));
	});

	test("of a place behind a change are those that count there", async () => {
		const tracks = [{ ...changing, sync: [1, 5] }];
		const cursor = (await open(buildFile({ tracks }))).cursor();
		expect(await cursor.seek(200)).toBe(160);
		expect(cursor.configurations()[0]!.payload.subarray(5, 9)).toEqual(hex("0142c01e"));
		expect((await cursor.read(1))[0]!.isConfiguration).toBe(false);
	});

	test("that no player knows take their samples away", async () => {
		const tracks = [{ ...changing, entries: [AVC_ENTRY, visualEntry("mp4v")] }];
		expect((await readAll(await open(buildFile({ tracks })))).length).toBe(2);
	});
});

describe("seeking", () => {
	const cases: readonly (readonly [number, number])[] = [
		[-5, 0],
		[0, 0],
		[239, 0],
		[240, 240],
		[241, 240],
		[1_000_000, 240],
	];
	test.each(cases)("to %i ms lands on the keyframe at %i ms", async (wanted, landed) => {
		const cursor = (await open(buildFile({ tracks: simpleTracks() }))).cursor();
		expect(await cursor.seek(wanted)).toBe(landed);
		const messages = await cursor.read(1_000_000);
		expect(messages[0]!.isKeyframe).toBe(true);
		expect(messages.every(message => message.timestamp >= landed)).toBe(true);
	});

	test("without a picture lands on the last message at or before", async () => {
		const [, sound] = simpleTracks();
		const cursor = (await open(buildFile({ tracks: [sound!] }))).cursor();
		expect(await cursor.seek(69)).toBe(46);
		expect(await cursor.seek(70)).toBe(70);
		expect(await cursor.seek(-1)).toBe(0);
		expect(await cursor.seek(1e9)).toBe(534);
	});

	test("before the first keyframe goes to the start of the file", async () => {
		const [video, sound] = simpleTracks();
		const delayed = {
			...video!,
			edits: [
				[1000, -1],
				[480, 0],
			] as const,
		};
		const cursor = (await open(buildFile({ tracks: [delayed, sound!] }))).cursor();
		expect(await cursor.seek(500)).toBe(0);
	});

	test("back after the end plays again", async () => {
		const movie = await open(buildFile({ tracks: simpleTracks() }));
		const cursor = movie.cursor();
		const whole = await readAll(movie);
		await cursor.read(1_000_000);
		expect(await cursor.read(1000)).toEqual([]);
		await cursor.seek(0);
		expect(await cursor.read(1_000_000)).toEqual(whole);
	});
});

describe("tracks", () => {
	const [video, sound] = simpleTracks();
	const text = { ...sound!, handler: "text" as const, entries: [box("tx3g", new Uint8Array(8))] };
	const second = { ...sound!, entries: [soundEntry("mp4a", esds(0x40, hex("1190")))] };

	test("are all told of, played or not", async () => {
		const movie = await open(buildFile({ tracks: [text, video!, sound!] }));
		expect(movie.tracks.map(track => [track.id, track.kind, track.codec, track.isPlayable, track.samples])).toEqual([
			[1, "other", "tx3g", true, 24],
			[2, "video", "avc1", true, 12],
			[3, "audio", "mp4a", true, 24],
		]);
		expect(movie.tracks[1]).toMatchObject({ width: 640, height: 360, timescale: 1000, duration: 480, language: "eng" });
		expect(movie.tracks[2]).toMatchObject({ sampleRate: 44_100, channels: 2, bytes: 396, isEnabled: true });
	});

	test("are played that are enabled first; a number chooses another sound", async () => {
		const file = buildFile({ tracks: [video!, { ...sound!, isDisabled: true }, second] });
		const configurationOf = async (options?: MovieOptions) =>
			(await open(file, options)).cursor().configurations()[1]!.payload;
		expect(await configurationOf()).toEqual(hex("af00 1190"));
		expect(await configurationOf({ audioTrack: 1 })).toEqual(hex("af00 1210"));
		expect(await configurationOf({ audioTrack: 2 })).toEqual(hex("af00 1190"));
		expect(await faultOf(open(file, { audioTrack: 3 }))).toBe("FILE_NO_TRACK");
		expect(
			await faultOf(
				open(buildFile({ tracks: [video!, { ...sound!, entries: [soundEntry("samr")] }] }), { audioTrack: 1 }),
			),
		).toBe("FILE_NO_TRACK");
	});

	test("that no player knows make a file that cannot be played", async () => {
		expect(await faultOf(open(buildFile({ tracks: [text] })))).toBe("FILE_NO_TRACK");
		expect(await faultOf(open(buildFile({ tracks: [] })))).toBe("FILE_NO_TRACK");
		expect(await faultOf(open(buildFile({ tracks: [{ ...video!, entries: [visualEntry("avc1")] }] })))).toBe(
			"FILE_NO_TRACK",
		);
		expect(await faultOf(open(buildFile({ tracks: [{ ...video!, sizes: [] }] })))).toBe("FILE_NO_TRACK");
	});
});

describe("onMetaData", () => {
	const item = (type: string, kind: number, value: Uint8Array) => box(type, box("data", u32(kind, 0), value));
	const tags = fullBox(
		"meta",
		0,
		0,
		fullBox("hdlr", 0, 0, new Uint8Array(20)),
		box(
			"ilst",
			item("©nam", 1, new TextEncoder().encode("Größe")),
			item("trkn", 0, u16(0, 3, 9, 0)),
			item("tmpo", 21, u16(120)),
			item("covr", 13, u8(1)),
		),
	);

	test("has what Flash Media Server told of MP4", async () => {
		const movie = await open(buildFile({ tracks: simpleTracks(), extra: [box("udta", tags)] }));
		expect(movie.durationMillis).toBe(600);
		expect(movie.metadata()).toEqual({
			duration: 0.6,
			moovPosition: 668,
			width: 640,
			height: 360,
			videocodecid: "avc1",
			avcprofile: 100,
			avclevel: 40,
			videoframerate: 25,
			audiocodecid: "mp4a",
			aacaot: 2,
			audiosamplerate: 44_100,
			audiochannels: 2,
			trackinfo: [
				{ length: 480, timescale: 1000, language: "eng", sampledescription: [{ sampletype: "avc1" }] },
				{ length: 24_576, timescale: 44_100, language: "eng", sampledescription: [{ sampletype: "mp4a" }] },
			],
			seekpoints: [
				{ time: 0, offset: 32 },
				{ time: 0.24, offset: expect.any(Number) },
			],
			tags: { "©nam": "Größe", trkn: 3, tmpo: 120 },
		});
	});

	test("has QuickTime's texts, and its meta box without version", async () => {
		const quickTime = box("udta", box("©nam", u16(5, 0), latin("title")), box("meta", tags.subarray(12)));
		const movie = await open(buildFile({ tracks: simpleTracks(), extra: [quickTime] }));
		expect(movie.metadata()["tags"]).toEqual({ "©nam": "title", trkn: 3, tmpo: 120 });
	});

	test("has no more seek points than a bar has room for", async () => {
		const [video] = simpleTracks();
		const pictures = { ...video!, sizes: Array<number>(1300).fill(1), durations: [[1300, 40]] as const };
		const { sync: _all, compositions: _none, ...plain } = pictures;
		const points = (await open(buildFile({ tracks: [plain] }))).metadata()["seekpoints"] as { time: number }[];
		expect(points.length).toBe(434);
		expect(points[1]!.time).toBe(0.12);
	});
});

describe("a file that is cut off", () => {
	const file = buildFile({ tracks: simpleTracks(), isMoovFirst: true });

	test("in its data plays as far as it goes", async () => {
		const whole = await readAll(await open(file));
		const movie = await open(file.subarray(0, file.length - 30));
		expect(movie.isTruncated).toBe(true);
		const messages = await readAll(movie);
		expect(messages.length).toBeLessThan(whole.length);
		expect(messages).toEqual(whole.filter(message => messages.some(other => sameAs(other, message))));
	});

	test("while it is played is a fault of the file, and the place stays", async () => {
		const movie = await openMovie(new MemorySource(file.subarray(0, file.length - 300), file.length));
		const cursor = movie.cursor();
		expect((await cursor.read(100)).length).toBeGreaterThan(1);
		expect(await faultOf(cursor.read(10_000))).toBe("FILE_INVALID");
		expect(await faultOf(cursor.read(10_000))).toBe("FILE_INVALID");
		expect((await cursor.read(1)).length).toBe(1);
	});

	test("that is whole says so", async () => {
		expect((await open(file)).isTruncated).toBe(false);
	});
});

test("others have the thread while a long file is indexed", async () => {
	const sizes = Array<number>(90_000).fill(1);
	const sound = { ...simpleTracks()[1]!, sizes, durations: [[90_000, 1024]] as const, samplesInChunk: 1000 };
	let pauses = 0;
	await open(buildFile({ tracks: [sound] }), { pause: async () => void pauses++ });
	expect(pauses).toBeGreaterThanOrEqual(4);
});

test("what the source throws is passed on", async () => {
	const broken = { size: 1000, read: () => Promise.reject(new Error("disk")) };
	await expect(openMovie(broken)).rejects.toThrow("disk");
});

function sameAs(a: MediaMessage, b: MediaMessage): boolean {
	return a.type === b.type && a.timestamp === b.timestamp;
}

function withSizes(bits: 8 | 16) {
	return simpleTracks().map(track => {
		const entries = track.sizes.map(size => (bits === 8 ? u8(size) : u16(size)));
		return { ...track, tables: [fullBox("stz2", 0, 0, u8(0, 0, 0, bits), u32(entries.length), ...entries)] };
	});
}
