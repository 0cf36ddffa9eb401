import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MP4_LIMITS } from "./mp4-limits.ts";
import { SampleBudget, SampleIndex } from "./sample-index.ts";

const MOST_BYTES = 2 ** 31;

/** An index of samples at these milliseconds, each of ten bytes. */
function indexAt(times: readonly number[], capacity: number): SampleIndex {
	const index = new SampleIndex({ timescale: 1000, offset: 0 }, new SampleBudget(MP4_LIMITS), MOST_BYTES, capacity);
	for (const [at, time] of times.entries()) index.add(at * 10, 10, 0, at % 3 === 0, time, 0, 1);
	index.finish();
	return index;
}

describe("SampleIndex", () => {
	const gap = fc.oneof(
		{ weight: 20, arbitrary: fc.integer({ min: 0, max: 50 }) },
		{ weight: 1, arbitrary: fc.integer({ min: 0, max: 400_000 }) },
	);

	it("keeps every time, however far apart the samples are and however it has to grow", () => {
		const samples = fc.record({
			origin: fc.integer({ min: -100_000, max: 100_000 }),
			gaps: fc.array(gap, { maxLength: 200 }),
			capacity: fc.integer({ min: 0, max: 300 }),
		});
		fc.assert(
			fc.property(samples, ({ origin, gaps, capacity }) => {
				let time = origin;
				const times = [origin, ...gaps.map(more => (time += more))];
				const index = indexAt(times, capacity);
				expect(times.map((_, at) => index.timeOf(at))).toEqual(times);
				for (const wanted of [origin - 1, times[times.length >> 1]!, time + 1]) {
					const first = times.findIndex(each => each >= wanted);
					expect(index.firstAt(wanted)).toBe(first < 0 ? times.length : first);
				}
			}),
		);
	});

	it("keeps a time that goes back at the one before it", () => {
		const index = indexAt([0, 40, 30, 80], 4);
		expect([0, 1, 2, 3].map(at => index.timeOf(at))).toEqual([0, 40, 40, 80]);
	});

	it("grows past 1,024 samples with samples that are minutes apart", () => {
		const times = Array.from({ length: 3000 }, (_, at) => at * 61_000);
		const index = indexAt(times, 0);
		expect(index.timeOf(1023)).toBe(1023 * 61_000);
		expect(index.timeOf(2999)).toBe(2999 * 61_000);
		expect(index.lastAt(100 * 61_000 + 5)).toBe(100);
	});
});
