import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { SampleClock } from "./sample-clock.ts";

/** Ticks of frames whose true times are cut to milliseconds by `round`. */
function run(rate: number, samples: number, round: (millis: number) => number, frames = 2000) {
	const clock = new SampleClock(rate);
	const millis = Array.from({ length: frames }, (_, index) => round((index * samples * 1000) / rate));
	return { millis, ticks: millis.map(time => clock.at(time, samples)) };
}

const durations = (ticks: readonly number[]) => ticks.slice(1).map((tick, index) => tick - ticks[index]!);

describe("a sample clock", () => {
	describe.each([
		[44_100, 1024],
		[48_000, 1024],
		[22_050, 1024],
		[44_100, 1152],
		[48_000, 960],
		[8000, 576],
	])("at %i Hz, %i samples a frame", (rate, samples) => {
		test.each([
			["rounded", Math.round],
			["cut off", Math.floor],
			["rounded up", Math.ceil],
		])("joins frames whose times are %s without gaps, and gives each millisecond back", (_, round) => {
			const { millis, ticks } = run(rate, samples, round);
			expect(ticks.map(tick => Math.round((tick * 1000) / rate))).toEqual(millis);
			// Until the clock has found its place in the millisecond.
			expect(new Set(durations(ticks).slice(200))).toEqual(new Set([samples]));
		});
	});

	test("follows milliseconds that do not agree with the samples", () => {
		const { millis, ticks } = run(44_100, 1024, time => Math.round(time * 1.01));
		expect(ticks.map(tick => Math.round((tick * 1000) / 44_100))).toEqual(millis);
	});

	test("starts anew in the middle of the millisecond after a gap", () => {
		const clock = new SampleClock(48_000);
		expect(clock.at(0, 1024)).toBe(0);
		expect(clock.at(21, 1024)).toBe(1024);
		expect(clock.at(5000, 1024)).toBe(240_000);
	});

	test("places further frames of a message behind the first", () => {
		const clock = new SampleClock(44_100);
		expect([clock.at(0, 1152), clock.following(1152), clock.at(52, 1152)]).toEqual([0, 1152, 2304]);
	});

	test("gives back any times that never go back, whatever the frames say", () => {
		const steps = fc.array(fc.tuple(fc.integer({ min: 0, max: 3000 }), fc.integer({ min: 0, max: 5000 })));
		const rates = fc.constantFrom(7350, 8000, 11_025, 22_050, 44_100, 48_000, 96_000, 192_000);
		fc.assert(
			fc.property(steps, rates, fc.integer({ min: 0, max: 2 ** 33 }), (list, rate, start) => {
				const clock = new SampleClock(rate);
				let millis = start;
				let last = 0;
				for (const [step, samples] of list) {
					millis += step;
					const tick = clock.at(millis, samples);
					expect(Math.round((tick * 1000) / rate)).toBe(millis);
					expect(tick).toBeGreaterThanOrEqual(last);
					last = tick;
				}
			}),
			{ numRuns: 200 },
		);
	});
});
