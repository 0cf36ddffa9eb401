import type { Judgement } from "./bar.ts";
import type { Machine } from "./machine.ts";
import { type Figure, NOISE_LIMIT, type Run, runsOf, valuesOf } from "./result.ts";
import type { Contestant, Scenario, ScenarioKind } from "./scenario.ts";
import { median, medianOfRatios, worst } from "./statistic.ts";
import { type Column, formatFigure, LINE_WIDTH, renderTable, wrap } from "./table.ts";

/** A peer that stands in no table, or a scenario that cannot be run here, and why. */
export type Missing = { name: string; reason: string };

/** What a table's ratios are taken against. */
type Reference = NonNullable<Scenario["reference"]>;
const NGINX: Reference = { contestant: "nginx", title: "/nginx" };

type Cell = (runs: readonly Run[], all: readonly Run[], reference: Contestant) => string;
type ReportColumn = Column & { cell: Cell };

/** Stands for the title of the ratios' column. */
const RATIO = "/";

const CPU_PER_BYTE = [
	column("ns/B", 6, middle("nsPerByte")),
	column("range", 9, range("nsPerByte")),
	column(RATIO, 6, ratio("nsPerByte")),
	column("µs/msg", 6, middle("usPerMessage")),
];
const NOISE = column("", 1, runs => (isNoisy(runs) ? "!" : ""));

const COLUMNS: Record<ScenarioKind, readonly ReportColumn[]> = {
	play: [
		...CPU_PER_BYTE,
		column("p50 ms", 6, middle("latencyP50")),
		column("p99 ms", 6, middle("latencyP99")),
		column("join50", 6, middle("joinP50")),
		column("join99", 6, middle("joinP99")),
		column("kB/vw", 5, middle("kbPerConnection")),
		column("lost", 4, highest("undelivered")),
		NOISE,
	],
	connect: [
		column("connects/s", 10, middle("connectsPerSecond")),
		column("CPU µs each", 11, middle("usPerConnect")),
		column("range", 13, range("usPerConnect")),
		column(RATIO, 6, ratio("usPerConnect")),
		column("p50 ms", 6, middle("connectP50")),
		column("p99 ms", 6, middle("connectP99")),
		column("failed", 6, highest("undelivered")),
		NOISE,
	],
	idle: [
		column("kB each", 7, middle("kbPerConnection")),
		column("range", 13, range("kbPerConnection")),
		column("failed", 6, highest("undelivered")),
		NOISE,
	],
};

/** The machine and the servers, before the figures. */
export function renderHead(
	machine: Machine,
	versions: ReadonlyMap<string, string>,
	missing: readonly Missing[],
): string {
	const { cpu, cores, memoryGiB, kernel, node, load, isSplit, revision, date } = machine;
	const where = isSplit ? "each server alone on core 0" : "servers and load on any core";
	const servers = [...versions].map(([name, version]) => `${name} ${version}`).join(", ") || "none";
	const lines = [
		`${cpu}, ${cores} cores, ${memoryGiB} GiB, ${kernel}, Node ${node}, load ${load.toFixed(2)}`,
		`${date}${revision === undefined ? "" : `, commit ${revision}`}; all traffic within the machine, ${where}`,
		wrap(`servers: ${servers}`, LINE_WIDTH, "  "),
		...missing.map(({ name, reason }) => wrap(`missing: ${name}: ${reason}`, LINE_WIDTH, "  ")),
	];
	return lines.join("\n");
}

/** One scenario's table: a line a contestant, medians over its rounds. Empty when nothing ran. */
export function renderScenario(scenario: Scenario, runs: readonly Run[]): string {
	const own = runs.filter(run => run.scenario === scenario.name);
	const present = scenario.contestants.filter(contestant => own.some(run => run.contestant === contestant));
	if (present.length === 0) return "";
	const reference = scenario.reference ?? NGINX;
	const columns = COLUMNS[scenario.kind].map(each =>
		each.title === RATIO ? { ...each, title: reference.title } : each,
	);
	const rows = present.map(contestant => {
		const contestantRuns = runsOf(own, scenario.name, contestant);
		return [contestant, ...columns.map(({ cell }) => cell(contestantRuns, own, reference.contestant))];
	});
	const rounds = Math.max(...own.map(({ round }) => round));
	const failures = own.flatMap(({ contestant, round, failure }) =>
		failure === undefined ? [] : [wrap(`  failed: ${contestant}, round ${round}: ${failure}`, LINE_WIDTH, "    ")],
	);
	const head = `${scenario.name}: ${scenario.title} (median of ${rounds})`;
	const server: Column = { title: "server", width: 25, align: "left" };
	return [head, renderTable([server, ...columns], rows), ...failures].join("\n");
}

