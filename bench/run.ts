import { writeFileSync } from "node:fs";
import { BARS, judge } from "./bar.ts";
import { BenchError } from "./bench-error.ts";
import { buildProgram } from "./built-program.ts";
import { splitCores } from "./cores.ts";
import { runLoad } from "./load.ts";
import { readMachine } from "./machine.ts";
import { makeFiles, testStream } from "./media.ts";
import { LOOPBACK, openPath } from "./network.ts";
import { type BenchOptions, parseOptions, USAGE } from "./option.ts";
import { type Launch, PEERS, type Place } from "./peer.ts";
import { describeRun, type Missing, renderHead, renderJudgements, renderLegend, renderScenario } from "./report.ts";
import { figuresOf, type Run } from "./result.ts";
import {
	expectedSeconds,
	parseContestant,
	SCENARIOS,
	type Scenario,
	SMOKE_SCENARIOS,
	selectScenarios,
	type Transport,
	warmedUp,
} from "./scenario.ts";
import { killServers, startServer } from "./server-process.ts";

type ReadyPeer = { version: string; transports: readonly Transport[]; launch(place: Place): Launch };
type PlannedRun = { scenario: Scenario; contestant: string; round: number };

const stop = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) {
	process.once(signal, () => {
		stop.abort(new BenchError(`Ended by ${signal}.`));
		killServers();
		process.exitCode = 130;
	});
}

try {
	process.exitCode = await main(parseOptions(process.argv.slice(2)));
} catch (error) {
	killServers();
	console.error(error instanceof BenchError ? error.message : error);
	process.exitCode ||= 1;
}

