import { describe, expect, test } from "vitest";
import {
	BandwidthCheck,
	type BandwidthCheckOptions,
	type BandwidthResult,
	DEFAULT_BANDWIDTH_CHECK,
} from "./bandwidth-check.ts";

/** A line of a speed and a round trip on which a check is run; the clock is the test's. */
class Line {
	now = 1000;
	readonly payloads: number[] = [];
	readonly results: (BandwidthResult | undefined)[] = [];
	readonly check: BandwidthCheck;
	/** Arrives later than anything is waited for. */
	isDead = false;
	readonly #bytesPerMilli: number;
	readonly #latency: number;
	#arrival: { readonly at: number; readonly probe: number } | undefined;

	constructor(kbit: number, latency: number, options: Partial<BandwidthCheckOptions> = {}) {
		this.#bytesPerMilli = kbit / 8;
		this.#latency = latency;
		this.check = new BandwidthCheck(
			{ ...DEFAULT_BANDWIDTH_CHECK, ...options },
			(bytes, probe) => {
				this.payloads.push(bytes);
				const at = this.now + this.#latency + bytes / this.#bytesPerMilli;
				this.#arrival = this.isDead ? undefined : { at, probe };
			},
			result => this.results.push(result),
		);
	}

	/** Lets time pass until the check is over. */
	run(): BandwidthResult | undefined {
		this.check.begin(this.now);
		for (let steps = 0; !this.check.isOver; steps++) {
			if (steps > 1000) throw new Error("It does not end.");
			const arrival = this.#arrival;
			if (arrival !== undefined && arrival.at <= this.check.deadline) {
				this.#arrival = undefined;
				this.now = Math.max(this.now, arrival.at);
				this.check.answered(arrival.probe, this.now);
			} else {
				this.now = this.check.deadline;
				this.check.handleTimeout(this.now);
			}
		}
		expect(this.results.length).toBe(1);
		return this.results[0];
	}
}

describe("a bandwidth check", () => {
	test.each([
		[56, 200],
		[256, 100],
		[1000, 50],
		[8000, 20],
		[8000, 200],
		[100_000, 30],
		[1_000_000, 1],
	])("finds %i kbit/s at a round trip of %i ms", (kbit, latency) => {
		const result = new Line(kbit, latency).run()!;
		expect(result.kbit / kbit).toBeCloseTo(1, 1);
		expect(result.latencyMillis).toBe(latency);
		expect(Math.abs(result.deltaKbit / result.deltaMillis / (kbit / 1000) - 1)).toBeLessThan(0.2);
	});

	test("begins with empty probes; payloads grow and end at 256 KiB and at the bytes that are allowed", () => {
		const line = new Line(1e6, 0.5, { maxBytes: 3_000_000 });
		line.run();
		expect(line.payloads.slice(0, 6)).toEqual([0, 0, 0, 16_384, 32_768, 49_152]);
		expect(Math.max(...line.payloads)).toBe(256 * 1024);
		expect(line.payloads.reduce((sum, bytes) => sum + bytes)).toBe(3_000_000);
	});

	test("ends after two seconds with what has been answered, and does not wait for the last payload", () => {
		const line = new Line(200, 50);
		expect(line.run()).toMatchObject({ kbit: 200 });
		expect(line.now).toBe(3000);
	});

	test("waits ten seconds for the first payload of a slow peer, and gives up one that does not answer", () => {
		const slow = new Line(28, 300);
		expect(slow.run()).toMatchObject({ kbit: 28 });
		expect(slow.now).toBeLessThan(11_000);
		const dead = new Line(1000, 10);
		dead.isDead = true;
		expect([dead.run(), dead.now, dead.payloads]).toEqual([undefined, 11_000, [0]]);
	});

	test("keeps to a rate where one is set", () => {
		const line = new Line(100_000, 5, { maxRateKbps: 1000 });
		line.run();
		// All but the last one, for which the time has not passed yet.
		const bytes = line.payloads.slice(0, -1).reduce((sum, each) => sum + each);
		expect((bytes * 8) / (line.now - 1000)).toBeLessThanOrEqual(1000);
		expect(line.now).toBeLessThanOrEqual(3100);
	});

	test("ignores answers to older probes and after the end, and ends once", () => {
		const results: (BandwidthResult | undefined)[] = [];
		const sent: number[] = [];
		const check = new BandwidthCheck(
			DEFAULT_BANDWIDTH_CHECK,
			(_bytes, probe) => sent.push(probe),
			result => results.push(result),
		);
		check.begin(0);
		check.answered(7, 1);
		check.answered(1, 2);
		check.answered(1, 3);
		expect(sent).toEqual([1, 2]);
		check.stop();
		check.stop();
		check.answered(2, 4);
		check.handleTimeout(1e9);
		expect([results, sent, check.deadline]).toEqual([[undefined], [1, 2], Number.POSITIVE_INFINITY]);
	});
});
