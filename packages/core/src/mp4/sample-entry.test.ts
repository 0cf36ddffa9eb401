import { describe, expect, test } from "vitest";
import { PeerError } from "../fault/index.ts";
import {
	AUDIO_MP3_8K,
	AUDIO_SPEEX,
	FOURCC_AAC,
	FOURCC_AC3,
	FOURCC_AV1,
	FOURCC_AVC,
	FOURCC_EAC3,
	FOURCC_FLAC,
	FOURCC_HEVC,
	FOURCC_MP3,
	FOURCC_OPUS,
	FOURCC_VP8,
	FOURCC_VP9,
	VIDEO_PRESTANDARD_HEVC,
	VIDEO_VP6,
} from "../flv/index.ts";
import { firstFrameBytes, frameSamples } from "./audio-frame.ts";
import { parseAc3Frame, parseEac3Unit } from "./dolby-frame.ts";
import { AVC_RECORD, bytes, hex } from "./fragment-case.ts";
import { audioFormat, mp4AudioCodec } from "./sample-entry-audio.ts";
import { mp4VideoCodec, videoFormat } from "./sample-entry-video.ts";

const HEVC_RECORD =
	"0102200000009000000000005df000fcfdfafa00000f03200001001840010c01ffff02200000030090000003000003005d95980921000100" +
	"2942010102200000030090000003000003005da00280802d1365959a4932bc05a02000007d20000ea60122000100074401c172b46240";
const AV1_RECORD = "81010c000a0b0000000cc50b6936be4010";
const VPX_RECORD = "000a820202020000";

// Sizes, reserved fields and resolution as ISO/IEC 14496-12 §12.1.3 has them.
const visual = (type: string, width: string, height: string) =>
	`${type} 000000000000 0001 ${"00".repeat(16)} ${width} ${height} 00480000 00480000 00000000 0001 ${"00".repeat(32)} 0018 ffff`;
const box = (content: string) => {
	const plain = content.replaceAll(" ", "");
	return (plain.length / 2 + 4).toString(16).padStart(8, "0") + plain;
};

describe("a visual sample entry", () => {
	const cases = [
		{ name: "H.264", codec: FOURCC_AVC, record: AVC_RECORD, head: visual("61766331", "0140", "00b4"), box: "61766343" },
		{
			name: "H.265",
			codec: FOURCC_HEVC,
			record: HEVC_RECORD,
			head: visual("68766331", "0500", "02d0"),
			box: "68766343",
		},
		{ name: "AV1", codec: FOURCC_AV1, record: AV1_RECORD, head: visual("61763031", "0286", "016a"), box: "61763143" },
	];
	test.each(cases)(
		"holds the configuration record of $name and the picture's size",
		({ codec, record, head, box: type }) => {
			const format = videoFormat(codec, bytes(record), undefined)!;
			expect(hex(format.sampleEntry)).toBe(box(head + box(type + record)));
			expect(format.timescale).toBe(90_000);
		},
	);

	// The first bytes of keyframes that libvpx wrote (176×144), and of a 4:4:4 one.
	const keyframes = [
		{ name: "VP8", codec: FOURCC_VP8, type: "76703038", frame: "f04c009d012ab0009000000708858588" },
		{ name: "VP9", codec: FOURCC_VP9, type: "76703039", frame: "82498342000af008f60238241c184a00" },
		{ name: "VP9 4:4:4", codec: FOURCC_VP9, type: "76703039", frame: "a249834200015e011ec0470483830940" },
	];
	test.each(keyframes)("of $name takes the picture's size from a keyframe", ({ codec, type, frame }) => {
		expect(videoFormat(codec, bytes(VPX_RECORD), undefined)).toBeUndefined();
		const format = videoFormat(codec, bytes(VPX_RECORD), bytes(frame))!;
		expect(hex(format.sampleEntry)).toBe(box(visual(type, "00b0", "0090") + box(`76706343 01000000 ${VPX_RECORD}`)));
		const full = videoFormat(codec, bytes(`01000000${VPX_RECORD}`), bytes(frame))!;
		expect(full.sampleEntry).toEqual(format.sampleEntry);
		for (let length = 0; length < 8; length++) {
			expect(() => videoFormat(codec, bytes(VPX_RECORD), bytes(frame).subarray(0, length))).toThrow(PeerError);
		}
	});

	test("of AV1 takes the picture's size from a keyframe where the record has none", () => {
		const bare = bytes(AV1_RECORD.slice(0, 8));
		expect(videoFormat(FOURCC_AV1, bare, undefined)).toBeUndefined();
		expect(videoFormat(FOURCC_AV1, bare, bytes(AV1_RECORD.slice(8)))).toMatchObject({ width: 646, height: 362 });
	});

	test("is refused without a parameter set, and for records that are cut", () => {
		expect(() => videoFormat(FOURCC_AVC, bytes("014d4015ffe000"), undefined)).toThrow(/no sequence parameter set/);
		for (const { codec, record } of cases.slice(0, 2)) {
			expect(() => videoFormat(codec, bytes(record).subarray(0, 12), undefined)).toThrow(PeerError);
		}
	});
});

