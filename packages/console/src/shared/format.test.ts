import { expect, it } from "vitest";
import { formatBitrate, formatBytes, formatClock, formatCodec, formatCount, formatDuration } from "./format.ts";

it.each([
	[undefined, "–"],
	[Number.NaN, "–"],
	[0, "0 kbit/s"],
	[850_400, "850 kbit/s"],
	[2_449_000, "2.4 Mbit/s"],
])("a bitrate of %s is shown as %s", (bitrate, text) => {
	expect(formatBitrate(bitrate)).toBe(text);
});

it.each([
	[-5000, "0 s"],
	[8900, "8 s"],
	[185_000, "3 min 5 s"],
	[7_800_000, "2 h 10 min"],
	[356_400_000, "4 d 3 h"],
])("%s milliseconds are shown as %s", (millis, text) => {
	expect(formatDuration(millis)).toBe(text);
});

it.each([
	[undefined, "–"],
	["avc1.64001f", "H.264 High 3.1"],
	["avc1.42c01e", "H.264 Baseline 3.0"],
	["avc1.F4000a", "H.264 1.0"],
	["hvc1.1.6.L93.B0", "H.265"],
	["mp4a.40.2", "AAC"],
	["mp4a.40.5", "HE-AAC"],
	["Speex", "Speex"],
	["<b>", "<b>"],
])("the codec %s is shown as %s", (codec, text) => {
	expect(formatCodec(codec)).toBe(text);
});

it("counts are in the right number", () => {
	expect(formatCount(1, "viewer")).toBe("1 viewer");
	expect(formatCount(0, "viewer")).toBe("0 viewers");
	expect(formatCount(12_345, "viewer")).toBe("12,345 viewers");
});

it.each([
	[undefined, "–"],
	[Number.POSITIVE_INFINITY, "–"],
	[0, "0:00"],
	[8.9, "0:08"],
	[754, "12:34"],
	[3723, "1:02:03"],
	[360_000, "100:00:00"],
])("the place %s s is shown as %s", (seconds, text) => {
	expect(formatClock(seconds)).toBe(text);
});

it.each([
	[0, "0 B"],
	[999, "999 B"],
	[1000, "1 kB"],
	[469_704, "470 kB"],
	[1_240_000, "1.2 MB"],
	[52_400_000, "52 MB"],
	[7_300_000_000, "7.3 GB"],
	[2e15, "2000 TB"],
])("%s bytes are shown as %s", (bytes, text) => {
	expect(formatBytes(bytes)).toBe(text);
});
