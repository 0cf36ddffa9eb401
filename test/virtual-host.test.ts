import { copyFileSync, existsSync, mkdirSync, utimesSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { encodeCommand, TYPE_COMMAND } from "@millrace/core/rtmp";
import { TempDir } from "@millrace/testkit";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createServer, type MillraceServer } from "../packages/server/src/index.ts";
import type { EventLog, LogFields } from "../packages/server/src/log/index.ts";
import { RawRtmpClient } from "./raw-rtmp-client.ts";

const SAMPLE = fileURLToPath(new URL("../packages/server/media/vod/sample.flv", import.meta.url));
const CHAT = "chat.example.org";
const SMALL = "small.example.org";
type TcpClient = Awaited<ReturnType<typeof RawRtmpClient.tcp>>;
const dir = new TempDir("virtual-host");
const log: string[] = [];
let server: MillraceServer;

beforeAll(async () => {
	copySample("chat/films/media/clip.flv");
	copySample("extra/more.flv");
	put(
		"chat/coded/main.ts",
		`import { defineApplication } from "millrace/app";
export default defineApplication({
	methods: { where: ({ app }) => [app.name, app.application, app.virtualHost].join(" ") },
});`,
	);
	server = createServer(
		{
			listeners: [
				{ protocol: "rtmp", host: "127.0.0.1", port: 0 },
				{ protocol: "http", host: "127.0.0.1", port: 0 },
			],
			dataDir: dir.file("data"),
			media: { applications: dir.file("apps") },
			live: { latency: "interactive" },
			code: { isolation: "process", reload: false },
			virtualHosts: {
				[CHAT]: {
					aliases: ["www.chat.example.org"],
					folder: dir.file("chat"),
					media: { directories: [{ prefix: "more", path: dir.file("extra") }] },
					record: { mode: "always" },
					applications: { live: {} },
				},
				[SMALL]: { folder: dir.file("small"), connections: 3, applications: { live: {} } },
				"quiet.example.org": { folder: dir.file("quiet"), applications: { live: { protocols: ["rtmps"] } } },
			},
		},
		{ log: logOf({}) },
	);
	await server.start();
});

afterAll(async () => {
	await server.stop();
	dir.remove();
});

function logOf(own: LogFields): EventLog {
	const take = (event: string, fields: LogFields = {}): void => {
		log.push(`${event} ${String({ ...own, ...fields }["stream"])}`);
	};
	const child = (fields: LogFields) => logOf({ ...own, ...fields });
	return { debug: take, info: take, warn: take, error: take, child, enabled: () => true };
}

function put(path: string, text: string): void {
	mkdirSync(dirname(dir.file(path)), { recursive: true });
	writeFileSync(dir.file(path), text);
}

function copySample(path: string): void {
	put(path, "");
	copyFileSync(SAMPLE, dir.file(path));
	utimesSync(dir.file(path), 1e9, 1e9);
}

async function connected(app: string, host: string): Promise<TcpClient> {
	const client = await RawRtmpClient.tcp(server.addresses[0]!.port);
	client.connect(app, "test", host);
	await client.until("NetConnection.Connect.Success");
	return client;
}

async function publishing(host: string, number: number): Promise<TcpClient> {
	const client = await connected("live", host);
	client.command(0, "createStream");
	await client.until("_result");
	client.command(1, "publish", "cam", "live");
	await client.until("NetStream.Publish.Start");
	// Enough for the server to say in its log what is published.
	for (let count = 0; count < 20; count++) client.media(1, `K${number}` as "K1", count * 40);
	return client;
}

function get(path: string, host: string): Promise<{ readonly status: number; readonly body: string }> {
	return new Promise((resolve, reject) => {
		const { port } = server.addresses[1]!;
		const asked = request({ port, path, host: "127.0.0.1", headers: { host } }, response => {
			let body = "";
			response.setEncoding("latin1").on("data", text => {
				body += text;
			});
			response.on("end", () => resolve({ status: response.statusCode ?? 0, body }));
		});
		asked.on("error", reject).end();
	});
}

