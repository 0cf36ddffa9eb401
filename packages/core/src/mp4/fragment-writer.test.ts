import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { MEDIA_DATA, MediaMessage } from "../flv/index.ts";
import {
	AVC_RECORD,
	AVC_RECORD_2,
	aacConfig,
	aacFrame,
	audio,
	avcConfig,
	avcFrame,
	boxAt,
	boxesOf,
	bytes,
	FragmentKeeper,
	hex,
	video,
} from "./fragment-case.ts";
import { FragmentWriter, type FragmentWriterOptions } from "./fragment-writer.ts";

function write(messages: readonly MediaMessage[], options: FragmentWriterOptions = {}, end = true) {
	const keeper = new FragmentKeeper();
	const writer = new FragmentWriter(keeper, options);
	for (const message of messages) writer.write(message);
	if (end) writer.end();
	return { keeper, writer };
}

/** Pictures at 25 frames a second with a keyframe each second, and sound every 20 ms. */
function programme(seconds: number): MediaMessage[] {
	const messages = [avcConfig(), aacConfig()];
	for (let millis = 0; millis < seconds * 1000; millis += 20) {
		if (millis % 40 === 0)
			messages.push(avcFrame(millis, millis % 1000 === 0, 0, millis.toString(16).padStart(8, "0")));
		messages.push(aacFrame(millis, millis.toString(16).padStart(6, "0")));
	}
	return messages;
}

describe("the bytes of a fragment", () => {
	test("hold for each track its decode time and its samples, which lie together", () => {
		const messages = [
			avcConfig(),
			aacConfig(),
			avcFrame(1000, true, 80, "aaaaaa"),
			aacFrame(1010, "cccc"),
			avcFrame(1040, false, -40, "bbbb"),
			avcFrame(1080, true, 80, "dd"),
		];
		const { keeper } = write(messages, { fragmentMillis: 50 });
		// Durations are equal and stand in tfhd; sizes and composition offsets differ.
		const picture =
			"00000070 6d6f6f66 00000010 6d666864 00000000 00000001" +
			"00000058 74726166 00000014 74666864 00020008 00000001 00000e10" +
			"00000014 74666474 01000000 00000000 00015f90" +
			"00000028 7472756e 01000a05 00000002 00000078 02000000 00000003 00001c20 00000002 fffff1f0" +
			"0000000d 6d646174 aaaaaabbbb";
		expect(hex(keeper.fragments[0]!.bytes)).toBe(picture.replaceAll(" ", ""));
		// The only sound waited for the next one until the end.
		const both =
			"000000b0 6d6f6f66 00000010 6d666864 00000000 00000002" +
			"00000050 74726166 00000018 74666864 00020018 00000001 00000e10 00000001" +
			"00000014 74666474 01000000 00000000 00017bb0" +
			"0000001c 7472756e 01000805 00000001 000000b8 02000000 00001c20" +
			"00000048 74726166 00000018 74666864 00020018 00000002 00000400 00000002" +
			"00000014 74666474 01000000 00000000 0000adfd" +
			"00000014 7472756e 01000001 00000001 000000b9" +
			"0000000b 6d646174 ddcccc";
		expect(hex(keeper.fragments[1]!.bytes)).toBe(both.replaceAll(" ", ""));
		expect(keeper.events).toEqual(["init start", "fragment 1000-1080 key", "fragment 1080-1120 key", "end 120"]);
	});

	test("say of each picture whether it is a keyframe where not only the first is one", () => {
		const keys = [true, false, true, true, false];
		const { keeper } = write([avcConfig(), ...keys.map((key, index) => avcFrame(index * 40, key))]);
		expect(keeper.fragments).toHaveLength(1);
		expect(keeper.samples().map(sample => sample.isSync)).toEqual(keys);
	});

	test("carry decode times of more than 32 bits", () => {
		const start = 2 ** 33;
		const { keeper } = write([avcConfig(), avcFrame(start, true), avcFrame(start + 40, false)]);
		expect(keeper.samples().map(sample => sample.dts)).toEqual([start * 90, (start + 40) * 90]);
	});
});

