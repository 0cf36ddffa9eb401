import { copyFileSync, mkdirSync, readFileSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { request as httpRequest, type IncomingHttpHeaders } from "node:http";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { FlvDemuxer, type MediaMessage } from "@millrace/core/flv";
import { TempDir } from "@millrace/testkit";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { FilesAnswer } from "../packages/server/src/http/index.ts";
import { createServer, type EventLog, type MillraceServer } from "../packages/server/src/index.ts";
import { RawRtmpClient } from "./raw-rtmp-client.ts";

const MEDIA = fileURLToPath(new URL("../packages/server/media/vod/", import.meta.url));
const SAMPLE_FLV = readFileSync(`${MEDIA}sample.flv`);
const SAMPLE_MP4 = readFileSync(`${MEDIA}sample.mp4`);
const dir = new TempDir("vod-http");
let server: MillraceServer;
const log: string[] = [];

beforeAll(async () => {
	copy("sample.flv", "apps/vod/media/clip.flv");
	copy("sample.mp4", "apps/vod/media/films/film.mp4");
	copy("sample.flv", "apps/vod/streams/room/cam.flv");
	copy("sample.flv", "apps/hidden/media/secret.flv");
	copy("sample.flv", "outside.flv");
	put("apps/vod/media/broken.mp4", "no MP4 at all");
	put("apps/vod/media/notes.txt", "not for sending");
	put("apps/vod/media/.hidden.flv", "not for sending");
	symlinkSync(dir.file("outside.flv"), dir.file("apps/vod/media/link.flv"));
	const record = (level: string) => (event: string) => log.push(`${level} ${event}`);
	const fields = { debug: record("debug"), info: record("info"), warn: record("warn"), error: record("error") };
	const events: EventLog = { ...fields, enabled: () => true, child: () => events };
	server = createServer(
		{
			listeners: [
				{ protocol: "rtmp", host: "127.0.0.1", port: 0 },
				{ protocol: "http", host: "127.0.0.1", port: 0 },
			],
			media: { applications: dir.file("apps") },
			applications: { live: {}, vod: {}, hidden: { media: { list: false } } },
			live: { latency: "interactive" },
			http: { cors: ["https://a.example"] },
		},
		{ log: events },
	);
	await server.start();
});

afterAll(async () => {
	await server.stop();
	dir.remove();
});

function put(path: string, content: string | Uint8Array): void {
	mkdirSync(dirname(dir.file(path)), { recursive: true });
	writeFileSync(dir.file(path), content);
	utimesSync(dir.file(path), 1e9, 1e9);
}

function copy(from: string, path: string): void {
	put(path, "");
	copyFileSync(`${MEDIA}${from}`, dir.file(path));
	utimesSync(dir.file(path), 1e9, 1e9);
}

const portOf = (protocol: "rtmp" | "http") => server.addresses.find(address => address.protocol === protocol)!.port;

type Answer = { readonly status: number; readonly headers: IncomingHttpHeaders; readonly body: Buffer };

function ask(path: string, headers: Record<string, string> = {}, method = "GET"): Promise<Answer> {
	return new Promise((resolve, reject) => {
		const request = httpRequest({ port: portOf("http"), host: "127.0.0.1", path, method, headers }, response => {
			const parts: Buffer[] = [];
			response.on("data", part => parts.push(part));
			response.on("error", reject);
			response.on("end", () =>
				resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(parts) }),
			);
		});
		request.on("error", reject);
		request.end();
	});
}

function messagesOf(flv: Uint8Array): MediaMessage[] {
	const messages: MediaMessage[] = [];
	new FlvDemuxer({ onTag: message => messages.push(message) }).push(flv);
	return messages;
}

const brief = ({ type, timestamp, payload }: MediaMessage) => `${type} ${timestamp} ${payload.length}`;
const coded = (flv: Uint8Array) =>
	messagesOf(flv)
		.filter(message => message.type !== 18 && !message.isConfiguration)
		.map(brief);

async function api(query: string): Promise<FilesAnswer> {
	const { status, body } = await ask(`/api/files${query}`);
	expect(status).toBe(200);
	return JSON.parse(body.toString()) as FilesAnswer;
}

