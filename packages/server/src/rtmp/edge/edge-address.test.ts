import { describe, expect, it } from "vitest";
import { edgeTarget, isAllowedOrigin } from "./edge-address.ts";

describe("an explicit edge address", () => {
	it.each([
		["?rtmp://origin/app/inst", { address: "rtmp://origin/app/inst", host: "origin", port: 1935 }],
		[
			"/?RTMPS://Origin.example.org/app?x=1",
			{ address: "RTMPS://Origin.example.org/app?x=1", host: "origin.example.org", port: 443 },
		],
		["?rtmp://[::1]:1936/app", { address: "rtmp://[::1]:1936/app", host: "::1", port: 1936 }],
		["?rtmp://two:81/?rtmp://origin/app", { address: "rtmp://two:81/?rtmp://origin/app", host: "two", port: 81 }],
	])("names the next server: %s", (app, target) => {
		expect(edgeTarget(app)).toEqual(target);
	});

	it.each([
		"live",
		"live?rtmp://origin/app",
		"?key=1",
		"?rtmpt://origin/app",
		"?rtmp://origin",
		"?rtmp://user@origin/app",
		"",
	])("is not meant by %s", app => {
		expect(edgeTarget(app)).toBeUndefined();
	});
});

describe("a list of origins", () => {
	it.each([
		["?rtmp://origin/app", ["other", "Origin"], true],
		["?rtmp://origin:1936/app", ["origin"], false],
		["?rtmp://origin:1936/app", ["origin:1936"], true],
		["?rtmps://origin/app", ["origin"], true],
		["?rtmps://origin/app", ["origin:1935"], false],
		["?rtmp://a.example.org/app", ["*.example.org"], true],
		["?rtmp://example.org/app", ["*.example.org"], false],
		["?rtmp://badexample.org/app", ["*.example.org"], false],
		["?rtmp://[::1]/app", ["[::1]"], true],
		["?rtmp://[::1]:7/app", ["[::1]:7"], true],
		["?rtmp://origin/app", [], false],
	])("of %s and %j says %s", (app, origins, allowed) => {
		expect(isAllowedOrigin(edgeTarget(app)!, origins)).toBe(allowed);
	});
});