async function main(options: BenchOptions): Promise<number> {
	if (options.help) {
		console.log(USAGE);
		return 0;
	}
	const offered = options.smoke ? SMOKE_SCENARIOS : SCENARIOS;
	const wanted = selectScenarios(offered, options.only).map(scenario => warmedUp(scenario, options.warmUpSeconds));
	if (wanted.length === 0) {
		throw new BenchError(
			`No scenario is named ${options.only}. There are: ${offered.map(({ name }) => name).join(", ")}.`,
		);
	}
	if (options.list) {
		for (const { name, title, contestants } of wanted) console.log(`${name}: ${title}\n  ${contestants.join(", ")}`);
		return 0;
	}
	if (process.platform !== "linux") {
		throw new BenchError("The bench reads the servers' CPU time from Linux's /proc, so it runs on Linux only.");
	}
	const machine = readMachine(!options.anyCore && splitCores());
	buildProgram("rtmpload");
	const unreachable = await findUnreachable(wanted);
	const scenarios = wanted.filter(({ name }) => unreachable.every(each => each.name !== name));
	const media = testStream();
	if (scenarios.some(({ file }) => file !== undefined)) makeFiles();
	const needed = new Set(scenarios.flatMap(({ contestants }) => contestants.map(name => parseContestant(name).peer)));
	const { ready, absent } = await preparePeers(needed);
	const missing = [...unreachable, ...absent];
	const versions = new Map([...ready].map(([name, { version }]) => [name, version]));
	const head = renderHead(machine, versions, missing);
	console.error(`${head}\n`);

	const runs = await runAll(planRuns(scenarios, options.rounds, ready), ready, media);
	const names = new Set(scenarios.map(({ name }) => name));
	const bars = options.smoke ? [] : BARS.filter(bar => bar.scenarios.some(name => names.has(name)));
	const judgements = bars.map(bar => judge(bar, runs));
	const report = { machine, versions: Object.fromEntries(versions), missing, runs, judgements };
	if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(report, null, "\t")}\n`);

	const tables = scenarios.map(scenario => renderScenario(scenario, runs)).filter(text => text !== "");
	console.log([head, ...tables, renderLegend(runs)].join("\n\n"));
	if (runs.every(({ failure }) => failure !== undefined)) {
		throw new BenchError("Nothing could be measured: every server is missing or failed.");
	}
	if (options.smoke) return 0;
	console.log(`\n${renderJudgements(judgements)}`);
	if (!options.judge) return 0;
	const unkept = judgements.filter(({ verdict }) => verdict === "FAIL" || verdict === "NO DATA");
	if (unkept.length > 0) console.error(`\n${unkept.length} of ${bars.length} bars failed or could not be measured.`);
	return unkept.length > 0 ? 1 : 0;
}

/** The scenarios over a path that cannot be made here. */
async function findUnreachable(scenarios: readonly Scenario[]): Promise<Missing[]> {
	const unreachable: Missing[] = [];
	for (const { name, roundTripMillis } of scenarios) {
		if (roundTripMillis === undefined) continue;
		try {
			await (await openPath(roundTripMillis)).close();
		} catch (error) {
			if (error instanceof BenchError) throw error;
			unreachable.push({ name, reason: messageOf(error) });
		}
	}
	return unreachable;
}

/** Starts each server once: what cannot run is missing from the beginning, with the reason, and not in every run. */
async function preparePeers(needed: ReadonlySet<string>): Promise<{
	ready: Map<string, ReadyPeer>;
	absent: Missing[];
}> {
	const ready = new Map<string, ReadyPeer>();
	const absent: Missing[] = [];
	for (const peer of PEERS) {
		if (!needed.has(peer.name)) continue;
		try {
			const prepared = { ...peer.prepare(), transports: peer.transports };
			const server = await startServer(prepared.launch, peer.transports);
			await server.stop();
			ready.set(peer.name, prepared);
		} catch (error) {
			absent.push({ name: peer.name, reason: messageOf(error) });
		}
		stop.signal.throwIfAborted();
	}
	return { ready, absent };
}

/** Servers alternate within a round, every other round backwards, so that drift of the machine favours none. */
function planRuns(
	scenarios: readonly Scenario[],
	rounds: number,
	ready: ReadonlyMap<string, ReadyPeer>,
): readonly PlannedRun[] {
	const plan: PlannedRun[] = [];
	for (const scenario of scenarios) {
		const present = scenario.contestants.filter(contestant => {
			const { peer, transport } = parseContestant(contestant);
			return ready.get(peer)?.transports.includes(transport);
		});
		for (let round = 1; round <= rounds; round += 1) {
			const order = round % 2 === 1 ? present : present.toReversed();
			plan.push(...order.map(contestant => ({ scenario, contestant, round })));
		}
	}
	return plan;
}

async function runAll(
	plan: readonly PlannedRun[],
	ready: ReadonlyMap<string, ReadyPeer>,
	media: string,
): Promise<Run[]> {
	const runs: Run[] = [];
	let remaining = plan.reduce((sum, { scenario }) => sum + expectedSeconds(scenario), 0);
	for (const [index, { scenario, contestant, round }] of plan.entries()) {
		const { peer, transport } = parseContestant(contestant);
		const found = ready.get(peer);
		if (found === undefined) throw new Error(`A run was planned for ${peer}, which is missing.`);
		const identity = { scenario: scenario.name, contestant, round };
		let run: Run;
		try {
			run = { ...identity, ...(await measure(found, scenario, transport, media)) };
		} catch (error) {
			stop.signal.throwIfAborted();
			// The load is broken, not the server.
			if (error instanceof BenchError) throw error;
			run = { ...identity, figures: {}, failure: messageOf(error) };
		}
		runs.push(run);
		remaining -= expectedSeconds(scenario);
		const place = `[${index + 1}/${plan.length}, ${duration(remaining)} left]`;
		console.error(`${place} ${scenario.name} round ${round} ${contestant}: ${describeRun(run)}`);
	}
	return runs;
}

async function measure(peer: ReadyPeer, scenario: Scenario, transport: Transport, media: string) {
	const network = scenario.roundTripMillis === undefined ? LOOPBACK : await openPath(scenario.roundTripMillis);
	try {
		const server = await startServer(peer.launch, peer.transports, network);
		try {
			const report = await runLoad(scenario, transport, server, media, stop.signal);
			const end = server.end();
			if (end !== undefined) throw new Error(`the server ${end}`);
			return { report, figures: figuresOf(scenario, report) };
		} finally {
			await server.stop();
		}
	} finally {
		await network.close();
	}
}

function duration(seconds: number): string {
	return seconds < 90 ? `${Math.max(0, Math.round(seconds))} s` : `${Math.round(seconds / 60)} min`;
}

function messageOf(error: unknown): string {
	return error instanceof Error ? error.message : String(error);
}