describe("a file as FLV", () => {
	it("has header, metadata and configurations, then all messages of the file with their times", async () => {
		const { status, headers, body } = await ask("/vod/clip.flv", { origin: "https://a.example" });
		expect([status, headers["content-type"], headers["access-control-allow-origin"]]).toEqual([
			...[200, "video/x-flv", "https://a.example"],
		]);
		const [metadata, video, audio, ...rest] = messagesOf(body);
		expect([metadata!.type, video!.isConfiguration, audio!.isConfiguration]).toEqual([18, true, true]);
		expect([...body.subarray(0, 13)]).toEqual([0x46, 0x4c, 0x56, 1, 5, 0, 0, 0, 9, 0, 0, 0, 0]);
		expect(rest.length).toBe(240 + 375);
		expect(coded(body)).toEqual(coded(SAMPLE_FLV));
	});

	it.each([
		["0", 0],
		["1.999", 0],
		["2", 2000],
		["5.5", 4000],
		["4000", 6000],
	])("begins at the keyframe at or before start=%s, with the times of the file", async (start, time) => {
		const messages = messagesOf((await ask(`/vod/clip.flv?token=x&start=${start}`)).body);
		expect(messages.slice(0, 3).map(message => message.timestamp)).toEqual([time, time, time]);
		const picture = messages.find(message => message.isVideo && !message.isConfiguration);
		expect([picture!.timestamp, picture!.isKeyframe]).toEqual([time, true]);
		expect(messages.at(-1)!.timestamp).toBeGreaterThan(7900);
	});

	it("is made of other containers too, by their names with and without prefix", async () => {
		const { body } = await ask("/vod/films/film.flv");
		expect(coded(body)).toEqual(coded(SAMPLE_FLV));
		expect((await ask("/vod/mp4:films/film.mp4.flv")).body.equals(body)).toBe(true);
		const later = messagesOf((await ask("/vod/mp4%3Afilms/film.flv?start=3")).body);
		expect(later[0]!.timestamp).toBe(2000);
	});

	it("of an instance is found by the instance", async () => {
		expect((await ask("/vod/@room/cam.flv", {}, "HEAD")).status).toBe(200);
		expect((await ask("/vod/cam.flv", {}, "HEAD")).status).toBe(404);
	});

	it.each([
		["/vod/none.flv", 404],
		["/vod/.hidden.flv", 404],
		["/vod/link.flv", 404],
		["/vod/%2e%2e/%2e%2e/outside.flv", 404],
		["/vod/..%2f..%2foutside.flv", 404],
		["/unknown/clip.flv", 404],
		["/vod/broken.flv", 500],
		["/vod/clip.flv?start=soon", 400],
		["/vod/clip.flv?start=-1", 400],
		["/hidden/secret.flv", 200],
	])("at %s is answered with %d", async (path, status) => {
		expect((await ask(path)).status).toBe(status);
	});

	it("gives way to a live stream of the same name, unless a start is asked for", async () => {
		const publisher = await RawRtmpClient.tcp(portOf("rtmp"));
		publisher.connect("vod").command(0, "createStream");
		await publisher.until("_result 1");
		publisher.command(1, "publish", "clip", "live");
		await publisher.until("Publish.Start");
		publisher.media(1, "v9", 0, 9).media(1, "K1");
		const live = ask("/vod/clip.flv");
		await new Promise(resolve => setTimeout(resolve, 100));
		expect(coded((await ask("/vod/clip.flv?start=0")).body)).toEqual(coded(SAMPLE_FLV));
		publisher.command(0, "deleteStream", 1);
		expect((await live).body.length).toBeLessThan(1000);
		publisher.socket.destroy();
	});
});

