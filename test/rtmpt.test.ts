import { connect, type Socket } from "node:net";
import { TunnelClient, type TunnelClientHandler } from "@millrace/core/tunnel";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createServer, type MillraceServer, type ServerOptionsInput } from "../packages/server/src/index.ts";
import type { EventLog, LogFields } from "../packages/server/src/log/index.ts";
import { RawRtmpClient } from "./raw-rtmp-client.ts";

const closers: (() => unknown)[] = [];
const events: { readonly event: string; readonly fields: LogFields }[] = [];
let server: MillraceServer;

beforeEach(async () => {
	server = await serve();
});

afterEach(async () => {
	for (const close of closers.splice(0).reverse()) await close();
	events.length = 0;
});

function logWith(known: LogFields): EventLog {
	const note = (event: string, fields: LogFields = {}): void => {
		events.push({ event, fields: { ...known, ...fields } });
	};
	const child = (fields: LogFields): EventLog => logWith({ ...known, ...fields });
	return { debug: note, info: note, warn: note, error: note, child, enabled: () => true };
}

async function serve(options: ServerOptionsInput = {}): Promise<MillraceServer> {
	const listeners = [
		{ protocol: "rtmp" as const, host: "127.0.0.1", port: 0 },
		{ protocol: "http" as const, host: "127.0.0.1", port: 0 },
	];
	const made = createServer({ listeners, ...options }, { log: logWith({}) });
	closers.push(() => made.stop());
	await made.start();
	return made;
}

function portOf(protocol: "rtmp" | "http", of = server): number {
	return of.addresses.find(address => address.protocol === protocol)?.port ?? 0;
}

function url(path: string, of = server): string {
	return `http://127.0.0.1:${portOf("http", of)}${path}`;
}

/** As a page's fetch does it: bytes without a content type. */
async function post(path: string, body: Uint8Array = Uint8Array.of(0), headers: Record<string, string> = {}) {
	const answer = await fetch(url(path), { method: "POST", body: Buffer.from(body), headers });
	return { status: answer.status, headers: answer.headers, body: Buffer.from(await answer.arrayBuffer()) };
}

async function open(): Promise<string> {
	const { body } = await post("/open/1");
	return body.toString("latin1").trim();
}

/** A client that sends exactly these bytes, and gathers what comes back. */
class RawHttp {
	readonly socket: Socket;
	text = "";
	closed = false;

	constructor(text: string) {
		this.socket = connect({ port: portOf("http"), host: "127.0.0.1" });
		this.socket.setEncoding("latin1");
		this.socket.on("data", part => {
			this.text += part;
		});
		this.socket.on("error", () => this.socket.destroy());
		this.socket.on("close", () => {
			this.closed = true;
		});
		this.socket.write(text, "latin1");
		closers.push(() => this.socket.destroy());
	}
}

async function until(condition: () => boolean, what = "it"): Promise<void> {
	for (let i = 0; i < 500 && !condition(); i++) await sleep(10);
	if (!condition()) throw new Error(`${what} did not come true in 5 s.`);
}

function sleep(millis: number): Promise<void> {
	return new Promise(resolve => setTimeout(resolve, millis));
}

/** An RTMP client whose bytes travel through a tunnel, by our own tunnel's client and `fetch`. */
function tunnelled(of = server): RawRtmpClient & { readonly tunnel: TunnelClient } {
	let timer: NodeJS.Timeout | undefined;
	const handler: TunnelClientHandler = {
		onOpen() {},
		onHost() {},
		onData: bytes => client.receive(bytes),
		onDrain() {},
		onClosed() {
			clearTimeout(timer);
		},
	};
	const tunnel = new TunnelClient(handler);
	const now = (): number => performance.now();
	const pump = (): void => {
		for (let request = tunnel.nextRequest(now()); request !== undefined; request = tunnel.nextRequest(now())) {
			const asked = request;
			fetch(url(asked.path, of), { method: "POST", body: Buffer.from(asked.body) })
				.then(async answer => {
					const body = new Uint8Array(await answer.arrayBuffer());
					tunnel.onAnswer(asked, answer.status, body, now());
				})
				.catch((error: Error) => tunnel.onFailed(asked, error, now()))
				.finally(pump);
		}
		clearTimeout(timer);
		if (tunnel.deadline < Number.POSITIVE_INFINITY) timer = setTimeout(pump, Math.max(1, tunnel.deadline - now()));
	};
	const client = Object.assign(
		new RawRtmpClient(bytes => {
			tunnel.write(bytes.slice());
			queueMicrotask(pump);
		}),
		{ tunnel },
	);
	closers.push(() => {
		tunnel.abandon();
		clearTimeout(timer);
	});
	client.start();
	return client;
}

