import { describe, expect, test } from "vitest";
import { type MediaMessage, parseAudioTag, parseVideoTag } from "../flv/index.ts";
import { openMovie } from "./movie.ts";
import {
	AV1C,
	AVCC,
	box,
	buildFile,
	esds,
	type FixtureTrack,
	fullBox,
	HVCC,
	hex,
	latin,
	MemorySource,
	simpleTracks,
	soundEntry,
	soundFields,
	u8,
	u16,
	u32,
	visualEntry,
} from "./mp4-fixture.ts";

const [video, sound] = simpleTracks(2);
const ASC = hex("1210");
const VPCC = "000b820202020000";
const STREAM_INFO = hex(`10001000 000000000000 0bb802f0 00000000 ${"00".repeat(16)}`);

/** Name, entry of a visual track, its configuration, the first and the second sample (decoded at 40, shown at 200). */
const pictures: readonly (readonly [string, Uint8Array, string, string, string])[] = [
	["H.264", visualEntry("avc1", box("avcC", AVCC)), "1700000000", "1701000050", "27010000a0"],
	[
		"H.264 with parameter sets in band",
		visualEntry("avc3", box("avcC", AVCC)),
		"1700000000",
		"1701000050",
		"27010000a0",
	],
	["H.265", visualEntry("hvc1", box("hvcC", HVCC)), "9068766331", "9168766331000050", "a1687663310000a0"],
	[
		"H.265 with parameter sets in band",
		visualEntry("hev1", box("hvcC", HVCC)),
		"9068766331",
		"9168766331000050",
		"a1687663310000a0",
	],
	["AV1", visualEntry("av01", box("av1C", AV1C)), "9061763031", "9161763031", "a161763031"],
	["VP9", visualEntry("vp09", fullBox("vpcC", 1, 0, hex(VPCC))), "9076703039", "9176703039", "a176703039"],
	["VP8", visualEntry("vp08", fullBox("vpcC", 1, 0, hex(VPCC))), "9076703038", "9176703038", "a176703038"],
];

/** Name, entry, the whole configuration or none, head of a sample, rate and channels. */
const sounds: readonly (readonly [string, Uint8Array, string | undefined, string, number, number])[] = [
	["AAC", soundEntry("mp4a", esds(0x40, ASC)), "af001210", "af01", 44_100, 2],
	["AAC of MPEG-2", soundEntry("mp4a", esds(0x67, ASC)), "af001210", "af01", 44_100, 2],
	["HE-AAC", soundEntry("mp4a", esds(0x40, hex("eb8a0800"))), "af00eb8a0800", "af01", 44_100, 2],
	["AAC whose configuration nobody knows", soundEntry("mp4a", esds(0x40, hex("fffe"))), "af00fffe", "af01", 44_100, 2],
	["AC-3", soundEntry("ac-3", box("dac3", hex("103d40"))), undefined, "9161632d33", 44_100, 2],
	["E-AC-3", soundEntry("ec-3", box("dec3", hex("06002000"))), undefined, "9165632d33", 44_100, 2],
	["AC-3 in an MPEG-4 entry", soundEntry("mp4a", esds(0xa5, hex(""))), undefined, "9161632d33", 44_100, 2],
	[
		"Opus",
		soundEntry("Opus", box("dOps", u8(0, 2), u16(312), u32(44_100), u16(0xff00), u8(0))),
		"904f707573 4f70757348656164 01 02 3801 44ac0000 00ff 00",
		"914f707573",
		48_000,
		2,
	],
	[
		"Opus of six channels",
		soundEntry("Opus", box("dOps", u8(0, 6), u16(312), u32(48_000), u16(0), u8(1, 4, 2, 0, 4, 1, 2, 3, 5))),
		"904f707573 4f70757348656164 01 06 3801 80bb0000 0000 01 0402 000401020305",
		"914f707573",
		48_000,
		6,
	],
	[
		"FLAC",
		soundEntry("fLaC", fullBox("dfLa", 0, 0, u8(0, 0, 0, 34), STREAM_INFO, u8(0x84, 0, 0, 0))),
		`90664c6143 664c6143 80000022 ${hexOf(STREAM_INFO)}`,
		"91664c6143",
		48_000,
		2,
	],
	["QuickTime's description of version 1 with a wave box", quickTimeEntry(1), "af001210", "af01", 44_100, 2],
	["QuickTime's description of version 2", quickTimeEntry(2), "af001210", "af01", 44_100, 2],
];

async function messagesOf(
	track: FixtureTrack,
): Promise<{ configurations: readonly MediaMessage[]; messages: readonly MediaMessage[] }> {
	const cursor = (await openMovie(new MemorySource(buildFile({ tracks: [track] })))).cursor();
	return { configurations: cursor.configurations(), messages: await cursor.read(1_000_000) };
}

