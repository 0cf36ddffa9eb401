import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { encodeSharedObjectMessage } from "@millrace/core/shared-object";
import { afterAll, beforeAll, expect, it } from "vitest";
import { AbuseServer, sleep } from "./abuse-server.ts";
import type { RawClient } from "./raw-client.ts";
import { Victim } from "./victim.ts";

/**
 * An application with ten thousand clients tells them all something at once; a tenth of them reads nothing. Beside it
 * somebody publishes and somebody watches, and the client of another application wants its answers.
 */

/** As many as this process may have open, with room for its other files. */
const LISTENERS = Math.min(10_000, Number(spawnSync("/bin/sh", ["-c", "ulimit -Hn"]).stdout) - 1000 || 10_000);
const SLOW_EVERY = 10;
const AT_ONCE = 100;
const WAIT_MILLIS = 60_000;
const SHARED_OBJECT = 19;
const SETTINGS = [
	...["rtmp.pingIntervalMillis=10m", "rtmp.readTimeoutMillis=20m", "publish.idleTimeoutMillis=1m"],
	...["limits.connections=20000", "code.turnMillis=1m"],
];

const APPLICATION = `
import { defineApplication } from "millrace/app";
export default defineApplication({
	methods: {
		broadcast(client, times: number, bytes: number) {
			for (let i = 0; i < times; i++) client.app.broadcast("heard", "b".repeat(bytes));
		},
		send(client, times: number, bytes: number) {
			for (let i = 0; i < times; i++) client.app.sharedObjects.get("board").send("heard", "s".repeat(bytes));
		},
		add: (_client, a: number, b: number) => a + b,
	},
});
`;

let folder: string;
let server: AbuseServer;
let victim: Victim;
let neighbour: RawClient;
const listeners: RawClient[] = [];

beforeAll(async () => {
	folder = mkdtempSync(join(tmpdir(), "millrace-listeners-"));
	for (const name of ["live", "crowd", "neighbour"]) mkdirSync(join(folder, name));
	for (const name of ["crowd", "neighbour"]) writeFileSync(join(folder, name, "main.ts"), APPLICATION);
	server = await AbuseServer.start([...SETTINGS, `media.applications=${folder}`]);
	victim = await Victim.start(server);
	neighbour = await open("neighbour");
	while (listeners.length < LISTENERS) {
		const count = Math.min(AT_ONCE, LISTENERS - listeners.length);
		listeners.push(...(await Promise.all(Array.from({ length: count }, () => open("crowd")))));
	}
	listen(listeners);
	// The answers to all of these.
	await quiet();
}, 120_000);

afterAll(async () => {
	for (const client of [...listeners, ...(neighbour ? [neighbour] : [])]) client.destroy();
	victim?.stop();
	await server?.stop();
	rmSync(folder, { recursive: true, force: true });
});

async function open(application: string): Promise<RawClient> {
	const client = await server.openShaken();
	await client.connect(application);
	return client;
}

/** Uses the shared object; what comes from here on is counted and not looked at. */
function listen(clients: readonly RawClient[]): void {
	const use = encodeSharedObjectMessage({ name: "board", version: 0, flags: 0, events: [{ kind: "use" }] }, 0);
	for (const [index, client] of clients.entries()) {
		client.send(client.message(SHARED_OBJECT, use));
		client.socket.removeAllListeners("data");
		if (isSlow(index)) client.socket.pause();
		else client.socket.resume();
	}
}

function isSlow(index: number): boolean {
	return index % SLOW_EVERY === SLOW_EVERY - 1;
}

function readBytes(): number {
	return listeners.reduce((sum, { socket }) => sum + socket.bytesRead, 0);
}

/** Waits until nothing more comes to those who read. */
async function quiet(): Promise<void> {
	for (let before = -1; readBytes() !== before; await sleep(1000)) before = readBytes();
}

const MEGABYTE = 1e6;
const MAX_ROUNDS = 60;
/** Of what waits for them, above what the system takes: `limits.outputBytes` for each, `limits.sharedBytes` for all. */
const CLOSED_FOR = expect.stringMatching(/^(OUTPUT_TOO_LARGE|SHARED_BYTES_SPENT)$/);

/** Whom something is told, and how often. */
type Round = {
	readonly method: "broadcast" | "send";
	readonly times: number;
	readonly bytes: number;
	readonly crowd: readonly RawClient[];
};

/** Tells it, and waits until all of them who read have it. */
async function tell({ method, times, bytes, crowd }: Round): Promise<void> {
	const before = crowd.map(({ socket }) => socket.bytesRead);
	const rss = server.rss();
	const begun = performance.now();
	let peak = 0;
	let latest = 0;
	victim.takeGaps();
	crowd[0]!.send(crowd[0]!.command(method, 0, null, [times, bytes]));
	const reading = crowd.filter((_, index) => !isSlow(index));
	const lacks = () =>
		crowd.filter(({ socket }, index) => !isSlow(index) && socket.bytesRead - before[index]! < times * bytes).length;
	while (lacks() > 0) {
		expect(reading.filter(({ isClosed }) => isClosed).length, "who reads is not closed").toBe(0);
		if (performance.now() - begun > WAIT_MILLIS) throw new Error(`${lacks()} of those who read lack something`);
		const asked = performance.now();
		expect(await neighbour.call("add", 2, 3)).toBe(5);
		latest = Math.max(latest, performance.now() - asked);
		peak = Math.max(peak, server.rss() - rss);
		await sleep(20);
	}
	const millis = performance.now() - begun;
	await victim.check();
	const closed = crowd.filter(({ isClosed }) => isClosed).length;
	const gap = Math.max(...victim.takeGaps());
	console.log(
		`${method} of ${times} × ${bytes} bytes to ${crowd.length}: ${millis.toFixed(0)} ms, server +${(peak / MEGABYTE).toFixed(0)} MB, ` +
			`neighbour's slowest answer ${latest.toFixed(0)} ms, longest gap between frames ${gap.toFixed(0)} ms, ${closed} closed`,
	);
	expect(peak).toBeLessThan(256 * MEGABYTE);
}

it.each([
	["broadcast", 10, 1000],
	["send", 10, 1000],
	["send", 1, 10_000],
] as const)(
	"%s, %i times %i bytes to all: those who read get everything, and those who do not hold up nobody",
	(method, times, bytes) => tell({ method, times, bytes, crowd: listeners }),
	2 * WAIT_MILLIS,
);

it(
	"a megabyte at a time: those who do not read are closed in the end, and all others get everything",
	async () => {
		const crowd = await Promise.all(Array.from({ length: 30 }, () => open("crowd/large")));
		listeners.push(...crowd);
		listen(crowd);
		await quiet();
		const slow = new Set(crowd.filter((_, index) => isSlow(index)).map(({ address }) => address));
		const ended = () =>
			server.process.log.filter(({ fields }) => fields["event"] === "disconnect" && slow.has(String(fields["from"])));
		// Systems have megabytes of room for what is not read.
		for (let round = 0; ended().length < slow.size; round++) {
			expect(round).toBeLessThan(MAX_ROUNDS);
			await tell({ method: round % 2 === 0 ? "broadcast" : "send", times: 1, bytes: MEGABYTE, crowd });
		}
		expect(ended().map(({ fields }) => fields["reason"])).toEqual([...slow].map(() => CLOSED_FOR));
	},
	4 * WAIT_MILLIS,
);
