import { request as httpRequest, type IncomingHttpHeaders } from "node:http";
import { connect, type Socket } from "node:net";
import { FlvDemuxer, type MediaMessage } from "@millrace/core/flv";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { createServer, type MillraceServer, type ServerOptionsInput } from "../packages/server/src/index.ts";
import { RawRtmpClient } from "./raw-rtmp-client.ts";

const closers: (() => unknown)[] = [];
let server: MillraceServer;

beforeEach(async () => {
	server = await serve();
});

afterEach(async () => {
	for (const close of closers.splice(0).reverse()) await close();
});

async function serve(options: ServerOptionsInput = {}): Promise<MillraceServer> {
	const made = createServer({
		listeners: [
			{ protocol: "rtmp", host: "127.0.0.1", port: 0 },
			{ protocol: "http", host: "127.0.0.1", port: 0 },
		],
		...options,
		live: { latency: "interactive", ...options.live },
	});
	closers.push(() => made.stop());
	await made.start();
	return made;
}

const portOf = (of: MillraceServer, protocol: "rtmp" | "http"): number =>
	of.addresses.find(address => address.protocol === protocol)?.port ?? 0;

/** A publisher of `name` that has sent a keyframe with number 1. */
async function publish(name = "cam", app = "live", of = server): ReturnType<typeof RawRtmpClient.tcp> {
	const client = await RawRtmpClient.tcp(portOf(of, "rtmp"));
	closers.push(() => client.socket.destroy());
	client.connect(app).command(0, "createStream");
	await client.until("_result 1");
	client.command(1, "publish", name, "live");
	await client.until("Publish.Start");
	client.data(1, "@setDataFrame", "onMetaData", "meta").media(1, "v9", 0, 9).media(1, "K1");
	const live = (): boolean => of.view.streams().some(stream => stream.name === name && stream.bytesIn > 30);
	await until(live);
	return client;
}

async function until(condition: () => boolean): Promise<void> {
	for (let i = 0; i < 300 && !condition(); i++) await new Promise(resolve => setTimeout(resolve, 10));
	expect(condition()).toBe(true);
}

/** A client that sends exactly `text`, and gathers what comes back. */
class RawHttp {
	readonly socket: Socket;
	bytes = new Uint8Array(0);
	closed = false;

	constructor(text: string, of = server) {
		this.socket = connect({ port: portOf(of, "http"), host: "127.0.0.1" });
		this.socket.on("data", bytes => {
			this.bytes = new Uint8Array([...this.bytes, ...(bytes as Uint8Array)]);
		});
		this.socket.on("error", () => this.socket.destroy());
		this.socket.on("close", () => {
			this.closed = true;
		});
		this.socket.write(text);
		closers.push(() => this.socket.destroy());
	}

	get text(): string {
		return new TextDecoder("latin1").decode(this.bytes);
	}

	get head(): string {
		return this.text.slice(0, this.text.indexOf("\r\n\r\n"));
	}

	get body(): Uint8Array {
		return this.bytes.subarray(this.text.indexOf("\r\n\r\n") + 4);
	}

	/** Waits for the tag of a video frame with that number. */
	async untilPicture(number: number): Promise<string[]> {
		const has = (): boolean => this.head !== "" && tags(this.body).some(tag => tag.endsWith(` ${number}`));
		await until(has);
		return tags(this.body);
	}
}