// ISO/IEC 14496-12 §12.2.3.
const sound = (type: string, channels: number, rate: string, bits = "0010") =>
	`${type} 000000000000 0001 ${"00".repeat(8)} 000${channels} ${bits} 00000000 ${rate}0000`;

describe("an audio sample entry", () => {
	test("of AAC holds the AudioSpecificConfig in descriptors", () => {
		const format = audioFormat(FOURCC_AAC, bytes("1190"), undefined, undefined)!;
		const esds =
			"65736473 00000000 03 80808022 0000 00 04 80808014 40 15 000000 00000000 00000000 05 80808002 1190 06 80808001 02";
		// The stream's descriptor: 3 bytes, then 5 + 13 + 5 + 2, then 5 + 1.
		expect(hex(format.sampleEntry)).toBe(box(sound("6d703461", 2, "bb80") + box(esds)));
		expect([format.timescale, format.frameSamples]).toEqual([48_000, 1024]);
	});

	test("of MP3 takes the rate from the frame, and tells MPEG-2 from MPEG-1", () => {
		const mpeg1 = audioFormat(FOURCC_MP3, bytes(""), undefined, bytes("fffb9464"))!;
		expect([mpeg1.timescale, mpeg1.frameSamples]).toEqual([48_000, 1152]);
		expect(hex(mpeg1.sampleEntry)).toContain("048080800d6b15");
		const mpeg2 = audioFormat(FOURCC_MP3, bytes(""), undefined, bytes("fff380c4"))!;
		expect([mpeg2.timescale, mpeg2.frameSamples]).toEqual([22_050, 576]);
		expect(hex(mpeg2.sampleEntry)).toContain("048080800d6915");
		expect(audioFormat(FOURCC_MP3, bytes(""), undefined, undefined)).toBeUndefined();
	});

	test("of Opus holds the header's fields in big-endian order", () => {
		const head = bytes("4f70757348656164 01 02 3801 80bb0000 0000 00");
		const format = audioFormat(FOURCC_OPUS, head, undefined, undefined)!;
		expect(hex(format.sampleEntry)).toBe(
			box(sound("4f707573", 2, "bb80") + box("644f7073 00 02 0138 0000bb80 0000 00")),
		);
		const surround = bytes("4f70757348656164 01 06 3801 80bb0000 feff 01 0402 000401020305");
		expect(hex(audioFormat(FOURCC_OPUS, surround, undefined, undefined)!.sampleEntry)).toBe(
			box(sound("4f707573", 6, "bb80") + box("644f7073 00 06 0138 0000bb80 fffe 01 0402 000401020305")),
		);
	});

	test("of Opus without a header goes by the channel plan, else by the first packet", () => {
		const nothing = bytes("");
		expect(audioFormat(FOURCC_OPUS, nothing, undefined, undefined)).toBeUndefined();
		const mono = audioFormat(FOURCC_OPUS, nothing, undefined, bytes("78aa"))!;
		expect(hex(mono.sampleEntry)).toContain(box("644f7073 00 01 0000 0000bb80 0000 00"));
		const stereo = audioFormat(FOURCC_OPUS, nothing, undefined, bytes("7caa"))!;
		expect(hex(stereo.sampleEntry)).toContain(box("644f7073 00 02 0000 0000bb80 0000 00"));
		const planned = audioFormat(FOURCC_OPUS, nothing, 6, undefined)!;
		expect(hex(planned.sampleEntry)).toContain(box("644f7073 00 06 0000 0000bb80 0000 01 0402 000401020305"));
		expect(() => audioFormat(FOURCC_OPUS, nothing, 9, undefined)).toThrow(PeerError);
	});

	// What ffmpeg writes into `dfLa`, `dac3` and `dec3` for the same streams.
	test("of FLAC holds STREAMINFO as its only block", () => {
		const info = "120012000004290030da0bb80370000025807b3e5be38c8d894f3ddc498b61af2f05";
		const format = audioFormat(FOURCC_FLAC, bytes(`664c6143 00000022 ${info}`), undefined, undefined)!;
		const entry = sound("664c6143", 2, "bb80", "0018") + box(`64664c61 00000000 80000022 ${info}`);
		expect(hex(format.sampleEntry)).toBe(box(entry));
		expect([format.timescale, format.frameSamples]).toEqual([48_000, 4608]);
		expect(() => audioFormat(FOURCC_FLAC, bytes("664c6143 04000022"), undefined, undefined)).toThrow(PeerError);
	});

	test("of AC-3 is made from the head of a frame", () => {
		const format = audioFormat(FOURCC_AC3, bytes(""), undefined, bytes("0b7726ee144043e106f46370"))!;
		expect(hex(format.sampleEntry)).toBe(box(sound("61632d33", 2, "bb80") + box("64616333 101140")));
		expect([format.timescale, format.frameSamples]).toEqual([48_000, 1536]);
	});

	test("of E-AC-3 is made from the heads of an access unit", () => {
		const unit = new Uint8Array(1536);
		unit.set(bytes("0b7702ff3f87c00020b800000200000002e0"));
		const format = audioFormat(FOURCC_EAC3, bytes(""), undefined, unit)!;
		expect(hex(format.sampleEntry)).toBe(box(sound("65632d33", 6, "bb80") + box("64656333 0c00200f00")));
		expect([format.timescale, format.frameSamples]).toEqual([48_000, 1536]);
	});
});

