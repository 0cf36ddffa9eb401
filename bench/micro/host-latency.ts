/**
 * What the host of an application adds to a call, by itself: `node --conditions=source bench/micro/host-latency.ts`.
 * Calls go through the port to an application in a process of its own at a fixed rate, without any RTMP about them, so
 * that nothing is measured but the way there, the code's turn and the way back. Five rounds of five seconds.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { ClientFacts, PortEffect } from "../../packages/server/src/app/index.ts";
import { CodeHost } from "../../packages/server/src/host/code-host.ts";
import { OrphanGuard, processChannels } from "../../packages/server/src/host/index.ts";
import { silentLog } from "../../packages/server/src/log/index.ts";
import { systemClock } from "../../packages/server/src/system-clock.ts";
import { readMachine } from "../machine.ts";

const CODE = `
import { defineApplication } from "millrace/app";
export default defineApplication({ methods: { echo: (_client, value: unknown) => value } });
`;
const RATE = 5000;
const ROUNDS = 5;
const SECONDS = 5;
const MEBIBYTE = 1024 * 1024;
const CLIENT: ClientFacts = {
	id: "c1",
	remoteAddress: "192.0.2.1",
	protocol: "rtmp",
	secure: false,
	tcUrl: "rtmp://example.org/echo",
	pageUrl: "",
	swfUrl: "",
	flashVer: "",
	query: "",
	objectEncoding: 3,
	args: [],
};

const folder = mkdtempSync(join(tmpdir(), "millrace-bench-"));
mkdirSync(join(folder, "echo"));
writeFileSync(join(folder, "echo/main.ts"), CODE);

/** Calls that are not answered, and when they were made. */
const open = new Map<number, number>();
const latencies: number[] = [];
const { promise: isIn, resolve: letIn, reject: giveUp } = Promise.withResolvers<void>();

function take(effect: PortEffect): void {
	if (effect.kind === "accept") letIn();
	if (effect.kind !== "result") return;
	latencies.push(performance.now() - open.get(effect.call)!);
	open.delete(effect.call);
}

const host = new CodeHost({
	application: "echo",
	folder: join(folder, "echo"),
	settings: {
		start: processChannels(new OrphanGuard(giveUp)),
		limits: {
			...{ memoryMebibytes: 128, turnMillis: 5000, startMillis: 10_000 },
			...{ queueBytes: 16 * MEBIBYTE, frameBytes: 16 * MEBIBYTE },
		},
		network: false,
		reload: false,
		config: {},
	},
	log: silentLog,
	now: systemClock.now,
	schedule: systemClock.schedule,
});
const port = host.open("_definst_", {
	onEffects: effects => effects.forEach(take),
	onLost: reason => giveUp(new Error(reason)),
});
try {
	const { cpu, node, revision } = readMachine();
	console.log(`${cpu}, Node ${node}, ${revision ?? ""}\n`);
	port.send({ kind: "connect", client: CLIENT });
	await isIn;
	let call = 0;
	for (let round = 1; round <= ROUNDS; round++) {
		latencies.length = 0;
		const begun = performance.now();
		for (let sent = 0, passed = 0; passed < SECONDS * 1000; passed = performance.now() - begun) {
			for (const due = Math.floor((passed * RATE) / 1000); sent < due; sent++) {
				open.set(++call, performance.now());
				port.send({ kind: "call", client: CLIENT.id, call, name: "echo", args: [1] });
			}
			await sleep(1);
		}
		while (open.size > 0) await sleep(10);
		// The first second warms up.
		const counted = latencies.slice(RATE).sort((a, b) => a - b);
		const [p50, p99] = [0.5, 0.99].map(part => counted[Math.floor(counted.length * part)]!.toFixed(2));
		console.log(`round ${round}, ${RATE} calls a second: p50 ${p50} ms, p99 ${p99} ms of ${counted.length} calls`);
	}
} finally {
	await host.stop("The measurement is over.");
	rmSync(folder, { recursive: true, force: true });
}
