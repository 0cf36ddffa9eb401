import { describe, expect, it } from "vitest";
import { editDistance, suggestionFor } from "./suggestion.ts";

describe("suggestions", () => {
	it.each([
		["pubish", "publish"],
		["publihs", "publish"],
		["Listeners", "listeners"],
		["latncy", "latency"],
		["levl", "level"],
		["prt", "port"],
		["hots", "host"],
	])("takes %s for %s", (word, meant) => {
		expect(suggestionFor(word, ["publish", "listeners", "latency", "level", "port", "host"])).toBe(meant);
	});

	it.each(["x", "record", "colour", ""])("suggests nothing for `%s`, which is near nothing", word => {
		expect(suggestionFor(word, ["publish", "listeners", "latency"])).toBeUndefined();
	});

	it.each([
		["", "", 0],
		["", "abc", 3],
		["kitten", "sitting", 3],
		["ab", "ba", 1],
		["same", "same", 0],
	])("counts the edits from `%s` to `%s`", (left, right, edits) => {
		expect(editDistance(left, right)).toBe(edits);
		expect(editDistance(right, left)).toBe(edits);
	});

	it("stops at the ceiling", () => {
		expect(editDistance("a".repeat(5000), "b", 3)).toBe(3);
		expect(editDistance("abcdef", "uvwxyz", 3)).toBe(3);
	});
});
