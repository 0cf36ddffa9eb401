import { describe, expect, it } from "vitest";
import { TokenBucket } from "./token-bucket.ts";

describe("a token bucket", () => {
	it("lets a burst pass, and then asks for as long a wait as the rate demands", () => {
		const bucket = new TokenBucket(10_000, 0);
		expect(bucket.spend(1000, 1000)).toBe(0);
		expect(bucket.spend(1000, 1000)).toBe(0);
		expect(bucket.spend(1000, 1000)).toBe(100);
		expect(bucket.spend(500, 1050)).toBe(100);
		expect(bucket.spend(0, 1150)).toBe(0);
	});

	it("saves up no more than a fifth of a second", () => {
		const bucket = new TokenBucket(1000, 0);
		expect(bucket.spend(201, 1_000_000)).toBe(1);
	});

	it("keeps to the rate over a long time, whatever the pieces", () => {
		for (const piece of [1, 700, 100_000]) {
			const bucket = new TokenBucket(50_000, 0);
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
