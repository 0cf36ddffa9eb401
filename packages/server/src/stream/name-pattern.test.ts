import { describe, expect, it } from "vitest";
import { fitsPattern } from "./name-pattern.ts";

describe("a pattern of names", () => {
	it.each([
		["cam", "cam", true],
		["cam", "ca", false],
		["ca", "cam", false],
		["cam", "*", true],
		["", "*", true],
		["", "?", false],
		["cam1", "cam?", true],
		["cam", "cam?", false],
		["reports/2020/a", "report*", true],
		["a/report", "report*", false],
		["abcabd", "*ab?", true],
		["abcabd", "a*b*d", true],
		["abcabd", "a*b*c", false],
		["a.b", "a?b", true],
		["axb", "a.b", false],
		["a*b", "a*b", true],
		["cam", "cam**", true],
	])("of %s and %s: %s", (name, pattern, fits) => {
		expect(fitsPattern(name, pattern)).toBe(fits);
	});

	it("takes no long time, whatever it is", () => {
		expect(fitsPattern("a".repeat(1000), `${"*a".repeat(400)}*b`)).toBe(false);
	});
});
