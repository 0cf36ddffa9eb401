import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { encodeAmf0 } from "../amf/index.ts";
import { type CodecFacts, codecFacts } from "./codec-facts.ts";
import { audioCodecName, FOURCC_HEVC, fourCcOf, fourCcText, videoCodecName } from "./codec-id.ts";
import { MEDIA_AUDIO, MEDIA_DATA, MEDIA_VIDEO, MediaMessage } from "./media-message.ts";
import { encodeMetadata } from "./metadata.ts";

const bytes = (hex: string) => new Uint8Array(Buffer.from(hex.replaceAll(" ", ""), "hex"));
const video = (hex: string) => new MediaMessage(MEDIA_VIDEO, 0, bytes(hex));
const audio = (hex: string) => new MediaMessage(MEDIA_AUDIO, 0, bytes(hex));
const metadata = (members: Parameters<typeof encodeMetadata>[0]) =>
	new MediaMessage(MEDIA_DATA, 0, encodeMetadata(members));

const avcC = "01640028ffe1001b67640028acd940780227e5c044000003000400000300f03c60c65801000668ebe3cb22c0";
const hvcC =
	"0102200000009000000000005df000fcfdfafa00000f0121000100294201010220000003009000000300000300" +
	"5da00280802d1365959a4932bc05a02000007d20000ea601";
const av1C = "81010c000a0b0000000cc50b6936be4010";

const cases: [string, MediaMessage[], Partial<CodecFacts>][] = [
	[
		"H.264 and AAC",
		[video(`17 00 000000 ${avcC}`), audio("af 00 1210")],
		{
			videoCodec: "H.264",
			videoCodecString: "avc1.640028",
			width: 1920,
			height: 1080,
			framerate: 30,
			audioCodec: "AAC",
			audioCodecString: "mp4a.40.2",
			sampleRate: 44_100,
			channels: 2,
		},
	],
	["extended H.264", [video(`90 61766331 ${avcC}`)], { videoCodec: "H.264", width: 1920 }],
	[
		"H.265",
		[video(`90 68766331 ${hvcC}`)],
		{ videoCodec: "H.265", videoCodecString: "hvc1.2.4.L93.90", width: 1280, height: 720 },
	],
	["H.265 before the standard", [video(`1c 00 000000 ${hvcC}`)], { videoCodec: "H.265", width: 1280 }],
	[
		"AV1",
		[video(`90 61763031 ${av1C}`)],
		{ videoCodec: "AV1", videoCodecString: "av01.0.01M.08", width: 646, height: 362 },
	],
	["VP9", [video("90 76703039 000b820202020000")], { videoCodec: "VP9", videoCodecString: "vp09.00.11.08" }],
	["VP8", [video("90 76703038 000b820202020000")], { videoCodec: "VP8", videoCodecString: "vp08.00.11.08" }],
	[
		"Sorenson H.263 of a named size",
		[video("12 00008403 0000")],
		{ videoCodec: "Sorenson H.263", width: 160, height: 120 },
	],
	// Start code, version 1, time 0, then size code 0 with 8 bits and 1 with 16 bits each.
	["Sorenson H.263 of a small size", [video("12 00008400 2814 00")], { width: 80, height: 40 }],
	["Sorenson H.263 of a large size", [video("12 00008400 80a0007800")], { width: 320, height: 240 }],
	["screen video", [video("13 30a0 3078 013b")], { videoCodec: "Screen video", width: 160, height: 120 }],
	["VP6", [video("14 00 aabb")], { videoCodec: "VP6", width: undefined }],
	["Nellymoser", [audio("62 00")], { audioCodec: "Nellymoser", sampleRate: 5512, channels: 1 }],
	["Speex", [audio("b2 00")], { audioCodec: "Speex", sampleRate: 16_000, channels: 1 }],
	["G.711", [audio("72 00")], { audioCodec: "G.711 A-law", sampleRate: 8000 }],
	[
		"MP3 at 48 kHz, which its tag cannot say",
		[audio("2f fffb9464")],
		{ audioCodec: "MP3", audioCodecString: "mp4a.6B", sampleRate: 48_000, channels: 2 },
	],
	["MP3 whose frame is broken", [audio("2f 0000")], { audioCodec: "MP3", sampleRate: 44_100 }],
	[
		"HE-AAC with parametric stereo",
		[audio("af 00 eb8a0800")],
		{ audioCodecString: "mp4a.40.29", sampleRate: 44_100, channels: 2 },
	],
	[
		"Opus",
		[audio("90 4f707573 4f7075734865616401063801 80bb0000 0000 01 0402000401020305")],
		{ audioCodec: "Opus", audioCodecString: "opus", sampleRate: 48_000, channels: 6 },
	],
	["channels told apart", [audio("94 6d703461 01 06 0000003f")], { audioCodec: "AAC", channels: 6 }],
	["only tracks beside the default one", [video(`96 00 61766331 01 ${avcC}`)], { videoCodec: undefined }],
	["silence and empty messages", [audio(""), video("")], { videoCodec: undefined, audioCodec: undefined }],
	[
		"metadata alone",
		[
			metadata({
				width: 640,
				height: "360",
				framerate: 29.97,
				videocodecid: 7,
				audiocodecid: "mp4a",
				stereo: true,
				audiosamplerate: 48_000,
			}),
		],
		{
			videoCodec: "H.264",
			width: 640,
			height: 360,
			framerate: 29.97,
			audioCodec: "AAC",
			channels: 2,
			sampleRate: 48_000,
		},
	],
	[
		"metadata with FourCC numbers and numbers in text",
		[metadata({ videocodecid: FOURCC_HEVC, audiocodecid: "11", audiochannels: 1, stereo: true })],
		{ videoCodec: "H.265", audioCodec: "Speex", channels: 1 },
	],
	[
		"metadata that means nothing",
		[metadata({ width: -1, height: Number.NaN, framerate: "fast", videocodecid: -7, audiocodecid: "unknown codec" })],
		{ width: undefined, height: undefined, framerate: undefined, videoCodec: undefined, audioCodec: undefined },
	],
	[
		"another data message",
		[new MediaMessage(MEDIA_DATA, 0, encodeAmf0("onCuePoint", { width: 5 }))],
		{ width: undefined },
	],
	[
		"a configuration, which is believed more than metadata",
		[video(`17 00 000000 ${avcC}`), metadata({ width: 640, height: 360, framerate: 25, videocodecid: 2 })],
		{ videoCodec: "H.264", width: 1920, height: 1080, framerate: 30 },
	],
	[
		"a broken configuration, which leaves the name",
		[video("17 00 000000 01640028ff")],
		{ videoCodec: "H.264", width: undefined },
	],
];

