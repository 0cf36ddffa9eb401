import { expect, it } from "vitest";
import { WorkShare } from "./work-share.ts";

/** Works whenever it may, in pieces of this length, and returns the part of the time that it worked. */
function shareOf(piece: number, pause: number): number {
	const share = new WorkShare();
	let now = 1000;
	let worked = 0;
	while (now < 101_000) {
		const rest = share.count(now, now + piece);
		worked += piece;
		now += piece + Math.max(rest, pause);
	}
	return worked / 100_000;
}

it("who always has work gets half of the time", () => {
	for (const piece of [0.5, 4, 20]) expect(shareOf(piece, 0)).toBeCloseTo(0.5, 1);
});

it("who uses less than half never waits, nor does a single burst", () => {
	expect(shareOf(1, 1.5)).toBeCloseTo(0.4, 2);
	const share = new WorkShare();
	expect([share.count(0, 4), share.count(4, 8), share.count(8, 9)]).toEqual([0, 0, 0]);
});

it("no rest is longer than 50 ms", () => {
	expect(new WorkShare().count(0, 5000)).toBe(50);
});
