import { expect } from "vitest";
import type { AbuseCase } from "./abuse-case.ts";
import { sleep } from "./abuse-server.ts";
import { join, repeat, u16, u24, u32 } from "./bytes.ts";
import { amfCases } from "./case/amf.ts";
import { chunkCases } from "./case/chunk.ts";
import { callOf, commandCases, createStreams } from "./case/command.ts";
import { handshakeCases } from "./case/handshake.ts";
import { CLOSED, manySharedObjects, sharedObjectCases } from "./case/shared-object.ts";
import { PLAIN_HANDSHAKE, type RawClient } from "./raw-client.ts";
import { section } from "./section.ts";
import { type Offender, runWave } from "./wave.ts";
import { COUNT, declareWaves, WARM_UP, type Wave } from "./wave-row.ts";

const IDLE_BYTES = 30_000;
/** Streams that each player of nothing waits for. */
const PLAYS = 64;

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

async function partialOnStreams(client: RawClient, count: number): Promise<void> {
	await client.handshake();
	const parts: Uint8Array[] = [];
	for (let id = 64; id < 64 + count; id++) {
		parts.push(join(1, id - 64, 0, u24(0), u24(300), 20, u32(0)), new Uint8Array(128));
	}
	client.send(Buffer.concat(parts));
}

/** Sends really what others only announce: as much as is allowed before connect, and never the end. */
async function partialBeforeConnect(client: RawClient): Promise<void> {
	await client.handshake();
	const parts: Uint8Array[] = [join(2, u24(0), u24(4), 1, u32(0), u32(65_535))];
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
	client.send(join(2, u24(0), u24(4), 1, u32(0), u32(65_535)));
	client.send(repeat(callOf("x".repeat(200), 5), 400));
}

async function pingsUnread(client: RawClient): Promise<void> {
	await connected(client);
	client.socket.pause();
	const ping = join(2, u24(0), u24(6), 4, u32(0), u16(6), u32(1));
	client.send(repeat(ping, 1000));
}

/** A connect that says as much as it may, and then stays. */
async function largeConnect(client: RawClient): Promise<void> {
	await client.handshake();
	client.send(client.command("connect", 1, { app: "live", tcUrl: "x".repeat(30_000), pageUrl: "y".repeat(30_000) }));
	await client.waitForCommand("_result", 1);
}

/** Many streams, each waiting for a publisher that does not exist; stays until the server has dealt with all of them. */
async function playsOfNothing(client: RawClient): Promise<void> {
	await connected(client);
	for (let i = 1; i <= PLAYS; i++) client.send(client.command("createStream", i, null));
	await client.waitForCommand("_result", PLAYS);
	const tag = Math.random().toString(36).slice(2);
	for (let id = 1; id <= PLAYS; id++) {
		client.send(client.command("play", 0, null, [`nothing-${tag}-${id}-${"n".repeat(200)}`], id));
	}
	for (let i = 0; i < PLAYS; i++) await client.waitForStatus("NetStream.Play.Start");
}

const WAVES: readonly Wave[] = [
	{
		name: "handshakes that stop or speak another protocol (rows 1 to 4, 8)",
		kinds: [
			...offendersOf(handshakeCases, [1, 4]),
			client => void client.send(PLAIN_HANDSHAKE.subarray(0, 1000)),
			client => void client.send(PLAIN_HANDSHAKE.subarray(0, 1537)),
			client => void client.send(Uint8Array.of(5)),
		],
		reasons: ["HANDSHAKE_TIMEOUT", "HANDSHAKE_NOT_RTMP", "HANDSHAKE_BAD_VERSION", "CONNECT_TIMEOUT"],
	},
	{
		name: "odd and broken chunks (rows 11 to 20, 23)",
		kinds: offendersOf(chunkCases, [11, 13, 14, 15, 16, 18, 19, 20, 23]),
		reasons: ["CHUNK_BAD_SIZE", "CHUNK_NO_PREVIOUS_HEADER", "MESSAGE_TOO_LARGE"],
	},
	{
		name: "chunk streams up to their limit and beyond, with a partial message each (row 17)",
		kinds: [client => partialOnStreams(client, 62), client => partialOnStreams(client, 200)],
		reasons: ["CHUNK_TOO_MANY_STREAMS"],
	},
	{
		name: "AMF of every bad kind (rows 27 to 37)",
		kinds: offendersOf(amfCases, [27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37]),
		reasons: ["AMF_TOO_DEEP", "AMF_COUNT_TOO_LARGE", "AMF_BAD_REFERENCE", "AMF_TRUNCATED"],
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
		reasons: ["COMMAND_BEFORE_CONNECT", "CONNECT_TWICE", "NAME_FORBIDDEN", "TOO_MANY_STREAMS"],
	},
	{
		name: "unfinished messages that were really sent, before connect (row 16)",
		kinds: [partialBeforeConnect],
		reasons: ["SHARED_BYTES_SPENT"],
	},
	{
		name: "unfinished messages that were really sent, after connect (row 16)",
		kinds: [partialAfterConnect],
		reasons: ["SHARED_BYTES_SPENT"],
	},
	{
		name: "answers that nobody reads (rows 25, 44)",
		kinds: [callsUnread, pingsUnread],
		reasons: ["PEER_SILENT"],
		// The read time-out of 3 s, and time for a busy machine.
		stayMillis: 4500,
	},
	{ name: "connect objects of 60 kB that stay (row 39)", kinds: [largeConnect], reasons: ["SHARED_BYTES_SPENT"] },
	{
		name: "shared objects: 50 of each, and messages of every bad kind (rows 54, 55)",
		kinds: [
			...offendersOf(sharedObjectCases, [55]),
			...CLOSED.map(([, , send]): Offender => {
				return async client => {
					await connected(client);
					client.send(send(client));
				};
			}),
			async client => {
				await connected(client);
				client.send(manySharedObjects(client, 50));
			},
		],
		reasons: [],
	},
	{
		name: "64 plays each of streams that do not exist (row 46)",
		kinds: [playsOfNothing],
		reasons: ["SHARED_BYTES_SPENT"],
	},
];

section(
	"a thousand at once",
	[],
	(_, row) => {
		row("an idle connection costs at most 30 kB", async ({ server }) => {
			const idle: Offender = async client => {
				await connected(client);
				await client.createStream();
			};
			await runWave(server, [idle], WARM_UP, 90);
			const costs: number[] = [];
			// Resident memory says too much where garbage lies about, never too little: the best of some looks counts.
			for (let look = 0; look < 4 && !costs.some(cost => cost < IDLE_BYTES); look++) {
				await sleep(2000);
				const report = await runWave(server, [idle], COUNT, 90);
				costs.push(report.settledGrowth / COUNT);
			}
			console.log(`idle connections: ${costs.map(cost => (cost / 1000).toFixed(1)).join(", ")} kB each`);
			expect(Math.min(...costs)).toBeLessThan(IDLE_BYTES);
		});

		declareWaves(row, WAVES, 100);
	},
	["limits.connections=1200"],
);
