import { expect, it } from "vitest";
import { LiveEdge } from "./live-edge.ts";

it("a cushion near the target plays at normal speed", () => {
	const edge = new LiveEdge();
	for (const cushion of [0, 0.3, 0.5, 0.7])
		expect(edge.steer(10 + cushion, 10)).toEqual({ rate: 1, seekTo: undefined });
});

it("a larger cushion is used up by playing faster, a far larger one by a jump", () => {
	const edge = new LiveEdge();
	expect(edge.steer(11, 10)).toEqual({ rate: 1.04, seekTo: undefined });
	expect(edge.steer(12, 10)).toEqual({ rate: 1.1, seekTo: undefined });
	expect(edge.steer(20, 10)).toEqual({ rate: 1, seekTo: 19.5 });
});

it("steering from any delay comes to rest near the target", () => {
	const edge = new LiveEdge();
	let position = 0;
	for (let now = 8; now < 60; now += 0.1) {
		const { rate, seekTo } = edge.steer(now, position);
		position = (seekTo ?? position) + rate * 0.1;
	}
	expect(60 - position).toBeGreaterThan(0.3);
	expect(60 - position).toBeLessThan(1);
});

it("each stall asks for a larger cushion, up to four seconds, and quiet minutes give it back", () => {
	const edge = new LiveEdge();
	edge.noteStall(1);
	expect(edge.target).toBeCloseTo(0.85);
	for (let i = 0; i < 30; i++) edge.noteStall(2 + i);
	expect(edge.target).toBe(4);
	for (let now = 100; now < 100 + 61 * 40; now += 61) edge.observe(now, now);
	expect(edge.target).toBe(0.5);
});

it("the delay counts what is late, not only what is buffered", () => {
	const edge = new LiveEdge();
	expect(edge.behind(1, 0)).toBeUndefined();
	edge.observe(100, 10);
	expect(edge.behind(100, 9.5)).toBeCloseTo(0.5);
	// The network stalls for 2 s; the picture drains its buffer and stands.
	expect(edge.behind(102, 10)).toBeCloseTo(2);
	edge.observe(102, 10.1);
	expect(edge.behind(102, 10)).toBeCloseTo(2);
});

it("an edge that was seen long ago is forgotten, and a new connection forgets at once", () => {
	const edge = new LiveEdge();
	edge.observe(100, 20);
	for (let now = 101; now < 140; now++) edge.observe(now, now - 90);
	expect(edge.behind(139, 48)).toBeCloseTo(1);
	edge.reset();
	expect(edge.behind(139, 48)).toBeUndefined();
});
