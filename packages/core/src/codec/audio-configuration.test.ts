import { describe, expect, test } from "vitest";
import { PeerError } from "../fault/index.ts";
import { type AacConfiguration, parseAacConfiguration } from "./aac.ts";
import { parseMp3Frame } from "./mp3.ts";
import { parseOpusConfiguration } from "./opus.ts";

const bytes = (hex: string) => new Uint8Array(Buffer.from(hex, "hex"));

const lc: AacConfiguration = {
	objectType: 2,
	coreObjectType: 2,
	sampleRate: 44_100,
	outputSampleRate: 44_100,
	channels: 2,
	hasSbr: false,
	hasParametricStereo: false,
	codec: "mp4a.40.2",
};

describe("an AAC configuration", () => {
	test.each<[string, string, Partial<AacConfiguration>]>([
		["LC at 44.1 kHz in stereo", "1210", {}],
		["LC at 48 kHz in stereo", "1190", { sampleRate: 48_000, outputSampleRate: 48_000 }],
		["LC at 44.1 kHz in mono", "1208", { channels: 1 }],
		["ffmpeg's, which says that there is no SBR", "120856e500", { channels: 1 }],
		["ffmpeg's with six channels", "123056e500", { channels: 6 }],
		["eight channels", "1238", { channels: 8 }],
		["explicit SBR", "2b920800", { objectType: 5, sampleRate: 22_050, hasSbr: true, codec: "mp4a.40.5" }],
		[
			"explicit parametric stereo",
			"eb8a0800",
			{ objectType: 29, sampleRate: 22_050, channels: 1, hasSbr: true, hasParametricStereo: true, codec: "mp4a.40.29" },
		],
		["SBR signalled behind LC", "139056e5a0", { sampleRate: 22_050, hasSbr: true }],
		[
			"SBR and parametric stereo signalled behind LC",
			"138856e5a54880",
			{ sampleRate: 22_050, channels: 1, hasSbr: true, hasParametricStereo: true },
		],
		["a rate that is written out", "1780562210", { sampleRate: 44_100 }],
	])("is read: %s", (_name, hex, expected) => {
		expect(parseAacConfiguration(bytes(hex))).toEqual({ ...lc, ...expected });
	});

	test("counts the channels of a program configuration", () => {
		// LC, 44.1 kHz, channels 0; one front pair and one low-frequency channel; no comment.
		const bits = `${"00010"}${"0100"}${"0000"}000${"0000"}01${"0100"}${"0001"}0000000001000${"0000"}000${"1"}${"0000"}${"0000"}`;
		const padded = bits.padEnd(Math.ceil(bits.length / 8) * 8, "0");
		const config = [...(padded.match(/.{8}/g) ?? []).map(byte => Number.parseInt(byte, 2)), 0];
		expect(parseAacConfiguration(new Uint8Array(config)).channels).toBe(3);
	});

	test("is refused when it is cut or has reserved values", () => {
		for (const hex of ["", "12", "2b92", "ff", "1690", "1240", "1780000000", "1200"]) {
			expect(() => parseAacConfiguration(bytes(hex))).toThrow(PeerError);
		}
	});
});

describe("an Opus configuration", () => {
	test("tells channels and delay", () => {
		expect(parseOpusConfiguration(bytes("4f707573486561640102380180bb0000000000"))).toEqual({
			channels: 2,
			preSkip: 312,
			inputSampleRate: 48_000,
			outputGain: 0,
			mappingFamily: 0,
			codec: "opus",
		});
	});

	test("reads a mapping table and a negative gain", () => {
		const head = bytes("4f707573486561640106380180bb000000ff010402000401020305");
		expect(parseOpusConfiguration(head)).toMatchObject({ channels: 6, mappingFamily: 1, outputGain: -256 });
		expect(() => parseOpusConfiguration(head.subarray(0, head.length - 1))).toThrow(PeerError);
	});

	test("may be empty, as Enhanced RTMP allows", () => {
		expect(parseOpusConfiguration(new Uint8Array(0))).toBeUndefined();
	});

	test("is refused when it is cut, of another kind, a later version, or without channels", () => {
		const whole = bytes("4f707573486561640102380180bb0000000000");
		for (let length = 1; length < whole.length; length++) {
			expect(() => parseOpusConfiguration(whole.subarray(0, length))).toThrow(PeerError);
		}
		expect(() => parseOpusConfiguration(bytes("4f707573546167730102380180bb0000000000"))).toThrow("OpusHead");
		expect(() => parseOpusConfiguration(bytes("4f707573486561641002380180bb0000000000"))).toThrow("version 16");
		expect(() => parseOpusConfiguration(bytes("4f707573486561640100380180bb0000000000"))).toThrow("no channels");
	});
});

describe("an MPEG audio frame", () => {
	// The first two are LAME's; the rest are put together from the tables of the standard.
	test.each([
		[
			"fffb9064",
			{ version: 1, layer: 3, sampleRate: 44_100, channels: 2, bitrate: 128, frameBytes: 417, samples: 1152 },
		],
		["fff340c4", { version: 2, layer: 3, sampleRate: 22_050, channels: 1, bitrate: 32, frameBytes: 104, samples: 576 }],
		["fffb9264", { bitrate: 128, frameBytes: 418 }],
		["ffe340c4", { version: 2.5, sampleRate: 11_025, bitrate: 32, frameBytes: 208, codec: "mp4a.69" }],
		["fffd9400", { layer: 2, sampleRate: 48_000, bitrate: 160, frameBytes: 480, samples: 1152 }],
		["ffff9800", { layer: 1, sampleRate: 32_000, bitrate: 288, frameBytes: 432, samples: 384, codec: "mp4a.6B" }],
		["fffb0064", { bitrate: undefined, frameBytes: undefined }],
	])("is read: %s", (hex, expected) => {
		expect(parseMp3Frame(bytes(hex))).toMatchObject(expected);
	});

	test("is refused when it is cut or has reserved values", () => {
		for (const hex of ["", "fffb90", "00fb9064", "ff1b9064", "ffeb9064", "fff99064", "fffbf064", "fffb9c64"]) {
			expect(() => parseMp3Frame(bytes(hex))).toThrow(PeerError);
		}
	});
});
