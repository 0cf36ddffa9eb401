import { describe, expect, test } from "vitest";
import { PeerError } from "../fault/index.ts";
import { parseAv1Configuration, parseAv1SequenceHeader } from "./av1.ts";

const bytes = (hex: string) => new Uint8Array(Buffer.from(hex, "hex"));

// A record that libaom and ffmpeg wrote (646×362).
const record = "81010c000a0b0000000cc50b6936be4010";

describe("an AV1 configuration", () => {
	test("tells profile, level, depth and the sequence header", () => {
		const configuration = parseAv1Configuration(bytes(record));
		expect(configuration).toEqual({
			profile: 0,
			level: 1,
			isHighTier: false,
			bitDepth: 8,
			obus: bytes(record.slice(8)),
			codec: "av01.0.01M.08",
		});
		expect(parseAv1SequenceHeader(configuration.obus)).toEqual({ width: 646, height: 362, frameRate: undefined });
	});

	// AV1 in ISO BMFF §5 names the fields; the bytes are put together by hand.
	test("writes high tier and depth as codec strings have them", () => {
		expect(parseAv1Configuration(bytes("812dce00")).codec).toBe("av01.1.13H.10");
		expect(parseAv1Configuration(bytes("814c6000")).codec).toBe("av01.2.12M.12");
	});

	test("is refused when it is too short or of another version", () => {
		for (let length = 0; length < 4; length++) {
			expect(() => parseAv1Configuration(bytes(record).subarray(0, length))).toThrow(PeerError);
		}
		expect(() => parseAv1Configuration(bytes("82010c00"))).toThrow("begins with 81");
	});
});

function header(bits: string): Uint8Array {
	const padded = bits.padEnd(Math.ceil(bits.length / 8) * 8, "0");
	const body = (padded.match(/.{8}/g) ?? []).map(byte => Number.parseInt(byte, 2));
	return new Uint8Array([0x0a, body.length, ...body]);
}
const number = (value: number, width: number) => value.toString(2).padStart(width, "0");

describe("an AV1 sequence header", () => {
	test("tells the frame rate where frames come evenly", () => {
		// Timing 1001/60000 with two ticks a picture, a decoder model, display delays, two operating points.
		const timing = `1${number(1001, 32)}${number(60_000, 32)}1010`;
		const model = `1${number(9, 5)}${number(1, 32)}${number(0, 10)}`;
		const point = `${number(0, 12)}${number(8, 5)}01${number(0, 21)}1${number(3, 4)}`;
		const bits = `00000${timing}${model}1${number(1, 5)}${point}${point}`;
		const size = `${number(10, 4)}${number(9, 4)}${number(1279, 11)}${number(719, 10)}`;
		const picture = parseAv1SequenceHeader(header(bits + size));
		expect(picture?.width).toBe(1280);
		expect(picture?.height).toBe(720);
		expect(picture?.frameRate).toBeCloseTo(30_000 / 1001);
	});

	test("is found behind other OBUs, with an extension, and in its reduced form", () => {
		const reduced = header(`00011${number(8, 5)}${number(7, 4)}${number(7, 4)}${number(159, 8)}${number(119, 8)}`);
		const stream = new Uint8Array([0x12, 0, 0x7e, 0x20, 2, 0, 0, ...reduced]);
		expect(parseAv1SequenceHeader(stream)).toEqual({ width: 160, height: 120, frameRate: undefined });
	});

	test("may be missing", () => {
		expect(parseAv1SequenceHeader(new Uint8Array(0))).toBeUndefined();
		expect(parseAv1SequenceHeader(bytes("1200"))).toBeUndefined();
	});

	test("is refused when it is cut, too large, or its size is endless", () => {
		const whole = bytes(record.slice(8));
		for (let length = 1; length < 10; length++) {
			expect(() => parseAv1SequenceHeader(whole.subarray(0, length))).toThrow(PeerError);
		}
		const large = header(`00011${number(8, 5)}${number(15, 4)}${number(15, 4)}${"1".repeat(32)}`);
		expect(() => parseAv1SequenceHeader(large)).toThrow("65536×65536");
		expect(() => parseAv1SequenceHeader(bytes("0affffffffffffffffff"))).toThrow(PeerError);
		expect(() => parseAv1SequenceHeader(bytes("8a00"))).toThrow(PeerError);
	});
});
