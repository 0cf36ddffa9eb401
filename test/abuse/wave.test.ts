import { expect } from "vitest";
import type { AbuseCase } from "./abuse-case.ts";
import { sleep } from "./abuse-server.ts";
import { join, repeat, u16, u24, u32 } from "./bytes.ts";
import { amfCases } from "./case/amf.ts";
import { chunkCases } from "./case/chunk.ts";
import { callOf, commandCases, createStreams } from "./case/command.ts";
import { handshakeCases } from "./case/handshake.ts";
import { PLAIN_HANDSHAKE, type RawClient } from "./raw-client.ts";
import { section } from "./section.ts";
import { type Offender, runWave } from "./wave.ts";

const COUNT = 1000;
const WARM_UP = 300;
const MAX_GROWTH_BYTES = 64 * 1024 * 1024;

/** The offender of a case, without its expectations. */
function offenderOf({ stage, attack }: AbuseCase): Offender {
	return async client => {
		if (stage !== "accepted") await client.handshake();
		if (stage === "connected" || stage === "publishing") await client.connect();
		const bytes = await attack(client);
		if (bytes !== undefined) client.send(bytes);
	};
}

/** Those of the cases that one connection can do to the end in a moment and that need no stream name of their own. */
function offendersOf(cases: readonly AbuseCase[], rows: readonly number[]): Offender[] {
	return cases.filter(({ row, stage }) => rows.includes(row) && stage !== "publishing").map(offenderOf);
}

async function connected(client: RawClient): Promise<void> {
	await client.handshake();
	await client.connect();
}

/** Sends really what others only announce: as much as is allowed before connect, and never the end. */
async function partialBeforeConnect(client: RawClient): Promise<void> {
	await client.handshake();
	const parts: Uint8Array[] = [join(2, u24(0), u24(4), 1, u32(0), u32(65_536))];
	for (let id = 3; id < 7; id++) parts.push(join(id, u24(0), u24(65_536), 20, u32(0)), new Uint8Array(65_535));
	parts.splice(-1, 1, new Uint8Array(60_000));
	client.send(Buffer.concat(parts));
}

async function partialAfterConnect(client: RawClient): Promise<void> {
	await connected(client);
	client.send(join(2, u24(0), u24(4), 1, u32(0), u32(0xffffff)));
	client.send(join(8, u24(0), u24(1_000_000), 9, u32(0), new Uint8Array(500_000)));
}

/** Asks for answers and reads none. */
async function callsUnread(client: RawClient): Promise<void> {
	await connected(client);
	client.socket.pause();
	const calls = repeat(callOf(client, "x".repeat(200), 5), 2000);
	for (let i = 0; i < 10 && !client.isClosed; i++) client.send(calls);
}

async function pingsUnread(client: RawClient): Promise<void> {
	await connected(client);
	client.socket.pause();
	const ping = join(2, u24(0), u24(6), 4, u32(0), u16(6), u32(1));
	client.send(repeat(ping, 100_000));
}

/** A connect that says as much as it may, and then stays. */
async function largeConnect(client: RawClient): Promise<void> {
	await client.handshake();
	client.send(client.command("connect", 1, { app: "live", tcUrl: "x".repeat(30_000), pageUrl: "y".repeat(30_000) }));
	await client.waitForCommand("_result", 1);
}

/** As many streams as are allowed, each waiting for a publisher that does not exist. */
async function playsOfNothing(client: RawClient): Promise<void> {
	await connected(client);
	for (let i = 1; i <= 256; i++) client.send(client.command("createStream", i, null));
	await client.waitForCommand("_result", 256);
	const tag = Math.random().toString(36).slice(2);
	for (let id = 1; id <= 256; id++) {
		client.send(client.command("play", 0, null, [`nothing-${tag}-${id}-${"n".repeat(200)}`], id));
	}
}

const WAVES: readonly { readonly name: string; readonly kinds: readonly Offender[]; readonly count?: number }[] = [
	{
		name: "handshakes that stop, drip or speak another protocol (rows 1 to 4, 8)",
		kinds: [
			...offendersOf(handshakeCases, [1, 4]),
			client => void client.send(PLAIN_HANDSHAKE.subarray(0, 1000)),
			client => void client.send(PLAIN_HANDSHAKE.subarray(0, 1537)),
			client => void client.send(Uint8Array.of(6)),
		],
	},
	{
		name: "odd and broken chunks (rows 11 to 20, 23 to 25)",
		kinds: offendersOf(chunkCases, [11, 13, 14, 15, 16, 18, 19, 20, 23]),
	},
	{
		name: "65,599 chunk streams, cut short (row 17)",
		kinds: [
			async client => {
				await client.handshake();
				const parts: Uint8Array[] = [];
				for (let id = 2; id < 64; id++) parts.push(join(id, u24(0), u24(300), 20, u32(0)), new Uint8Array(128));
				client.send(Buffer.concat(parts));
			},
		],
	},
	{
		name: "AMF of every bad kind (rows 27 to 37)",
		kinds: offendersOf(amfCases, [27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37]),
	},
	{
		name: "commands out of order, wrong names, and streams without end (rows 39 to 43)",
		kinds: [
			...offendersOf(commandCases, [40, 42, 43]),
			async client => {
				await connected(client);
				client.send(createStreams(client, 2000));
			},
		],
	},
	{ name: "unfinished messages that were really sent, before connect (row 16)", kinds: [partialBeforeConnect] },
	{ name: "unfinished messages that were really sent, after connect (row 16)", kinds: [partialAfterConnect] },
	{ name: "answers that nobody reads (rows 25, 44)", kinds: [callsUnread, pingsUnread] },
	{ name: "connect objects of 60 kB that stay (row 39)", kinds: [largeConnect] },
	{ name: "256 plays each of streams that do not exist (row 46)", kinds: [playsOfNothing] },
];

section(
	"a thousand at once",
	[],
	(_, row) => {
		for (const [i, { name, kinds }] of WAVES.entries()) {
			row(`${name}: the server grows by less than 64 MB`, async ({ server, victim }) => {
				// The first ones make the engine grow its heap to working size, once.
				await runWave(server, kinds, WARM_UP, 100 + i);
				await sleep(700);
				const checked = await victim.check();
				const report = await runWave(server, kinds, COUNT, 100 + i);
				const megabytes = (bytes: number) => `${(bytes / 1024 / 1024).toFixed(1)} MB`;
				console.log(
					`${name}: peak +${megabytes(report.peakGrowth)}, settled +${megabytes(report.settledGrowth)}, CPU ${report.cpuMillis} ms`,
				);
				expect(report.opened).toBe(COUNT);
				expect(report.peakGrowth).toBeLessThan(MAX_GROWTH_BYTES);
				expect(await victim.check()).toBeGreaterThan(checked);
			});
		}
	},
	["limits.connections=1100"],
);
