import { FLAG_CONFIGURATION, MEDIA_AUDIO, MEDIA_DATA, MEDIA_VIDEO, type MediaType } from "@millrace/core/flv";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { TimestampRepair } from "./timestamp-repair.ts";

const WRAP = 2 ** 32;

/** `[type, timestamp, wall clock]`: A audio, V video, D data, a and v configurations. */
type Step = readonly [kind: "A" | "V" | "D" | "a" | "v", timestamp: number, now: number];

const TYPES: Record<Step[0], MediaType> = {
	A: MEDIA_AUDIO,
	V: MEDIA_VIDEO,
	D: MEDIA_DATA,
	a: MEDIA_AUDIO,
	v: MEDIA_VIDEO,
};

function repaired(steps: readonly Step[], repair = new TimestampRepair()): number[] {
	return steps.map(([kind, timestamp, now]) =>
		repair.repair(
			TYPES[kind],
			((timestamp % WRAP) + WRAP) % WRAP,
			kind === "a" || kind === "v" ? FLAG_CONFIGURATION : 0,
			now,
		),
	);
}

const CASES: { name: string; steps: Step[]; out: number[]; repairs?: number }[] = [
	{
		name: "a sound clock is left as it is",
		steps: [
			["V", 0, 5],
			["A", 10, 5],
			["V", 40, 45],
			["A", 33, 46],
			["V", 80, 85],
		],
		out: [0, 10, 40, 33, 80],
	},
	{
		name: "a clock that does not start near zero is moved there, audio and video as far apart as they were",
		steps: [
			["A", 5_000_000, 5],
			["V", 5_000_020, 5],
			["A", 5_000_023, 30],
		],
		out: [0, 20, 23],
	},
	{
		name: "a time below zero becomes zero",
		steps: [
			["A", 5_000_000, 5],
			["V", 4_999_950, 5],
			["V", 4_999_990, 45],
			["V", 5_000_030, 85],
		],
		out: [0, 0, 0, 30],
	},
	{
		name: "the wrap at 2^32 goes on",
		steps: [
			["V", WRAP - 60, 0],
			["V", WRAP - 20, 40],
			["A", WRAP - 1, 50],
			["V", 20, 80],
			["A", 22, 90],
		],
		out: [0, 40, 59, 80, 82],
	},
	{
		name: "the wrap of a signed clock at 2^31 goes on",
		steps: [
			["V", 2 ** 31 - 20, 0],
			["V", 2 ** 31 + 20, 40],
		],
		out: [0, 40],
	},
	{
		name: "an encoder whose clock restarts at zero goes on after as much time as passed",
		steps: [
			["V", 0, 0],
			["V", 100_000, 100_000],
			["A", 100_010, 100_010],
			["V", 0, 100_500],
			["A", 15, 100_510],
			["V", 40, 100_540],
		],
		out: [0, 100_000, 100_010, 100_500, 100_515, 100_540],
		repairs: 1,
	},
	{
		name: "a jump forward is closed up",
		steps: [
			["V", 0, 0],
			["V", 40, 40],
			["V", 3_600_000, 80],
			["A", 3_600_010, 90],
			["V", 3_600_040, 120],
		],
		out: [0, 40, 80, 90, 120],
		repairs: 1,
	},
	{
		name: "a jump back is closed up",
		steps: [
			["V", 9000, 0],
			["V", 9040, 40],
			["V", 5000, 80],
			["V", 5040, 120],
		],
		out: [9000, 9040, 9080, 9120],
		repairs: 1,
	},
	{
		name: "a burst after a fault counts as one nominal step at least",
		steps: [
			["V", 100, 0],
			["V", 3_600_000, 0],
			["V", 3_600_040, 1],
		],
		out: [100, 140, 180],
		repairs: 1,
	},
	{
		name: "a step as long as the time that passed is none",
		steps: [
			["V", 0, 0],
			["V", 60_000, 59_000],
		],
		out: [0, 60_000],
	},
	{
		name: "a medium that was muted for long is still in step with the other",
		steps: [
			["A", 0, 0],
			["V", 0, 0],
			["V", 60_000, 60_000],
			["A", 60_003, 60_003],
		],
		out: [0, 0, 60_000, 60_003],
	},
	{
		name: "frames out of order by less than a second never go back, and the clock is not moved",
		steps: [
			["V", 0, 0],
			["V", 120, 40],
			["V", 40, 80],
			["V", 80, 120],
			["V", 160, 160],
		],
		out: [0, 120, 120, 120, 160],
	},
	{
		name: "audio and video on clocks of their own (some cameras) run on side by side",
		steps: [
			["V", 0, 0],
			["A", 1_000_000_000, 0],
			["V", 40, 40],
			["A", 1_000_000_023, 40],
			["V", 80, 80],
			["A", 1_000_000_046, 80],
		],
		out: [0, 0, 40, 23, 80, 46],
	},
	{
		name: "configurations and data stamped 0 in the middle of a stream get the newest time and move nothing",
		steps: [
			["V", 0, 0],
			["V", 5000, 5000],
			["v", 0, 5000],
			["D", 0, 5000],
			["V", 5040, 5040],
		],
		out: [0, 5000, 5000, 5000, 5040],
	},
	{
		name: "configurations and data with sound times keep them",
		steps: [
			["v", 0, 0],
			["V", 0, 0],
			["V", 40, 40],
			["v", 80, 80],
			["D", 80, 80],
			["V", 80, 80],
		],
		out: [0, 0, 40, 80, 80, 80],
	},
	{
		name: "a configuration stamped a little too early does not go back",
		steps: [
			["V", 0, 0],
			["V", 1000, 1000],
			["v", 700, 1000],
			["V", 1040, 1040],
		],
		out: [0, 1000, 1000, 1040],
	},
];

