import { expect, it } from "vitest";
import { RandomPool } from "./random-pool.ts";

it("gives as many bytes as are asked for, each to one alone, also more than it draws at once", () => {
	const pool = new RandomPool();
	const taken = [16, 1528, 70_000, 65_536, ...new Array<number>(200).fill(1528)].map(count => {
		const bytes = pool.take(count);
		expect(bytes.length).toBe(count);
		return bytes;
	});
	for (const bytes of taken) expect(bytes.some(byte => byte !== 0)).toBe(true);
	for (const [i, bytes] of taken.entries()) bytes.fill(i & 255);
	for (const [i, bytes] of taken.entries()) expect(bytes.every(byte => byte === (i & 255))).toBe(true);
});
