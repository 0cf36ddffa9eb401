import { type AttemptRecord, FALLBACK_RULES } from "@millrace/client";
import { closeAllPrograms, removeTempDirs, ServerProcess, type SkippableTest } from "@millrace/testkit";
import { afterAll, describe, expect, test } from "vitest";
import { ClosedNetwork, type DroppedPackets } from "./closed-network.ts";
import { type Journey, type JourneyReport, type OddListener, travel } from "./journey.ts";
import { needMillrace } from "./suite-server.ts";

/**
 * What is found at a port: nobody (`refuse`), a firewall that says nothing (`drop`), one who takes connections and says
 * nothing (`mute`), a web server without media (`web`), RTMP that answers after 600 ms (`slow`), or the server, which
 * speaks that protocol alone there.
 */
type PortState = "refuse" | "drop" | "mute" | "web" | "slow" | "rtmp" | "rtmps" | "http" | "https";
type Ports = Partial<Record<1935 | 443 | 80, PortState>>;
type Rule = "R1" | "R2" | "R3" | "R4" | "R5";

/** Instead of 10 s, of which a suite has too few. */
const PATIENCE_MILLIS = 2000;
const SLOW_MILLIS = 600;
/** A machine with too much to do is this much late, at most; less than what tells the situations apart. */
const LATE_MILLIS = 1400;
const RTMP_ADDRESS = "10.77.9.1";

/** How long an attempt takes, by the word at its end; without one it is over at once. */
const DURATIONS: Readonly<Record<string, number>> = { late: PATIENCE_MILLIS, slowly: SLOW_MILLIS };

/** What each rule does there: these attempts, in this order, and no others. */
const SITUATIONS: readonly {
	readonly where: string;
	readonly rules: Readonly<Partial<Record<Rule, readonly [Ports, string]>>>;
}[] = [
	{
		where: "nothing listens",
		rules: {
			R1: [{}, "rtmp 1935 fails, rtmp 443 fails, rtmp 80 fails"],
			R2: [{}, "rtmp 1935 fails, rtmpt 80 fails"],
			R3: [{}, "rtmp 1935 fails, rtmp 443 fails, rtmp 80 fails, rtmpt 80 fails"],
			R4: [{}, "rtmp 1935 fails, rtmp 80 fails, rtmpt 80 fails"],
			R5: [{}, "rtmp 1935 fails, rtmp 80 fails, rtmp 443 fails"],
		},
	},
	{
		where: "packets to all ports but the last one are dropped",
		rules: {
			R1: [{ 1935: "drop", 443: "drop", 80: "rtmp" }, "rtmp 1935 fails late, rtmp 443 fails late, rtmp 80 connects"],
			R2: [{ 1935: "drop", 443: "drop", 80: "http" }, "rtmp 1935 fails late, rtmpt 80 connects"],
			R3: [
				{ 1935: "drop", 443: "drop", 80: "http" },
				"rtmp 1935 fails late, rtmp 443 fails late, rtmp 80 fails, rtmpt 80 connects",
			],
			R4: [{ 1935: "drop", 443: "drop", 80: "http" }, "rtmp 1935 fails late, rtmp 80 fails, rtmpt 80 connects"],
			R5: [{ 1935: "drop", 443: "rtmp", 80: "drop" }, "rtmp 1935 fails late, rtmp 80 fails late, rtmp 443 connects"],
		},
	},
	{
		where: "one port is mute and the next one slow",
		rules: {
			R1: [{ 1935: "mute", 443: "slow" }, "rtmp 1935 fails late, rtmp 443 connects slowly"],
			R2: [{ 1935: "mute", 80: "http" }, "rtmp 1935 fails late, rtmpt 80 connects"],
			R3: [{ 443: "mute", 80: "slow" }, "rtmp 1935 fails, rtmp 443 fails late, rtmp 80 connects slowly"],
			R4: [{ 1935: "mute", 80: "slow" }, "rtmp 1935 fails late, rtmp 80 connects slowly"],
			R5: [{ 80: "mute", 443: "slow" }, "rtmp 1935 fails, rtmp 80 fails late, rtmp 443 connects slowly"],
		},
	},
	{
		where: "the first port is slow",
		rules: {
			R1: [{ 1935: "slow", 443: "rtmp" }, "rtmp 1935 connects slowly"],
			R2: [{ 1935: "slow", 80: "http" }, "rtmp 1935 connects slowly"],
			R3: [{ 1935: "slow", 443: "rtmp" }, "rtmp 1935 connects slowly"],
			R4: [{ 1935: "slow", 80: "http" }, "rtmp 1935 connects slowly"],
			R5: [{ 1935: "slow", 80: "rtmp" }, "rtmp 1935 connects slowly"],
		},
	},
	{
		where: "there are only web servers",
		rules: {
			R1: [{ 443: "web", 80: "web" }, "rtmp 1935 fails, rtmp 443 fails, rtmp 80 fails"],
			R2: [{ 443: "web", 80: "web" }, "rtmp 1935 fails, rtmpt 80 fails"],
			R3: [{ 443: "web", 80: "web" }, "rtmp 1935 fails, rtmp 443 fails, rtmp 80 fails, rtmpt 80 fails"],
			R4: [{ 443: "web", 80: "web" }, "rtmp 1935 fails, rtmp 80 fails, rtmpt 80 fails"],
			R5: [{ 443: "web", 80: "web" }, "rtmp 1935 fails, rtmp 80 fails, rtmp 443 fails"],
		},
	},
];