describe("a picture track travels", () => {
	test.each(pictures)("%s", async (_name, entry, configuration, first, second) => {
		const { configurations, messages } = await messagesOf({ ...video!, entries: [entry] });
		expect(hexOf(configurations[0]!.payload).startsWith(configuration)).toBe(true);
		const heads = messages.map(message => hexOf(message.payload.subarray(0, first.length / 2)));
		expect(heads).toEqual([first, second]);
		expect(parseVideoTag(configurations[0]!.payload)!.packet).toBe("configuration");
		for (const [at, message] of messages.entries()) {
			expect(parseVideoTag(message.payload)).toMatchObject({ packet: "frame", frameType: at === 0 ? 1 : 2 });
			expect(parseVideoTag(message.payload)!.tracks[0]!.body.length).toBe(video!.sizes[at]);
		}
	});

	test("H.265 without a composition time in the shorter form", async () => {
		const { compositions: _none, ...plain } = video!;
		const { messages } = await messagesOf({ ...plain, entries: [visualEntry("hvc1", box("hvcC", HVCC))] });
		expect(messages.map(message => hexOf(message.payload.subarray(0, 6)))).toEqual(["936876633110", "a36876633111"]);
	});

	test("VP9 with its record alone, without the version of the box", async () => {
		const { configurations } = await messagesOf({
			...video!,
			entries: [visualEntry("vp09", fullBox("vpcC", 1, 0, hex(VPCC)))],
		});
		expect(hexOf(configurations[0]!.payload)).toBe(`9076703039${VPCC}`);
	});
});

describe("a sound track travels", () => {
	test.each(sounds)("%s", async (_name, entry, configuration, head, rate, channels) => {
		const track = { ...sound!, entries: [entry] };
		const { configurations, messages } = await messagesOf(track);
		expect(configurations.map(message => hexOf(message.payload))).toEqual(
			configuration === undefined ? [] : [configuration.replaceAll(" ", "")],
		);
		expect(hexOf(messages[0]!.payload)).toBe(head + "10".repeat(sound!.sizes[0]!));
		for (const message of [...configurations, ...messages]) expect(parseAudioTag(message.payload)).toBeDefined();
		const movie = await openMovie(new MemorySource(buildFile({ tracks: [track] })));
		expect(movie.tracks[0]).toMatchObject({ sampleRate: rate, channels, isPlayable: true });
	});

	const frames: readonly (readonly [string, string, string])[] = [
		["44.1 kHz stereo", "fffb9000", "2f"],
		["48 kHz mono", "fffb94c4", "2e"],
		["32 kHz", "fffb9800", "2f"],
		["22.05 kHz", "fff39000", "2b"],
		["24 kHz", "fff39400", "2b"],
		["16 kHz mono", "fff398c0", "26"],
		["11.025 kHz", "ffe39000", "27"],
		["8 kHz mono", "ffe398c0", "e2"],
	];
	test.each(frames)("MP3 at %s", async (_name, frame, head) => {
		for (const entry of [soundEntry("mp4a", esds(0x6b, hex(""))), soundEntry(".mp3"), soundEntry("ms\0U")]) {
			const file = buildFile({ tracks: [{ ...sound!, entries: [entry], sizes: [4], durations: [[1, 1152]] }] });
			const at = file.findIndex((byte, index) => byte === 0x10 && file[index + 3] === 0x10 && file[index - 1] === 0x74);
			file.set(hex(frame), at);
			const cursor = (await openMovie(new MemorySource(file))).cursor();
			expect((await cursor.read(1)).map(message => hexOf(message.payload))).toEqual([head + frame]);
		}
	});

	const unusable: readonly (readonly [string, Uint8Array])[] = [
		["an MPEG-4 entry without a descriptor", soundEntry("mp4a")],
		["a descriptor of an unknown object", soundEntry("mp4a", esds(0xdd, ASC))],
		["AAC without a configuration", soundEntry("mp4a", esds(0x40, hex("")))],
		["Opus without its box", soundEntry("Opus")],
		["FLAC without its stream information", soundEntry("fLaC", fullBox("dfLa", 0, 0, u8(0x84, 0, 0, 0)))],
		["encrypted sound", soundEntry("enca", esds(0x40, ASC))],
	];
	test.each(unusable)("but not %s", async (_name, entry) => {
		await expect(messagesOf({ ...sound!, entries: [entry] })).rejects.toMatchObject({ code: "FILE_NO_TRACK" });
	});
});

function quickTimeEntry(version: 1 | 2): Uint8Array {
	const descriptor = esds(0x40, ASC);
	if (version === 1) {
		const wave = box("wave", box("frma", latin("mp4a")), box("mp4a", u32(0)), descriptor, box("\0\0\0\0"));
		return box("mp4a", soundFields(1), u32(1024, 2, 4, 2), wave);
	}
	const rate = new Uint8Array(8);
	new DataView(rate.buffer).setFloat64(0, 44_100);
	return box("mp4a", soundFields(2), u32(72), rate, u32(2, 0x7f000000, 16, 0, 0, 1024), box("wave", descriptor));
}

function hexOf(bytes: Uint8Array): string {
	return Array.from(bytes, byte => byte.toString(16).padStart(2, "0")).join("");
}
