import { writeFileSync } from "node:fs";
import { Agent, createServer as createHttpServer, type Server as HttpServer, type IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import { join } from "node:path";
import { removeTempDirs, TempDir } from "@millrace/testkit";
import { afterEach, describe, expect, it } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import { createServer, type MillraceServer, type ServerOptionsInput } from "../packages/server/src/index.ts";
import { ask, exchange, type HttpAnswer } from "./http-fixture.ts";

const closers: (() => unknown)[] = [];

afterEach(async () => {
	for (const close of closers.splice(0).reverse()) await close();
	removeTempDirs();
});

/** A server with one port for everything. */
async function serve(options: ServerOptionsInput = {}): Promise<MillraceServer> {
	const server = createServer({
		listeners: [{ host: "127.0.0.1", port: 0 }],
		dataDir: new TempDir("upstream").path,
		tls: { selfSigned: true },
		rtmpt: { holdMillis: 20 },
		...options,
	});
	closers.push(() => server.stop());
	await server.start();
	return server;
}

const portOf = (server: MillraceServer): number => server.addresses[0]!.port;

const get = (server: MillraceServer, path: string, options?: Parameters<typeof ask>[2]) =>
	ask(portOf(server), path, options);

describe("HTTP that is not the server's own", () => {
	it("comes from another web server, with bodies, and with the client's address", async () => {
		const seen: { method: string; url: string; headers: IncomingMessage["headers"]; body: string }[] = [];
		const upstream = createHttpServer(async (request, response) => {
			let body = "";
			for await (const part of request) body += part;
			seen.push({ method: request.method ?? "", url: request.url ?? "", headers: request.headers, body });
			response.writeHead(201, { "x-own": "yes" }).end("from behind");
		});
		await new Promise<void>(resolve => upstream.listen(0, "127.0.0.1", resolve));
		closers.push(() => new Promise(resolve => upstream.close(resolve)));
		const { port } = upstream.address() as { port: number };
		const server = await serve({ http: { upstream: `http://127.0.0.1:${port}` } });
		const agent = new Agent({ keepAlive: true, maxSockets: 1 });
		closers.push(() => agent.destroy());
		const headers = { "content-type": "text/x-odd", "x-forwarded-for": "6.6.6.6", host: "www.example" };
		const answer = await get(server, "/a%20b?c=d", { method: "POST", body: "hello", agent, headers });
		expect(answer).toMatchObject({ status: 201, body: "from behind", headers: { "x-own": "yes" } });
		expect(seen[0]).toMatchObject({
			method: "POST",
			url: "/a%20b?c=d",
			body: "hello",
			headers: { host: "www.example", "x-forwarded-for": "127.0.0.1", "x-forwarded-proto": "http" },
		});
		expect((await get(server, "/api/health", { agent })).status).toBe(200);
		await get(server, "/", { agent });
		expect(seen).toHaveLength(2);
	});
});

describe("a connection that carries a tunnel", () => {
	it.each(["webroot", "upstream"] as const)("carries what is the %s's between its requests", async kind => {
		const webroot = new TempDir("webroot").path;
		writeFileSync(join(webroot, "page.txt"), "foreign");
		const behind = createHttpServer((_request, response) => response.end("foreign"));
		await new Promise<void>(resolve => behind.listen(0, "127.0.0.1", resolve));
		closers.push(() => new Promise(resolve => behind.close(resolve)));
		const upstream = `http://127.0.0.1:${(behind.address() as { port: number }).port}`;
		const server = await serve({ http: kind === "webroot" ? { webroot } : { upstream } });
		const agent = new Agent({ keepAlive: true, maxSockets: 1 });
		closers.push(() => agent.destroy());
		const ports = new Set<number | undefined>();
		agent.on("free", (socket: Socket) => ports.add(socket.localPort));
		const foreign = async (): Promise<void> =>
			expect(await get(server, "/page.txt", { agent })).toMatchObject({ status: 200, body: "foreign" });
		const tunnel = (path: string, body = "\0"): Promise<HttpAnswer> =>
			get(server, path, { method: "POST", body, agent });
		await foreign();
		const id = (await tunnel("/open/1")).body.trim();
		await foreign();
		// C0 and C1, in two requests with something else between them.
		expect((await tunnel(`/send/${id}/0`, `\x03${"\0".repeat(700)}`)).status).toBe(200);
		await foreign();
		const answers = [await tunnel(`/send/${id}/1`, "\0".repeat(836))];
		await foreign();
		for (let i = 2; i < 6; i++) answers.push(await tunnel(`/idle/${id}/${i}`));
		// S0, S1 and S2, and an interval byte an answer.
		expect(answers.reduce((sum, { length }) => sum + length - 1, 0)).toBe(3073);
		expect((await tunnel(`/close/${id}/6`)).status).toBe(200);
		await foreign();
		expect((await tunnel(`/idle/${id}/7`)).status).toBe(404);
		expect([...ports]).toHaveLength(1);
	});
});

describe("a WebSocket that is not the server's own", () => {
	type Behind = {
		readonly server: MillraceServer;
		readonly seen: IncomingMessage[];
		readonly sockets: WebSocketServer;
		/** The other web server. */
		readonly upstream: HttpServer;
	};

	async function serveBefore(options: ServerOptionsInput = {}): Promise<Behind> {
		const seen: IncomingMessage[] = [];
		const upstream = createHttpServer((_request, response) => response.end("behind"));
		const sockets = new WebSocketServer({
			server: upstream,
			handleProtocols: protocols => [...protocols].at(-1) ?? false,
			verifyClient: ({ req }: { req: IncomingMessage }) => !req.url?.startsWith("/private"),
		});
		sockets.on("connection", (socket, request) => {
			seen.push(request);
			socket.on("message", (bytes, isBinary) => socket.send(bytes, { binary: isBinary }));
			if (request.url === "/greet") socket.send("hello");
		});
		await new Promise<void>(resolve => upstream.listen(0, "127.0.0.1", resolve));
		closers.push(() => {
			for (const socket of sockets.clients) socket.terminate();
			upstream.close();
		});
		const { port } = upstream.address() as { port: number };
		const server = await serve({ ...options, http: { upstream: `http://127.0.0.1:${port}` } });
		return { server, seen, sockets, upstream };
	}

	function open(server: MillraceServer, path: string, scheme: "ws" | "wss" = "ws", headers = {}): WebSocket {
		const options = { rejectUnauthorized: false, headers };
		const socket = new WebSocket(`${scheme}://127.0.0.1:${portOf(server)}${path}`, ["a", "b"], options);
		closers.push(() => socket.terminate());
		return socket;
	}

	/** The first thing that happens to it. */
	function outcome(socket: WebSocket): Promise<string> {
		return new Promise(resolve => {
			socket.once("message", bytes => resolve(String(bytes)));
			socket.once("error", error => resolve(error.message));
		});
	}

	it.each(["ws", "wss"] as const)("goes to the other web server, by %s", async scheme => {
		const { server, seen, sockets } = await serveBefore();
		const greeted = open(server, "/greet", scheme);
		expect(await outcome(greeted)).toBe("hello");
		const socket = open(server, "/any?x=1", scheme, {
			"x-forwarded-for": "6.6.6.6",
			cookie: "a=b",
			host: "www.example",
		});
		await new Promise((resolve, reject) => socket.once("open", resolve).once("error", reject));
		expect(socket.protocol).toBe("b");
		const large = Buffer.alloc(3_000_000, 7);
		const echoed = new Promise<Buffer>(resolve => socket.once("message", bytes => resolve(bytes as Buffer)));
		socket.send(large);
		expect((await echoed).equals(large)).toBe(true);
		expect(seen[1]?.url).toBe("/any?x=1");
		expect(seen[1]?.headers).toMatchObject({
			host: "www.example",
			cookie: "a=b",
			"x-forwarded-for": "127.0.0.1",
			"x-forwarded-proto": scheme === "wss" ? "https" : "http",
			"x-forwarded-host": "www.example",
		});
		// A close reaches the other side with its code, both ways.
		const closed = new Promise(resolve => [...sockets.clients].at(-1)?.once("close", resolve));
		socket.close(4001);
		expect(await closed).toBe(4001);
		const ended = new Promise(resolve => greeted.once("close", resolve));
		[...sockets.clients][0]?.close(4002);
		expect(await ended).toBe(4002);
	});

	it("is refused in the other server's words, and with 502 where there is none", async () => {
		const { server, upstream } = await serveBefore();
		expect(await outcome(open(server, "/private"))).toContain("401");
		upstream.close();
		upstream.closeAllConnections();
		expect(await outcome(open(server, "/greet"))).toContain("502");
	});

	it("does not take the server's own from it", async () => {
		const { server, seen } = await serveBefore({ demo: true });
		const rtmp = open(server, "/rtmp");
		await new Promise((resolve, reject) => rtmp.once("open", resolve).once("error", reject));
		expect(await outcome(open(server, "/live/none.flv"))).toContain("404");
		expect(await outcome(open(server, "/live/demo.flv"))).toMatch(/^FLV/);
		expect(seen).toEqual([]);
	});

	it("carries no second request to the other server", async () => {
		const { server, seen, upstream } = await serveBefore();
		const asked: string[] = [];
		upstream.on("request", request => asked.push(request.url ?? ""));
		const head =
			"Host: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n" +
			"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
		const second = "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n";
		for (const [request, status] of [
			[`GET /private HTTP/1.1\r\n${head}\r\n${second}`, 401],
			[`GET /greet HTTP/1.1\r\n${head}Content-Length: 5\r\n\r\n${second}`, 400],
			[`GET /greet HTTP/1.1\r\n${head}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n${second}`, 400],
			[`POST /greet HTTP/1.1\r\n${head}\r\n${second}`, 400],
		] as const) {
			const answer = await exchange(portOf(server), request, closers);
			expect(answer, request.slice(0, 30)).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
			expect(answer.match(/HTTP\/1\.1 /g)).toHaveLength(1);
		}
		expect(asked).toEqual([]);
		expect(seen).toEqual([]);
	});

	it("ends with the server, and with the other end", async () => {
		const { server, sockets } = await serveBefore();
		const first = open(server, "/greet");
		await outcome(first);
		const gone = new Promise(resolve => first.once("close", resolve));
		[...sockets.clients][0]?.terminate();
		expect(await gone).toBe(1006);
		const second = open(server, "/greet");
		await outcome(second);
		const behind = new Promise(resolve => [...sockets.clients].at(-1)?.once("close", resolve));
		await server.stop();
		expect(await behind).toBe(1006);
	});
});
