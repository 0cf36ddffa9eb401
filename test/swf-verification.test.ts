import { randomBytes } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { inflateSync } from "node:zlib";
import {
	ClientConnection,
	ClientHandshake,
	type ClientHandshakeOptions,
	DEFAULT_RTMP_LIMITS,
	type SwfIdentity,
	swfIdentity,
} from "@millrace/core/rtmp";
import { TempDir } from "@millrace/testkit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { EventLog } from "../packages/server/src/log/index.ts";
import { createServer, type MillraceServer } from "../packages/server/src/server.ts";

const dir = new TempDir("swf-verification");
const swf = (mark: number) => Uint8Array.from([0x46, 0x57, 0x53, 10, 40, 0, 0, 0, ...new Uint8Array(32).fill(mark)]);
const identity = (mark: number) =>
	swfIdentity(swf(mark), (bytes, limit) => inflateSync(bytes, { maxOutputLength: limit }), 1000);

const log: { event: string; fields: Record<string, unknown> }[] = [];
const note = (event: string, fields: object = {}) => log.push({ event, fields: { ...fields } });
const events: EventLog = {
	debug: note,
	info: note,
	warn: note,
	error: note,
	child: () => events,
	enabled: () => true,
};
let server: MillraceServer;

beforeAll(async () => {
	mkdirSync(`${dir.file("swf")}/room`, { recursive: true });
	writeFileSync(`${dir.file("swf")}/player.swf`, swf(1));
	writeFileSync(`${dir.file("swf")}/room/inner.swf`, swf(2));
	server = createServer(
		{
			listeners: [{ protocol: "rtmp", host: "127.0.0.1", port: 0 }],
			swfVerification: { folder: dir.file("swf"), timeoutMillis: 600 },
			applications: {
				open: {},
				closed: { swfVerification: { enabled: true, exempt: [{ from: "FMLE/0.0", to: "FMLE/3.0" }] } },
			},
		},
		{ log: events },
	);
	await server.start();
});

afterAll(async () => {
	await server.stop();
	dir.remove();
});

type Attempt = { app?: string; flashVer?: string; swf?: SwfIdentity; handshake?: Partial<ClientHandshakeOptions> };

/** Connects once and returns the code that the server answers with. */
function attempt({ app = "closed", flashVer, swf, handshake }: Attempt): Promise<string> {
	return new Promise((resolve, reject) => {
		const socket = connect({ host: "127.0.0.1", port: server.addresses[0]!.port });
		const finish = (code: string) => {
			socket.destroy();
			resolve(code);
		};
		const nothing = () => undefined;
		const connection = new ClientConnection(
			new ClientHandshake({ random: count => randomBytes(count), nowMillis: 0, ...handshake }),
			{ app, tcUrl: `rtmp://h/${app}`, ...(flashVer && { flashVer }), ...(swf && { swf }) },
			{
				onConnectSuccess: info => finish(info.code),
				onConnectReject: info => finish(info.code),
				onStatus: nothing,
				onCall: nothing,
				onClosed: reason => finish(reason?.code ?? "closed"),
			},
			{
				handshakeTimeoutMillis: 5000,
				handshakeDeadlineMillis: 5000,
				pingIntervalMillis: 5000,
				readTimeoutMillis: 15_000,
				connectTimeoutMillis: 5000,
				chunkSize: 4096,
				limits: DEFAULT_RTMP_LIMITS,
			},
			0,
		);
		const flush = () => {
			for (const slice of connection.link.takeOutput()) socket.write(slice);
		};
		socket.on("connect", flush);
		socket.on("data", (bytes: Uint8Array) => {
			connection.receive(bytes, 0);
			flush();
		});
		socket.on("error", reject);
		socket.on("close", () => finish("closed by the server"));
	});
}

describe.each([
	["plain", {}],
	["with a digest", { digest: "D8" }],
	["encrypted", { encryption: 6 }],
	["encrypted with XTEA", { encryption: 8 }],
	["encrypted with Blowfish", { encryption: 9 }],
] as const)("an application with SWF verification, the handshake %s", (_name, handshake) => {
	test("takes the right file and refuses a wrong one", async () => {
		expect(await attempt({ swf: identity(1), handshake })).toBe("NetConnection.Connect.Success");
		expect(await attempt({ swf: identity(3), handshake })).toBe("NetConnection.Connect.Rejected");
	});
});

describe("an application with SWF verification", () => {
	test("takes the file of an instance in that instance only", async () => {
		expect(await attempt({ app: "closed/room", swf: identity(2) })).toBe("NetConnection.Connect.Success");
		expect(await attempt({ app: "closed", swf: identity(2) })).toBe("NetConnection.Connect.Rejected");
	});

	test("refuses who does not answer in time, and logs why", async () => {
		log.length = 0;
		const startedAt = performance.now();
		expect(await attempt({})).toBe("NetConnection.Connect.Rejected");
		expect(performance.now() - startedAt).toBeGreaterThan(590);
		const [line] = log.filter(({ event }) => event === "reject");
		expect(line?.fields).toMatchObject({ application: "closed", reason: "swf verification: no answer" });
	});

	test("does not ask who is exempt", async () => {
		expect(await attempt({ flashVer: "FMLE/3.0 (compatible; FMSc/1.0)" })).toBe("NetConnection.Connect.Success");
		expect(await attempt({ flashVer: "FMLE/3.1" })).toBe("NetConnection.Connect.Rejected");
	});
});

test("an application without SWF verification asks nobody", async () => {
	expect(await attempt({ app: "open" })).toBe("NetConnection.Connect.Success");
});

test("the log tells which protocol a client used", async () => {
	log.length = 0;
	await attempt({ app: "open" });
	await attempt({ app: "open", handshake: { encryption: 6 } });
	const connects = log.filter(({ event }) => event === "connect").map(({ fields }) => fields["protocol"]);
	expect(connects).toEqual(["rtmp", "rtmpe"]);
});

test("a server that does not offer RTMPE refuses it by name", async () => {
	const strict = createServer(
		{ listeners: [{ protocol: "rtmp", host: "127.0.0.1", port: 0 }], rtmp: { encryption: false } },
		{ log: events },
	);
	await strict.start();
	const before = server;
	server = strict;
	try {
		log.length = 0;
		await attempt({ app: "live", handshake: { encryption: 6 } }).catch(() => undefined);
		const details = () => log.filter(({ event }) => event === "disconnect").map(({ fields }) => fields["detail"]);
		await expect.poll(() => details().join()).toContain("RTMPE, which is not offered");
	} finally {
		server = before;
		await strict.stop();
	}
});

test("a folder that is not there keeps the server from starting", async () => {
	const broken = createServer({
		listeners: [{ protocol: "rtmp", host: "127.0.0.1", port: 0 }],
		swfVerification: { folder: dir.file("nowhere") },
		applications: { live: { swfVerification: { enabled: true } } },
	});
	await expect(broken.start()).rejects.toMatchObject({ code: "FILE_UNREADABLE" });
});