describe("an init segment", () => {
	const { keeper } = write(programme(1));
	const { bytes: init, tracks } = keeper.inits[0]!;

	test("names the brands, the tracks and that fragments follow", () => {
		expect(boxesOf(init).map(box => box.type)).toEqual(["ftyp", "moov"]);
		expect(hex(boxAt(init, "ftyp"))).toBe(hex(bytes("69736f36 00000000 69736f36 69736f35 6d703431")));
		expect(boxesOf(boxAt(init, "moov")).map(box => box.type)).toEqual(["mvhd", "trak", "trak", "mvex"]);
		expect(boxesOf(boxAt(init, "moov/mvex")).map(box => box.type)).toEqual(["mehd", "trex", "trex"]);
		expect(hex(boxAt(init, "moov/mvex/trex"))).toBe(
			hex(bytes("00000000 00000001 00000001 00000000 00000000 01010000")),
		);
		expect(hex(boxAt(init, "moov/trak/mdia/minf/stbl/stsd"))).toContain(AVC_RECORD);
		expect(hex(boxAt(init, "moov/trak/mdia/minf/stbl/stsz"))).toBe("00".repeat(12));
		expect(tracks.map(track => [track.kind, track.fileTrackId, track.trackId, track.timescale])).toEqual([
			["video", 1, 0, 90_000],
			["audio", 2, 0, 44_100],
		]);
	});

	test("has the header fields where ISO/IEC 14496-12 has them", () => {
		const matrix = "00010000 00000000 00000000 00000000 00010000 00000000 00000000 00000000 40000000";
		expect(hex(boxAt(init, "moov/mvhd"))).toBe(
			hex(
				bytes(
					`00000000 00000000 00000000 000003e8 00000000 00010000 0100 ${"00".repeat(10)} ${matrix} ${"00".repeat(24)} 00000003`,
				),
			),
		);
		expect(hex(boxAt(init, "moov/trak/tkhd"))).toBe(
			hex(
				bytes(
					`00000003 00000000 00000000 00000001 00000000 00000000 ${"00".repeat(8)} 0000 0000 0000 0000 ${matrix} 01400000 00b40000`,
				),
			),
		);
		expect(hex(boxAt(init, "moov/trak/mdia/mdhd"))).toBe(
			hex(bytes("00000000 00000000 00000000 00015f90 00000000 55c4 0000")),
		);
	});

	test("takes the duration through patches, and the file ends in an index", () => {
		const file = keeper.file();
		const [end] = keeper.ends;
		expect(end!.patches.map(patch => patch.bytes.length)).toEqual([4, 8]);
		for (const { offset, bytes: patch } of end!.patches) file.set(patch, offset);
		expect(hex(boxAt(file, "moov/mvhd")).slice(32, 40)).toBe((1003).toString(16).padStart(8, "0"));
		expect(hex(boxAt(file, "moov/mvex/mehd"))).toBe(`01000000${(1003).toString(16).padStart(16, "0")}`);
		expect(end!.durationMillis).toBe(1003);
		expect(boxesOf(file).map(box => box.type)).toEqual(["ftyp", "moov", "moof", "mdat", "mfra"]);
	});

	test("of live segments has no room for a duration, and nothing follows the fragments", () => {
		const live = write(programme(1), { isFile: false }).keeper;
		expect(boxesOf(boxAt(live.inits[0]!.bytes, "moov/mvex")).map(box => box.type)).toEqual(["trex", "trex"]);
		expect(live.ends).toEqual([]);
	});
});

test("the index names, for each track, the fragments by time and place", () => {
	const { keeper } = write(programme(3));
	const file = keeper.file();
	const moofs = boxesOf(file).filter(box => box.type === "moof");
	const mfra = boxAt(file, "mfra");
	expect(boxesOf(mfra).map(box => box.type)).toEqual(["tfra", "tfra", "mfro"]);
	const entry = (time: number, at: number, traf: number) =>
		`${time.toString(16).padStart(16, "0")}${at.toString(16).padStart(16, "0")}${traf.toString(16).padStart(4, "0")}0100000001`;
	expect(hex(boxAt(mfra, "tfra"))).toBe(
		`010000000000000100000013${"00000003"}${moofs.map((moof, index) => entry(index * 90_000, moof.start, 1)).join("")}`,
	);
	const size = mfra.length + 8;
	expect(hex(boxAt(mfra, "mfro"))).toBe(`00000000${size.toString(16).padStart(8, "0")}`);
});

