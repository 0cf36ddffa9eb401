import { describe, expect, it } from "vitest";
import { Arena } from "./arena.ts";

describe("an arena", () => {
	it("gives out one memory piece by piece, and the same again once it was taken back", () => {
		const arena = new Arena(1000);
		const [first, second] = [arena.take(400), arena.take(600)];
		expect([first.length, second.length, second.byteOffset]).toEqual([400, 600, 400]);
		expect(second.buffer).toBe(first.buffer);
		arena.reset();
		const again = arena.take(1000);
		expect([again.buffer === first.buffer, again.byteOffset]).toEqual([true, 0]);
	});

	it("makes memory of its own for what does not fit", () => {
		const arena = new Arena(1000);
		const first = arena.take(600);
		const large = arena.take(401);
		expect([large.length, large.buffer === first.buffer]).toEqual([401, false]);
		expect(arena.take(400).buffer).toBe(first.buffer);
	});

	it("leaves what was abandoned alone", () => {
		const arena = new Arena(1000);
		const kept = arena.take(10).fill(7);
		arena.abandon();
		const next = arena.take(1000).fill(1);
		expect([next.buffer === kept.buffer, kept[9]]).toEqual([false, 7]);
	});
});
