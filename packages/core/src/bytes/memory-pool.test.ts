import { describe, expect, it } from "vitest";
import { MemoryPool } from "./memory-pool.ts";

describe("a memory pool", () => {
	it("gives what was given back before it makes more", () => {
		const pool = new MemoryPool(1000, 2);
		const first = pool.take(400);
		const second = pool.take(1000);
		expect([first.length, second.length]).toEqual([400, 1000]);
		expect(first.buffer).not.toBe(second.buffer);
		pool.give(first);
		expect(pool.take(900).buffer).toBe(first.buffer);
		expect(pool.take(10).buffer).not.toBe(second.buffer);
	});

	it("makes memory of its own for what is larger than a piece, and does not keep it", () => {
		const pool = new MemoryPool(1000, 2);
		const large = pool.take(1001);
		expect(large.length).toBe(1001);
		pool.give(large);
		expect(pool.take(1).buffer.byteLength).toBe(1000);
	});

	it("keeps no more pieces than it was told", () => {
		const pool = new MemoryPool(1000, 1);
		const taken = [pool.take(1), pool.take(1), pool.take(1)];
		for (const piece of taken) pool.give(piece);
		const again = [pool.take(1), pool.take(1)];
		expect(taken.filter(piece => again.some(other => other.buffer === piece.buffer))).toHaveLength(1);
	});
});
