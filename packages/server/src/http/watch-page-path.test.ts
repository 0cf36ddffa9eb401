import { expect, it } from "vitest";
import { isWatchPagePath } from "./watch-page-path.ts";

it.each([
	["/live/demo", true],
	["/live/@room/cam", true],
	["/live/a%20b", true],
	["/live/%C3%BC", true],
	["/live/a%2Fb", true],
	["/live/...", true],
	["/live", false],
	["/live/", false],
	["//live/demo", false],
	["/live//demo", false],
	["/live/.", false],
	["/live/..", false],
	["/live/%2e%2e", false],
	["/live/%2E%2e/x", false],
	["/live/a%2F..%2Fb", false],
	["/live/a%2F", false],
	["/live/%00", false],
	["/live/%7f", false],
	["/live/%C2%85", false],
	["/live/%zz", false],
	["/live/%ff", false],
	["/live/demo.flv", false],
	["/api/streams", false],
	["/assets/x.js", false],
	["/files/vod/a.mp4", false],
	["/vod/mp4:a.mp4", true],
	["/admin/x", false],
	["/metrics/x", false],
	["live/demo", false],
	["http://host/live/demo", false],
	["", false],
	["*", false],
])("the path %j is a watch page: %j", (path, expected) => {
	expect(isWatchPagePath(path)).toBe(expected);
});

it("a path of endless length is not looked at", () => {
	expect(isWatchPagePath(`/live/${"x".repeat(2000)}`)).toBe(true);
	expect(isWatchPagePath(`/live/${"x".repeat(3000)}`)).toBe(false);
});
