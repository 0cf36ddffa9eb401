import { describe, expect, test } from "vitest";
import { addressWithin, DEFAULT_INSTANCE, parseApplication, parseStreamName } from "./url.ts";

describe("an application's address", () => {
	test.each([
		["live", "live", DEFAULT_INSTANCE, ""],
		["live/", "live", DEFAULT_INSTANCE, ""],
		["/live", "live", DEFAULT_INSTANCE, ""],
		["//live//", "live", DEFAULT_INSTANCE, ""],
		["live/room", "live", "room", ""],
		["live/room/", "live", "room", ""],
		["live/_definst_", "live", DEFAULT_INSTANCE, ""],
		["live/a/b", "live", "a/b", ""],
		["live?key=1", "live", DEFAULT_INSTANCE, "key=1"],
		["live/?_fcs_vhost=name", "live", DEFAULT_INSTANCE, "_fcs_vhost=name"],
		["live/room?a=../b\\c?d", "live", "room", "a=../b\\c?d"],
		["?authmod=adobe", "", DEFAULT_INSTANCE, "authmod=adobe"],
		["", "", DEFAULT_INSTANCE, ""],
		["/", "", DEFAULT_INSTANCE, ""],
		["живо/комната", "живо", "комната", ""],
	])("%j is application %j, instance %j, query %j", (app, application, instance, query) => {
		expect(parseApplication(app, 255)).toEqual({ application, instance, query });
	});
});

describe("a stream's name", () => {
	test.each([
		["cam", "cam", "", ""],
		["/cam", "cam", "", ""],
		["cam/", "cam", "", ""],
		["a//b", "a/b", "", ""],
		["cam?key=1", "cam", "", "key=1"],
		["?key=1", "", "", "key=1"],
		["cam?", "cam", "", ""],
		["cam?a=1?b=2", "cam", "", "a=1?b=2"],
		["mp4:dir/movie.mp4?token=1", "dir/movie.mp4", "mp4", "token=1"],
		["/mp4:movie.mp4", "movie.mp4", "mp4", ""],
		["mp4:/movie.mp4", "movie.mp4", "mp4", ""],
		["flv:x", "x", "flv", ""],
		["mp3:x", "x", "mp3", ""],
		["id3:x", "x", "id3", ""],
		["raw:x", "x", "raw", ""],
		["mp4:", "", "mp4", ""],
		["aac:x", "aac:x", "", ""],
		["MP4:x", "MP4:x", "", ""],
		["%2e%2e", "%2e%2e", "", ""],
		["...", "...", "", ""],
		["a..b", "a..b", "", ""],
		["камера 1", "камера 1", "", ""],
		["__proto__", "__proto__", "", ""],
		["", "", "", ""],
	])("%j is name %j, prefix %j, query %j", (text, name, prefix, query) => {
		expect(parseStreamName(text, 255)).toEqual({ name, prefix, query });
	});
});

test.each([
	["live", "cam", "cam", DEFAULT_INSTANCE, ""],
	["live/room", "cam", "cam", "room", ""],
	["live/room", "", "room", DEFAULT_INSTANCE, ""],
	["live/a/b?key=1", "", "b", "a", "key=1"],
	["live/a/b?key=1", "?key=2", "b", "a", "key=2"],
	["live/a/b", "/", "b", "a", ""],
	["live?key=1", "cam", "cam", DEFAULT_INSTANCE, "key=1"],
	["live", "", "", DEFAULT_INSTANCE, ""],
])("in application %j, name %j is stream %j of instance %j with query %j", (app, text, name, instance, query) => {
	const address = addressWithin(parseApplication(app, 255), parseStreamName(text, 255));
	expect(address).toEqual({ name, instance, query, prefix: "" });
});

describe("a name is refused", () => {
	const forbidden = [
		"..",
		"../x",
		"x/../y",
		"x/..",
		".",
		"mp4:../x",
		"mp4:x/..",
		"x\\y",
		"..\\x",
		"C:",
		"c:/x",
		"mp4:C:/x",
		"x/d:y",
		"x\0",
		"x\r\ny",
		"x\u0085",
		"x\u2028y",
		"x\u2029",
		"\u202ecod.exe",
		"x\u2066y",
		"x\u200fy",
		"x*",
		'x"',
		"<x>",
		"x|y",
	];

	test.each(forbidden.map(text => [text]))("for what stands in %j", text => {
		const refusal = expect.objectContaining({ code: "NAME_FORBIDDEN" });
		expect(() => parseStreamName(text, 255)).toThrow(refusal);
		// Only the prefix makes the rest a name of its own there.
		if (!/^mp4:(C|\.)/.test(text)) expect(() => parseApplication(`live/${text}`, 255)).toThrow(refusal);
	});

	test("for its length, each part by itself and the query not counted", () => {
		const tooLong = expect.objectContaining({ code: "NAME_TOO_LONG" });
		const [long, longer] = ["x".repeat(255), "x".repeat(256)];
		expect(parseStreamName(`mp4:/${long}?${longer}`, 255).name).toBe(long);
		expect(() => parseStreamName(longer, 255)).toThrow(tooLong);
		expect(parseApplication(`${long}/${long}?${longer}`, 255).instance).toBe(long);
		expect(() => parseApplication(longer, 255)).toThrow(tooLong);
		expect(() => parseApplication(`live/${longer}`, 255)).toThrow(tooLong);
	});

	test("in a text that shows no key, forges no line and is short", () => {
		const text = (name: string) => {
			try {
				parseStreamName(name, 255);
			} catch (error) {
				return String(error);
			}
			return "";
		};
		expect(text("a*b?key=secret")).toContain('"a*b"');
		expect(text("a*b?key=secret")).not.toContain("secret");
		expect(text("\u202e\u2028\r\n\u0085\x7f")).toMatch(/"\\u202e\\u2028\\r\\n\\u0085\\u007f"$/);
		expect(text("*".repeat(5000)).length).toBeLessThan(250);
	});
});
