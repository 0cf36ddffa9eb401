import { describe, expect, it } from "vitest";
import { BARS, type Bar, judge } from "./bar.ts";
import type { Figures, Run } from "./result.ts";
import { SCENARIOS } from "./scenario.ts";

const runs = (contestant: string, scenario: string, ...figures: Figures[]): Run[] =>
	figures.map((each, index) => ({ scenario, contestant, round: index + 1, figures: each }));
const costs = (contestant: string, ...values: number[]) =>
	runs(contestant, "fanout-500", ...values.map(nsPerByte => ({ nsPerByte })));

const RATIO: Bar = {
	text: "cost",
	figure: "nsPerByte",
	scenarios: ["fanout-500"],
	contestants: ["ours"],
	versus: "peer",
	over: "median",
	limit: 1,
	alarm: 1.1,
	unit: "x",
};
const COUNT: Bar = {
	text: "delivered",
	figure: "undelivered",
	scenarios: ["one", "two"],
	contestants: ["ours", "ours/http-flv"],
	over: "worst",
	limit: 0,
	unit: "",
};

describe("a bar on a ratio", () => {
	it.each([
		["PASS", 1.0],
		["ALARM", 1.05],
		["ALARM", 1.1],
		["FAIL", 1.11],
	])("is %s at %d", (verdict, ratio) => {
		const judgement = judge(RATIO, [...costs("ours", ratio), ...costs("peer", 1)]);
		expect(judgement).toMatchObject({ verdict, value: ratio });
	});

	it("is the median over the rounds", () => {
		const judgement = judge(RATIO, [...costs("ours", 0.9, 9, 0.8), ...costs("peer", 1, 1, 1)]);
		expect(judgement).toMatchObject({ verdict: "PASS", value: 0.9 });
	});

	it("has no alarm zone unless it names one", () => {
		const { alarm: _, ...strict } = RATIO;
		expect(judge(strict, [...costs("ours", 1.05), ...costs("peer", 1)]).verdict).toBe("FAIL");
	});

	it("has no data without the peer or without ours", () => {
		expect(judge(RATIO, costs("ours", 1))).toEqual({ bar: RATIO, verdict: "NO DATA" });
		expect(judge(RATIO, costs("peer", 1)).verdict).toBe("NO DATA");
	});
});

describe("a bar on the worst", () => {
	it("fails for one breach of one contestant in one scenario", () => {
		const clean = [
			...runs("ours", "one", { undelivered: 0 }, { undelivered: 0 }),
			...runs("ours/http-flv", "two", { undelivered: 0 }, { undelivered: 0 }),
		];
		expect(judge(COUNT, clean)).toMatchObject({ verdict: "PASS", value: 0 });
		const breach = [...clean, ...runs("ours", "two", { undelivered: 0 }, { undelivered: 0 }, { undelivered: 4 })];
		expect(judge(COUNT, breach)).toMatchObject({ verdict: "FAIL", value: 4 });
	});

	it("fails with the reason when a run of ours broke, or came without the figure", () => {
		const broken: Run = { scenario: "two", contestant: "ours", round: 2, figures: {}, failure: "the server ended" };
		const judgement = judge(COUNT, [...runs("ours", "two", { undelivered: 0 }), broken]);
		expect(judgement).toMatchObject({ verdict: "FAIL", reason: "ours in two: the server ended" });
		expect(judge(COUNT, runs("ours", "one", { nsPerByte: 1 }))).toMatchObject({
			verdict: "FAIL",
			reason: "ours in one, round 1: no undelivered",
		});
	});
});

describe("the bars", () => {
	it("judge only what some scenario measures, against a peer that runs beside it", () => {
		for (const { text, scenarios, contestants, versus } of BARS) {
			for (const name of scenarios) {
				const scenario = SCENARIOS.find(candidate => candidate.name === name);
				expect(scenario, `${text}: ${name}`).toBeDefined();
				if (versus !== undefined) expect(scenario?.contestants, text).toContain(versus);
			}
			for (const contestant of contestants) {
				const where = SCENARIOS.filter(({ name }) => scenarios.includes(name));
				expect(
					where.some(scenario => scenario.contestants.includes(contestant)),
					`${text}: ${contestant}`,
				).toBe(true);
			}
		}
	});

	it("have texts of their own", () => {
		expect(new Set(BARS.map(({ text }) => text)).size).toBe(BARS.length);
	});
});