/** What the columns mean, below the tables. */
export function renderLegend(runs: readonly Run[]): string {
	const text =
		"ns/B, µs/msg: server CPU per byte that players received, per media message delivered. range: lowest-highest run. " +
		"/nginx, /rtmp: median of the rounds' ratios to nginx, to plain RTMP through the same relay. p50, p99: publisher's send to viewer's frame. join: connect() to first " +
		"coded frame, ms. kB/vw: memory per viewer. lost: frames and players missing, worst run (must be 0).";
	const noise = `!: other programs used more than ${NOISE_LIMIT} cores in some of the runs: their figures are noise.`;
	return [wrap(text, LINE_WIDTH, ""), ...(isNoisy(runs) ? [noise] : [])].join("\n");
}

/** One line a bar. */
export function renderJudgements(judgements: readonly Judgement[]): string {
	const rows = judgements.map(({ bar, verdict, value, reason }) => {
		const unit = bar.unit === "" ? "" : ` ${bar.unit}`;
		const limit = `at most ${bar.limit}${unit}${bar.alarm === undefined ? "" : `, alarm ${bar.alarm}`}`;
		return { cells: [verdict, bar.text, formatFigure(value), limit], reason };
	});
	const columns: Column[] = [
		{ title: "verdict", width: 7, align: "left" },
		{ title: "bar", width: 20, align: "left" },
		{ title: "here", width: 6, align: "right" },
		{ title: "", width: 10, align: "left" },
	];
	const table = renderTable(
		columns,
		rows.map(({ cells }) => cells),
	);
	const reasons = rows.flatMap(({ cells, reason }) =>
		reason === undefined ? [] : [wrap(`  ${cells[1]}: ${reason}`, LINE_WIDTH, "    ")],
	);
	return [table, ...reasons].join("\n");
}

/** A run in a few words, for the progress line. */
export function describeRun({ figures, failure }: Run): string {
	if (failure !== undefined) return `failed: ${failure}`;
	const parts: string[] = [];
	const add = (figure: Figure, unit: string) => {
		if (figures[figure] !== undefined) parts.push(`${formatFigure(figures[figure])} ${unit}`);
	};
	add("nsPerByte", "ns/B");
	add("latencyP99", "ms p99");
	add("usPerConnect", "µs a connect");
	if (figures.nsPerByte === undefined) add("kbPerConnection", "kB each");
	if ((figures.undelivered ?? 0) > 0) parts.push(`${figures.undelivered} lost`);
	if ((figures.otherLoad ?? 0) > NOISE_LIMIT)
		parts.push(`noise: ${formatFigure(figures.otherLoad)} cores busy elsewhere`);
	return parts.join(", ");
}

function column(title: string, width: number, cell: Cell): ReportColumn {
	return { title, width, align: "right", cell };
}

function middle(figure: Figure): Cell {
	return runs => formatFigure(median(plainValues(runs, figure)));
}

function highest(figure: Figure): Cell {
	return runs => {
		const value = worst(plainValues(runs, figure));
		return value === undefined ? "-" : value.toFixed(0);
	};
}

function range(figure: Figure): Cell {
	return runs => {
		const values = plainValues(runs, figure);
		return values.length < 2 ? "" : `${formatFigure(Math.min(...values))}-${formatFigure(Math.max(...values))}`;
	};
}

function ratio(figure: Figure): Cell {
	return (runs, all, reference) => {
		const others = all.filter(({ contestant }) => contestant === reference);
		return formatFigure(medianOfRatios(valuesOf(runs, figure), valuesOf(others, figure)));
	};
}

function plainValues(runs: readonly Run[], figure: Figure): number[] {
	return valuesOf(runs, figure).map(({ value }) => value);
}

function isNoisy(runs: readonly Run[]): boolean {
	return runs.some(({ figures }) => (figures.otherLoad ?? 0) > NOISE_LIMIT);
}
