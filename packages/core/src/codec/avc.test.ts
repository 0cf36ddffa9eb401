import { describe, expect, test } from "vitest";
import { PeerError } from "../fault/index.ts";
import { type AvcPicture, parseAvcConfiguration, parseAvcSps } from "./avc.ts";

const bytes = (hex: string) => new Uint8Array(Buffer.from(hex, "hex"));

// Records that x264 and ffmpeg wrote.
const records: { name: string; record: string; codec: string; picture: AvcPicture }[] = [
	{
		name: "High, 1080 lines cropped from 1088",
		record: "01640028ffe1001b67640028acd940780227e5c044000003000400000300f03c60c65801000668ebe3cb22c0fdf8f800",
		codec: "avc1.640028",
		picture: { profile: 100, level: 40, width: 1920, height: 1080, frameRate: 30, bitDepth: 8 },
	},
	{
		name: "Main, interlaced tools, 180 lines cropped from 192",
		record: "014d4015ffe10017674d4015f202867e4c0440000003004000000c87c50a9201000568db83cb20",
		codec: "avc1.4D4015",
		picture: { profile: 77, level: 21, width: 320, height: 180, frameRate: 25, bitDepth: 8 },
	},
	{
		name: "High 4:2:2, ten bits, with scaling lists",
		record: "017a001effe1001a677a001eb6cd940b424d808800000300080000030190f8a14cb001000768fba3cb3002c0fefafa00",
		codec: "avc1.7A001E",
		picture: { profile: 122, level: 30, width: 720, height: 576, frameRate: 25, bitDepth: 10 },
	},
];

describe("an AVC configuration", () => {
	test.each(records)("tells profile, picture and parameter sets: $name", ({ record, codec, picture }) => {
		const configuration = parseAvcConfiguration(bytes(record));
		expect(configuration.codec).toBe(codec);
		expect(configuration.lengthBytes).toBe(4);
		expect([configuration.sps.length, configuration.pps.length]).toEqual([1, 1]);
		expect(configuration.pps[0]![0]).toBe(0x68);
		expect(parseAvcSps(configuration.sps[0]!)).toEqual(picture);
	});

	test("needs no trailing fields, which many encoders leave out for High", () => {
		const whole = bytes(records[0]!.record);
		expect(parseAvcConfiguration(whole.subarray(0, whole.length - 4))).toEqual(parseAvcConfiguration(whole));
	});

	test.each(records)("is refused when it ends inside a parameter set: $name", ({ record }) => {
		const whole = bytes(record);
		const { sps, pps } = parseAvcConfiguration(whole);
		const needed = 6 + 2 + sps[0]!.length + 1 + 2 + pps[0]!.length;
		for (let length = 0; length < needed; length++) {
			expect(() => parseAvcConfiguration(whole.subarray(0, length))).toThrow(PeerError);
		}
	});

	test("is refused in another version and when its counts go past its end", () => {
		expect(() => parseAvcConfiguration(bytes("00640028ffe0"))).toThrow("version 1");
		expect(() => parseAvcConfiguration(bytes("01640028ffff001b6764"))).toThrow(PeerError);
		expect(() => parseAvcConfiguration(bytes("01640028ffe1ffff67640028"))).toThrow(PeerError);
		expect(parseAvcConfiguration(bytes("0142001effe000")).sps).toEqual([]);
	});
});

const ue = (value: number) => {
	const bits = (value + 1).toString(2);
	return "0".repeat(bits.length - 1) + bits;
};
const byte = (value: number) => value.toString(2).padStart(8, "0");

/** A NAL unit of these bits behind its head, with the stop bit and emulation prevention. */
function nalOf(head: number, bits: string): Uint8Array {
	const padded = `${bits}1`.padEnd(Math.ceil((bits.length + 1) / 8) * 8, "0");
	const out = [head];
	let zeros = 0;
	for (let index = 0; index < padded.length; index += 8) {
		const value = Number.parseInt(padded.slice(index, index + 8), 2);
		if (zeros === 2 && value <= 3) {
			out.push(3);
			zeros = 0;
		}
		out.push(value);
		zeros = value === 0 ? zeros + 1 : 0;
	}
	return new Uint8Array(out);
}

/** Baseline: profile, flags, level, id, frame number, picture order 2, references, no gaps, then what is given. */
const baseline = (rest: string) =>
	nalOf(0x67, `${byte(66) + byte(0) + byte(30) + ue(0) + ue(0) + ue(2) + ue(1)}0${rest}`);

describe("an AVC sequence parameter set", () => {
	test("tells the size of a plain picture without usability information", () => {
		const picture = parseAvcSps(baseline(`${ue(19) + ue(14)}1100`));
		expect(picture).toEqual({ profile: 66, level: 30, width: 320, height: 240, frameRate: undefined, bitDepth: 8 });
	});

	test("is refused when it asks for a picture beyond the limit, without area, or cropped to nothing", () => {
		expect(() => parseAvcSps(baseline(`${ue(65535) + ue(65535)}1100`))).toThrow(PeerError);
		expect(() => parseAvcSps(baseline(`${ue(4095) + ue(4095)}1100`))).toThrow("65536×65536");
		expect(() => parseAvcSps(baseline(`${ue(0) + ue(0)}111${ue(8) + ue(0) + ue(0) + ue(0)}0`))).toThrow(PeerError);
		expect(() => parseAvcSps(baseline(`${ue(2 ** 32 - 2) + ue(0)}1100`))).toThrow(PeerError);
	});

	test("is refused when another NAL unit, or nothing, comes in its place", () => {
		expect(() => parseAvcSps(bytes("68ebe3cb22c0"))).toThrow("no H.264 sequence parameter set");
		expect(() => parseAvcSps(new Uint8Array(0))).toThrow(PeerError);
		expect(() => parseAvcSps(bytes("67"))).toThrow(PeerError);
	});

	test("is refused when its picture order cycle is longer than it can be", () => {
		const head = byte(66) + byte(0) + byte(30) + ue(0) + ue(0);
		expect(() => parseAvcSps(nalOf(0x67, `${head + ue(1)}0${ue(0) + ue(0) + ue(256)}`))).toThrow("255");
	});
});
