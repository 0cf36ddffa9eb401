import { spawn } from "node:child_process";
import { join } from "node:path";
import { BenchError } from "./bench-error.ts";
import { programPath } from "./built-program.ts";
import { onCores } from "./cores.ts";
import type { Network } from "./network.ts";
import type { LoadReport } from "./result.ts";
import { expectedSeconds, RELAY_ROADS, type Scenario, type Transport } from "./scenario.ts";

/** The server under load. */
export type Target = {
	pid: number;
	network: Network;
	rtmpPort: number;
	httpPort: number;
	/** Where players that speak RTMP connect, where that is a relay. Default `rtmpPort`. */
	relayPort?: number;
};

const RELAY = join(import.meta.dirname, "road-relay.ts");
/** Beyond its expected time a run may take this long: rtmpload itself waits 30 s for the last first frame. */
const GRACE_SECONDS = 60;
const UNANSWERED_PLAYER = 30;
/** Players of an hour begin at places up to here, so that none comes to its end. */
const SPREAD_SECONDS = 3480;

/** rtmpload's command line for one run. */
export function loadArguments(scenario: Scenario, transport: Transport, target: Target, media: string): string[] {
	const { host, carrier } = target.network;
	const rtmpAt = (port: number): string =>
		`rtmp://${host}:${port}/${scenario.file === undefined ? "live/s%d" : `vod/${scenario.file}`}`;
	const rtmp = rtmpAt(target.rtmpPort);
	const scheme = transport === "ws-flv" ? "ws" : "http";
	const players =
		transport === "ws-flv" || transport === "http-flv"
			? `${scheme}://${host}:${target.httpPort}/live/s%d`
			: rtmpAt(target.relayPort ?? target.rtmpPort);
	const args = ["-u", players, "-P", String(target.pid), "-T", "-l", scenario.name];
	if (carrier !== undefined) args.push("-A", String(carrier));
	if (scenario.file !== undefined) args.push("-O", String(SPREAD_SECONDS));
	if (scenario.publishers > 0) args.push("-p", rtmp, "-m", String(scenario.publishers), "-f", media);
	args.push("-g", String(scenario.settleSeconds), "-w", String(scenario.warmUpSeconds));
	args.push("-d", String(scenario.windowSeconds), "-W", String(UNANSWERED_PLAYER));
	if (scenario.kind === "connect") return [...args, "-S", "-k", String(scenario.connections)];
	args.push("-n", String(scenario.connections), "-r", String(scenario.joinRate));
	if (scenario.kind === "play") args.push("-s", String(scenario.readers ?? scenario.connections));
	return scenario.kind === "idle" ? [...args, "-I"] : args;
}

/** Runs the load to its end, through a relay where the players' road needs one. Throws as `runRtmpload` does. */
export async function runLoad(
	scenario: Scenario,
	transport: Transport,
	target: Target,
	media: string,
	signal: AbortSignal,
): Promise<LoadReport> {
	if (!RELAY_ROADS.some(road => road === transport)) return runRtmpload(scenario, transport, target, media, signal);
	const relayArgs = ["--conditions=source", RELAY, transport, String(target.rtmpPort)];
	const relay = spawn(...onCores("load", process.execPath, relayArgs), {
		stdio: ["ignore", "pipe", "inherit"],
		signal,
	});
	try {
		const relayPort = await new Promise<number>((resolve, reject) => {
			relay.stdout.once("data", line => resolve(Number(line)));
			relay.once("error", reject);
			relay.once("exit", code => reject(new BenchError(`The relay ended with status ${code}.`)));
		});
		return await runRtmpload(scenario, transport, { ...target, relayPort }, media, signal);
	} finally {
		relay.kill();
	}
}

/**
 * Runs the load to its end. Throws an Error that says what rtmpload complained of when the server could not be measured,
 * and a BenchError when rtmpload itself is broken.
 */
function runRtmpload(
	scenario: Scenario,
	transport: Transport,
	target: Target,
	media: string,
	signal: AbortSignal,
): Promise<LoadReport> {
	const limit = Math.ceil(expectedSeconds(scenario) + GRACE_SECONDS);
	const child = spawn(
		...target.network.command("load", programPath("rtmpload"), loadArguments(scenario, transport, target, media)),
		{
			stdio: ["ignore", "pipe", "pipe"],
			timeout: limit * 1000,
			signal,
		},
	);
	let output = "";
	let complaints = "";
	child.stdout.setEncoding("utf8").on("data", text => {
		output += text;
	});
	child.stderr.setEncoding("utf8").on("data", text => {
		complaints += text;
	});
	return new Promise((resolve, reject) => {
		child.once("error", error =>
			reject(signal.aborted ? error : new BenchError(`rtmpload does not run: ${error.message}`)),
		);
		child.once("close", (code, killedBy) => {
			const said = complaints.trim().split("\n").slice(0, 3).join(" | ");
			if (code !== 0) {
				const end = killedBy ? `was ended by ${killedBy} after at most ${limit} s` : `ended with status ${code}`;
				reject(new Error(`rtmpload ${end}${said && `: ${said}`}`));
				return;
			}
			const report = parseReport(output);
			if (report === undefined) {
				reject(new BenchError(`rtmpload did not print one object of JSON: ${output.slice(0, 200)}`));
				return;
			}
			if (report["pubs_up"] !== undefined && report["pubs_up"] !== scenario.publishers) {
				reject(new Error(`only ${report["pubs_up"]} of ${scenario.publishers} publishers were accepted: ${said}`));
				return;
			}
			resolve(report);
		});
	});
}

function parseReport(output: string): LoadReport | undefined {
	try {
		return JSON.parse(output) as LoadReport;
	} catch {
		return undefined;
	}
}