describe("a fragment ends", () => {
	test("at the keyframes, and sound of which the length is not known yet goes into the next", () => {
		const { keeper } = write(programme(3));
		expect(keeper.events).toEqual([
			"init start",
			"fragment 0-1000 key",
			"fragment 1000-2000 key",
			"fragment 2000-3000 key",
			"end 3003",
		]);
		const counts = keeper.fragments.map(fragment => boxesOf(boxAt(fragment.bytes, "moof")).length);
		expect(counts).toEqual([3, 3, 3]);
	});

	test("not at keyframes that come sooner than wanted", () => {
		const { keeper } = write(programme(4), { fragmentMillis: 2000, longestMillis: 5000 });
		expect(keeper.events.slice(1, 3)).toEqual(["fragment 0-2000 key", "fragment 2000-4000 key"]);
	});

	test("without a keyframe when it is long enough, and then again at the next keyframe", () => {
		const frames = Array.from({ length: 150 }, (_, index) => avcFrame(index * 40, index % 75 === 0));
		const { keeper } = write([avcConfig(), aacConfig(), ...frames]);
		expect(keeper.events.slice(1, -1)).toEqual([
			"fragment 0-2000 key",
			"fragment 2000-3000",
			"fragment 3000-5000 key",
			"fragment 5000-6000",
		]);
	});

	test("by its bytes, however the times stand still", () => {
		const frames = Array.from({ length: 40 }, () => avcFrame(0, false, 0, "00".repeat(100)));
		const { keeper } = write([avcConfig(), aacConfig(), avcFrame(0, true), ...frames], { maxFragmentBytes: 1000 });
		expect(keeper.fragments.length).toBe(4);
		expect(keeper.samples()).toHaveLength(41);
	});

	test("by every frame of sound where there is no picture", () => {
		const frames = Array.from({ length: 100 }, (_, index) => aacFrame(Math.floor((index * 1024) / 44.1)));
		const { keeper } = write([aacConfig(), ...frames], { waitMillis: 100, fragmentMillis: 500 });
		expect(keeper.events.slice(0, 3)).toEqual(["init start", "fragment 0-510 key", "fragment 510-1021 key"]);
	});

	test("on demand, with all that has come", () => {
		const { keeper, writer } = write(programme(1).slice(0, 20), {}, false);
		expect(writer.waitingSamples).toBe(18);
		writer.cut();
		expect(writer.waitingSamples).toBe(0);
		expect(keeper.samples()).toHaveLength(18);
		writer.cut();
		writer.end();
		writer.end();
		writer.write(avcFrame(5000, true));
		expect(keeper.events).toEqual(["init start", "fragment 0-240 key", "end 243"]);
	});
});

describe("the writer waits", () => {
	test("for picture and sound, and no longer than it is told", () => {
		const late = [avcConfig(), avcFrame(0, true), avcFrame(1960, false), avcFrame(2000, false)];
		expect(write(late.slice(0, 3), {}, false).keeper.events).toEqual([]);
		expect(write(late, {}, false).keeper.events).toEqual(["init start", "fragment 0-2000 key"]);
		expect(write(late.slice(0, 3), { waitSamples: 1 }, false).keeper.events).toEqual(["init start"]);
		expect(write([...late.slice(0, 2), aacConfig(), aacFrame(5)], {}, false).keeper.inits[0]!.tracks).toHaveLength(2);
	});

	test("not for a codec that MP4 cannot carry", () => {
		const { keeper, writer } = write(
			[video(0, "12 0000840000"), aacConfig(), aacFrame(0), video(40, "22 00008400")],
			{},
			false,
		);
		expect(keeper.events).toEqual(["left out Sorenson H.263: unsupported", "init start"]);
		expect(writer.skippedMessages).toBe(2);
	});

	test("and gives what it has when the stream ends first", () => {
		expect(write([avcConfig(), avcFrame(0, true)]).keeper.events).toEqual([
			"init start",
			"fragment 0-40 key",
			"end 40",
		]);
		expect(write([avcConfig(), aacConfig()]).keeper.events).toEqual([]);
	});
});