describe("frames of Dolby", () => {
	test("tell their length, with the odd words of 44.1 kHz", () => {
		// frmsizecod 20 (192 kbit/s) at the three rates, and the code that adds a word.
		const length = (rateAndSize: string) => parseAc3Frame(bytes(`0b770000${rateAndSize}4043`)).frameBytes;
		expect([length("14"), length("54"), length("55"), length("94")]).toEqual([768, 834, 836, 1152]);
	});

	test("in dependent substreams add their places, such as the back pair of 7.1", () => {
		// An independent 5.1 frame and a dependent one of 2/0 with a channel map of Lrs/Rrs, 64 bytes each, put together
		// by hand: type, substream, size, rate, blocks, acmod, lfe, bsid, dialnorm, no compression, map.
		const unit = new Uint8Array(128);
		unit.set(bytes("0b77 001f 3f 87c000"));
		unit.set(bytes("0b77 401f 34 87d02000"), 64);
		const { channels, samples, record } = parseEac3Unit(unit);
		expect([channels, samples]).toEqual([8, 1536]);
		expect(hex(record.subarray(2))).toBe("200f0202");
	});

	test("are refused where they do not begin as such or end in their head", () => {
		const heads = [bytes("0b7726ee144043e1"), bytes("0b7702ff3f87c000")] as const;
		for (let size = 0; size < 7; size++) expect(() => parseAc3Frame(heads[0].subarray(0, size))).toThrow(PeerError);
		for (let size = 0; size < 8; size++) expect(() => parseEac3Unit(heads[1].subarray(0, size))).toThrow(PeerError);
		expect(() => parseAc3Frame(bytes("0b7826ee144043e1"))).toThrow(PeerError);
		expect(() => parseAc3Frame(bytes("0b7726eed44043e1"))).toThrow(PeerError);
	});
});

describe("frames of sound", () => {
	test("of MP3 are found one behind the other, and an unfinished rest stays with its frame", () => {
		// MPEG-1 layer 3, 128 kbit/s, 48 kHz: 384 bytes.
		const two = new Uint8Array(768);
		two.set(bytes("fffb9464"));
		two.set(bytes("fffb9464"), 384);
		expect(firstFrameBytes(FOURCC_MP3, two)).toBe(384);
		expect(firstFrameBytes(FOURCC_MP3, two.subarray(384))).toBe(384);
		expect(firstFrameBytes(FOURCC_MP3, two.subarray(0, 386))).toBe(386);
		two.set([0, 0], 384);
		expect(firstFrameBytes(FOURCC_MP3, two)).toBe(768);
		expect(firstFrameBytes(FOURCC_AAC, two)).toBe(768);
	});

	// RFC 6716 table 2 and §3.2.
	test.each([
		["08", 960],
		["18", 2880],
		["60", 480],
		["80", 120],
		["98", 960],
		["99", 1920],
		["8303", 360],
	])("of Opus tell their samples: %s", (packet, samples) => {
		const format = audioFormat(FOURCC_OPUS, bytes(""), undefined, bytes(packet))!;
		expect(frameSamples(format, bytes(packet))).toBe(samples);
	});
});

test("legacy and early numbers stand for the same codecs, and what MP4 cannot carry has no name", () => {
	expect(mp4VideoCodec(VIDEO_PRESTANDARD_HEVC)).toBe(FOURCC_HEVC);
	expect(mp4AudioCodec(AUDIO_MP3_8K)).toBe(FOURCC_MP3);
	expect(mp4VideoCodec(VIDEO_VP6)).toBeUndefined();
	expect(mp4AudioCodec(AUDIO_SPEEX)).toBeUndefined();
});
