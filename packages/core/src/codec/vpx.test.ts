import { describe, expect, test } from "vitest";
import { PeerError } from "../fault/index.ts";
import { parseVpxConfiguration } from "./vpx.ts";

const bytes = (hex: string) => new Uint8Array(Buffer.from(hex, "hex"));

describe("a VP8 or VP9 configuration", () => {
	// libvpx and ffmpeg; ffmpeg's box has version and flags in front, other muxers write the record alone.
	test.each(["01000000000b820202020000", "000b820202020000"])("is read with and without the box's head: %s", hex => {
		expect(parseVpxConfiguration(bytes(hex), "vp09")).toEqual({
			profile: 0,
			level: 11,
			bitDepth: 8,
			chromaSubsampling: 1,
			codec: "vp09.00.11.08",
		});
	});

	test("of profile 1 is not taken for a box's head", () => {
		expect(parseVpxConfiguration(bytes("0100860202020000"), "vp09").codec).toBe("vp09.01.00.08");
	});

	test("is refused when it is too short", () => {
		for (let length = 0; length < 6; length++) {
			expect(() => parseVpxConfiguration(bytes("000b82020202").subarray(0, length), "vp08")).toThrow(PeerError);
		}
	});
});
