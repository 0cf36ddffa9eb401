import { expect, test } from "vitest";
import { AcknowledgementCounter } from "./acknowledgement.ts";

test("without a window, a sequence number is due each 1.25 MB (Wirecast stalls without)", () => {
	const counter = new AcknowledgementCounter();
	expect(counter.count(1_249_999)).toBe(-1);
	expect(counter.count(1)).toBe(1_250_000);
	expect(counter.count(1_249_999)).toBe(-1);
	expect(counter.count(10)).toBe(2_500_009);
});

test.each([
	[100_000, 50_000],
	[3, 1],
	[2, 1],
	[1, 1],
	[0xffffffff, 1_250_000],
])("with a window of %i bytes, one is due each %i", (window, every) => {
	const counter = new AcknowledgementCounter();
	counter.setWindow(window);
	if (every > 1) expect(counter.count(every - 1)).toBe(-1);
	expect(counter.count(every > 1 ? 1 : every)).toBe(every);
});

test("a window of zero changes nothing", () => {
	const counter = new AcknowledgementCounter();
	counter.setWindow(100_000);
	counter.setWindow(0);
	expect(counter.count(49_999)).toBe(-1);
	expect(counter.count(1)).toBe(50_000);
});

test("the sequence number wraps at 2^32 and never stops (encoders stall at 2 and 4 GiB otherwise)", () => {
	const counter = new AcknowledgementCounter();
	const gibibyte = 2 ** 30;
	const numbers = Array.from({ length: 9 }, () => counter.count(gibibyte));
	expect(numbers).toEqual([1, 2, 3, 0, 1, 2, 3, 0, 1].map(count => count * gibibyte));
	expect(counter.received).toBe(9 * gibibyte);
});
