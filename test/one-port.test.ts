import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { Agent } from "node:http";
import { get as httpsGet } from "node:https";
import type { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect as connectTls, type TLSSocket } from "node:tls";
import { afterEach, describe, expect, it, vi } from "vitest";
import { WebSocket } from "ws";
import { createServer, type MillraceServer, type ServerOptionsInput } from "../packages/server/src/index.ts";
import type { EventLog, LogFields } from "../packages/server/src/log/index.ts";
import { ask, exchange } from "./http-fixture.ts";
import { RawRtmpClient } from "./raw-rtmp-client.ts";

const closers: (() => unknown)[] = [];
/** `event` and fields of what was logged. */
const logged: { readonly event: string; readonly fields: LogFields }[] = [];

afterEach(async () => {
	for (const close of closers.splice(0).reverse()) await close();
	logged.length = 0;
});

function logOf(own: LogFields): EventLog {
	const take = (event: string, fields?: LogFields): void => void logged.push({ event, fields: { ...own, ...fields } });
	return {
		debug: take,
		info: take,
		warn: take,
		error: take,
		child: fields => logOf({ ...own, ...fields }),
		enabled: () => true,
	};
}

function folder(): string {
	const made = mkdtempSync(join(tmpdir(), "millrace-one-port-"));
	closers.push(() => rmSync(made, { recursive: true, force: true }));
	return made;
}

/** A server with one port for everything. */
async function serve(options: ServerOptionsInput = {}): Promise<MillraceServer> {
	const dataDir = folder();
	const server = createServer(
		{
			listeners: [{ host: "127.0.0.1", port: 0 }],
			dataDir,
			tls: { selfSigned: true },
			...options,
			live: { latency: "interactive" },
		},
		{ log: logOf({}) },
	);
	closers.push(() => server.stop());
	await server.start();
	return server;
}

const portOf = (server: MillraceServer): number => server.addresses[0]!.port;

function over(socket: Socket): RawRtmpClient {
	const client = new RawRtmpClient(bytes => socket.write(bytes));
	closers.push(() => socket.destroy());
	socket.on("data", (bytes: Uint8Array) => client.receive(bytes));
	socket.on("error", () => socket.destroy());
	socket.on("close", () => client.end());
	client.start();
	return client;
}

function overTls(server: MillraceServer): { readonly client: RawRtmpClient; readonly socket: TLSSocket } {
	const socket = connectTls({ port: portOf(server), host: "127.0.0.1", rejectUnauthorized: false });
	return { client: over(socket), socket };
}

async function overWebSocket(
	server: MillraceServer,
	scheme: "ws" | "wss" = "ws",
	headers: Readonly<Record<string, string>> = {},
	split = 100_000,
): Promise<{ readonly client: RawRtmpClient; readonly webSocket: WebSocket }> {
	const options = { rejectUnauthorized: false, headers };
	const webSocket = new WebSocket(`${scheme}://127.0.0.1:${portOf(server)}/rtmp`, ["rtmp.example"], options);
	closers.push(() => webSocket.terminate());
	const client = new RawRtmpClient(bytes => {
		for (let at = 0; at < bytes.length; at += split) webSocket.send(bytes.subarray(at, at + split));
	});
	webSocket.on("message", bytes => client.receive(bytes as Buffer));
	webSocket.on("close", () => client.end());
	await new Promise((resolve, reject) => webSocket.once("open", resolve).once("error", reject));
	client.start();
	return { client, webSocket };
}

async function publishing(client: RawRtmpClient, name: string): Promise<void> {
	client.connect("live").command(0, "createStream");
	await client.until("_result 1");
	client.command(1, "publish", name, "live");
	await client.until("Publish.Start");
	client.media(1, "v9", 0, 9).media(1, "K1", 0, 200_000);
}

async function playing(client: RawRtmpClient, name: string): Promise<void> {
	client.connect("live").command(0, "createStream");
	await client.until("_result 1");
	client.command(1, "play", name, -2000);
	await client.until("K1:1");
}

function tcp(server: MillraceServer): Promise<RawRtmpClient & { readonly socket: Socket }> {
	return RawRtmpClient.tcp(portOf(server)).then(client => {
		closers.push(() => client.socket.destroy());
		return client;
	});
}

const get = (server: MillraceServer, path: string, options?: Parameters<typeof ask>[2]) =>
	ask(portOf(server), path, options);

