import { netStatus } from "@millrace/core/rtmp";
import { describe, expect, test } from "vitest";
import type { NetConnectionOptions } from "../net-connection-options.ts";
import { TestNetwork } from "../test-network.ts";
import type { AttemptRecord } from "./attempt-record.ts";
import { RememberedRoads } from "./remembered-road.ts";

const SUCCESS = "NetConnection.Connect.Success";
const FAILED = "NetConnection.Connect.Failed";
const CLOSED = "NetConnection.Connect.Closed";
const REJECTED = "NetConnection.Connect.Rejected";

/** A record as text: when it began, the road, the outcome, and when that was known. */
function line({ startMillis, protocol, port, outcome, endMillis }: AttemptRecord): string {
	return `${startMillis} ${protocol} ${port} ${outcome}${endMillis === undefined ? "" : ` ${endMillis}`}`;
}

/** What roads lead to: `accept`, `refuse`, `drop` (nothing ever comes), `mute` (opens, and says nothing), a delay. */
type Situation = Readonly<Record<string, "accept" | "refuse" | "drop" | "mute" | number>>;

async function search(
	situation: Situation,
	options: NetConnectionOptions = {},
	address = "rtmp://host/app",
): Promise<{ network: TestNetwork; lines: string[]; codes: string[]; protocol: string }> {
	const network = new TestNetwork();
	network.roadOf = ({ protocol, port }) => situation[`${protocol} ${port}`] ?? "refuse";
	const { nc, codes } = network.connection(options);
	nc.connect(address);
	await network.pass(100_000);
	return { network, lines: nc.attempts.map(line), codes, protocol: nc.protocol };
}

describe("one after another", () => {
	const sequences: [rule: "R1" | "R2" | "R3" | "R4" | "R5", roads: string[]][] = [
		["R1", ["rtmp 1935", "rtmp 443", "rtmp 80"]],
		["R2", ["rtmp 1935", "rtmpt 80"]],
		["R3", ["rtmp 1935", "rtmp 443", "rtmp 80", "rtmpt 80"]],
		["R4", ["rtmp 1935", "rtmp 80", "rtmpt 80"]],
		["R5", ["rtmp 1935", "rtmp 80", "rtmp 443"]],
	];

	test.each(sequences)("%s: where everything is refused, each is tried at once", async (fallback, roads) => {
		const { lines, codes } = await search({}, { fallback });
		expect(lines).toEqual(roads.map(road => `0 ${road} failed 0`));
		expect(codes).toEqual([FAILED]);
	});

	test.each(sequences)("%s: what is dropped silently costs 10 s", async (fallback, roads) => {
		const last = roads.at(-1)!;
		const situation = Object.fromEntries(roads.map(road => [road, road === last ? "accept" : "drop"] as const));
		const { lines, codes } = await search(situation, { fallback });
		expect(lines).toEqual(
			roads.map((road, index) => {
				const start = index * 10_000;
				return road === last ? `${start} ${road} connected ${start}` : `${start} ${road} failed ${start + 10_000}`;
			}),
		);
		expect(codes).toEqual([SUCCESS]);
	});

	test.each(sequences)("%s: a port that speaks something else costs as much", async (fallback, roads) => {
		const { lines, codes } = await search({ [roads[0]!]: "mute", [roads[1]!]: "accept" }, { fallback });
		expect(lines).toEqual([`0 ${roads[0]} failed 10000`, `10000 ${roads[1]} connected 10000`]);
		expect(codes).toEqual([SUCCESS]);
	});

	test("a slow road is waited for", async () => {
		const { lines } = await search({ "rtmp 1935": 9000, "rtmp 443": "accept" }, { fallback: "R3" });
		expect(lines).toEqual(["0 rtmp 1935 connected 9000"]);
	});

	test("the whole search has a time-out too", async () => {
		const dark = { "rtmp 1935": "drop", "rtmp 443": "drop", "rtmp 80": "drop" } as const;
		const { lines, codes } = await search(dark, { fallback: "R1", searchTimeoutMillis: 15_000 });
		expect(lines).toEqual(["0 rtmp 1935 failed 10000", "10000 rtmp 443 cancelled 15000"]);
		expect(codes).toEqual([FAILED]);
	});

	test("each attempt has a time-out of its own", async () => {
		const dark = { "rtmp 1935": "drop", "rtmp 443": "drop", "rtmp 80": "drop" } as const;
		const { lines } = await search(dark, { fallback: "R1", openTimeoutMillis: 2000 });
		expect(lines.map(text => text.split(" ").at(-1))).toEqual(["2000", "4000", "6000"]);
	});
});