const get = (path: string, of = server): RawHttp => new RawHttp(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`, of);

/** Each tag of an FLV: type and last byte of the payload, `9 1`. */
function tags(flv: Uint8Array): string[] {
	const found: string[] = [];
	const demuxer = new FlvDemuxer({
		onTag: ({ type, payload }: MediaMessage) => found.push(`${type} ${type === 18 ? "data" : payload[5]}`),
	});
	demuxer.push(flv);
	return found;
}

function ask(method: string, path: string, headers: Record<string, string> = {}, of = server) {
	return new Promise<{ status: number; headers: IncomingHttpHeaders; body: string }>((resolve, reject) => {
		const request = httpRequest({ port: portOf(of, "http"), host: "127.0.0.1", method, path, headers }, response => {
			let body = "";
			response.setEncoding("latin1");
			response.on("data", text => {
				body += text;
			});
			response.on("end", () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }));
		});
		request.on("upgrade", (response, socket) => {
			socket.destroy();
			resolve({ status: response.statusCode ?? 0, headers: response.headers, body: "" });
		});
		request.on("error", reject);
		request.end();
	});
}

describe("HTTP-FLV", () => {
	it("sends head, header and tags as they were published, and ends with the stream", async () => {
		const publisher = await publish();
		const viewer = get("/live/cam.flv?token=1");
		await viewer.untilPicture(1);
		publisher.media(1, "P2", 40);
		expect(await viewer.untilPicture(2)).toEqual(["18 data", "9 9", "9 1", "9 2"]);
		expect(viewer.head.split("\r\n")).toEqual([
			"HTTP/1.1 200 OK",
			"content-type: video/x-flv",
			"cache-control: no-store",
			"connection: close",
			"access-control-allow-origin: *",
		]);
		// Video alone is known, so video alone is promised.
		expect([...viewer.body.subarray(0, 13)]).toEqual([0x46, 0x4c, 0x56, 1, 1, 0, 0, 0, 9, 0, 0, 0, 0]);
		const tag = viewer.body.subarray(viewer.body.length - 4 - 6 - 11);
		expect([...tag]).toEqual([9, 0, 0, 6, 0, 0, 40, 0, 0, 0, 0, 0x27, 1, 0, 0, 0, 2, 0, 0, 0, 17]);
		publisher.command(0, "deleteStream", 1);
		await until(() => viewer.closed);
		expect(server.connectionCount).toBe(1);
	});

	it("promises both media where both are known, or none is yet", async () => {
		const publisher = await publish();
		publisher.media(1, "a3", 0, 9).media(1, "P2", 40);
		const viewer = get("/live/cam.flv");
		await viewer.untilPicture(2);
		expect(viewer.body[4]).toBe(5);
		const silent = await RawRtmpClient.tcp(portOf(server, "rtmp"));
		closers.push(() => silent.socket.destroy());
		silent.connect("live").command(0, "createStream");
		await silent.until("_result 1");
		silent.command(1, "publish", "silent", "live");
		await silent.until("Publish.Start");
		const early = get("/live/silent.flv");
		await until(() => early.body.length >= 13);
		expect(early.body[4]).toBe(5);
	});

	it("answers HEAD, OPTIONS, other methods and streams that are not live", async () => {
		await publish();
		expect(await ask("HEAD", "/live/cam.flv")).toMatchObject({
			status: 200,
			body: "",
			headers: { "content-type": "video/x-flv" },
		});
		expect(await ask("OPTIONS", "/live/cam.flv")).toMatchObject({
			status: 204,
			headers: { "access-control-allow-origin": "*", "access-control-allow-headers": "*" },
		});
		expect(await ask("POST", "/live/cam.flv")).toMatchObject({ status: 405, headers: { allow: "GET, HEAD, OPTIONS" } });
		for (const path of [
			"/live/other.flv",
			"/live/.flv",
			"/.flv",
			"/live/%.flv",
			"/live/%2e%2e.flv",
			"/live/%2e%2e/cam.flv",
		]) {
			expect((await ask("GET", path)).status, path).toBe(404);
		}
	});

	for (const [app, name, path] of [
		["live/room", "cam", "/live/@room/cam.flv"],
		["live", "a b", "/live/a%20b.flv"],
		["live", "ü/ö", "/live/%C3%BC/%C3%B6.flv"],
		["live", "cam.flv", "/live/cam.flv.flv"],
		["live", "%2e%2e", "/live/%252e%252e.flv"],
	] as const) {
		it(`finds ${JSON.stringify(name)} of ${app} at ${path}`, async () => {
			await publish(name, app);
			await get(path).untilPicture(1);
			expect(server.view.streams().map(stream => `${stream.path}.flv`)).toEqual([path]);
		});
	}

	it("lets pages of the named origins play, and no others", async () => {
		const strict = await serve({ http: { cors: ["https://a.example"] } });
		await publish("cam", "live", strict);
		const origin = async (from: string): Promise<unknown> =>
			(await ask("HEAD", "/live/cam.flv", { origin: from }, strict)).headers["access-control-allow-origin"];
		expect([await origin("https://a.example"), await origin("https://b.example")]).toEqual([
			"https://a.example",
			undefined,
		]);
	});

	it("goes on undisturbed when the client sends more requests on the same connection", async () => {
		const publisher = await publish();
		const text = "GET /live/cam.flv HTTP/1.1\r\nHost: localhost\r\n\r\n";
		const viewer = new RawHttp(text + text + text.replace("/live/cam.flv", "/"));
		await viewer.untilPicture(1);
		viewer.socket.write(text.repeat(100));
		publisher.media(1, "P2", 40);
		expect(await viewer.untilPicture(2)).toEqual(["18 data", "9 9", "9 1", "9 2"]);
		expect(viewer.text.match(/HTTP\/1\.1/g)).toHaveLength(1);
		expect(server.connectionCount).toBe(2);
	});

	it("closes a viewer that does not read, and no other", async () => {
		const limited = await serve({ live: { viewerQueue: { closeAfterMillis: 1000 } } });
		const publisher = await publish("cam", "live", limited);
		const stuck = get("/live/cam.flv", limited);
		await stuck.untilPicture(1);
		stuck.socket.pause();
		for (let i = 0; i < 30; i++) publisher.media(1, "K1", i * 40, 400_000);
		await until(() => limited.connectionCount === 2);
		await until(() => limited.connectionCount === 1);
		publisher.media(1, "K3", 2000);
		await get("/live/cam.flv", limited).untilPicture(3);
	});

	it("refuses viewers beyond the limit of connections", async () => {
		const limited = await serve({ limits: { connections: 2 } });
		await publish("cam", "live", limited);
		await get("/live/cam.flv", limited).untilPicture(1);
		expect((await ask("GET", "/live/cam.flv", {}, limited)).status).toBe(503);
	});
});

describe("FLV over WebSocket", () => {
	const open = (path: string, options: { origin?: string } = {}): WebSocket & { messages: Uint8Array[] } => {
		const socket = new WebSocket(`ws://127.0.0.1:${portOf(server, "http")}${path}`, options);
		const messages: Uint8Array[] = [];
		socket.on("message", (bytes: Uint8Array) => messages.push(new Uint8Array(bytes)));
		socket.on("error", () => {});
		closers.push(() => socket.terminate());
		return Object.assign(socket, { messages });
	};
	const flvOf = (messages: Uint8Array[]): Uint8Array => new Uint8Array(messages.flatMap(bytes => [...bytes]));
	const closing = (socket: WebSocket): Promise<number> => new Promise(resolve => socket.once("close", resolve));

	it("sends the same bytes as over HTTP, in binary messages, and says goodbye when the stream ends", async () => {
		const publisher = await publish();
		const plain = get("/live/cam.flv");
		await plain.untilPicture(1);
		const viewer = open("/live/cam.flv");
		await until(() => tags(flvOf(viewer.messages)).includes("9 1"));
		publisher.media(1, "P2", 40, 200).media(1, "P3", 80, 70_000);
		await plain.untilPicture(3);
		await until(() => tags(flvOf(viewer.messages)).includes("9 3"));
		expect(flvOf(viewer.messages)).toEqual(plain.body);
		const closed = closing(viewer);
		publisher.command(0, "deleteStream", 1);
		expect(await closed).toBe(1001);
	});

	it("answers pings and closes of the viewer, and closes on a message that is too large", async () => {
		await publish();
		const viewer = open("/live/cam.flv");
		await until(() => viewer.messages.length > 1);
		const pong = new Promise<string>(resolve => viewer.once("pong", bytes => resolve(String(bytes))));
		viewer.ping("there?");
		expect(await pong).toBe("there?");
		const closed = closing(viewer);
		viewer.close(1000);
		expect(await closed).toBe(1000);
		const loud = open("/live/cam.flv");
		await until(() => loud.messages.length > 1);
		const ended = closing(loud);
		loud.send("small");
		loud.send(new Uint8Array(5000));
		expect(await ended).toBe(1009);
		await until(() => server.connectionCount === 1);
	});

	it("refuses other paths, streams that are not live, and pages of other origins", async () => {
		await publish();
		const headers = {
			connection: "Upgrade",
			upgrade: "websocket",
			"sec-websocket-version": "13",
			"sec-websocket-key": "AAAAAAAAAAAAAAAAAAAAAA==",
		};
		const status = async (path: string, more: Record<string, string> = {}): Promise<number> =>
			(await ask("GET", path, { ...headers, ...more })).status;
		expect(await status("/live/cam.flv")).toBe(101);
		for (const path of ["/live/cam.abc", "/live/cam", "/", "/live/other.flv"])
			expect(await status(path), path).toBe(404);
		expect(await status("/live/cam.flv", { "sec-websocket-version": "1" })).toBe(400);
		const strict = await serve({ http: { cors: ["https://a.example"] } });
		await publish("cam", "live", strict);
		const from = async (origin: string): Promise<number> =>
			(await ask("GET", "/live/cam.flv", { ...headers, origin, host: "here.example" }, strict)).status;
		expect([
			await from("https://a.example"),
			await from("http://here.example"),
			await from("https://b.example"),
		]).toEqual([101, 101, 403]);
	});

	it("outlives clients that reset their connection in the middle of a refusal", async () => {
		const text = "GET /x HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
		for (let i = 0; i < 20; i++) {
			const client = new RawHttp(text);
			client.socket.once("connect", () => setImmediate(() => client.socket.resetAndDestroy()));
		}
		await new Promise(resolve => setTimeout(resolve, 100));
		expect((await ask("GET", "/live/cam.flv")).status).toBe(404);
	});

	it("answers a page in HTTP/1.1 to a client that would rather speak HTTP/2", async () => {
		const answer = await ask("GET", "/api/health", { connection: "Upgrade, HTTP2-Settings", upgrade: "h2c" });
		expect(answer.status).toBe(200);
	});

	it("is ended in time when the server stops, though a viewer never reads", async () => {
		const publisher = await publish();
		const viewer = open("/live/cam.flv");
		await until(() => viewer.messages.length > 1);
		viewer.pause();
		for (let i = 0; i < 30; i++) publisher.media(1, "K1", i * 40, 400_000);
		await until(() => server.view.streams()[0]!.bytesIn > 11_000_000);
		const startedAt = performance.now();
		await server.stop();
		expect(performance.now() - startedAt).toBeLessThan(3000);
	});
});
