import { describe, expect, it } from "vitest";
import { median, medianOfRatios, worst } from "./statistic.ts";

describe("median", () => {
	it.each([
		[[], undefined],
		[[7], 7],
		[[9, 1, 5], 5],
		[[10, 9, 2, 1], 5.5],
		// As text, 10 would sort before 9.
		[[10, 9, 8], 9],
	])("of %j is %j", (values, expected) => {
		expect(median(values)).toBe(expected);
	});

	it("leaves its argument as it was", () => {
		const values = [3, 1, 2];
		median(values);
		expect(values).toEqual([3, 1, 2]);
	});
});

describe("worst", () => {
	it("is the largest value, and undefined for none", () => {
		expect(worst([0, 3, 1])).toBe(3);
		expect(worst([])).toBeUndefined();
	});
});

describe("medianOfRatios", () => {
	const rounds = (...values: number[]) => values.map((value, index) => ({ round: index + 1, value }));

	it("divides within each round, so that a machine that slows down does not change the result", () => {
		// Twice as slow in round 2 and four times in round 3; the ratio of the medians would be 0.5 only by luck.
		expect(medianOfRatios(rounds(1, 2, 4), rounds(2, 4, 8))).toBe(0.5);
		expect(medianOfRatios(rounds(1, 6, 4), rounds(2, 4, 8))).toBe(0.5);
	});

	it("takes the rounds by their number and not by their place", () => {
		expect(medianOfRatios(rounds(1, 2), rounds(10, 2).toReversed())).toBeCloseTo((0.1 + 1) / 2);
	});

	it("leaves out rounds that lack a side or whose reference is zero", () => {
		const reference = [
			{ round: 2, value: 4 },
			{ round: 3, value: 0 },
		];
		expect(medianOfRatios(rounds(1, 2, 3), reference)).toBe(0.5);
		expect(medianOfRatios(rounds(1), reference)).toBeUndefined();
		expect(medianOfRatios([], reference)).toBeUndefined();
	});
});