describe("TimestampRepair", () => {
	for (const { name, steps, out, repairs = 0 } of CASES) {
		it(name, () => {
			const repair = new TimestampRepair();
			expect(repaired(steps, repair)).toEqual(out);
			expect(repair.repairs).toBe(repairs);
		});
	}

	it("joins a publisher that comes back after the time that really passed", () => {
		const repair = new TimestampRepair();
		repaired(
			[
				["V", 0, 0],
				["V", 400, 400],
			],
			repair,
		);
		repair.restart();
		expect(
			repaired(
				[
					["v", 77, 4400],
					["V", 77_000, 4400],
					["A", 77_005, 4405],
					["V", 77_040, 4440],
				],
				repair,
			),
		).toEqual([400, 4400, 4405, 4440]);
		expect([repair.repairs, repair.newest]).toEqual([0, 4440]);
	});

	it("keeps all distances of a sound clock exactly, wherever it starts and however often it wraps", () => {
		const step = fc.record({ isAudio: fc.boolean(), distance: fc.integer({ min: 0, max: 9000 }) });
		fc.assert(
			fc.property(
				fc.integer({ min: 0, max: WRAP - 1 }),
				fc.array(step, { minLength: 2, maxLength: 60, size: "max" }),
				(start, steps) => {
					let time = 0;
					const sent = steps.map(({ isAudio, distance }): Step => {
						time += distance;
						return [isAudio ? "A" : "V", start + time, time];
					});
					const out = repaired(sent);
					for (let i = 1; i < out.length; i++) expect(out[i]! - out[0]!).toBe(sent[i]![1] - sent[0]![1]);
				},
			),
		);
	});

	it("never goes back within audio, video or data, and never runs far ahead of real time, whatever comes", () => {
		const step = fc.tuple(
			fc.constantFrom<Step[0]>("A", "V", "D"),
			fc.oneof(fc.integer({ min: 0, max: WRAP - 1 }), fc.integer({ min: 0, max: 200_000 })),
			fc.integer({ min: 0, max: 100 }),
			fc.boolean(),
		);
		fc.assert(
			fc.property(fc.array(step, { maxLength: 80, size: "max" }), steps => {
				const repair = new TimestampRepair();
				const last: Record<string, number> = { A: 0, V: 0, D: 0 };
				let now = 1;
				for (const [kind, timestamp, pause, restarts] of steps) {
					now += pause;
					if (restarts) repair.restart();
					const [time = -1] = repaired([[kind, timestamp, now]], repair);
					expect(time).toBeGreaterThanOrEqual(last[kind]!);
					expect(Number.isInteger(time)).toBe(true);
					last[kind] = time;
				}
				// Each step may be one that passes for sound.
				expect(repair.newest).toBeLessThanOrEqual(10_000 + steps.length * (10_000 + 150) + now);
			}),
		);
	});
});
