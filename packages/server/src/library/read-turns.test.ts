import { describe, expect, it } from "vitest";
import { ReadTurns } from "./read-turns.ts";

describe("turns to read", () => {
	it("are given to so many at once; the others wait in order and get the memory of those before", async () => {
		const turns = new ReadTurns(2);
		const [first, second] = [await turns.begin(), await turns.begin()];
		const order: string[] = [];
		const third = Promise.resolve(turns.begin()).then(memory => {
			order.push("third");
			return memory;
		});
		const fourth = Promise.resolve(turns.begin()).then(memory => {
			order.push("fourth");
			return memory;
		});
		expect(turns.size).toBe(2);
		turns.end(second);
		turns.end(first);
		expect([await third, await fourth]).toEqual([second, first]);
		expect([order, turns.size]).toEqual([["third", "fourth"], 0]);
	});

	it("use their memory again, unless what was read is kept", async () => {
		const turns = new ReadTurns(1);
		let memory = await turns.begin();
		const first = memory.take(100);
		turns.end(memory);
		memory = await turns.begin();
		const second = memory.take(200);
		expect(second.buffer).toBe(first.buffer);
		turns.end(memory, true);
		memory = await turns.begin();
		expect(memory.take(1).buffer).not.toBe(second.buffer);
	});
});
