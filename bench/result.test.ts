import { describe, expect, it } from "vitest";
import { figuresOf, type LoadReport, runsOf, valuesOf } from "./result.ts";
import { SCENARIOS, type Scenario } from "./scenario.ts";

const scenarioOf = (name: string): Scenario => {
	const scenario = SCENARIOS.find(candidate => candidate.name === name);
	if (scenario === undefined) throw new Error(name);
	return scenario;
};

const PLAYED: LoadReport = {
	players: 500,
	up: 500,
	fail: 0,
	win_s: 12,
	bytes: 1e9,
	lost_frames: 0,
	frac_msgs: 0.99,
	min_over_med: 0.97,
	srv_cpu: 0.12,
	own_cpu: 0.1,
	machine_busy: 0.3,
	ns_per_byte: 1.9,
	us_per_msg: 3.4,
	rss_kb: 71_000,
	rss0_kb: 51_000,
	lat_p50_ms: 2.2,
	lat_p99_ms: 7.1,
	join_p50_ms: 1.2,
	join_p99_ms: 7.7,
	gap_max_ms: 41,
};

describe("figuresOf", () => {
	const play = (changes: LoadReport = {}) => figuresOf(scenarioOf("fanout-500"), { ...PLAYED, ...changes });

	it("reads a run of players", () => {
		expect(play()).toEqual({
			nsPerByte: 1.9,
			usPerMessage: 3.4,
			latencyP50: 2.2,
			latencyP99: 7.1,
			joinP50: 1.2,
			joinP99: 7.7,
			kbPerConnection: 40,
			undelivered: 0,
			longestGap: 41,
			otherLoad: expect.closeTo(0.08),
		});
	});

	it.each<[string, LoadReport, number]>([
		["frames lost", { lost_frames: 3 }, 3],
		["players that failed", { fail: 2, up: 498 }, 2],
		["players that never started", { up: 490 }, 10],
		["a player that fell behind the others", { min_over_med: 0.8 }, 1],
		["a stream that stopped for all", { frac_msgs: 0.5 }, 1],
	])("counts %s as undelivered", (_what, changes, expected) => {
		expect(play(changes).undelivered).toBe(expected);
	});

	it("allows for one batch held back at each edge of the window", () => {
		expect(play({ min_over_med: 0.93, frac_msgs: 0.93 }).undelivered).toBe(0);
		expect(play({ min_over_med: 0.93, frac_msgs: 0.93, win_s: 60 }).undelivered).toBe(2);
	});

	it("counts players of a file that got less than the others or than its rate, and has no latency of it", () => {
		const fine = { frac_msgs: 0, bytes: 500 * 12 * 126_000, min_over_med: 0.9, lat_p50_ms: -0, lat_p99_ms: -0 };
		const file = (changes: LoadReport) => figuresOf(scenarioOf("vod-mp4-500"), { ...PLAYED, ...fine, ...changes });
		expect(file({})).not.toHaveProperty("latencyP50");
		expect(file({}).undelivered).toBe(0);
		expect(file({ bytes: 500 * 12 * 100_000 }).undelivered).toBe(1);
		expect(file({ min_over_med: 0.7, fail: 3, up: 497 }).undelivered).toBe(4);
	});

	it("has no delivery figure where frames cannot be told apart, and none of cost where nothing came", () => {
		expect(play({ lost_frames: -1 })).not.toHaveProperty("undelivered");
		const silent = play({ bytes: 0, frac_msgs: 0, lat_p50_ms: -0.001, lat_p99_ms: -0.001 });
		expect(silent).not.toHaveProperty("nsPerByte");
		expect(silent).not.toHaveProperty("latencyP99");
		expect(silent.undelivered).toBe(1);
	});

	it("never makes other programs' load negative", () => {
		expect(play({ machine_busy: 0.01 }).otherLoad).toBe(0);
	});

	it("reads a connect storm, and an entirely refused one", () => {
		const storm = { machine_busy: 0.5, srv_cpu: 0.3, own_cpu: 0.1, failed: 1, done: 9000, per_s: 1500 };
		const report = { ...storm, srv_us_per_conn: 272, p50_ms: 7.1, p99_ms: 12 };
		expect(figuresOf(scenarioOf("connect"), report)).toMatchObject({
			usPerConnect: 272,
			connectsPerSecond: 1500,
			connectP50: 7.1,
			connectP99: 12,
			undelivered: 1,
		});
		const refused = figuresOf(scenarioOf("connect"), { ...report, done: 0, per_s: 0, srv_us_per_conn: 0, failed: 0 });
		expect(refused).not.toHaveProperty("usPerConnect");
		expect(refused.undelivered).toBe(32);
	});

	it("reads idle connections", () => {
		const figures = figuresOf(scenarioOf("idle"), { ...PLAYED, players: 2000, up: 1999, lost_frames: 0, frac_msgs: 0 });
		expect(figures).toEqual({ kbPerConnection: 10, undelivered: 1, otherLoad: expect.any(Number) });
	});

	it("names a field that rtmpload did not print", () => {
		const { ns_per_byte: _, ...lacking } = PLAYED;
		expect(() => figuresOf(scenarioOf("fanout-500"), lacking)).toThrow("no number ns_per_byte");
	});
});

describe("valuesOf", () => {
	it("keeps the round of each value, of one contestant and scenario only", () => {
		const run = (scenario: string, contestant: string, round: number, nsPerByte?: number) => ({
			scenario,
			contestant,
			round,
			figures: nsPerByte === undefined ? {} : { nsPerByte },
		});
		const runs = [run("a", "x", 1, 2), run("a", "y", 1, 3), run("b", "x", 1, 4), run("a", "x", 2), run("a", "x", 3, 5)];
		expect(valuesOf(runsOf(runs, "a", "x"), "nsPerByte")).toEqual([
			{ round: 1, value: 2 },
			{ round: 3, value: 5 },
		]);
	});
});
