import { describe, expect, it } from "vitest";
import { KeyframeIndex } from "./keyframe-index.ts";

describe("a keyframe index", () => {
	it("keeps everything while there is room", () => {
		const index = filled(new KeyframeIndex(1000), 300);
		expect(index.count).toBe(300);
		expect([index.times[299], index.positions[299]]).toEqual([2990, 299_000]);
	});

	it("keeps every second, fourth, eighth one beyond its room, always the first", () => {
		const index = filled(new KeyframeIndex(8), 100);
		const kept = [...index.times.subarray(0, index.count)];
		expect(kept).toEqual([0, 160, 320, 480, 640, 800, 960]);
	});

	it("leaves arrays that were read before as they were", () => {
		const index = filled(new KeyframeIndex(4), 4);
		const before = index.times;
		filled(index, 4);
		expect([...before]).toEqual([0, 10, 20, 30]);
	});

	it("tells how many entries lie before a place", () => {
		const index = filled(new KeyframeIndex(), 10);
		expect([0, 1, 1000, 1001, 9000, 1e9].map(at => index.countBefore(at))).toEqual([0, 1, 1, 2, 9, 10]);
	});

	it.each([
		[10, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]],
		[9, [0, 2, 4, 6, 8]],
		[4, [0, 4, 8]],
		[1, [0]],
		[0, []],
	])("is thinned to %d slots by doubling the interval", (slots, kept) => {
		expect(filled(new KeyframeIndex(), 10).thinned(slots)).toEqual(kept);
	});
});

function filled(index: KeyframeIndex, count: number): KeyframeIndex {
	for (let i = 0; i < count; i++) index.add(i * 10, i * 1000);
	return index;
}
