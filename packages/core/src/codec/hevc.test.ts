import { describe, expect, test } from "vitest";
import { PeerError } from "../fault/index.ts";
import { HEVC_NAL_SPS, parseHevcConfiguration, parseHevcSps } from "./hevc.ts";

const bytes = (hex: string) => new Uint8Array(Buffer.from(hex, "hex"));

// A record that x265 and ffmpeg wrote (1280×720, ten bits), without its supplemental information.
const sps = "42010102200000030090000003000003005da00280802d1365959a4932bc05a02000007d20000ea601";
const record = `0102200000009000000000005df000fcfdfafa00000f03200001001840010c01ffff02200000030090000003000003005d9598092100010029${sps}22000100074401c172b46240`;

describe("an HEVC configuration", () => {
	test("tells profile, tier, level and parameter sets", () => {
		const configuration = parseHevcConfiguration(bytes(record));
		expect(configuration.codec).toBe("hvc1.2.4.L93.90");
		expect([configuration.profile, configuration.level, configuration.isHighTier]).toEqual([2, 93, false]);
		expect([configuration.bitDepth, configuration.lengthBytes, configuration.frameRate]).toEqual([10, 4, undefined]);
		expect(configuration.arrays.map(array => [array.type, array.units.length])).toEqual([
			[32, 1],
			[33, 1],
			[34, 1],
		]);
		const unit = configuration.arrays.find(array => array.type === HEVC_NAL_SPS)!.units[0]!;
		expect(parseHevcSps(unit)).toEqual({ width: 1280, height: 720, bitDepth: 10 });
	});

	// ISO/IEC 14496-15 annex E.3.
	test("writes profile space, high tier and zero constraints as codec strings have them", () => {
		const head = (profile: string, constraints: string) =>
			bytes(`01${profile}60000000${constraints}5df000fcfdf8f8190003`.concat("00"));
		expect(parseHevcConfiguration(head("01", "b00000000000")).codec).toBe("hvc1.1.6.L93.B0");
		expect(parseHevcConfiguration(head("61", "000000000000")).codec).toBe("hvc1.A1.6.H93");
		expect(parseHevcConfiguration(head("01", "b00000000001")).codec).toBe("hvc1.1.6.L93.B0.0.0.0.0.1");
		expect(parseHevcConfiguration(head("01", "b00000000000")).frameRate).toBe(25);
	});

	test("is refused at every length short of its end", () => {
		const whole = bytes(record);
		for (let length = 0; length < whole.length; length++) {
			expect(() => parseHevcConfiguration(whole.subarray(0, length))).toThrow(PeerError);
		}
	});

	test("is refused in a later version and when its counts go past its end", () => {
		expect(() => parseHevcConfiguration(bytes(`02${record.slice(2)}`))).toThrow("version 1");
		expect(() => parseHevcConfiguration(bytes(`${record.slice(0, 44)}ff`))).toThrow(PeerError);
		expect(() => parseHevcConfiguration(bytes(`${record.slice(0, 44)}0120ffff`))).toThrow(PeerError);
	});
});

const ue = (value: number) => {
	const bits = (value + 1).toString(2);
	return "0".repeat(bits.length - 1) + bits;
};

/** A parameter set with `subLayers` sub-layers, all present, whose general part has no two zero bytes in a row. */
function spsOf(rest: string, subLayers = 0): Uint8Array {
	const presence = subLayers === 0 ? "" : "11".repeat(subLayers).padEnd(16, "0");
	const bits = `0000${subLayers.toString(2).padStart(3, "0")}1${"1".repeat(96)}${presence}${"1".repeat(96 * subLayers)}${rest}`;
	const padded = `${bits}1`.padEnd(Math.ceil((bits.length + 1) / 8) * 8, "0");
	return new Uint8Array([0x42, 1, ...(padded.match(/.{8}/g) ?? []).map(byte => Number.parseInt(byte, 2))]);
}

describe("an HEVC sequence parameter set", () => {
	test("tells the size after cropping, and behind sub-layers", () => {
		const size = `${ue(0) + ue(1) + ue(648) + ue(368)}1${ue(0) + ue(1) + ue(0) + ue(3) + ue(0)}`;
		for (const subLayers of [0, 1, 6]) {
			expect(parseHevcSps(spsOf(size, subLayers))).toEqual({ width: 646, height: 362, bitDepth: 8 });
		}
	});

	test("is refused when it asks for a picture beyond the limit or without area", () => {
		expect(() => parseHevcSps(spsOf(`${ue(0) + ue(1) + ue(65535) + ue(65535)}0${ue(0)}`))).toThrow("65535×65535");
		expect(() => parseHevcSps(spsOf(`${ue(0) + ue(1) + ue(0) + ue(9)}0${ue(0)}`))).toThrow(PeerError);
		expect(() => parseHevcSps(spsOf(ue(0) + ue(4)))).toThrow("chroma format 4");
	});

	test("is refused at every length before its size is told, and when another NAL unit comes", () => {
		for (let length = 0; length < 20; length++) {
			expect(() => parseHevcSps(bytes(sps).subarray(0, length))).toThrow(PeerError);
		}
		expect(() => parseHevcSps(bytes("4401c172b46240"))).toThrow("no H.265 sequence parameter set");
	});
});