describe("racing", () => {
	const starts: [road: string, millis: number][] = [
		["rtmp 1935", 0],
		["rtmp 443", 100],
		["rtmpt 80", 140],
		["rtmps 443", 180],
		["rtmp 80", 220],
		["rtmpts 443", 260],
	];

	test("the first is alone for 100 ms", async () => {
		const { lines } = await search({ "rtmp 1935": 90, "rtmp 443": "accept" });
		expect(lines).toEqual(["0 rtmp 1935 connected 90"]);
	});

	test.each(starts)("%s connects after %i ms where it is the only one that is not dropped", async (only, millis) => {
		const situation = Object.fromEntries(starts.map(([road]) => [road, road === only ? "accept" : "drop"] as const));
		const { lines, codes, network } = await search(situation);
		const before = starts.filter(([, start]) => start < millis);
		expect(lines).toEqual([
			...before.map(([road, start]) => `${start} ${road} lost ${millis}`),
			`${millis} ${only} connected ${millis}`,
		]);
		expect(codes).toEqual([SUCCESS]);
		expect(network.servers).toHaveLength(1);
	});

	test.each(starts)("%s connects at once where the others are refused", async only => {
		const { lines } = await search({ [only]: "accept" });
		expect(lines.at(-1)).toBe(`0 ${only} connected 0`);
	});

	test("the losers are closed before they send connect", async () => {
		const delays = [600, 300, 200, 150, 150, 200];
		const { lines, network } = await search(
			Object.fromEntries(starts.map(([road], index) => [road, delays[index]!] as const)),
		);
		expect(lines).toEqual([
			"0 rtmp 1935 lost 330",
			"100 rtmp 443 lost 330",
			"140 rtmpt 80 lost 330",
			"180 rtmps 443 connected 330",
			"220 rtmp 80 lost 330",
			"260 rtmpts 443 lost 330",
		]);
		expect(network.servers.filter(server => server.request !== undefined)).toHaveLength(1);
	});

	test("a refusal by the server ends the search", async () => {
		const network = new TestNetwork();
		network.answers.connect = server => server.connection.rejectConnect(netStatus(REJECTED));
		const { nc, codes } = network.connection();
		nc.connect("rtmp://host/app");
		await network.pass(1000);
		expect([nc.attempts.map(line), codes]).toEqual([["0 rtmp 1935 rejected 0"], [REJECTED, CLOSED]]);
	});

	test("an end without an answer gives the others their turn, first those that had lost", async () => {
		const network = new TestNetwork();
		network.answers.connect = server => {
			if (network.servers.length === 1) server.connection.link.close();
			else server.connection.acceptConnect();
		};
		const delays: Situation = { "rtmp 1935": 150, "rtmp 443": 200 };
		network.roadOf = ({ protocol, port }) => delays[`${protocol} ${port}`] ?? "drop";
		const { nc, codes } = network.connection();
		nc.connect("rtmp://host/app");
		await network.pass(1000);
		expect(nc.attempts.map(line)).toEqual([
			"0 rtmp 1935 failed 150",
			"100 rtmp 443 lost 150",
			"140 rtmpt 80 lost 150",
			"150 rtmp 443 connected 350",
			"190 rtmpt 80 lost 350",
			"230 rtmps 443 lost 350",
			"270 rtmp 80 lost 350",
			"310 rtmpts 443 lost 350",
		]);
		expect(codes).toEqual([SUCCESS]);
	});

	test("an application that does not answer was reached: no other road is tried", async () => {
		const network = new TestNetwork();
		network.answers.connect = () => undefined;
		const { nc, codes } = network.connection({ connectTimeoutMillis: 5000 });
		nc.connect("rtmp://host/app");
		await network.pass(10_000);
		expect([nc.attempts.map(line), codes]).toEqual([["0 rtmp 1935 failed 5000"], [FAILED]]);
	});

	test("Failed names every road and its reason", async () => {
		const network = new TestNetwork();
		network.mode = "refused";
		const { nc } = network.connection({ fallback: "R2" });
		const infos: string[] = [];
		nc.onStatus = info => infos.push(info.description);
		nc.connect("rtmp://host/app");
		await network.run();
		expect(infos).toEqual([
			"No connection could be opened. rtmp 1935: host:1935: connection refused; rtmpt 80: host:80: connection refused.",
		]);
	});

	test("onAttempt hears of each start and end, after connect has returned", async () => {
		const heard: string[] = [];
		const network = new TestNetwork();
		network.roadOf = ({ port }) => (port === 1935 ? "refuse" : "accept");
		const { nc } = network.connection({ fallback: "R3", onAttempt: record => heard.push(line(record)) });
		nc.connect("rtmp://host/app");
		expect(heard).toEqual([]);
		await network.run();
		expect(heard).toEqual([
			"0 rtmp 1935 trying",
			"0 rtmp 1935 failed 0",
			"0 rtmp 443 trying",
			"0 rtmp 443 chosen",
			"0 rtmp 443 connected 0",
		]);
		expect([nc.protocol, nc.connectedProxyType, nc.usingTLS]).toEqual(["rtmp", "none", false]);
		expect(network.server.request?.tcUrl).toBe("rtmp://host:443/app");
	});

	test("closing during the search ends every attempt without a word", async () => {
		const network = new TestNetwork();
		network.mode = "dark";
		const { nc, codes } = network.connection();
		nc.connect("rtmp://host/app");
		await network.pass(120);
		nc.close();
		await network.pass(100_000);
		expect([nc.attempts.map(line), codes]).toEqual([["0 rtmp 1935 cancelled 120", "100 rtmp 443 cancelled 120"], []]);
	});

	test("the road that won is the first the next time, until it leads nowhere", async () => {
		const memory = new RememberedRoads();
		const only = (road: string) => search({ [road]: "accept", "rtmp 1935": "drop" }, { memory });
		expect((await only("rtmps 443")).protocol).toBe("rtmps");
		expect((await only("rtmps 443")).lines).toEqual(["0 rtmps 443 connected 0"]);
		expect(memory.entries).toEqual([["rtmp://host/app", { protocol: "rtmps", port: 443, proxy: "none" }]]);
		await search({}, { memory });
		expect(memory.entries).toEqual([]);
	});
});

