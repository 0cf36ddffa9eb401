import { describe, expect, it } from "vitest";
import { KeyframeMemory } from "./keyframe-memory.ts";

describe("the memory of keyframes", () => {
	it("tells the last one at or before a time, and how far it is known that there is no other", () => {
		const memory = new KeyframeMemory();
		memory.note(500, 50, 59);
		memory.note(100, 10);
		memory.note(100, 10, 20);
		memory.note(100, 10, 15);
		expect(memory.floor(9)).toBeUndefined();
		expect(memory.floor(49)).toEqual({ offset: 100, time: 10, until: 20 });
		expect(memory.floor(50)).toEqual({ offset: 500, time: 50, until: 59 });
		expect([memory.above(10)?.offset, memory.above(50)]).toEqual([500, undefined]);
	});

	it("takes none whose time contradicts its place", () => {
		const memory = new KeyframeMemory();
		memory.note(100, 10);
		memory.note(300, 30);
		memory.note(200, 40);
		memory.note(400, 20);
		expect(memory.floor(1000)?.offset).toBe(300);
	});

	it("forgets every second one when it is full, and tells nothing wrong then", () => {
		const memory = new KeyframeMemory();
		for (let index = 0; index < 50_000; index++) memory.note(index * 100, index * 10, index * 10 + 9);
		let known = 0;
		for (let time = 5; time < 500_000; time += 10) {
			const found = memory.floor(time)!;
			if (time <= found.until) known++;
			expect(found.until).toBe(found.time + 9);
		}
		expect(known).toBeGreaterThan(2000);
		expect(known).toBeLessThanOrEqual(4096);
	});
});
