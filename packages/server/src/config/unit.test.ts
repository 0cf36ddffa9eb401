import { describe, expect, it } from "vitest";
import { duration, formatMeasure, parseDuration, parseSize, size, unitBoundsOf } from "./unit.ts";

const DURATIONS: readonly (readonly [string, number])[] = [
	["500ms", 500],
	["30s", 30_000],
	["1.5s", 1500],
	["0.3s", 300],
	["2m", 120_000],
	["1h", 3_600_000],
	["2 m", 120_000],
	["1d", 86_400_000],
];
const SIZES: readonly (readonly [string, number])[] = [
	["512B", 512],
	["64KiB", 65_536],
	["8MiB", 8_388_608],
	["0.5MiB", 524_288],
	["1GiB", 1_073_741_824],
];
const NEITHER = ["", "s", "30", "-1s", "1e3s", "30sec", "8MB", "8mib", "1s2", "NaNs", "99999999999999s", "１s"];

describe("durations and sizes", () => {
	it.each(DURATIONS)("reads %s as milliseconds", (text, millis) => expect(parseDuration(text)).toBe(millis));
	it.each(SIZES)("reads %s as bytes", (text, bytes) => expect(parseSize(text)).toBe(bytes));
	it.each(NEITHER)("takes `%s` for neither", text => {
		expect(parseDuration(text)).toBeUndefined();
		expect(parseSize(text)).toBeUndefined();
	});

	it("writes what it reads back to the same number", () => {
		for (const value of [1, 45, 999, 1000, 90_000, 120_000, 3_600_000, 86_400_000]) {
			const text = formatMeasure(value, "duration");
			expect(typeof text === "number" ? text : parseDuration(text)).toBe(value);
		}
		for (const value of [0, 1, 1000, 1024, 2_500_000, 8_388_608]) {
			const text = formatMeasure(value, "size");
			expect(typeof text === "number" ? text : parseSize(text)).toBe(value);
		}
	});

	it("refuses a value outside the bounds and names both in the units that people write", () => {
		const outside = duration(100, 600_000).safeParse("11m");
		expect(outside.error?.issues[0]?.message).toBe("must be between 100ms and 10m");
		expect(duration(100, 600_000).parse("10m")).toBe(600_000);
		expect(size(1024, 4096).safeParse(1023).success).toBe(false);
	});

	it.each(["8MB", true, null, 1.5, Number.POSITIVE_INFINITY, {}])("refuses %s with examples of what is right", bad => {
		expect(size(1, 1e9).safeParse(bad).error?.issues[0]?.message).toContain("such as `64KiB` or `8MiB`");
	});

	it("knows its own schemas again", () => {
		expect(unitBoundsOf(size(1, 2))).toEqual({ unit: "size", minimum: 1, maximum: 2 });
	});
});
