import type { PlannedRoad } from "./road-plan.ts";

/** What came of a road; `undefined` times and reasons are not known or not needed. */
export type RoadResult = {
	readonly road: PlannedRoad;
	readonly outcome: "works" | "fails" | "untried";
	/** In milliseconds. */
	readonly roundTrip: number | undefined;
	readonly reason: string | undefined;
};

export type ReportHead = {
	readonly host: string;
	readonly version: string;
	/** Milliseconds since 1970. */
	readonly time: number;
	readonly browser: string;
};

const OUTCOMES = { works: "works", fails: "no", untried: "not tried" } as const;

/** The result as text for an e-mail: a head, and a table like that of `millrace port-test`. */
export function reportText(head: ReportHead, results: readonly RoadResult[]): string {
	const rows = [
		["PROTOCOL", "PORT", "RESULT", "ROUND TRIP", "REASON"],
		...results.map(({ road, outcome, roundTrip, reason = "" }) => [
			road.protocol,
			String(road.port),
			OUTCOMES[outcome],
			roundTrip === undefined ? "" : formatRoundTrip(roundTrip),
			reason,
		]),
	];
	const widths = rows[0]!.map((_, column) => Math.max(...rows.map(row => row[column]!.length)) + 2);
	const table = rows.map(row =>
		row
			.map((cell, column) => cell.padEnd(widths[column]!))
			.join("")
			.trimEnd(),
	);
	const time = new Date(head.time).toISOString().replace("T", " ").slice(0, 19);
	return [
		`Port test of ${head.host}, Millrace ${head.version}, ${time} UTC`,
		...table,
		`Browser: ${head.browser}`,
	].join("\n");
}

/** `3.4 ms`, `128 ms`. */
export function formatRoundTrip(millis: number): string {
	return `${millis < 20 ? millis.toFixed(1) : Math.round(millis)} ms`;
}