const RULE_CASES = SITUATIONS.flatMap(({ where, rules }) =>
	Object.entries(rules).map(([rule, [ports, attempts]]) => ({ rule: rule as Rule, where, ports, attempts })),
);

/** What the server speaks where a road leads to it. */
const SPOKEN = { rtmp: "rtmp", rtmps: "rtmps", rtmpt: "http", rtmpts: "https" } as const;
const RACE = FALLBACK_RULES.racing;
const RACE_CASES = RACE.roads.flatMap((road, at) =>
	(["dropped", "refused"] as const).map(others => ({ road, at, others, name: `${road.protocol} ${road.port}` })),
);
/** Races in which several listen, and who wins. */
const CROWDS: readonly { readonly where: string; readonly ports: Ports; readonly winner: string }[] = [
	{
		where: "there are web servers at the other ports",
		ports: { 1935: "web", 443: "rtmps", 80: "web" },
		winner: "rtmps 443",
	},
	{
		where: "one port is mute, one dropped, and one slow",
		ports: { 1935: "mute", 443: "slow", 80: "drop" },
		winner: "rtmp 443",
	},
	{ where: "the first is slow and another is not", ports: { 1935: "slow", 80: "http" }, winner: "rtmpt 80" },
];

const ruleAddress = (at: number) => `10.77.1.${at + 1}`;
const raceAddress = (at: number) => `10.77.2.${at + 1}`;
const crowdAddress = (at: number) => `10.77.3.${at + 1}`;

let network: ClosedNetwork | undefined;
let server: ServerProcess | undefined;
let ruleReports: readonly JourneyReport[] = [];
let crowdReports: readonly JourneyReport[] = [];

afterAll(async () => {
	await server?.stop();
	await closeAllPrograms();
	await network?.remove();
	removeTempDirs();
});

/** Builds the network with its server, and makes the journeys that may be made at the same time. */
async function prepare(context: SkippableTest): Promise<ClosedNetwork> {
	needMillrace(context, "ports for RTMP in HTTP and TLS");
	if (network !== undefined) return network;
	const dropped: DroppedPackets[] = [];
	const odd: OddListener[] = [];
	const listeners = [1935, 443].map(port => ({ host: RTMP_ADDRESS, port, protocols: ["rtmp"] }));
	listeners.push({ host: RTMP_ADDRESS, port: 80, protocols: ["rtmp"] });
	const arrange = (host: string, ports: Ports): void => {
		for (const [text, state] of Object.entries(ports)) {
			const port = Number(text);
			if (state === "drop") dropped.push({ to: host, port });
			else if (state === "mute" || state === "web") odd.push({ host, port, kind: state });
			else if (state === "slow") odd.push({ host, port, kind: state, millis: SLOW_MILLIS, to: RTMP_ADDRESS });
			else if (state !== "refuse") listeners.push({ host, port, protocols: [state] });
		}
	};
	for (const [at, { ports }] of RULE_CASES.entries()) arrange(ruleAddress(at), ports);
	for (const [at, { ports }] of CROWDS.entries()) arrange(crowdAddress(at), ports);
	for (const [at, { road, others }] of RACE_CASES.entries()) {
		const state = others === "dropped" ? "drop" : "refuse";
		arrange(raceAddress(at), {
			1935: state,
			443: state,
			80: state,
			[road.port]: SPOKEN[road.protocol as keyof typeof SPOKEN],
		});
	}
	const made = await ClosedNetwork.create(context, dropped);
	network = made;
	const all = [{ protocol: "rtmp" }, { protocol: "http" }, ...listeners];
	server = await ServerProcess.start({
		prefix: made.prefix,
		args: ["--set", `listeners=${JSON.stringify(all)}`, "--set", "tls.selfSigned=true"],
	});
	const byRule = RULE_CASES.map(
		({ rule }, at): Journey => ({
			url: `rtmp://${ruleAddress(at)}/live`,
			fallback: rule,
			openTimeoutMillis: PATIENCE_MILLIS,
		}),
	);
	const inCrowds = CROWDS.map((_, at): Journey => ({ url: `rtmp://${crowdAddress(at)}/live` }));
	ruleReports = await travel(made, { listeners: odd, journeys: byRule, atOnce: true });
	// One after the other: nobody is to be late because of another.
	crowdReports = await travel(made, { listeners: odd, journeys: inCrowds, atOnce: false });
	return made;
}