describe("one port", () => {
	it("carries a stream from RTMPS to RTMP, RTMPS and both kinds of WebSocket, and serves pages beside", async () => {
		const server = await serve();
		const { client: source } = overTls(server);
		await publishing(source, "cam");
		await Promise.all([
			playing(await tcp(server), "cam"),
			playing(overTls(server).client, "cam"),
			playing((await overWebSocket(server)).client, "cam"),
			playing((await overWebSocket(server, "wss")).client, "cam"),
		]);
		expect((await get(server, "/api/health")).status).toBe(200);
		const via = logged.filter(({ event }) => event === "play").map(({ fields }) => fields["via"]);
		expect(via.sort()).toEqual(["rtmps", "ws", "wss", undefined]);
		expect(server.addresses[0]?.protocols).toEqual(["rtmp", "rtmps", "http", "https"]);
	});

	it("sends FLV over HTTPS and secure WebSocket", async () => {
		const server = await serve();
		await publishing(await tcp(server), "cam");
		const path = `127.0.0.1:${portOf(server)}/live/cam.flv`;
		const first = await new Promise<Buffer>((resolve, reject) => {
			const asked = httpsGet(`https://${path}`, { rejectUnauthorized: false }, answer => answer.once("data", resolve));
			asked.once("error", reject);
			closers.push(() => asked.destroy());
		});
		expect(first.subarray(0, 3).toString()).toBe("FLV");
		const webSocket = new WebSocket(`wss://${path}`, { rejectUnauthorized: false });
		closers.push(() => webSocket.terminate());
		const message = await new Promise<Buffer>(resolve => webSocket.once("message", bytes => resolve(bytes as Buffer)));
		expect(message.subarray(0, 3).toString()).toBe("FLV");
	});

	it("speaks no TLS without a certificate", async () => {
		const server = await serve({ tls: {} });
		expect(server.addresses[0]?.protocols).toEqual(["rtmp", "http"]);
		expect(await exchange(portOf(server), Uint8Array.of(0x16, 3, 1, 0, 5), closers)).toBe("");
	});

	it("closes requests that never end", async () => {
		const server = await serve({ tls: {}, rtmp: { handshakeTimeoutMillis: 300 } });
		expect(await exchange(portOf(server), "GET / HTTP/1.1\r\nHost: a\r\n", closers)).toContain("408 Request Timeout");
	});

	it("refuses what could be read in two ways behind a proxy", async () => {
		const server = await serve({ tls: {} });
		const post = "POST /x HTTP/1.1\r\nHost: a\r\n";
		for (const request of [
			`${post}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
			`${post}Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello`,
			`${post}Transfer-Encoding: chunked\r\n\r\n5 \nhello\n0\n\nGET / HTTP/1.1\r\nHost: a\r\n\r\n`,
			`GET / HTTP/1.1\nHost: a\n\n`,
			`GET / HTTP/1.1\r\nHost: a\r\nX: ${"x".repeat(40_000)}\r\n\r\n`,
		]) {
			const answer = await exchange(portOf(server), request, closers);
			// A body is read after the answer: then the connection ends at once, and nothing behind it is a request.
			expect(answer, request.slice(0, 60)).toMatch(
				request.includes("5 \n") ? /^HTTP\/1\.1 404 / : /^HTTP\/1\.1 4(00|31) /,
			);
			expect(answer.match(/HTTP\/1\.1 /g)).toHaveLength(1);
		}
	});
});

describe("RTMP over WebSocket", () => {
	it("takes the bytes split anywhere, and echoes a subprotocol", async () => {
		const server = await serve();
		const { client, webSocket } = await overWebSocket(server, "ws", {}, 7);
		expect(webSocket.protocol).toBe("rtmp.example");
		client.connect("live");
		await client.until("onBWDone");
		const { client: source } = await overWebSocket(server, "ws", {}, 4999);
		await publishing(source, "cam");
		client.command(0, "createStream");
		await client.until("_result 1");
		client.command(1, "play", "cam", -2000);
		await client.until("K1:1");
	});

	it("answers pings, and ends with a close of its own", async () => {
		const server = await serve();
		const { webSocket } = await overWebSocket(server);
		const pong = new Promise(resolve => webSocket.once("pong", bytes => resolve(String(bytes))));
		webSocket.ping("hello");
		expect(await pong).toBe("hello");
		const closed = new Promise(resolve => webSocket.once("close", code => resolve(code)));
		await server.stop();
		expect(await closed).toBe(1000);
	});

	it("refuses text, and messages longer than its limit", async () => {
		const server = await serve();
		for (const [message, code] of [
			["text", 1003],
			[new Uint8Array(1024 * 1024 + 1), 1009],
		] as const) {
			const { webSocket } = await overWebSocket(server);
			const closed = new Promise(resolve => webSocket.once("close", resolve));
			webSocket.send(message);
			expect(await closed).toBe(code);
		}
	});

	it.each([
		["a frame without mask", Uint8Array.of(0x82, 1, 3)],
		["a frame of 4 GB", Uint8Array.of(0x82, 0xff, 0, 0, 0, 1, 0, 0, 0, 0, 1, 2, 3, 4)],
		["a compressed frame", Uint8Array.of(0xc2, 0x81, 0, 0, 0, 0, 3)],
		[
			"a flood of fragments",
			Uint8Array.from([2, 0x80, 0, 0, 0, 0, ...new Array(2000).fill([0, 0x80, 0, 0, 0, 0]).flat()]),
		],
	])("closes who sends %s", async (_name, frame) => {
		const server = await serve({ tls: {} });
		const head =
			"GET /rtmp HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n" +
			"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n";
		const answer = await exchange(portOf(server), Buffer.concat([Buffer.from(head), frame]), closers);
		expect(answer).toMatch(/^HTTP\/1\.1 101 /);
		expect(answer.toLowerCase()).not.toContain("permessage-deflate");
		await vi.waitFor(() => expect(server.connectionCount).toBe(0), 3000);
	});

	it("lets pages of listed origins in, and programs", async () => {
		const server = await serve({ http: { cors: ["https://good.example"] } });
		await overWebSocket(server, "ws", { origin: "https://good.example" });
		await overWebSocket(server);
		await expect(overWebSocket(server, "ws", { origin: "https://bad.example" })).rejects.toThrow("403");
	});

	it("knows the client's address from a trusted proxy", async () => {
		const server = await serve({ trustedProxies: ["127.0.0.0/8"] });
		const { client } = await overWebSocket(server, "ws", {
			"x-forwarded-for": "198.51.100.7",
			"x-forwarded-proto": "https",
		});
		client.connect("live");
		await client.until("onBWDone");
		const connected = logged.find(({ event }) => event === "connect");
		expect(connected?.fields).toMatchObject({ from: "198.51.100.7", via: "wss" });
		client.command(0, "createStream");
		await client.until("_result 1");
		client.command(1, "publish", "cam", "live");
		// Not from this machine, so not without a key.
		await client.until("Publish.Denied");
	});
});

describe("limits of connections", () => {
	it("count the clients behind a PROXY header, not the proxy", async () => {
		const server = await serve({
			listeners: [{ host: "127.0.0.1", port: 0, proxyProtocol: true }],
			trustedProxies: ["127.0.0.1"],
			limits: { connectionsPerAddressPerMinute: 2 },
			tls: {},
		});
		const askFrom = (address: string): Promise<string> =>
			exchange(
				portOf(server),
				`PROXY TCP4 ${address} 198.51.100.1 1 2\r\nGET /api/health HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`,
				closers,
			);
		for (let i = 0; i < 2; i++) expect(await askFrom("192.0.2.1")).toContain("200 OK");
		expect(await askFrom("192.0.2.1")).toBe("");
		expect(await askFrom("192.0.2.2")).toContain("200 OK");
		expect(logged.filter(({ event }) => event === "refuse").map(({ fields }) => fields["from"])).toEqual(["192.0.2.1"]);
	});
});

describe("the ports that a visitor is told", () => {
	it("are not those of this machine alone where a proxy on it brings the visitor", async () => {
		const server = await serve({
			listeners: [
				{ host: "127.0.0.1", port: 0, proxyProtocol: true },
				{ host: "127.0.0.1", port: 0 },
				{ host: "::", port: 0 },
			],
			trustedProxies: ["127.0.0.1"],
			tls: {},
		});
		const [proxied, local, open] = server.addresses.map(({ port }) => port);
		const portsIn = (answer: string): number[] =>
			(JSON.parse(answer.slice(answer.indexOf("{"))) as { ports: { port: number }[] }).ports.map(({ port }) => port);
		const request = "GET /api/ports HTTP/1.1\r\nHost: a\r\nConnection: close\r\n";
		const header = "PROXY TCP4 192.0.2.1 198.51.100.1 1 2\r\n";
		expect(portsIn(await exchange(portOf(server), `${header}${request}\r\n`, closers))).toEqual([open]);
		const nearby = await fetch(`http://127.0.0.1:${local}/api/ports`);
		expect(portsIn(await nearby.text())).toEqual([proxied, local, open]);
		const named = await fetch(`http://127.0.0.1:${local}/api/ports`, { headers: { "x-forwarded-for": "192.0.2.1" } });
		expect(portsIn(await named.text())).toEqual([open]);
	});
});

describe("an application", () => {
	it("is open to the protocols that its settings name", async () => {
		const server = await serve({ applications: { live: { protocols: ["rtmps", "wss"] } } });
		const plain = await tcp(server);
		plain.connect("live");
		await plain.until("_error NetConnection.Connect.Rejected");
		await plain.untilClosed();
		const { client } = overTls(server);
		client.connect("live");
		await client.until("onBWDone");
	});
});

describe("HTTP that is not the server's own", () => {
	it("has a policy for Flash Player made from cors, or a file", async () => {
		const open = await serve({ tls: {} });
		const policy = await get(open, "/crossdomain.xml");
		expect(policy.headers["content-type"]).toBe("text/x-cross-domain-policy");
		expect(policy.body).toContain('<allow-access-from domain="*" secure="false"/>');
		const file = join(folder(), "policy.xml");
		writeFileSync(file, "<own/>");
		const closed = await serve({ tls: {}, http: { cors: ["https://a.example:8443"] } });
		expect((await get(closed, "/crossdomain.xml")).body).toContain('domain="a.example"');
		const own = await serve({ tls: {}, http: { crossDomainFile: file } });
		expect((await get(own, "/crossdomain.xml")).body).toBe("<own/>");
	});

	it("comes from a folder, on the same connection as what is the server's", async () => {
		const webroot = folder();
		writeFileSync(join(webroot, "index.html"), "<h1>mine</h1>");
		writeFileSync(join(webroot, ".secret"), "no");
		const server = await serve({ tls: {}, http: { webroot } });
		const agent = new Agent({ keepAlive: true, maxSockets: 1 });
		closers.push(() => agent.destroy());
		expect((await get(server, "/", { agent })).body).toBe("<h1>mine</h1>");
		expect((await get(server, "/api/health", { agent })).status).toBe(200);
		expect((await get(server, "/index.html", { agent })).headers["content-type"]).toContain("text/html");
		for (const path of [
			"/.secret",
			"/none.html",
			"/../etc/passwd",
			"/%2e%2e/%2e%2e/etc/passwd",
			"/..%2fetc%2fpasswd",
		]) {
			expect((await get(server, path, { agent })).status, path).toBeGreaterThanOrEqual(400);
		}
		expect((await get(server, "/live/cam", { agent })).body).toContain("<!doctype html>");
		expect((await get(server, "/live/cam.flv", { agent })).status).toBe(404);
	});
});

describe("a server that is drained", () => {
	it("sends new clients elsewhere, keeps those that are there, and stops when they have gone", async () => {
		const server = await serve();
		const source = await tcp(server);
		await publishing(source, "cam");
		const redirect = "rtmp://other.example/live";
		let isDone = false;
		const done = server.drain({ redirect, deadlineMillis: 20_000 }).then(() => {
			isDone = true;
		});
		const late = await tcp(server);
		late.connect("live");
		await late.until("_error NetConnection.Connect.Rejected");
		expect(late.infos.get("NetConnection.Connect.Rejected")?.["ex"]).toEqual({ code: 302, redirect });
		const { client: lateOverWebSocket } = await overWebSocket(server);
		lateOverWebSocket.connect("live");
		await lateOverWebSocket.until("_error NetConnection.Connect.Rejected");
		expect((await get(server, "/live/cam.flv")).status).toBe(503);
		expect(source.closed).toBe(false);
		expect(isDone).toBe(false);
		source.socket.destroy();
		await done;
		await expect(get(server, "/api/health")).rejects.toThrow("ECONNREFUSED");
	});

	it("stops at its deadline, whoever is still there", async () => {
		const server = await serve();
		const client = await tcp(server);
		client.connect("live");
		await client.until("onBWDone");
		const begun = Date.now();
		await server.drain({ deadlineMillis: 300 });
		expect(Date.now() - begun).toBeGreaterThanOrEqual(290);
		await client.until("NetConnection.Connect.AppShutdown");
	});
});