describe("virtual hosts", { timeout: 30_000 }, () => {
	it("have streams, recordings, pages and log lines apart from each other under the same names", async () => {
		const first = await publishing("localhost", 1);
		const second = await publishing(`www.${CHAT}:1935`, 2);
		for (const [host, number] of [
			["localhost", 1],
			[CHAT, 2],
		] as const) {
			const viewer = await connected("live", host);
			viewer.command(0, "createStream");
			await viewer.until("_result");
			viewer.command(1, "play", "cam");
			expect((await viewer.until("K")).at(-1)).toBe(`K${number}:1`);
			viewer.socket.destroy();
		}
		const pathsAt = async (host: string) =>
			(JSON.parse((await get("/api/streams", host)).body) as { streams: { path: string }[] }).streams.map(
				({ path }) => path,
			);
		expect(await pathsAt("localhost")).toEqual(["/live/cam", `/live@${CHAT}/cam`]);
		expect(await pathsAt(CHAT)).toEqual(["/live/cam"]);
		expect(await pathsAt("quiet.example.org")).toEqual([]);
		expect((await get("/live/cam.flv", "quiet.example.org")).status).toBe(404);
		await expect.poll(() => log, WAIT).toContain("publish live/cam");
		await expect.poll(() => log, WAIT).toContain(`publish live@${CHAT}/cam`);
		first.socket.destroy();
		second.socket.destroy();
		await expect.poll(() => existsSync(dir.file("chat/live/streams/_definst_/cam.flv")), WAIT).toBe(true);
		expect(existsSync(dir.file("apps/live/streams/_definst_/cam.flv"))).toBe(false);
	});

	it("play the files of their own applications, and of their folders for all", async () => {
		for (const name of ["clip", "more/more"]) {
			const viewer = await connected("films", CHAT);
			viewer.command(0, "getStreamLength", name);
			expect(await viewer.until("_result")).toContain("_result 8");
			viewer.socket.destroy();
			await viewer.untilClosed();
			expect((await get(`/files/films/${name}.flv`, CHAT)).body.slice(0, 3)).toBe("FLV");
			expect((await get(`/films/${name}.flv`, CHAT)).body.slice(0, 3)).toBe("FLV");
			expect((await get(`/files/films/${name}.flv`, "localhost")).status).toBe(404);
		}
	});

	it("tell code what they are, and no more of it than its name", async () => {
		const client = await connected("coded/room", CHAT);
		client.message(TYPE_COMMAND, 0, callOf("where"));
		expect((await client.until("coded")).at(-1)).toBe(`_result coded/room coded ${CHAT}`);
		client.socket.destroy();
		await client.untilClosed();
	});

	it("have applications of their own, with rules of their own", async () => {
		for (const [app, host, code] of [
			["films", "localhost", "NetConnection.Connect.InvalidApp"],
			["vod", CHAT, "NetConnection.Connect.InvalidApp"],
			[`live@${CHAT}`, "localhost", "NetConnection.Connect.InvalidApp"],
			["live", "quiet.example.org", "NetConnection.Connect.Rejected"],
		] as const) {
			const client = await RawRtmpClient.tcp(server.addresses[0]!.port);
			client.connect(app, "test", host);
			expect((await client.until("_error")).at(-1)).toBe(`_error ${code}`);
			client.socket.destroy();
		}
	});

	it("have no more clients than they may", async () => {
		const clients = [];
		for (let count = 0; count < 3; count++) clients.push(await connected("live", SMALL));
		const refused = await RawRtmpClient.tcp(server.addresses[0]!.port);
		refused.connect("live", "test", SMALL);
		await refused.until("NetConnection.Connect.Rejected");
		clients[0]!.socket.destroy();
		await expect
			.poll(async () => {
				const next = await RawRtmpClient.tcp(server.addresses[0]!.port);
				next.connect("live", "test", SMALL);
				return (await next.until("NetConnection.Connect")).at(-1);
			}, WAIT)
			.toContain("Success");
	});
});

const WAIT = { timeout: 10_000 };

function callOf(name: string): Uint8Array {
	return encodeCommand(0, name, 90, null, []);
}