/** An attempt as its road and its end. */
const told = ({ protocol, port, outcome }: AttemptRecord): string => `${protocol} ${port} ${outcome}`;

test.for(RULE_CASES.map((one, at) => ({ ...one, at })))(
	"$rule, where $where: $attempts",
	async ({ at, attempts }, context) => {
		await prepare(context);
		const { code, attempts: made } = ruleReports[at]!;
		const expected = attempts.split(", ").map(text => /^(.*) (fails|connects) ?(.*)$/.exec(text)!.slice(1));
		expect(made.map(told), made.map(({ reason }) => reason).join("\n")).toEqual(
			expected.map(([road, end]) => `${road} ${end === "fails" ? "failed" : "connected"}`),
		);
		const isThere = attempts.includes("connects");
		expect(code).toBe(`NetConnection.Connect.${isThere ? "Success" : "Failed"}`);
		let from = 0;
		for (const [index, { startMillis, endMillis = Number.NaN }] of made.entries()) {
			const duration = DURATIONS[expected[index]![2]!] ?? 0;
			// Each begins when the one before has ended.
			expectAbout(startMillis, from);
			expectAbout(endMillis - startMillis, duration);
			from = endMillis;
		}
	},
);

describe("the racing default", () => {
	test.for(RACE_CASES.map((one, at) => ({ ...one, address: at })))(
		"finds $name within 300 ms of what that road takes alone, where the others are $others",
		async ({ road, at, address }, context) => {
			const inside = await prepare(context);
			const host = raceAddress(address);
			const alone: Journey = { url: `${road.protocol}://${host}:${road.port}/live` };
			const racing: Journey = { url: `rtmp://${host}/live` };
			// A machine that does something else for a moment proves nothing: one time in three is enough.
			const journeys = [alone, racing, alone, racing, alone, racing];
			const reports = await travel(inside, { listeners: [], journeys, atOnce: false });
			const best = Math.min(...reports.filter((_, index) => index % 2 === 0).map(({ millis }) => millis));
			const raced = reports.filter((_, index) => index % 2 === 1);
			for (const { code, protocol, attempts } of raced) {
				expect([code, protocol]).toEqual(["NetConnection.Connect.Success", road.protocol]);
				const open = attempts.findIndex(({ outcome }) => outcome === "connected");
				expect(told(attempts[open]!)).toBe(`${road.protocol} ${road.port} connected`);
				expect(attempts.slice(0, open + 1).map(({ protocol, port }) => `${protocol} ${port}`)).toEqual(
					RACE.roads.slice(0, at + 1).map(({ protocol, port }) => `${protocol} ${port}`),
				);
				for (const [index, { startMillis }] of attempts.slice(0, at).entries())
					expectAbout(startMillis, dueMillis(attempts, index));
			}
			expect(Math.min(...raced.map(({ millis }) => millis)) - best).toBeLessThan(300);
		},
	);

	test.for(CROWDS.map((one, at) => ({ ...one, at })))("finds $winner where $where", async ({ at, winner }, context) => {
		await prepare(context);
		const { code, attempts } = crowdReports[at]!;
		expect(code).toBe("NetConnection.Connect.Success");
		expect(attempts.filter(({ outcome }) => outcome === "connected").map(told)).toEqual([`${winner} connected`]);
	});
});

/** When an attempt of a race is due: at its time, or as soon as one that runs has failed. */
function dueMillis(attempts: readonly AttemptRecord[], index: number): number {
	if (index === 0) return 0;
	const before = attempts[index - 1]!.startMillis;
	const gap = index === 1 ? RACE.headStartMillis : RACE.staggerMillis;
	const failures = attempts.slice(0, index).flatMap(({ outcome, endMillis = Number.NaN }) => {
		return outcome === "failed" && endMillis >= before ? [endMillis] : [];
	});
	return Math.min(before + gap, ...failures);
}

/** Timers are never early by more than a rounding, and late as the machine is. */
function expectAbout(millis: number, expected: number): void {
	expect(millis).toBeGreaterThan(expected - 5);
	expect(millis).toBeLessThan(expected + LATE_MILLIS);
}