describe("shotgun", () => {
	test("begins an attempt every 100 ms, and adds an id to connect", async () => {
		const situation = { "rtmp 443": "drop", "rtmp 80": "drop", "rtmp 1935": "accept" } as const;
		const { lines, network } = await search(situation, { smart: { appendGuid: true } });
		expect(lines).toEqual(["0 rtmp 443 lost 200", "100 rtmp 80 lost 200", "200 rtmp 1935 connected 200"]);
		expect(network.server.request?.args).toEqual([
			expect.stringMatching(/^[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}$/),
		]);
	});
});

describe("the port test", () => {
	test("tells of every road whether it works, and connects to none", async () => {
		const network = new TestNetwork();
		network.roadOf = ({ port }) => (port === 80 ? 30 : "refuse");
		const { nc, codes } = network.connection({ smart: { portTest: true, skipTunneling: true } });
		const roads: unknown[] = [];
		nc.addEventListener("netStatus", ({ info }) => roads.push([info["protocol"], info["port"], info["works"]]));
		nc.connect("rtmp://host/app");
		await network.pass(1000);
		const update = "NetConnection.PortTest.Update";
		expect([codes, nc.connected]).toEqual([[update, update, update, "NetConnection.PortTest.Complete"], false]);
		expect(roads.slice(0, 3)).toEqual([
			["rtmp", 443, false],
			["rtmp", 1935, false],
			["rtmp", 80, true],
		]);
		expect(network.servers[0]!.events).toEqual(["closed"]);
	});
});