describe("a new file begins", () => {
	test("when a track comes late, and its times go on", () => {
		const messages = [avcConfig(), avcFrame(0, true), avcFrame(2000, true), aacConfig(), avcFrame(2040, false)];
		const { keeper } = write([...messages, aacFrame(2050), avcFrame(2080, false)]);
		expect(keeper.events).toEqual([
			"init start",
			"fragment 0-2000 key",
			"fragment 2000-2080 key",
			"end 2080",
			"init track-added",
			"fragment 2080-2120",
			"end 70",
		]);
		expect(keeper.inits.map(init => init.tracks.length)).toEqual([1, 2]);
		expect(boxesOf(keeper.file(1)).map(box => box.type)).toEqual(["ftyp", "moov", "moof", "mdat", "mfra"]);
	});

	test("when a configuration changes, at the first frame that needs it, once for both tracks", () => {
		const messages = [
			...programme(1),
			avcConfig(1000),
			aacConfig(1000),
			avcConfig(1000, AVC_RECORD_2),
			audio(1000, "af 00 1190"),
			avcFrame(1000, true),
			aacFrame(1000),
		];
		const { keeper } = write(messages);
		expect(keeper.events).toEqual([
			"init start",
			"fragment 0-1000 key",
			"end 1003",
			"init configuration-changed",
			"fragment 1000-1040 key",
			"end 40",
		]);
		expect(keeper.inits[1]!.tracks.map(track => [track.width, track.timescale])).toEqual([
			[1920, 90_000],
			[0, 48_000],
		]);
	});

	test("not when a configuration comes again, or a broken one, which is reported", () => {
		const messages = programme(2);
		messages.splice(80, 0, avcConfig(), aacConfig(), video(500, "17 00 000000 0142"), audio(500, "af 00 ff"));
		const { keeper } = write(messages);
		expect(keeper.inits).toHaveLength(1);
		expect(keeper.samples()).toHaveLength(150);
		expect(keeper.leftOut.map(track => [track.kind, track.reason])).toEqual([
			["video", "malformed"],
			["audio", "malformed"],
		]);
	});

	test("while it still waits, if a configuration changes under samples", () => {
		const { keeper } = write([avcConfig(), avcFrame(0, true), avcConfig(40, AVC_RECORD_2), avcFrame(40, true)]);
		expect(keeper.events.filter(event => event.startsWith("init"))).toEqual([
			"init start",
			"init configuration-changed",
		]);
		expect(keeper.samples()).toHaveLength(2);
	});
});

describe("of the messages", () => {
	test("empty ones, commands, ends of sequences and data messages give nothing", () => {
		const nothing = [
			audio(0, ""),
			video(0, ""),
			video(0, "57 00"),
			video(0, "17 02 000000"),
			video(0, "92 68766331"),
			audio(0, "af 01"),
			video(0, "27 01 000000"),
			new MediaMessage(MEDIA_DATA, 0, bytes("02000a6f6e4d65746144617461")),
		];
		const { keeper, writer } = write([...programme(1), ...nothing]);
		expect(keeper.samples()).toHaveLength(75);
		expect(writer.skippedMessages).toBe(0);
	});

	test("frames without a configuration and broken ones are counted", () => {
		const { keeper, writer } = write([avcFrame(0, true), video(0, "17"), audio(0, "9"), ...programme(1)]);
		expect(keeper.samples()).toHaveLength(75);
		expect(writer.skippedMessages).toBe(2);
	});

	test("those of several tracks go into tracks of their own", () => {
		const multi = (millis: number) => audio(millis, "9 5 11 6d703461 00 000002 aaaa 01 000002 bbbb");
		const { keeper } = write([
			audio(0, "95 10 6d703461 00 000002 1208 01 000002 1190"),
			avcConfig(),
			avcFrame(0, true),
			multi(0),
			multi(23),
		]);
		expect(keeper.inits.map(init => init.tracks.map(track => [track.kind, track.trackId, track.timescale]))).toEqual([
			[
				["video", 0, 90_000],
				["audio", 0, 44_100],
				["audio", 1, 48_000],
			],
		]);
		expect(keeper.samples().map(sample => [sample.track, sample.body])).toEqual([
			[1, "0000000165"],
			[2, "aaaa"],
			[2, "aaaa"],
			[3, "bbbb"],
			[3, "bbbb"],
		]);
	});

	test("a picture that comes too early keeps its presentation time", () => {
		const { keeper } = write([avcConfig(), avcFrame(100, true), avcFrame(60, false, 80), avcFrame(140, false)]);
		expect(keeper.samples().map(({ dts, pts }) => [dts / 90, pts / 90])).toEqual([
			[100, 100],
			[100, 140],
			[140, 140],
		]);
	});

	test("a nanosecond offset is added to the presentation time", () => {
		const { keeper } = write([avcConfig(), avcFrame(0, true), video(40, "a7 02 07a120 03 61766331 65")]);
		expect(keeper.samples().map(sample => sample.pts)).toEqual([0, 40 * 90 + 45]);
	});

	test("MP3 with two frames is two samples, and another rate begins a new file", () => {
		const frame = `fffb9464${"00".repeat(380)}`;
		const other = `fffb9064${"11".repeat(413)}`;
		const { keeper } = write([audio(0, `2f ${frame}${frame}`), audio(48, `2f ${frame}`), audio(72, `2f ${other}`)]);
		expect(keeper.inits.map(init => init.tracks[0]!.timescale)).toEqual([48_000, 44_100]);
		expect(keeper.samples().map(sample => [sample.dts, sample.duration])).toEqual([
			[0, 1152],
			[1152, 1152],
			[2304, 1152],
			[3175, 1152],
		]);
	});
});