async function publisher(name: string): ReturnType<typeof RawRtmpClient.tcp> {
	const client = await RawRtmpClient.tcp(portOf("rtmp"));
	closers.push(() => client.socket.destroy());
	client.connect("live").command(0, "createStream");
	await client.until("_result 1");
	client.command(1, "publish", name, "live");
	await client.until("Publish.Start");
	client.media(1, "v9", 0, 9).media(1, "K1");
	return client;
}

async function play(client: RawRtmpClient, name: string): Promise<void> {
	client.connect("live");
	await client.until("onBWDone");
	client.command(0, "createStream");
	await client.until("_result");
	client.command(1, "play", name, -2000);
	await client.until("K1:1");
}

describe("a tunnel to a server that is emptied", () => {
	it("brings the answer of where to go instead", async () => {
		await publisher("cam");
		const redirect = "rtmp://other.example/live";
		const drained = server.drain({ redirect, deadlineMillis: 20_000 });
		const client = tunnelled();
		client.connect("live");
		await client.until("_error NetConnection.Connect.Rejected");
		expect(client.infos.get("NetConnection.Connect.Rejected")?.["ex"]).toEqual({ code: 302, redirect });
		await server.stop();
		await drained;
	});
});

describe("a tunnel's answers", () => {
	it("have the form that old clients read", async () => {
		const http = new RawHttp("POST /open/1 HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n\0");
		await until(() => http.text.includes("\n\r\n\r") || /\n[0-9a-f]{32}\n$/.test(http.text));
		const [head = "", body] = http.text.split("\r\n\r\n");
		expect(head.startsWith("HTTP/1.1 200 OK\r\n")).toBe(true);
		const lines = head.split("\r\n");
		expect(lines).toEqual(
			expect.arrayContaining(["Content-Type: application/x-fcs", "Content-Length: 33", "Connection: Keep-Alive"]),
		);
		expect(lines.some(line => line.startsWith("Transfer-Encoding"))).toBe(false);
		expect(body).toMatch(/^[0-9a-f]{32}\n$/);
	});

	it("close connections of HTTP/1.0, unless they are to be kept", async () => {
		const closing = new RawHttp("POST /open/1 HTTP/1.0\r\nContent-Length: 1\r\n\r\n\0");
		const keeping = new RawHttp("POST /open/1 HTTP/1.0\r\nConnection: keep-alive\r\nContent-Length: 1\r\n\r\n\0");
		await until(() => closing.closed && keeping.text.endsWith("\n"));
		expect(closing.text).toContain("Connection: close\r\n");
		expect(keeping.text).toContain("Connection: Keep-Alive\r\n");
		expect(keeping.text).toContain("Pragma: no-cache\r\n");
		expect(keeping.closed).toBe(false);
	});

	it("come in order where requests are pipelined on one connection", async () => {
		const id = await open();
		const request = (command: string, sequence: number): string =>
			`POST /${command}/${id}/${sequence} HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n\x03`;
		const http = new RawHttp(request("send", 0) + request("idle", 1) + request("close", 2));
		await until(() => http.text.split("HTTP/1.1 200 OK").length === 4);
		const bodies = http.text.split(/HTTP\/1.1 200 OK[\s\S]*?\r\n\r\n/).slice(1);
		expect(bodies).toEqual(["\x01", "\x01", "\0"]);
	});

	it("wait for the end of a body, however it comes, since proxies that do not would close", async () => {
		const chunked = "\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
		for (const head of ["/open/1", "/fcs/ident2"].map(path => `POST ${path} HTTP/1.1${chunked}`)) {
			const http = new RawHttp(head);
			await sleep(50);
			expect(http.text).toBe("");
			http.socket.write("1\r\n\0\r\n0\r\n\r\n");
			await until(() => http.text.startsWith("HTTP/1.1 200 OK\r\n"));
		}
		const endless = new RawHttp(`POST /open/1 HTTP/1.1${chunked}2000\r\n${"x".repeat(0x2000)}\r\n`);
		await until(() => endless.text.startsWith("HTTP/1.1 413 ") && endless.closed);
	});

	it("go to their own session where connections are shared and change with each request", async () => {
		const ids = [await open(), await open()];
		const hello = (mark: number): string =>
			String.fromCharCode(3) + "\0".repeat(8) + String.fromCharCode(mark).repeat(1528);
		const request = (command: string, at: number, sequence: number, body: string): string =>
			`POST /${command}/${ids[at]}/${sequence} HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
		const bodies = (http: RawHttp): string[] => http.text.split(/HTTP\/1.1 200 OK[\s\S]*?\r\n\r\n/).slice(1);
		const first = new RawHttp(request("send", 0, 0, hello(0x41)) + request("send", 1, 0, hello(0x42)));
		await until(() => bodies(first).length === 2);
		const second = new RawHttp(request("idle", 1, 1, "\0") + request("idle", 0, 1, "\0"));
		await until(() => bodies(second).length === 2);
		// The server's third part echoes the first of its client.
		const got = [bodies(first)[0]! + bodies(second)[1]!, bodies(first)[1]! + bodies(second)[0]!];
		for (const [at, mark] of ["A", "B"].entries()) {
			expect(got[at]).toContain(mark.repeat(1528));
			expect(got[at]).not.toContain((mark === "A" ? "B" : "A").repeat(100));
		}
	});

	it("honour the wish to be told to go on", async () => {
		const http = new RawHttp("POST /open/1 HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n");
		await until(() => http.text.startsWith("HTTP/1.1 100 Continue\r\n\r\n"));
		http.socket.write("\0");
		await until(() => /HTTP\/1.1 200 OK[\s\S]*[0-9a-f]{32}\n$/.test(http.text));
	});

	it("are 404 for sessions that are not known, and leave other paths and methods to the pages", async () => {
		expect((await post("/send/0123456789abcdef/0")).status).toBe(404);
		expect((await fetch(url("/open/1"))).status).toBe(200);
		expect((await post("/opened")).status).toBe(404);
		expect((await fetch(url("/fcs/ident"))).status).toBe(404);
	});

	it("to ident2 are empty, what is set, or 404", async () => {
		const ident2 = await post("/fcs/ident2");
		expect([ident2.status, ident2.headers.get("content-length")]).toEqual([200, "0"]);
		server = await serve({ rtmpt: { ident2: "192.0.2.7", ident: "<fcs></fcs>" } });
		expect((await post("/fcs/ident2")).body.toString()).toBe("192.0.2.7");
		expect(await (await fetch(url("/fcs/ident"))).text()).toBe("<fcs></fcs>");
		server = await serve({ rtmpt: { ident2: null } });
		expect((await post("/fcs/ident2")).status).toBe(404);
	});

	it("are the pages' where tunnels are off", async () => {
		server = await serve({ rtmpt: { enabled: false } });
		expect((await post("/open/1")).status).toBe(405);
	});

	it("can be read by pages whose origin is allowed, and are refused to others", async () => {
		const origin = "https://example.org";
		const allowed = await post("/open/1", undefined, { origin });
		expect(allowed.headers.get("access-control-allow-origin")).toBe("*");
		server = await serve({ http: { cors: [origin] } });
		expect((await post("/open/1", undefined, { origin })).headers.get("access-control-allow-origin")).toBe(origin);
		expect((await post("/open/1", undefined, { origin: "https://other.example" })).status).toBe(403);
		const preflight = await fetch(url("/send/x/1"), { method: "OPTIONS", headers: { origin } });
		expect([preflight.status, preflight.headers.get("access-control-allow-methods")]).toEqual([204, "POST, OPTIONS"]);
	});
});

describe("RTMP in a tunnel", () => {
	it("plays a live stream, and is known by its client's address", async () => {
		const sender = await publisher("cam");
		const client = tunnelled();
		await play(client, "cam");
		sender.media(1, "P2", 40);
		await client.until("P2:1");
		expect(events.find(({ event }) => event === "play")?.fields).toMatchObject({ from: "127.0.0.1" });
	});

	it("ends when its client says so", async () => {
		const client = tunnelled();
		client.connect("live");
		await client.until("onBWDone");
		expect(server.connectionCount).toBe(1);
		const facts = events.find(({ event }) => event === "connect")?.fields;
		expect(facts).toMatchObject({ application: "live", from: "127.0.0.1" });
		client.tunnel.close();
		// The driver looks again when there is something to send.
		client.command(0, "nothing");
		await until(() => server.connectionCount === 0 && client.tunnel.closed);
		expect(events.some(({ event, fields }) => event === "disconnect" && fields["reason"] === undefined)).toBe(true);
	});

	it("brings live frames to the client in less than a quarter of a second, at the median", async () => {
		const sender = await publisher("clock");
		const client = tunnelled();
		await play(client, "clock");
		const delays: number[] = [];
		for (let number = 2; number < 22; number++) {
			const sentAt = performance.now();
			sender.media(1, `P${number}`, number * 40);
			await client.until(`P${number}:1`);
			delays.push(performance.now() - sentAt);
			await sleep(20);
		}
		const median = delays.sort((a, b) => a - b)[10]!;
		if (process.env["RTMPT_LATENCY"])
			console.log(`median ${median.toFixed(1)} ms, worst ${delays.at(-1)!.toFixed(1)} ms`);
		expect(median).toBeLessThan(250);
	});
});

describe("abuse of tunnels", () => {
	it("by opening and never using them holds a bounded number, and disturbs nobody", async () => {
		server = await serve({ rtmpt: { unusedSessions: 50 } });
		const sender = await publisher("cam");
		const client = tunnelled();
		await play(client, "cam");
		for (let round = 0; round < 20; round++) await Promise.all(Array.from({ length: 20 }, open));
		expect(server.connectionCount).toBe(2);
		expect(events.filter(({ event }) => event === "refuse").length).toBe(350);
		sender.media(1, "P2", 40);
		await client.until("P2:1");
	});

	it("by a body that is too long ends the session and the connection, with the reason in the log", async () => {
		server = await serve({ rtmpt: { bodyBytes: 65_536 }, rtmp: {} });
		const id = await open();
		const head = `POST /idle/${id}/0 HTTP/1.1\r\nHost: a\r\nContent-Length: 100000000\r\n\r\n`;
		const http = new RawHttp(head + "x".repeat(70_000));
		await until(() => http.text.startsWith("HTTP/1.1 413 "));
		const disconnect = (): LogFields | undefined => events.find(({ event }) => event === "disconnect")?.fields;
		await until(() => disconnect() !== undefined);
		expect(disconnect()?.["reason"]).toBe("TUNNEL_BODY_TOO_LARGE");
		await until(() => server.connectionCount === 0);
	});

	it("by a long body where none is due is refused before it is read", async () => {
		const http = new RawHttp("POST /open/1 HTTP/1.1\r\nHost: a\r\nContent-Length: 100000000\r\n\r\n");
		await until(() => http.text.startsWith("HTTP/1.1 413 ") && http.closed);
	});

	it("by a body that never ends costs its sender the session, and nobody else anything", {
		timeout: 20_000,
	}, async () => {
		server = await serve({ rtmp: { handshakeTimeoutMillis: 500, handshakeDeadlineMillis: 500 } });
		const sender = await publisher("cam");
		const client = tunnelled();
		await play(client, "cam");
		const id = await open();
		const http = new RawHttp(`POST /send/${id}/0 HTTP/1.1\r\nHost: a\r\nContent-Length: 1537\r\n\r\n\x03\0\0`);
		await until(() => server.connectionCount === 3);
		sender.media(1, "P2", 40);
		await client.until("P2:1");
		await until(() => events.some(({ event }) => event === "disconnect"));
		// As long as a client has to fetch the last bytes of its session.
		await sleep(5000);
		await until(() => server.connectionCount === 2 && http.closed);
		expect(http.text.startsWith("HTTP/1.1 404 ")).toBe(true);
		expect(events.find(({ event }) => event === "disconnect")?.fields["reason"]).toBe("HANDSHAKE_TIMEOUT");
	});

	it("by bytes that are no RTMP ends the session", async () => {
		const id = await open();
		await post(`/send/${id}/0`, Buffer.from("GET / HTTP/1.1\r\n\r\n"));
		await until(() => events.some(({ event }) => event === "disconnect"));
		expect(events.find(({ event }) => event === "disconnect")?.fields["reason"]).toBe("HANDSHAKE_NOT_RTMP");
		await until(() => server.connectionCount === 0);
	});

	it("by leaving a session reclaims it", async () => {
		server = await serve({ rtmpt: { sessionTimeoutMillis: 1000 } });
		const id = await open();
		await post(`/send/${id}/0`, Uint8Array.of(3));
		await until(() => server.connectionCount === 0);
		expect(events.find(({ event }) => event === "disconnect")?.fields["reason"]).toBe("TUNNEL_ABANDONED");
		expect((await post(`/idle/${id}/1`)).status).toBe(404);
	});
});