describe("the facts of a stream", () => {
	test.each(cases)("are read from %s", (_name, messages, expected) => {
		expect(codecFacts(messages)).toMatchObject(expected);
	});

	test("are all unknown where nothing was seen", () => {
		expect(Object.values(codecFacts([])).every(fact => fact === undefined)).toBe(true);
	});

	test("never throw, whatever the messages are", () => {
		const heads = cases.flatMap(([, messages]) => messages.map(message => message.payload.subarray(0, 8)));
		fc.assert(
			fc.property(
				fc.constantFrom(...heads),
				fc.uint8Array({ maxLength: 60 }),
				fc.constantFrom(MEDIA_AUDIO, MEDIA_VIDEO, MEDIA_DATA),
				(head, tail, type) => {
					codecFacts([new MediaMessage(type, 0, new Uint8Array([...head, ...tail]))]);
				},
			),
			{ numRuns: 500 },
		);
	});
});

describe("a codec's name", () => {
	test("is known for what Flash and Enhanced RTMP have, and tells the number of others", () => {
		expect([2, 3, 4, 5, 6, 7].map(videoCodecName)).toEqual([
			"Sorenson H.263",
			"Screen video",
			"VP6",
			"VP6 with alpha",
			"Screen video 2",
			"H.264",
		]);
		expect([1, 8, 14].map(audioCodecName)).toEqual(["ADPCM", "G.711 µ-law", "MP3"]);
		expect(videoCodecName(9)).toBe("codec 9");
		expect(audioCodecName(fourCcOf("dtsc")!)).toBe("“dtsc”");
		expect(videoCodecName(0xff010203)).toBe("“????”");
	});

	test("as FourCC and as number are the same", () => {
		expect(fourCcOf("hvc1")).toBe(FOURCC_HEVC);
		expect(fourCcText(FOURCC_HEVC)).toBe("hvc1");
		expect(fourCcOf("hevc1")).toBeUndefined();
		expect(fourCcOf("é999")).toBeUndefined();
	});
});
