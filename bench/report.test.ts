import { describe, expect, it } from "vitest";
import { BARS, judge } from "./bar.ts";
import { describeRun, renderHead, renderJudgements, renderLegend, renderScenario } from "./report.ts";
import type { Figures, Run } from "./result.ts";
import { SCENARIOS } from "./scenario.ts";
import { LINE_WIDTH } from "./table.ts";

/** Every figure as wide as it gets. */
const WIDE: Figures = {
	nsPerByte: 123.4,
	usPerMessage: 1234,
	latencyP50: 12_345,
	latencyP99: 12_345,
	joinP50: 12_345,
	joinP99: 31_000,
	kbPerConnection: 1270,
	undelivered: 2000,
	longestGap: 31_000,
	usPerConnect: 3343,
	connectsPerSecond: 3927,
	connectP50: 1234,
	connectP99: 1234,
	otherLoad: 2,
};
const everyRun = (figures: Figures): Run[] =>
	SCENARIOS.flatMap(({ name, contestants }) =>
		[1, 2].flatMap(round => contestants.map(contestant => ({ scenario: name, contestant, round, figures }))),
	);
const widest = (text: string) => Math.max(...text.split("\n").map(line => line.length));
const [fanOut] = SCENARIOS;
if (fanOut === undefined) throw new Error("There is no scenario.");

describe("the report", () => {
	it(`fits ${LINE_WIDTH} columns with the widest figures`, () => {
		const runs = everyRun(WIDE);
		for (const scenario of SCENARIOS) expect(widest(renderScenario(scenario, runs))).toBeLessThanOrEqual(LINE_WIDTH);
		expect(widest(renderLegend(runs))).toBeLessThanOrEqual(LINE_WIDTH);
		expect(widest(renderJudgements(BARS.map(bar => judge(bar, runs))))).toBeLessThanOrEqual(LINE_WIDTH);
	});

	it("shows medians, the range, and the median of the rounds' ratios", () => {
		const run = (contestant: string, round: number, nsPerByte: number): Run => ({
			scenario: "fanout-100",
			contestant,
			round,
			figures: { nsPerByte, undelivered: round === 2 ? 7 : 0 },
		});
		const runs = [
			...[1, 2, 4].map((value, index) => run("millrace-scale", index + 1, value)),
			...[2, 4, 8].map((value, index) => run("nginx", index + 1, value)),
		];
		const lines = renderScenario(fanOut, runs).split("\n");
		expect(lines[0]).toBe("fanout-100: 100 viewers of one 1 Mbit/s stream, RTMP (median of 3)");
		expect(lines[2]).toMatch(/^millrace-scale +2\.00 +1\.00-4\.00 +0\.50 .* 7$/);
		expect(lines[3]).toMatch(/^nginx +4\.00 +2\.00-8\.00 +1\.00 /);
		expect(lines).toHaveLength(4);
	});

	it("names the run that failed and why", () => {
		const failed: Run = { scenario: "fanout-100", contestant: "nginx", round: 1, figures: {}, failure: "it went away" };
		expect(renderScenario(fanOut, [failed])).toContain("  failed: nginx, round 1: it went away");
	});

	it("is silent about a scenario in which nobody ran", () => {
		expect(renderScenario(fanOut, [])).toBe("");
	});

	it("marks noise, and explains the mark only when it is there", () => {
		const noisy = everyRun({ nsPerByte: 1, otherLoad: 0.31 });
		const quiet = everyRun({ nsPerByte: 1, otherLoad: 0.3 });
		expect(renderScenario(fanOut, noisy)).toMatch(/!$/m);
		expect(renderScenario(fanOut, quiet)).not.toContain("!");
		expect(renderLegend(noisy)).toContain("noise");
		expect(renderLegend(quiet)).not.toContain("noise");
	});

	it("says what a bar measured, what it allows, and why it failed", () => {
		const [bar] = BARS;
		if (bar === undefined) throw new Error("There is no bar.");
		const text = renderJudgements([{ bar, verdict: "FAIL", value: 1.23, reason: "because" }]);
		expect(text).toMatch(/^FAIL +interactive.* 1\.23 {2}at most 1 x, alarm 1\.1$/m);
		expect(text).toContain(`${bar.text}: because`);
	});

	it("begins with the machine, the servers, and who is missing", () => {
		const machine = {
			cpu: "CPU",
			cores: 2,
			memoryGiB: 24,
			kernel: "Linux 6",
			node: "v26",
			load: 0.5,
			isSplit: true,
			date: "2026",
		};
		const head = renderHead(machine, new Map([["nginx", "1.22"]]), [{ name: "other", reason: "not installed" }]);
		expect(head).toBe(
			[
				"CPU, 2 cores, 24 GiB, Linux 6, Node v26, load 0.50",
				"2026; all traffic within the machine, each server alone on core 0",
				"servers: nginx 1.22",
				"missing: other: not installed",
			].join("\n"),
		);
	});

	it("describes a run in a few words", () => {
		expect(describeRun({ scenario: "a", contestant: "b", round: 1, figures: WIDE })).toBe(
			"123 ns/B, 12345 ms p99, 3343 µs a connect, 2000 lost, noise: 2.00 cores busy elsewhere",
		);
		expect(describeRun({ scenario: "a", contestant: "b", round: 1, figures: {}, failure: "gone" })).toBe(
			"failed: gone",
		);
	});
});
