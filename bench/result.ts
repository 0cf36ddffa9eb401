import { BenchError } from "./bench-error.ts";
import type { Contestant, Scenario } from "./scenario.ts";
import type { RoundValue } from "./statistic.ts";

/** One line of rtmpload's output; the fields are described in rtmpload/README.md. */
export type LoadReport = { readonly [field: string]: number | string };

/** What one run says. Absent: this kind of run does not tell it. */
export type Figures = {
	/** Server CPU a byte that players received, in ns. */
	nsPerByte?: number;
	/** Server CPU a media message delivered, in µs. */
	usPerMessage?: number;
	/** Publisher's send to player's complete video frame, in ms. */
	latencyP50?: number;
	latencyP99?: number;
	/** connect() to the first coded video frame, in ms. */
	joinP50?: number;
	joinP99?: number;
	/** Growth of the server's resident memory a connection, in kB. */
	kbPerConnection?: number;
	/**
	 * Frames and players that went wrong: frames missing from the sampled players' sequence, players that failed or never
	 * started, and one each for a player or a stream whose bytes fell behind the others'. Frames of files have no numbers:
	 * there it is players, and one where all together got less than the file's rate.
	 */
	undelivered?: number;
	/** Longest time that a sampled player waited for its next video frame, in ms. */
	longestGap?: number;
	/** Server CPU a connect and play, in µs. */
	usPerConnect?: number;
	connectsPerSecond?: number;
	connectP50?: number;
	connectP99?: number;
	/** Busy cores that were neither the server nor the load: above 0.3 the run is noise. */
	otherLoad?: number;
};

/** A figure's name. */
export type Figure = keyof Figures;

/** One run of one contestant; `failure` says why there are no figures. */
export type Run = {
	scenario: string;
	contestant: Contestant;
	/** From 1. */
	round: number;
	figures: Figures;
	report?: LoadReport;
	failure?: string;
};

/** Above this many busy cores of other programs a run is marked as noisy. */
export const NOISE_LIMIT = 0.3;

/**
 * The longest that a server may hold media back by design (scale mode, SRS's default), in seconds. At the edges of the
 * window that much can be missing or too much without a loss.
 */
const LONGEST_BATCH = 0.35;
/** The same for files, which are sent ahead in blocks, as timers and the machine's other work let them be, in seconds. */
const LONGEST_FILE_BATCH = 1;
/** The least that a player gets of a file of 1 Mbit/s, in bytes a second. */
const FILE_RATE = 125_000;

/** Reads a report's figures. Throws a BenchError when rtmpload's output lacks a field. */
export function figuresOf(scenario: Scenario, report: LoadReport): Figures {
	const read = (field: string): number => {
		const value = report[field];
		if (typeof value !== "number") throw new BenchError(`rtmpload's report has no number ${field}.`);
		return value;
	};
	const otherLoad = Math.max(0, read("machine_busy") - read("srv_cpu") - read("own_cpu"));
	if (scenario.kind === "connect") {
		const figures: Figures = { undelivered: read("failed"), connectsPerSecond: read("per_s"), otherLoad };
		if (read("done") === 0) return { ...figures, undelivered: read("failed") + scenario.connections };
		return {
			...figures,
			usPerConnect: read("srv_us_per_conn"),
			connectP50: read("p50_ms"),
			connectP99: read("p99_ms"),
		};
	}
	const players = read("players");
	const missingPlayers = Math.max(read("fail"), players - read("up"));
	const kbPerConnection = (read("rss_kb") - read("rss0_kb")) / players;
	if (scenario.kind === "idle") return { undelivered: missingPlayers, kbPerConnection, otherLoad };

	const isFile = scenario.file !== undefined;
	const tolerance = 0.02 + (2 * (isFile ? LONGEST_FILE_BATCH : LONGEST_BATCH)) / read("win_s");
	const starved = read("min_over_med") < 1 - tolerance ? 1 : 0;
	// There is no publisher of a file to compare with.
	const delivered = isFile ? read("bytes") / (players * read("win_s") * FILE_RATE) : read("frac_msgs");
	const short = delivered < 1 - tolerance ? 1 : 0;
	const lostFrames = read("lost_frames");
	const figures: Figures = { kbPerConnection, otherLoad };
	// rtmpload answers -1 for what it has no sample of, and for frames lost when the server sends aggregates.
	if (lostFrames >= 0) figures.undelivered = lostFrames + missingPlayers + starved + short;
	if (read("bytes") > 0) {
		figures.nsPerByte = read("ns_per_byte");
		figures.usPerMessage = read("us_per_msg");
	}
	const optional = {
		latencyP50: "lat_p50_ms",
		latencyP99: "lat_p99_ms",
		joinP50: "join_p50_ms",
		joinP99: "join_p99_ms",
		longestGap: "gap_max_ms",
	} as const;
	for (const [figure, field] of Object.entries(optional) as [keyof typeof optional, string][]) {
		// Rounded, the −0.001 of what has no sample is −0.
		if (read(field) >= 0 && !Object.is(read(field), -0)) figures[figure] = read(field);
	}
	return figures;
}

/** The runs of one contestant in one scenario, in the order they were made. */
export function runsOf(runs: readonly Run[], scenario: string, contestant: Contestant): Run[] {
	return runs.filter(run => run.scenario === scenario && run.contestant === contestant);
}

/** One figure over the rounds; rounds without it are left out. */
export function valuesOf(runs: readonly Run[], figure: Figure): RoundValue[] {
	return runs.flatMap(({ round, figures }) => {
		const value = figures[figure];
		return value === undefined ? [] : [{ round, value }];
	});
}