test("of any mixture of messages every sample is kept, in order, and its times come back to the millisecond", () => {
	const step = fc.record({
		isVideo: fc.boolean(),
		isKey: fc.boolean(),
		gap: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 60 }), fc.integer({ min: 0, max: 20_000 })),
		lag: fc.integer({ min: 0, max: 80 }),
		composition: fc.integer({ min: -200, max: 500 }),
		cuts: fc.boolean(),
	});
	const limits = fc.record({
		fragmentMillis: fc.integer({ min: 0, max: 3000 }),
		longestMillis: fc.integer({ min: 100, max: 5000 }),
		maxFragmentBytes: fc.integer({ min: 50, max: 5000 }),
		waitMillis: fc.integer({ min: 0, max: 3000 }),
		waitSamples: fc.integer({ min: 1, max: 50 }),
	});
	fc.assert(
		fc.property(fc.array(step, { minLength: 1, maxLength: 300 }), limits, (steps, options) => {
			const keeper = new FragmentKeeper();
			const writer = new FragmentWriter(keeper, options);
			writer.write(avcConfig());
			writer.write(aacConfig());
			const sent = { video: [] as string[], audio: [] as string[] };
			const last = { video: 0, audio: 0 };
			let now = 0;
			for (const [index, { isVideo, isKey, gap, lag, composition, cuts }] of steps.entries()) {
				now += gap;
				const kind = isVideo ? "video" : "audio";
				const millis = Math.max(last[kind], now - lag, 0);
				last[kind] = millis;
				const body = index.toString(16).padStart(6, "0");
				writer.write(isVideo ? avcFrame(millis, isKey, composition, body) : aacFrame(millis, body));
				sent[kind].push(`${millis} ${isVideo ? millis + composition : millis} ${isVideo && isKey} ${body}`);
				if (cuts && index % 7 === 0) writer.cut();
			}
			writer.end();
			const { tracks } = keeper.inits[0]!;
			expect(keeper.inits).toHaveLength(1);
			for (const { kind, fileTrackId, timescale } of tracks) {
				const samples = keeper.samples().filter(sample => sample.track === fileTrackId);
				const millis = (ticks: number) => Math.round((ticks * 1000) / timescale);
				expect(samples.map(({ dts, pts, isSync, body }) => `${millis(dts)} ${millis(pts)} ${isSync} ${body}`)).toEqual(
					sent[kind],
				);
			}
			const types = boxesOf(keeper.file()).map(box => box.type);
			expect(types.join(" ")).toMatch(/^ftyp moov( moof mdat)+ mfra$/);
		}),
		{ numRuns: 150 },
	);
});
