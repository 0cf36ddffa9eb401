import { describe, expect, it } from "vitest";
import { parseWatchPath, streamAddresses, watchPath } from "./stream-address.ts";

const CASES = [
	["live", "_definst_", "demo", "/live/demo"],
	["live", "room", "cam", "/live/@room/cam"],
	["live", "_definst_", "a b", "/live/a%20b"],
	["live", "_definst_", "ü", "/live/%C3%BC"],
	["live", "_definst_", "a/b", "/live/a/b"],
	["live", "_definst_", "@room", "/live/@room"],
	["live", "_definst_", "100%", "/live/100%25"],
	["live", "_definst_", "a?b#c", "/live/a%3Fb%23c"],
	["live", "_definst_", "<img src=x onerror=alert(1)>", "/live/%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E"],
	["my app", "a@b", "x", "/my%20app/@a%40b/x"],
] as const;

describe("a watch page's path", () => {
	it.each(CASES)("of %s %s %s is %4$s, and back", (application, instance, name, path) => {
		expect(watchPath({ application, instance, name })).toBe(path);
		expect(parseWatchPath(path)).toEqual({ application, instance, name });
	});

	it.each(["", "/", "/live", "/live/", "//x", "/%zz/x"])("%j names no stream", path => {
		expect(parseWatchPath(path)).toBeUndefined();
	});

	it("never leads to another host, whatever the application is called", () => {
		for (const application of ["", "/", "//evil.example", "\\evil.example", "javascript:alert(1)"]) {
			const url = new URL(watchPath({ application, instance: "_definst_", name: "evil.example" }), "http://here");
			expect(url.origin).toBe("http://here");
		}
	});
});

describe("the shown addresses", () => {
	const stream = { application: "live", instance: "_definst_", name: "demo" };

	it("come from the page's own location", () => {
		const page = { protocol: "http:", host: "media.example:8080", hostname: "media.example" };
		expect(streamAddresses(page, 1935, stream)).toEqual({
			page: "http://media.example:8080/live/demo",
			httpFlv: "http://media.example:8080/live/demo.flv",
			webSocketFlv: "ws://media.example:8080/live/demo.flv",
			server: "rtmp://media.example:1935/live",
			rtmp: "rtmp://media.example:1935/live/demo",
		});
	});

	it("use the secure WebSocket from a secure page, and brackets for IPv6", () => {
		const page = { protocol: "https:", host: "[::1]", hostname: "[::1]" };
		const addresses = streamAddresses(page, 19350, { ...stream, instance: "room" });
		expect(addresses.webSocketFlv).toBe("wss://[::1]/live/@room/demo.flv");
		expect(addresses.rtmp).toBe("rtmp://[::1]:19350/live/room/demo");
	});
});
