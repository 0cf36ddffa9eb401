import { type Figure, type Run, runsOf, valuesOf } from "./result.ts";
import type { Contestant } from "./scenario.ts";
import { median, medianOfRatios, worst } from "./statistic.ts";

/** A promise about a figure, at most `limit`. */
export type Bar = {
	/** The promise, for the reader; unique. */
	text: string;
	figure: Figure;
	scenarios: readonly string[];
	/** Each of them has to keep the promise, in each scenario where it runs. */
	contestants: readonly Contestant[];
	/** The figure is divided by this contestant's of the same scenario and round. */
	versus?: Contestant;
	/** Over the rounds: their median, or the worst of them where one breach is one too many. */
	over: "median" | "worst";
	limit: number;
	/** Above `limit` and up to here the spread of the runs may be the cause: an alarm and not a failure. */
	alarm?: number;
	unit: string;
};

/** FAIL also stands for a run of ours that broke. NO DATA: a peer was missing, or the scenario was not asked for. */
export type Verdict = "PASS" | "ALARM" | "FAIL" | "NO DATA";

/** A bar, and how it stands. */
export type Judgement = { bar: Bar; verdict: Verdict; value?: number; reason?: string };

const MODES = ["millrace-interactive", "millrace-default", "millrace-scale"];
const DEFAULT = ["millrace-default"];
const NEAR = { scale: 0.35, p99Millis: 15 };
/** Over a round trip of 20 ms the 43 kB of a `scale` block leave in small packets, for every server alike (0029). */
const FAR = { scale: 0.5, p99Millis: 35 };
const FANOUTS = ["fanout-100", "fanout-500", "fanout-1000", "fanout-2000"];

/** What Millrace promises about its speed, on one thread. */
export const BARS: readonly Bar[] = [
	...fanOutBars("fanout-500", "500 viewers"),
	...fanOutBars("polled-500", "500 polled"),
	...fanOutBars("path-500", "500 far", FAR),
	{
		text: "every frame delivered, all modes and transports: missing",
		figure: "undelivered",
		scenarios: [...FANOUTS, "polled-500", "path-500", "ingest-100", "flv-500", "join"],
		contestants: [...MODES, "millrace-default/http-flv", "millrace-default/ws-flv"],
		over: "worst",
		limit: 0,
		unit: "",
	},
	{
		text: "join to first frame, all modes: p50",
		figure: "joinP50",
		scenarios: ["join"],
		contestants: MODES,
		over: "median",
		limit: 5,
		unit: "ms",
	},
	{
		text: "join to first frame, all modes: p99",
		figure: "joinP99",
		scenarios: ["join"],
		contestants: MODES,
		over: "median",
		limit: 25,
		unit: "ms",
	},
	{
		text: "2,000 viewers hold without a stall, all modes: longest gap",
		figure: "longestGap",
		scenarios: ["fanout-2000"],
		contestants: MODES,
		over: "worst",
		limit: 1000,
		unit: "ms",
	},
	{
		text: "connect and play: CPU",
		figure: "usPerConnect",
		scenarios: ["connect"],
		contestants: DEFAULT,
		over: "median",
		limit: 400,
		unit: "µs",
	},
	{
		text: "files, 100 and 500 players: CPU per byte against nginx",
		figure: "nsPerByte",
		scenarios: ["vod-flv-100", "vod-flv-500", "vod-mp4-100", "vod-mp4-500"],
		contestants: DEFAULT,
		versus: "nginx",
		over: "median",
		limit: 1.2,
		unit: "x",
	},
	{
		text: "files, 500 players: memory for each",
		figure: "kbPerConnection",
		scenarios: ["vod-flv-500", "vod-mp4-500"],
		contestants: DEFAULT,
		over: "median",
		limit: 100,
		unit: "kB",
	},
	{
		text: "files: from a place in them to the first frame, p50",
		figure: "joinP50",
		scenarios: ["seek-flv", "seek-mp4"],
		contestants: DEFAULT,
		over: "median",
		limit: 20,
		unit: "ms",
	},
	{
		text: "an idle connection: memory",
		figure: "kbPerConnection",
		scenarios: ["idle"],
		contestants: DEFAULT,
		over: "median",
		limit: 30,
		unit: "kB",
	},
	{
		text: "100 streams with one viewer each: CPU per message",
		figure: "usPerMessage",
		scenarios: ["ingest-100"],
		contestants: DEFAULT,
		over: "median",
		limit: 22,
		unit: "µs",
	},
	{
		text: "HTTP-FLV, 500 viewers: CPU per byte against our RTMP",
		figure: "nsPerByte",
		scenarios: ["flv-500"],
		contestants: ["millrace-default/http-flv"],
		versus: "millrace-default",
		over: "median",
		limit: 1.15,
		unit: "x",
	},
	{
		text: "WebSocket-FLV, 500 viewers: CPU per byte against our RTMP",
		figure: "nsPerByte",
		scenarios: ["flv-500"],
		contestants: ["millrace-default/ws-flv"],
		versus: "millrace-default",
		over: "median",
		limit: 1.15,
		unit: "x",
	},
];

