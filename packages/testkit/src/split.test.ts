import { expect, test } from "vitest";
import { randomSplit, splits } from "./split.ts";

const bytes = Uint8Array.from({ length: 5000 }, (_, index) => index * 7);

test.each(splits)("split $name, all bytes come in order and the caller's are left alone", split => {
	const received: number[] = [];
	const before = bytes.slice();
	split.feed(bytes, piece => received.push(...piece));
	expect(Uint8Array.from(received)).toEqual(bytes);
	expect(bytes).toEqual(before);
});

test("a piece that is kept is found overwritten", () => {
	const kept: Uint8Array[] = [];
	splits[0]!.feed(bytes, piece => kept.push(piece));
	expect(kept[0]!.every(byte => byte === 0xee)).toBe(true);
});

test("a random split cuts short and long pieces, alike for the same seed and otherwise for another", () => {
	const lengths = (seed: number) => {
		const all: number[] = [];
		randomSplit(seed).feed(bytes, piece => all.push(piece.length));
		return all;
	};
	expect(lengths(3)).toEqual(lengths(3));
	expect(lengths(3)).not.toEqual(lengths(4));
	expect(Math.min(...lengths(3))).toBeLessThan(20);
	expect(Math.max(...lengths(3))).toBeGreaterThan(40);
});
