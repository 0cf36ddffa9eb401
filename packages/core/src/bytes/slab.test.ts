import { expect, test } from "vitest";
import { Slab } from "./slab.ts";

test("gives exact arrays of zeros that do not overlap, though they share memory", () => {
	const slab = new Slab(1024);
	const views = Array.from({ length: 50 }, (_, index) => slab.allocate(index * 3));
	views.forEach((view, index) => {
		expect(view).toEqual(new Uint8Array(index * 3));
		view.fill(index);
	});
	views.forEach((view, index) => {
		expect(view.every(byte => byte === index)).toBe(true);
	});
	expect(new Set(views.map(view => view.buffer)).size).toBeLessThan(10);
});

test("gives large arrays memory of their own", () => {
	const slab = new Slab();
	slab.allocate(10);
	const large = slab.allocate(16 * 1024 + 1);
	expect(large.buffer.byteLength).toBe(large.length);
});