/** The same limits for viewers that all read at once and for those that are polled, which they were set for (0028). */
function fanOutBars(scenario: string, viewers: string, { scale, p99Millis } = NEAR): readonly Bar[] {
	const ratio = { figure: "nsPerByte", scenarios: [scenario], over: "median", unit: "x" } as const;
	return [
		{
			...ratio,
			text: `interactive, ${viewers}: CPU per byte against nginx`,
			contestants: ["millrace-interactive"],
			versus: "nginx",
			limit: 1.0,
			alarm: 1.1,
		},
		{
			...ratio,
			text: `interactive, ${viewers}: p99 latency`,
			figure: "latencyP99",
			contestants: ["millrace-interactive"],
			limit: p99Millis,
			unit: "ms",
		},
		{
			...ratio,
			text: `50 ms window, ${viewers}: CPU per byte against nginx`,
			contestants: DEFAULT,
			versus: "nginx",
			limit: 0.7,
		},
		{
			...ratio,
			text: `scale, ${viewers}: CPU per byte against nginx`,
			contestants: ["millrace-scale"],
			versus: "nginx",
			limit: scale,
		},
		{
			...ratio,
			text: `interactive, ${viewers}: CPU per byte against node-media-server`,
			contestants: ["millrace-interactive"],
			versus: "node-media-server",
			limit: 0.7,
		},
	];
}

/** How `bar` stands after `runs`: the worst of its contestants and scenarios counts. */
export function judge(bar: Bar, runs: readonly Run[]): Judgement {
	const values: number[] = [];
	for (const scenario of bar.scenarios) {
		for (const contestant of bar.contestants) {
			const own = runsOf(runs, scenario, contestant);
			const broken = own.find(run => run.failure !== undefined);
			if (broken?.failure !== undefined) {
				return { bar, verdict: "FAIL", reason: `${contestant} in ${scenario}: ${broken.failure}` };
			}
			const lacking = own.find(run => run.figures[bar.figure] === undefined);
			if (lacking !== undefined) {
				const reason = `${contestant} in ${scenario}, round ${lacking.round}: no ${bar.figure}`;
				return { bar, verdict: "FAIL", reason };
			}
			const value = measure(bar, runs, scenario, contestant);
			if (value !== undefined) values.push(value);
		}
	}
	const value = worst(values);
	if (value === undefined) return { bar, verdict: "NO DATA" };
	const alarm = bar.alarm ?? bar.limit;
	return { bar, verdict: value <= bar.limit ? "PASS" : value <= alarm ? "ALARM" : "FAIL", value };
}

function measure(bar: Bar, runs: readonly Run[], scenario: string, contestant: Contestant): number | undefined {
	const own = valuesOf(runsOf(runs, scenario, contestant), bar.figure);
	if (bar.versus !== undefined) {
		return medianOfRatios(own, valuesOf(runsOf(runs, scenario, bar.versus), bar.figure));
	}
	const plain = own.map(({ value }) => value);
	return bar.over === "median" ? median(plain) : worst(plain);
}
