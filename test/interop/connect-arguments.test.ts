import { randomBytes } from "node:crypto";
import { existsSync, statSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { createServer, type Server } from "node:net";
import { AmfTypedObject, type AmfValue, inspectAmf } from "@millrace/core/amf";
import { MEDIA_AUDIO } from "@millrace/core/flv";
import { closeAllPrograms, needPrograms, Program, removeTempDirs, runProgram, TempDir } from "@millrace/testkit";
import { afterAll, afterEach, beforeEach, describe, expect, test } from "vitest";
import { NetConnection } from "../../packages/client/src/index.ts";
import type { ClientFacts, PortEvent, PortListener } from "../../packages/server/src/app/index.ts";
import { directoryOf } from "../../packages/server/src/app/instance-fixture.ts";
import { resolveOptions } from "../../packages/server/src/config/index.ts";
import { liveOptions } from "../../packages/server/src/hub/hub-fixture.ts";
import { Hub } from "../../packages/server/src/hub/index.ts";
import { silentLog } from "../../packages/server/src/log/index.ts";
import { SocketWire } from "../../packages/server/src/net/index.ts";
import { RtmpPeer } from "../../packages/server/src/rtmp/index.ts";
import { systemClock } from "../../packages/server/src/system-clock.ts";
import { PacketCapture } from "./packet-capture.ts";
import { programPath, sleep } from "./suite-server.ts";

/** Peers on a real port, and an application that lets everybody in and notes who came. */
class NotingServer {
	readonly clients: ClientFacts[] = [];
	readonly peers = new Set<RtmpPeer>();
	readonly hub = new Hub(systemClock, { onViewerSkipped() {} });
	readonly #server: Server;

	constructor() {
		const { rtmp, limits } = resolveOptions({});
		const context = {
			hub: this.hub,
			instances: directoryOf({
				open: (_application: string, _instance: string, listener: PortListener) => ({
					send: (event: PortEvent) => this.#answer(event, listener),
					answer() {},
					close() {},
				}),
			}),
			log: { ...silentLog, child: () => silentLog },
			connection: { ...rtmp, limits },
			encryption: false,
			now: systemClock.now,
			random: (count: number) => randomBytes(count),
			application: () => ({
				live: liveOptions(),
				mayPublish: () => ({ allowed: false, reason: "key-missing", identity: undefined, description: "" }) as const,
			}),
			rejection: () => undefined,
			describe: () => "",
		};
		this.#server = createServer(socket => {
			const id = `c${this.peers.size + 1}`;
			const wire = (handler: ConstructorParameters<typeof SocketWire>[1]) => new SocketWire(socket, handler);
			this.peers.add(new RtmpPeer(id, wire, { protocol: "rtmp", secure: false }, context, () => {}));
		});
	}

	get port(): number {
		return (this.#server.address() as AddressInfo).port;
	}

	start(): Promise<void> {
		return new Promise(resolve => this.#server.listen(0, "127.0.0.1", resolve));
	}

	stop(): Promise<void> {
		for (const peer of this.peers) peer.destroy();
		this.hub.stop();
		return new Promise(resolve => this.#server.close(() => resolve()));
	}

	#answer(event: PortEvent, listener: PortListener): void {
		if (event.kind === "connect") {
			this.clients.push(event.client);
			listener.onEffects([{ kind: "accept", client: event.client.id }], Number.POSITIVE_INFINITY);
		} else if (event.kind === "play" || event.kind === "publish") {
			const allow = { kind: "allow", client: event.client, request: event.request } as const;
			listener.onEffects([allow], Number.POSITIVE_INFINITY);
		}
	}
}

const dir = new TempDir("connect-arguments");
let server: NotingServer;

beforeEach(async () => {
	server = new NotingServer();
	await server.start();
});

afterEach(async () => {
	await closeAllPrograms();
	await server.stop();
});

afterAll(removeTempDirs);

async function until(what: string, condition: () => boolean): Promise<void> {
	for (const deadline = Date.now() + 20_000; !condition(); await sleep(50)) {
		if (Date.now() > deadline) throw new Error(`${what} did not come to pass.`);
	}
}

/** rtmpdump that waits for a live stream. */
function rtmpdump(file: string, ...more: readonly string[]): Program {
	const address = `rtmp://127.0.0.1:${server.port}/live`;
	return new Program(programPath("rtmpdump"), ["--live", "-q", "-r", address, "-y", "cam", "-o", file, ...more]);
}

/** Each `--conn` is a value; those between the two of an object are its members. */
const RTMPDUMP_ARGUMENTS = [
	["B:1", "S:one word", "N:-12.5", "Z:"],
	["O:1", "NS:name:Ann", "NN:age:7", "NB:admin:0", "NO:inner:1", "NS:deep:é", "NN:n:1e300", "O:0", "O:0"],
].flat();
const EXPECTED = [true, "one word", -12.5, null, { name: "Ann", age: 7, admin: false, inner: { deep: "é", n: 1e300 } }];

describe("the arguments of connect", () => {
	test("of rtmpdump --conn arrive as they were given, and as tshark reads them", async context => {
		needPrograms(context, "rtmpdump", "tshark");
		const file = dir.file("conn.pcapng");
		const capture = await PacketCapture.start(context, file, server.port);
		rtmpdump(dir.file("conn.flv"), ...RTMPDUMP_ARGUMENTS.flatMap(argument => ["--conn", argument]));
		await until("rtmpdump's connection", () => server.clients.length > 0);
		const report = await capture.finish();
		expect(report.malformed).toEqual([]);
		const [client] = server.clients;
		expect(JSON.parse(JSON.stringify(client!.args))).toEqual(EXPECTED);
		// In tshark's words: every number and every string of connect, in order.
		const read = await connectAsRead(file);
		const { strings, numbers } = leavesOf(client!.args);
		expect(strings.filter(text => !read.strings.includes(text))).toEqual([]);
		expect(read.numbers.slice(-numbers.length)).toEqual(numbers);
	});

	test("of the library are of every type, and tshark reads what our own inspection reads", async context => {
		needPrograms(context, "tshark");
		class User {
			name = "Ann";
			age = 7;
		}
		for (const encoding of [0, 3] as const) {
			const file = dir.file(`library-${encoding}.pcapng`);
			const capture = await PacketCapture.start(context, file, server.port);
			const nc = new NetConnection();
			nc.objectEncoding = encoding;
			nc.registerClass("app.User", User);
			const args: AmfValue[] = [
				...[null, undefined, true, 42.5, "text", new Date(86_400_000), [1, [2, "x"]], { a: { b: [{ c: "d" }] } }],
				new User() as unknown as AmfValue,
			];
			await nc.connectAsync(`rtmp://127.0.0.1:${server.port}/live`, ...args);
			nc.close();
			const report = await capture.finish();
			expect(report.malformed).toEqual([]);
			const got = server.clients.at(-1)!.args;
			expect(got.slice(0, 5)).toEqual(args.slice(0, 5));
			expect((got[5] as Date).getTime()).toBe(86_400_000);
			expect(JSON.parse(JSON.stringify(got.slice(6, 8)))).toEqual(args.slice(6, 8));
			expect(got[8]).toMatchObject({ className: "app.User", members: { name: "Ann", age: 7 } });
			const read = await connectAsRead(file);
			const { strings, numbers } = leavesOf(got);
			expect(strings.filter(text => !read.strings.includes(text))).toEqual([]);
			expect(read.numbers.slice(-numbers.length)).toEqual(numbers);
			// What our log would show.
			expect(inspectAmf(got[8] as AmfValue)).toContain("app.User");
		}
	});
});

/** Strings and numbers that tshark finds in the client's `connect`. */
async function connectAsRead(file: string): Promise<{ strings: string[]; numbers: number[] }> {
	const filter = 'amf.string == "connect"';
	const fields = ["amf.string", "amf.number"].flatMap(field => ["-e", field]);
	const { stdout } = await runProgram("tshark", [
		...["-r", file, "-d", `tcp.port==${server.port},rtmpt`, "-Y", filter, "-T", "fields"],
		...["-E", "separator=/t", "-E", "aggregator=|", ...fields],
	]);
	const [strings = "", numbers = ""] = stdout.split("\n")[0]!.split("\t");
	return { strings: strings.split("|"), numbers: numbers.split("|").map(Number) };
}

/** Strings and numbers of values, as they stand on the wire. */
function leavesOf(value: unknown): { strings: string[]; numbers: number[] } {
	const strings: string[] = [];
	const numbers: number[] = [];
	const visit = (one: unknown): void => {
		if (typeof one === "string") strings.push(one);
		else if (typeof one === "number") numbers.push(one);
		else if (one instanceof AmfTypedObject) visit(one.members);
		else if (one instanceof Date) return;
		else if (typeof one === "object" && one !== null) Object.values(one).forEach(visit);
	};
	visit(value);
	return { strings, numbers };
}

describe("programs that hear onBWDone", () => {
	test("rtmpdump answers the short check that its `_checkbw` begins, and plays on", async context => {
		needPrograms(context, "rtmpdump");
		const answer = server.hub.open("live\n_definst_\ncam", liveOptions()).publish("test", { onPublicationEnded() {} });
		if (!("publication" in answer)) throw new Error(answer.refused);
		const { publication } = answer;
		const startedAt = systemClock.now();
		const timer = setInterval(() => {
			publication.receive(
				MEDIA_AUDIO,
				systemClock.now() - startedAt,
				Uint8Array.of(0x2f, ...randomBytes(400)),
				systemClock.now(),
			);
			publication.endTurn();
		}, 20);
		try {
			const file = dir.file("checked.flv");
			rtmpdump(file);
			await until("rtmpdump's answers", () => [...server.peers][0]?.line.stats().kbitDown !== undefined);
			const [peer] = server.peers;
			const { kbitDown } = peer!.line.stats();
			expect(kbitDown).toBeGreaterThan(1000);
			const size = () => (existsSync(file) ? statSync(file).size : 0);
			const before = size();
			await until("more of the stream", () => size() > before + 20_000);
			expect(peer!.line.stats().playing.length).toBe(1);
		} finally {
			clearInterval(timer);
		}
	});

	test("ffmpeg, which says `_checkbw` too and answers no probe, costs one small message", async context => {
		needPrograms(context, "ffmpeg");
		const address = `rtmp://127.0.0.1:${server.port}/live/cam`;
		new Program(programPath("ffmpeg"), ["-v", "error", "-i", address, "-f", "null", "-"]);
		await until("ffmpeg's play", () => [...server.peers].some(peer => peer.line.stats().playing.length > 0));
		const [peer] = server.peers;
		await sleep(1500);
		expect(peer!.line.stats().bytesOut).toBeLessThan(6000);
		expect(peer!.connection.connected).toBe(true);
	});
});