describe("a file as it lies on the disk", () => {
	const path = "/files/vod/films/film.mp4";

	it("is sent whole, with what a player asks for parts by", async () => {
		const { status, headers, body } = await ask(path, { origin: "https://a.example" });
		expect(status).toBe(200);
		expect(headers).toMatchObject({
			"content-type": "video/mp4",
			"content-length": String(SAMPLE_MP4.length),
			"accept-ranges": "bytes",
			"last-modified": "Sun, 09 Sep 2001 01:46:40 GMT",
			"access-control-allow-origin": "https://a.example",
			"cache-control": "no-cache",
			"x-content-type-options": "nosniff",
		});
		expect(body.equals(SAMPLE_MP4)).toBe(true);
		const head = await ask(path, {}, "HEAD");
		expect([head.status, head.headers["content-length"], head.body.length]).toEqual([
			...[200, String(SAMPLE_MP4.length), 0],
		]);
	});

	it.each([
		["bytes=0-99", 0, 100],
		["bytes=100000-", 100_000, SAMPLE_MP4.length],
		["bytes=-10", SAMPLE_MP4.length - 10, SAMPLE_MP4.length],
	])("is sent in parts: %s", async (range, start, end) => {
		const { status, headers, body } = await ask(path, { range });
		expect([status, headers["content-range"]]).toEqual([...[206, `bytes ${start}-${end - 1}/${SAMPLE_MP4.length}`]]);
		expect(body.equals(SAMPLE_MP4.subarray(start, end))).toBe(true);
		const head = await ask(path, { range }, "HEAD");
		expect([head.status, head.headers["content-length"]]).toEqual([206, String(end - start)]);
	});

	it("has no part behind its end", async () => {
		const { status, headers } = await ask(path, { range: `bytes=${SAMPLE_MP4.length}-` });
		expect([status, headers["content-range"]]).toEqual([416, `bytes */${SAMPLE_MP4.length}`]);
	});

	it("is not sent again to who has it, and in parts only to who has the same", async () => {
		const { headers } = await ask(path, {}, "HEAD");
		const etag = headers.etag!;
		const modified = headers["last-modified"]!;
		const statusOf = async (more: Record<string, string>) => (await ask(path, more)).status;
		expect(await statusOf({ "if-none-match": `"other", ${etag}` })).toBe(304);
		expect(await statusOf({ "if-none-match": `W/${etag}` })).toBe(304);
		expect(await statusOf({ "if-none-match": '"other"', "if-modified-since": modified })).toBe(200);
		expect(await statusOf({ "if-modified-since": modified })).toBe(304);
		expect(await statusOf({ "if-modified-since": "Sat, 08 Sep 2001 01:46:40 GMT" })).toBe(200);
		for (const [condition, status] of [
			[etag, 206],
			[modified, 206],
			['"other"', 200],
			["Sat, 08 Sep 2001 01:46:40 GMT", 200],
		] as const)
			expect([condition, await statusOf({ range: "bytes=0-9", "if-range": condition })]).toEqual([condition, status]);
	});

	it.each([
		["/files/vod/clip.flv", 200],
		["/files/vod/clip.flv?x=/../", 200],
		["/files/vod/@room/cam.flv", 200],
		["/files/hidden/secret.flv", 200],
		["/files/unknown/clip.flv", 404],
		["/files/vod/clip", 404],
		["/files/vod/flv:clip.flv", 404],
		["/files/vod/notes.txt", 404],
		["/files/vod/.hidden.flv", 404],
		["/files/vod/link.flv", 404],
		["/files/vod/films", 404],
		["/files/vod/../../outside.flv", 404],
		["/files/vod/..%2F..%2F..%2Foutside.flv", 404],
		["/files/vod/%2e%2e/%2e%2e/%2e%2e/outside.flv", 404],
		["/files/..%2Fapps/vod/media/clip.flv", 404],
		["/files/vod/clip.flv%00.mp4", 404],
		["/files/vod/%zz.flv", 404],
		["/files/vod/C:%5Cclip.flv", 404],
		["/files/", 404],
		["/files/vod", 404],
	])("at %s is answered with %d", async (place, status) => {
		const answer = await ask(place);
		expect(answer.status).toBe(status);
		expect(answer.body.includes("not for sending")).toBe(false);
	});

	it("is only read", async () => {
		expect((await ask(path, {}, "PUT")).status).toBe(405);
		expect((await ask(path, {}, "OPTIONS")).status).toBe(204);
	});
});

describe("the list of files", () => {
	it("tells of each its length, size and addresses, but not of applications that forbid it", async () => {
		utimesSync(dir.file("apps/vod/media/clip.flv"), 1.1e9, 1.1e9);
		const { total, files: all } = await api("");
		expect(total).toBe(all.length);
		const files = all.filter(file => file.instance === "_definst_");
		const rooms = all.filter(file => file.instance !== "_definst_");
		expect(rooms.map(({ instance, name, path, file }) => [instance, name, path, file])).toEqual([
			["room", "cam", "/vod/@room/cam", "/files/vod/@room/cam.flv"],
		]);
		expect(files.map(file => [file.name, file.duration])).toEqual([
			["clip", 8000],
			["mp4:broken.mp4", undefined],
			["mp4:films/film.mp4", 8000],
		]);
		expect(files[2]).toEqual({
			...{ application: "vod", instance: "_definst_", name: "mp4:films/film.mp4", kind: "mp4", recording: false },
			...{ path: "/vod/mp4:films/film.mp4", file: "/files/vod/films/film.mp4", modified: 1e12, duration: 8000 },
			bytes: SAMPLE_MP4.length,
		});
		for (const file of all) expect((await ask(file.file, {}, "HEAD")).status).toBe(200);
		expect((await api("?application=hidden")).total).toBe(0);
		expect((await api("?application=live")).total).toBe(0);
	});

	it("comes in pages", async () => {
		const all = await api("?limit=200");
		const second = await api("?offset=1&limit=1");
		expect(second).toEqual({ total: all.total, files: [all.files[1]] });
		expect((await api("?offset=1000")).files).toEqual([]);
		expect((await ask("/api/files?offset=-1")).status).toBe(400);
		expect((await ask("/api/files?limit=many")).status).toBe(400);
	});

	it("finds what a path plays, listed or not", async () => {
		expect((await api("?path=/vod/films/film")).files).toMatchObject([
			{ name: "films/film", path: "/vod/films/film", file: "/files/vod/films/film.mp4", kind: "mp4", duration: 8000 },
		]);
		expect((await api("?path=%2Fhidden%2Fsecret")).total).toBe(1);
		for (const path of ["/vod/none", "/unknown/clip", "/vod/../../outside", "", "/"])
			expect([path, (await api(`?path=${encodeURIComponent(path)}`)).total]).toEqual([path, 0]);
	});
});

it("what cannot be played is told in the log, and nothing else went wrong", () => {
	expect(log.filter(line => /^(warn|error)/.test(line))).toEqual(["warn file-error"]);
});
