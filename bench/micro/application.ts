/**
 * What the host of an application adds to a call: `node --conditions=source bench/micro/application.ts [ROUNDS]`. Prints calls a
 * second over one connection and over 200, the latency at 5,000 calls a second beside that of a call which the media
 * process answers itself, and changes of a shared object with 100 subscribers. Client and server share the machine.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { NetConnection, SharedObject } from "@millrace/client";
import { ServerProcess } from "@millrace/testkit";
import { readMachine } from "../machine.ts";
import { median } from "../statistic.ts";

const CODE = `
import { defineApplication } from "millrace/app";
export default defineApplication({ methods: { echo: (_client, value: unknown) => value } });
`;
const SECONDS = 5;
const RATE = 5000;
const LATENCY_CONNECTIONS = 50;
const SUBSCRIBERS = 100;
/** A round alone says little of the last hundredth: this program's own collections are in it. */
const ROUNDS = Number(process.argv[2] ?? 7);

const folder = mkdtempSync(join(tmpdir(), "millrace-bench-"));
for (const name of ["echo", "plain"]) mkdirSync(join(folder, "applications", name), { recursive: true });
writeFileSync(join(folder, "applications/echo/main.ts"), CODE);
const server = await ServerProcess.start({
	args: [
		...["--set", `media.applications=${join(folder, "applications")}`],
		...["--set", "code.callsPerSecond=1000000"],
		...["--set", "limits.connectionsPerAddressPerMinute=1000000"],
	],
});
const machine = readMachine();
console.log(`${machine.cpu}, Node ${machine.node}, ${machine.revision ?? ""}\n`);
try {
	for (const count of [1, 200]) {
		const connections = await connectAll("echo", count);
		console.log(
			`${count} connections, 16 calls under way on each: ${await callsPerSecond(connections)} calls a second`,
		);
		for (const connection of connections) connection.close();
	}
	const added: { p50: number; p99: number }[] = [];
	for (let round = 1; round <= ROUNDS; round++) {
		const plain = await latency("plain");
		const echo = await latency("echo");
		console.log(
			`round ${round}, ${RATE} calls a second: p50 ${plain.p50.toFixed(2)} ms without code, ${echo.p50.toFixed(2)} with ` +
				`(${signed(echo.p50 - plain.p50)}); p99 ${plain.p99.toFixed(2)}, ${echo.p99.toFixed(2)} (${signed(echo.p99 - plain.p99)})`,
		);
		added.push({ p50: echo.p50 - plain.p50, p99: echo.p99 - plain.p99 });
	}
	const medians = (["p50", "p99"] as const).map(name => `${signed(median(added.map(each => each[name]))!)} at ${name}`);
	console.log(`added, median of ${ROUNDS} rounds: ${medians.join(", ")}`);
	console.log(
		`${SUBSCRIBERS} subscribers: ${await changesPerSecond()} changes of a shared object a second, each to all`,
	);
} finally {
	await server.stop();
	rmSync(folder, { recursive: true, force: true });
}

async function connectAll(application: string, count: number): Promise<NetConnection[]> {
	const connections = Array.from({ length: count }, () => new NetConnection());
	await Promise.all(connections.map(each => each.connectAsync(server.rtmpUrl(application))));
	return connections;
}

/** `done` is called when the call is answered: by the application, or where there is none by the error that says so. */
function call(connection: NetConnection, done: () => void): void {
	const isPlain = connection.uri.endsWith("/plain");
	const fail = (info: unknown) => {
		// What is under way when a connection is closed fails then.
		if (!connection.connected) return;
		throw new Error(`A call failed: ${JSON.stringify(info)}`);
	};
	connection.call("echo", { onResult: isPlain ? fail : done, onStatus: isPlain ? done : fail }, 1);
}

async function callsPerSecond(connections: readonly NetConnection[]): Promise<number> {
	let answered = 0;
	let isOver = false;
	const goOn = (connection: NetConnection) => {
		if (isOver) return;
		call(connection, () => {
			answered++;
			goOn(connection);
		});
	};
	for (const connection of connections) for (let index = 0; index < 16; index++) goOn(connection);
	await sleep(1000);
	const before = answered;
	await sleep(SECONDS * 1000);
	isOver = true;
	return Math.round((answered - before) / SECONDS);
}

/** Calls at a fixed rate, whether earlier ones have been answered or not; latencies in milliseconds. */
async function latency(application: string): Promise<{ p50: number; p99: number }> {
	const connections = await connectAll(application, LATENCY_CONNECTIONS);
	const latencies: number[] = [];
	const begun = performance.now();
	let sent = 0;
	while (performance.now() - begun < SECONDS * 1000) {
		const due = Math.floor(((performance.now() - begun) * RATE) / 1000);
		while (sent < due) {
			const at = performance.now();
			call(connections[sent++ % connections.length]!, () => latencies.push(performance.now() - at));
		}
		// A loop that never waits would take one of two cores away from those whom it measures.
		await sleep(1);
	}
	await sleep(200);
	for (const connection of connections) connection.close();
	// The first second warms up.
	const counted = latencies.slice(RATE).sort((a, b) => a - b);
	return { p50: counted[Math.floor(counted.length * 0.5)]!, p99: counted[Math.floor(counted.length * 0.99)]! };
}

async function changesPerSecond(): Promise<number> {
	const connections = await connectAll("echo", SUBSCRIBERS);
	let seen = 0;
	const objects = connections.map((connection, index) => {
		// In one folder of local objects all connections would share one.
		const object = SharedObject.getRemote("board", connection.uri, false, false, { folder: join(folder, `c${index}`) });
		object.onSync = list => {
			seen += list.length;
		};
		object.connect(connection);
		return object;
	});
	await sleep(1000);
	const writer = objects[0]!;
	// Changes leave with the frames of a program; this one has a thousand a second.
	writer.fps = 1000;
	let changes = 0;
	seen = 0;
	const begun = performance.now();
	while (performance.now() - begun < SECONDS * 1000) {
		writer.setProperty("n", changes++);
		// As fast as everyone sees it.
		while (seen < changes * (SUBSCRIBERS - 1) && performance.now() - begun < SECONDS * 2000) await sleep(0);
	}
	for (const connection of connections) connection.close();
	return Math.round(changes / SECONDS);
}

function sleep(millis: number): Promise<void> {
	return new Promise(resolve => setTimeout(resolve, millis));
}

function signed(millis: number): string {
	return `${millis < 0 ? "−" : "+"}${Math.abs(millis).toFixed(2)}`;
}
