import { describe, expect, it } from "vitest";
import { loadArguments } from "./load.ts";
import { LOOPBACK } from "./network.ts";
import { PEERS } from "./peer.ts";
import { expectedSeconds, parseContestant, SCENARIOS, SMOKE_SCENARIOS, selectScenarios, warmedUp } from "./scenario.ts";

describe("the scenarios", () => {
	it("have names of their own", () => {
		for (const set of [SCENARIOS, SMOKE_SCENARIOS]) {
			expect(new Set(set.map(({ name }) => name)).size).toBe(set.length);
		}
	});

	it("name only peers that exist, with a transport that they speak", () => {
		for (const { name, contestants } of [...SCENARIOS, ...SMOKE_SCENARIOS]) {
			for (const contestant of contestants) {
				const { peer, transport } = parseContestant(contestant);
				const found = PEERS.find(candidate => candidate.name === peer);
				expect(found?.transports, `${contestant} in ${name}`).toContain(transport);
			}
		}
	});

	it("take less than two minutes in the smoke run", () => {
		const seconds = SMOKE_SCENARIOS.map(scenario => expectedSeconds(scenario) * scenario.contestants.length);
		expect(seconds.reduce((sum, value) => sum + value, 0)).toBeLessThan(110);
	});

	it("are selected by name, by the part before a dash, or all", () => {
		const names = (...only: string[]) => selectScenarios(SCENARIOS, only).map(({ name }) => name);
		expect(names("fanout-100")).toEqual(["fanout-100"]);
		expect(names("fanout", "idle")).toEqual(["fanout-100", "fanout-500", "fanout-1000", "fanout-2000", "idle"]);
		expect(names("fan")).toEqual([]);
		expect(names()).toHaveLength(SCENARIOS.length);
	});
});

describe("rtmpload's arguments", () => {
	const target = { pid: 42, network: LOOPBACK, rtmpPort: 1935, httpPort: 8080 };
	const argumentsOf = (name: string, transport: "rtmp" | "http-flv" | "ws-flv" = "rtmp") => {
		const scenario = SCENARIOS.find(candidate => candidate.name === name);
		if (scenario === undefined) throw new Error(name);
		return loadArguments(scenario, transport, target, "media.flv").join(" ");
	};

	it("account the server and its children in every scenario", () => {
		for (const { name } of SCENARIOS) expect(argumentsOf(name)).toContain("-P 42 -T");
	});

	it("publish over RTMP whatever the players speak", () => {
		const publish = "-p rtmp://127.0.0.1:1935/live/s%d -m 1 -f media.flv";
		expect(argumentsOf("flv-500", "http-flv")).toContain(`-u http://127.0.0.1:8080/live/s%d -P`);
		expect(argumentsOf("flv-500", "http-flv")).toContain(publish);
		expect(argumentsOf("flv-500", "ws-flv")).toContain(`-u ws://127.0.0.1:8080/live/s%d -P`);
		expect(argumentsOf("flv-500", "ws-flv")).toContain(publish);
	});

	it("ask for a storm, for idle connections, or for players", () => {
		expect(argumentsOf("connect")).toMatch(/-S -k 32$/);
		expect(argumentsOf("idle")).toMatch(/-n 2000 -r 300 -I$/);
		expect(argumentsOf("idle")).not.toContain("-m");
		expect(argumentsOf("ingest-100")).toMatch(/-m 100 .* -n 100 -r 300 -s 100$/);
		expect(argumentsOf("join")).toMatch(/-n 200 -r 20 -s 200$/);
	});

	it("go to the server's end of a path, and count what carries it to the load", () => {
		const far = { ...target, network: { ...LOOPBACK, host: "10.1.2.3", carrier: 43 } };
		const args = loadArguments(SCENARIOS[0]!, "rtmp", far, "media.flv").join(" ");
		expect(args).toContain("-u rtmp://10.1.2.3:1935/live/s%d -P 42 -T");
		expect(args).toContain("-p rtmp://10.1.2.3:1935/live/s%d");
		expect(args).toContain("-A 43");
		expect(argumentsOf("fanout-500")).not.toContain("-A");
	});

	it("let every player read what comes when it comes, but for those that are polled", () => {
		expect(argumentsOf("fanout-500")).toMatch(/-n 500 -r 300 -s 500$/);
		expect(argumentsOf("flv-500", "ws-flv")).toMatch(/-s 500$/);
		expect(argumentsOf("polled-500")).toMatch(/-n 500 -r 300 -s 20$/);
	});

	it("warm up for as long as is wished, where they do at all, and say so", () => {
		const [fanOut, join] = ["fanout-500", "join"].map(name => SCENARIOS.find(scenario => scenario.name === name)!);
		expect(warmedUp(fanOut!, 30)).toEqual({ ...fanOut, warmUpSeconds: 30, title: `${fanOut!.title}, after 30 s` });
		expect(warmedUp(fanOut!, undefined)).toBe(fanOut);
		expect(warmedUp(join!, 30)).toBe(join);
	});
});
