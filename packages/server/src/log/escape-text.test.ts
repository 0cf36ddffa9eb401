import { describe, expect, it } from "vitest";
import { escapeText, textOf } from "./escape-text.ts";

describe("text from a peer", () => {
	it.each([
		["live/demo", "live/demo"],
		["Große Übertragung 東京 🎥", "Große Übertragung 東京 🎥"],
		["a\nb\r\tc", "a\\nb\\r\\tc"],
		["\x1b[2J\x07\0", "\\x1b[2J\\x07\\x00"],
		["\x7f\x9b31m", "\\x7f\\x9b31m"],
		["a\u2028b\u2029c", "a\\u2028b\\u2029c"],
		["\u202eevil\u2066\u200b\ufeff", "\\u202eevil\\u2066\\u200b\\ufeff"],
		["\ud800x\udc00", "\\ud800x\\udc00"],
		["a\\nb", "a\\\\nb"],
	])("%j is written as %s", (text, written) => expect(escapeText(text)).toBe(written));

	it("is cut where it is long", () => {
		expect(escapeText("x".repeat(100_000))).toBe(`${"x".repeat(500)}… (99500 more)`);
	});

	it.each([
		[Object.create(null), "[object Object]"],
		[{ toString: 5 }, "[object Object]"],
		[Symbol("s"), "Symbol(s)"],
		[null, "null"],
		[12n, "12"],
		[new Error("went wrong"), "went wrong"],
	])("comes from any value without asking it", (value, text) => expect(textOf(value)).toBe(text));
});
