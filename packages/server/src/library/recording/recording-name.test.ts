import { describe, expect, it } from "vitest";
import { StreamName } from "../../app/index.ts";
import { type RecordingFormatName, recordingPath } from "./recording-name.ts";
import { matchesPattern } from "./stream-pattern.ts";

const DATE = new Date("2026-03-04T05:06:07.890Z");
const DEFAULT = "{app}/streams/{instance}/{stream}";

function pathOf(
	stream: string,
	over: { template?: string; format?: RecordingFormatName; n?: number; platform?: string } = {},
) {
	const name = new StreamName("live", "_definst_", stream);
	const { template = DEFAULT, format = "flv", n = 1, platform = "linux" } = over;
	return recordingPath(name, format, n, DATE, { folder: "/media", template, platform });
}

describe("a recording's path", () => {
	it.each([
		["cam", {}, "/media/live/streams/_definst_/cam.flv"],
		["cam", { format: "mp4" }, "/media/live/streams/_definst_/cam.mp4"],
		["cam.flv", {}, "/media/live/streams/_definst_/cam.flv"],
		["cam.F4V", { format: "mp4" }, "/media/live/streams/_definst_/cam.F4V"],
		["cam.mp4", {}, "/media/live/streams/_definst_/cam.mp4.flv"],
		["a/b/cam", {}, "/media/live/streams/_definst_/a/b/cam.flv"],
		["cam", { n: 2 }, "/media/live/streams/_definst_/cam-002.flv"],
		["cam", { template: "{app}/{date}/{stream}_{time}_{n}", n: 12 }, "/media/live/2026-03-04/cam_05-06-07_012.flv"],
		["a{n}$&", { template: "{stream}" }, "/media/a{n}$&.flv"],
		["aux", {}, "/media/live/streams/_definst_/aux.flv"],
	] as const)("of `%s` with %o is %s", (stream, over, path) => {
		expect(pathOf(stream, over)).toBe(path);
	});

	it.each([
		["../cam", {}],
		["a/../../../../etc/passwd", {}],
		["a//b", {}],
		["", { template: "{app}/{stream}/x" }],
		["a\\b", {}],
		["a\tb", {}],
		["x".repeat(232), {}],
		["aux", { platform: "win32" }],
		["Con.cam", { platform: "win32" }],
		["a:b", { platform: "win32" }],
		["dir./cam", { platform: "win32" }],
	] as const)("does not exist for `%s` %o", (stream, over) => {
		expect(pathOf(stream, over)).toBeUndefined();
	});
});

describe("a pattern of stream names", () => {
	it.each([
		["cam", "cam", true],
		["cam1", "cam", false],
		["cam1", "cam*", true],
		["a/cam", "*", true],
		["a/cam/hd", "a/*/hd", true],
		["ahd", "a*ahd", false],
		["room-1-2-x", "room-*-*-x", true],
		["room-1-x", "room-*-*-x", false],
		["aXb", "a.b", false],
	])("`%s` against `%s` is %s", (name, pattern, fits) => {
		expect(matchesPattern(name, pattern)).toBe(fits);
	});
});
