import { describe, expect, it } from "vitest";
import { TokenBucket } from "./token-bucket.ts";

describe("a token bucket", () => {
	it("lets a burst pass, and then asks for as long a wait as the rate demands", () => {
		const bucket = new TokenBucket({ perSecond: 10_000, burstMillis: 200 }, 0);
		expect(bucket.spend(1000, 1000)).toBe(0);
		expect(bucket.spend(1000, 1000)).toBe(0);
		expect(bucket.spend(1000, 1000)).toBe(100);
		expect(bucket.spend(500, 1050)).toBe(100);
		expect(bucket.spend(0, 1150)).toBe(0);
	});

	it("saves up no more than it may", () => {
		const bucket = new TokenBucket({ perSecond: 1000, burstMillis: 200 }, 0);
		expect(bucket.spend(201, 1_000_000)).toBe(1);
	});

	it("gives what is there, one at a time, and is full at first where that is wanted", () => {
		const bucket = new TokenBucket({ perSecond: 10, burstMillis: 300, isFull: true }, 0);
		const taken = (now: number): number => {
			let count = 0;
			while (bucket.take(now)) count++;
			return count;
		};
		expect([taken(0), taken(99), taken(100), taken(250), taken(60_000)]).toEqual([3, 0, 1, 1, 3]);
		expect(new TokenBucket({ perSecond: 10, burstMillis: 300 }, 0).take(0)).toBe(false);
	});

	it("keeps to the rate over a long time, whatever the pieces", () => {
		for (const piece of [1, 700, 100_000]) {
			const bucket = new TokenBucket({ perSecond: 50_000, burstMillis: 200 }, 0);
			let now = 0;
			let bytes = 0;
			while (now < 60_000) {
				bytes += piece;
				now += bucket.spend(piece, now);
				if (bytes > 10e6) break;
			}
			expect((bytes * 1000) / now / 50_000).toBeCloseTo(1, 1);
		}
	});
});