describe("after a loss", () => {
	test("the connection is opened again, with growing waits", async () => {
		const network = new TestNetwork();
		const { nc, codes } = network.connection({ reconnect: { maxAttempts: 3, maxWaitMillis: 3000 } });
		const waits: unknown[] = [];
		nc.addEventListener("netStatus", ({ info }) => {
			if (info.code === "NetConnection.Reconnect.Init") waits.push([info["attempt"], info["delay"]]);
		});
		nc.connect("rtmp://host:1935/app");
		await network.run();
		network.mode = "refused";
		network.drop();
		await network.pass(100_000);
		const init = "NetConnection.Reconnect.Init";
		expect(codes).toEqual([SUCCESS, CLOSED, init, init, init, "NetConnection.Reconnect.Failed"]);
		// The random part is 7/256 s in tests.
		expect(waits).toEqual([
			[1, 527],
			[2, 1527],
			[3, 3027],
		]);
	});

	test("calls that are made meanwhile are sent on the new connection", async () => {
		const network = new TestNetwork();
		const { nc, codes } = network.connection({ reconnect: true });
		nc.connect("rtmp://host:1935/app");
		await network.run();
		network.drop();
		nc.call("hello", null);
		await network.pass(1000);
		expect(codes).toEqual([SUCCESS, CLOSED, "NetConnection.Reconnect.Init", SUCCESS]);
		expect(network.server.calls.map(call => call.name)).toEqual(["hello"]);
	});

	test.each(["refused", "closed by the user"])("a connection that is %s is not opened again", async what => {
		const network = new TestNetwork();
		if (what === "refused") network.answers.connect = server => server.connection.rejectConnect(netStatus(REJECTED));
		const { nc, codes } = network.connection({ reconnect: true });
		nc.connect("rtmp://host:1935/app");
		await network.run();
		nc.close();
		await network.pass(10_000);
		expect(codes).toEqual(what === "refused" ? [REJECTED, CLOSED] : [SUCCESS, CLOSED]);
	});

	test("close during the wait ends it", async () => {
		const network = new TestNetwork();
		const { nc, codes } = network.connection({ reconnect: true });
		nc.connect("rtmp://host:1935/app");
		await network.run();
		network.drop();
		nc.close();
		await network.pass(10_000);
		expect(codes).toEqual([SUCCESS, CLOSED, "NetConnection.Reconnect.Init"]);
	});
});

describe("a redirect", () => {
	function redirecting(to: string): TestNetwork {
		const network = new TestNetwork();
		network.answers.connect = server => {
			if (server.request?.tcUrl === "rtmp://b:1935/app") server.connection.acceptConnect();
			else server.connection.rejectConnect(rejection(to));
		};
		return network;
	}
	const rejection = (to: string) => ({
		level: "error",
		code: REJECTED,
		description: "elsewhere",
		ex: { code: 302, redirect: to },
	});

	test("is followed where that is wanted, with the same arguments", async () => {
		const network = redirecting("rtmp://b:1935/app");
		const { nc, codes } = network.connection({ followRedirects: true });
		nc.connect("rtmp://a:1935/app", "ticket");
		await network.run();
		expect([codes, network.server.request?.args]).toEqual([[SUCCESS], ["ticket"]]);
		expect(nc.attempts.map(({ host, outcome }) => `${host} ${outcome}`)).toEqual(["a rejected", "b connected"]);
	});

	test("is reported where it is not", async () => {
		const network = redirecting("rtmp://b:1935/app");
		const { nc, codes } = network.connection();
		nc.connect("rtmp://a:1935/app");
		await network.run();
		expect(codes).toEqual([REJECTED, CLOSED]);
	});

	test.each([
		["in a circle", "rtmp://a:1935/app", "rtmp://a:1935/app", 6],
		["from TLS to plain text", "rtmp://b:1935/app", "rtmps://a/app", 1],
		["to nowhere", "nowhere", "rtmp://a:1935/app", 1],
	])("%s ends with the refusal", async (_what, to, from, connects) => {
		const network = redirecting(to);
		const { nc, codes } = network.connection({ followRedirects: true });
		nc.connect(from);
		await network.run();
		expect([codes, network.servers.length]).toEqual([[REJECTED, CLOSED], connects]);
	});
});

describe("roads that are not there", () => {
	test.each([
		["rtmfp://host/app", /RTMFP is not offered/],
		["rtmp://host/app", /proxyType demands a proxy/],
	])("%s gives Failed, and says why", async (address, text) => {
		const network = new TestNetwork();
		const { nc } = network.connection();
		nc.proxyType = "CONNECTOnly";
		const infos: string[][] = [];
		nc.onStatus = info => infos.push([info.code, info.description]);
		nc.connect(address);
		expect(infos).toEqual([]);
		await network.run();
		expect(infos).toEqual([[FAILED, expect.stringMatching(text)]]);
	});
});
