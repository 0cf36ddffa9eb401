import { expect, it } from "vitest";
import { createSeekIndex, placeOf } from "./seek-index.ts";

it.each([
	[0, [0]],
	[0.5, [0]],
	[8, [0, 1, 2, 3, 4, 5, 6, 7]],
	[2.5, [0, 1, 2]],
])("a file of %s s can be sought at %j", (duration, times) => {
	const index = createSeekIndex(duration);
	// Behind the entry that the library leaves out.
	expect(index.times.slice(1)).toEqual(times);
	expect(index.filepositions.slice(1).map(placeOf)).toEqual(times);
});

it("the index of a long file stays small, in order and within what numbers hold", () => {
	const { times, filepositions } = createSeekIndex(100 * 3600);
	expect(times.length).toBe(10_001);
	expect(times.at(-1)).toBeGreaterThan(99.9 * 3600);
	expect(
		filepositions.every((place, at) => Number.isSafeInteger(place) && (at < 2 || place > filepositions[at - 1]!)),
	).toBe(true);
});

it("a place between those of the index is what follows", () => {
	const [, first = 0] = createSeekIndex(8).filepositions;
	expect([placeOf(0), placeOf(1), placeOf(first), placeOf(first + 1), placeOf(first * 3)]).toEqual([
		...["start", "next", 0, "next", 2],
	]);
});
