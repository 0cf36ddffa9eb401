import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { request as httpRequest } from "node:http";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { NetConnection, NetStatusError } from "@millrace/client";
import { NetConnection as WebConnection } from "@millrace/client/browser";
import { AmfTypedObject, type AmfValue, decodeRemoting, RemotingWriter } from "@millrace/core/amf";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { LogFields } from "../packages/server/src/log/index.ts";
import { createServer, type MillraceServer } from "../packages/server/src/server.ts";

/** The gateway of Flash Remoting in a whole server, by plain HTTP. */

const CODE = `
import { defineApplication, reject } from "millrace/app";

export class Point { x = 0; y = 0; }

export default defineApplication({
	onStart(app) { app.registerClass("example.Point", Point); },
	onConnect(client, user) {
		if (user === "mallory") return reject("Not you.", { why: "name" });
	},
	methods: {
		echo: (client, ...args) => args,
		later: async (client, value) => { await new Promise(done => setTimeout(done, 20)); return value; },
		mirror: (client, point) => {
			const mirrored = new Point();
			Object.assign(mirrored, { x: -point.x, y: point instanceof Point ? -point.y : 0 });
			return mirrored;
		},
		who: client => ({
			user: client.args[0] ?? null, protocol: client.protocol, query: client.query, uri: client.uri, agent: client.agent,
			encoding: client.objectEncoding, instance: client.app.instance, host: client.app.virtualHost,
		}),
		fail: () => { throw new Error("It broke."); },
		never: () => new Promise(() => {}),
		math: { sum: (client, a, b) => a + b },
	},
});
`;

/** An application of the old server: it lets callers in later. */
const SCRIPT = `
application.onConnect = function(client, user, password) {
	this.waiting = client;
	setInterval(function(app, one) { if (app.waiting == one) { app.waiting = null; app.acceptConnection(one); } }, 20, this, client);
	client.hello = function(name) { return "hello " + name + ", " + user + " by " + this.protocol; };
};
Client.prototype.shop = { price: function(item, count) { return { item: item, total: 30 * count }; } };
Client.prototype.broken = function() { return nothing.at.all; };
`;

const folder = mkdtempSync(join(tmpdir(), "millrace-remoting-"));
const lines: { readonly event: string; readonly fields: LogFields }[] = [];
let server: MillraceServer;
let origin: string;

beforeAll(async () => {
	for (const name of ["demo", "closed", "narrow", "hosts/demo"]) {
		const file = join(folder, name, "main.js");
		mkdirSync(dirname(file), { recursive: true });
		writeFileSync(file, CODE);
	}
	mkdirSync(join(folder, "old"));
	writeFileSync(join(folder, "old", "main.asc"), SCRIPT);
	const note = (event: string, fields: LogFields = {}) => void lines.push({ event, fields });
	const log = { debug: note, info: note, warn: note, error: note, enabled: () => true, child: () => log };
	server = createServer(
		{
			listeners: [{ protocols: ["http", "https"], host: "127.0.0.1", port: 0 }],
			dataDir: join(folder, "data"),
			tls: { selfSigned: true },
			media: { applications: folder },
			code: { isolation: "thread" },
			applications: {
				demo: {},
				live: {},
				closed: { remoting: { enabled: false } },
				narrow: { protocols: ["rtmps", "https"] },
			},
			virtualHosts: { "shop.example.org": { folder: join(folder, "hosts") } },
			remoting: { application: "demo", timeoutMillis: 2000, bodyBytes: 4096, callsPerRequest: 8 },
			http: { cors: ["https://a.example"] },
		},
		{ log },
	);
	await server.start();
	origin = `http://127.0.0.1:${server.addresses[0]!.port}`;
});

afterAll(async () => {
	await server.stop();
	rmSync(folder, { recursive: true, force: true });
});

function packetOf(encoding: 0 | 3, ...made: readonly (readonly [target: string, ...args: AmfValue[]])[]): Uint8Array {
	const writer = new RemotingWriter(encoding);
	for (const [index, [target, ...args]] of made.entries()) writer.call(target, `/${index + 1}`, args);
	return writer.finish();
}

function post(body: Uint8Array, path = "/gateway", headers: Record<string, string> = {}): Promise<Response> {
	return fetch(origin + path, {
		method: "POST",
		body: body as Uint8Array<ArrayBuffer>,
		headers: { "content-type": "application/x-amf", "user-agent": "a test", ...headers },
	});
}

async function answersOf(response: Response): Promise<[target: string, value: AmfValue][]> {
	expect(response.status).toBe(200);
	const packet = decodeRemoting(new Uint8Array(await response.arrayBuffer()));
	return packet.messages.map(({ target, value }) => [target, value]);
}

describe("the gateway of Flash Remoting", () => {
	it("answers a batch in its order, in AMF0", async () => {
		const response = await post(
			packetOf(0, ["demo.later", "slow"], ["demo.echo", 1, "two"], ["math.sum", 2, 3], ["demo/room.math.sum", 4, 5]),
		);
		expect(response.headers.get("content-type")).toBe("application/x-amf");
		expect(response.headers.get("cache-control")).toBe("no-store");
		expect(await answersOf(response)).toEqual([
			["/1/onResult", "slow"],
			["/2/onResult", [1, "two"]],
			["/3/onResult", 5],
			["/4/onResult", 9],
		]);
		expect(lines.find(line => line.event === "remoting")?.fields).toMatchObject({
			...{ stream: "demo demo/room", calls: 4, faults: 0, from: "127.0.0.1" },
		});
	});

	it("answers in AMF3 who asks so, with typed objects by their registered class", async () => {
		const point = { x: 1, y: 2 };
		const writer = new RemotingWriter(3);
		writer.call("demo.mirror", "/1", [new AmfTypedObject("example.Point", point)]);
		const [[target, value]] = (await answersOf(await post(writer.finish()))) as [[string, AmfValue]];
		expect(target).toBe("/1/onResult");
		expect(value).toBeInstanceOf(AmfTypedObject);
		expect(value).toMatchObject({ className: "example.Point", members: { x: -1, y: -2 } });
	});

	it("tells of what fails, call by call", async () => {
		const answers = await answersOf(
			await post(packetOf(0, ["demo.fail"], ["demo.nothing"], ["live.any"], ["closed.echo"], ["demo.echo"])),
		);
		const code = "NetConnection.Call.Failed";
		const fault = (description: string, details: string) =>
			expect.objectContaining({ code, level: "error", description, details });
		expect(answers).toEqual([
			["/1/onStatus", fault("It broke.", "demo.fail")],
			["/2/onStatus", fault("Method not found (nothing).", "demo.nothing")],
			["/3/onStatus", fault("Method not found (any).", "live.any")],
			["/4/onStatus", fault("There is no application closed here.", "closed.echo")],
			["/5/onResult", []],
		]);
	});

	it("fails what is not answered in time, and goes on", async () => {
		const answers = await answersOf(await post(packetOf(0, ["demo.never"], ["demo.echo", 1])));
		expect(answers[0]).toEqual(["/1/onStatus", expect.objectContaining({ description: "No answer within 2 s." })]);
		expect(answers[1]).toEqual(["/2/onResult", [1]]);
	});

	it("asks onConnect with the credentials, for each request", async () => {
		const withUser = (userid: string) => {
			const writer = new RemotingWriter(0);
			writer.header({ name: "Credentials", mustUnderstand: false, value: { userid, password: "x" } });
			writer.call("demo.who", "/1", []);
			return post(writer.finish(), "/gateway?a=b");
		};
		expect(await answersOf(await withUser("mallory"))).toEqual([
			[
				"/1/onStatus",
				expect.objectContaining({ code: "NetConnection.Connect.Rejected", application: { why: "name" } }),
			],
		]);
		const [[, who]] = (await answersOf(await withUser("ann"))) as [[string, AmfValue]];
		expect(who).toMatchObject({
			...{ user: "ann", protocol: "http", query: "a=b", uri: `${origin}/gateway`, agent: "a test" },
			...{ encoding: 0, instance: "_definst_" },
		});
	});

	it("reaches old applications, which may let callers in later", async () => {
		const writer = new RemotingWriter(0);
		writer.header({ name: "Credentials", mustUnderstand: false, value: { userid: "ann", password: "x" } });
		for (const [index, target] of ["hello", "shop.price", "broken", "missing"].entries()) {
			writer.call(`old.${target}`, `/${index + 1}`, ["pear", 2]);
		}
		expect(await answersOf(await post(writer.finish()))).toEqual([
			["/1/onResult", "hello pear, ann by http"],
			["/2/onResult", expect.objectContaining({ item: "pear", total: 60 })],
			["/3/onStatus", expect.objectContaining({ code: "NetConnection.Call.Failed" })],
			["/4/onStatus", expect.objectContaining({ code: "NetConnection.Call.Failed" })],
		]);
	});

	it("takes application and instance from the path, and what other gateways append to it", async () => {
		const [[, who]] = (await answersOf(await post(packetOf(0, ["who"]), "/gateway/demo/red;jsessionid=1"))) as [
			[string, AmfValue],
		];
		expect(who).toMatchObject({ instance: "red" });
		expect(await answersOf(await post(packetOf(0, ["who"]), "/gateway/narrow"))).toEqual([
			["/1/onStatus", expect.objectContaining({ description: expect.stringContaining("not open to http") })],
		]);
	});

	it("reaches the applications of the virtual host that the request names", async () => {
		const called = async (host: string, target: string, path = "/gateway") => {
			const [[, value]] = (await hosted(host, packetOf(0, [target]), path)) as [[string, AmfValue]];
			return value as { host?: string; description?: string };
		};
		const shop = "shop.example.org";
		expect((await called(shop, "demo.who")).host).toBe(shop);
		expect((await called(shop, "who")).host).toBe(shop);
		expect((await called("localhost", "demo.who")).host).not.toBe(shop);
		expect((await called(shop, "who", "/gateway/narrow")).description).toBe("There is no application narrow here.");
		// Whoever asks may name any host, and so any application of one.
		expect((await called("localhost", "who", `/gateway/demo@${shop}`)).host).toBe(shop);
	});

	it("lets pages of the origins that are listed call, and no others", async () => {
		const body = packetOf(0, ["demo.echo"]);
		const allowed = await post(body, "/gateway", { origin: "https://a.example" });
		expect([allowed.status, allowed.headers.get("access-control-allow-origin")]).toEqual([200, "https://a.example"]);
		const own = await post(body, "/gateway", { origin });
		expect(own.status).toBe(200);
		expect((await post(body, "/gateway", { origin: "https://b.example" })).status).toBe(403);
		const preflight = await fetch(`${origin}/gateway`, { method: "OPTIONS", headers: { origin: "https://a.example" } });
		expect(preflight.status).toBe(204);
		expect(preflight.headers.get("access-control-allow-headers")).toBe("*");
	});

	it("refuses what is no packet, and what is too long", async () => {
		const body = packetOf(0, ["demo.echo"]);
		expect((await post(body.subarray(0, -3))).status).toBe(400);
		expect((await post(new TextEncoder().encode("<html>"))).status).toBe(400);
		expect((await post(packetOf(0, ...Array.from({ length: 9 }, () => ["demo.echo"] as const)))).status).toBe(400);
		expect((await post(new Uint8Array(5000))).status).toBe(413);
		expect(await chunked(5000)).toBe(413);
		expect((await post(body, "/gateway", { "content-type": "text/plain" })).status).toBe(415);
		const asked = await fetch(`${origin}/gateway`);
		expect([asked.status, asked.headers.get("allow")]).toEqual([405, "POST, OPTIONS"]);
		// Other paths are the pages'.
		expect((await fetch(`${origin}/gateways`)).status).toBe(404);
		expect((await answersOf(await post(body))).length).toBe(1);
	});
});

// Node has what is used of a page: fetch.
describe.each([
	["in Node", NetConnection],
	["in a page", WebConnection],
] as const)("the client %s", (_where, Connection) => {
	function gateway(path = "/gateway", encoding: 0 | 3 = 3) {
		const nc = new Connection({ remotingTimeoutMillis: 10_000 });
		nc.objectEncoding = encoding;
		nc.connect(origin + path);
		return nc;
	}

	it.each([0, 3] as const)("calls methods in AMF%d, with its credentials", async encoding => {
		const nc = gateway("/gateway", encoding);
		nc.addHeader("Credentials", false, { userid: "ann", password: "x" });
		const [sum, echo, who] = await Promise.all([
			nc.callAsync("math.sum", 2, 3),
			nc.callAsync("demo/red.echo", { a: ["x", null, true] }),
			nc.callAsync("demo.who"),
		]);
		expect([sum, echo]).toEqual([5, [expect.objectContaining({ a: ["x", null, true] })]]);
		expect(who).toMatchObject({ user: "ann", encoding, protocol: "http" });
		nc.close();
	});

	it("calls through types, with classes", async () => {
		class Point {
			x = 0;
			y = 0;
		}
		const nc = gateway("/gateway/demo");
		nc.registerClass("example.Point", Point);
		const methods = nc.remote<{
			mirror(point: Point): Promise<Point>;
			math: { sum(...n: number[]): Promise<number> };
		}>();
		const mirrored = await methods.mirror(Object.assign(new Point(), { x: 1, y: 2 }));
		expect(mirrored).toBeInstanceOf(Point);
		expect(mirrored).toEqual(Object.assign(new Point(), { x: -1, y: -2 }));
		expect(await methods.math.sum(1, 2)).toBe(3);
		nc.close();
	});

	it("hears of faults", async () => {
		const nc = gateway();
		const codes: string[] = [];
		nc.addEventListener("netStatus", ({ info }) => codes.push(info.code));
		const failed = nc.callAsync("demo.fail");
		await expect(failed).rejects.toBeInstanceOf(NetStatusError);
		await expect(failed).rejects.toMatchObject({ info: { description: "It broke.", details: "demo.fail" } });
		expect(codes).toEqual([]);
		nc.connect(`${origin}/api/nothing`);
		await expect(nc.callAsync("demo.echo")).rejects.toMatchObject({
			info: { code: "NetConnection.Call.Failed", description: "HTTP: Status 404", details: `${origin}/api/nothing` },
		});
		expect(codes).toEqual(["NetConnection.Call.Failed"]);
		nc.close();
	});

	it("hears of servers that are not there", async () => {
		const nc = new Connection();
		nc.connect("http://127.0.0.1:1/gateway");
		await expect(nc.callAsync("demo.echo")).rejects.toMatchObject({ info: { description: "HTTP: Failed" } });
		nc.close();
	});
});

it("the client in Node calls by TLS", async () => {
	const nc = new NetConnection({ tls: { rejectUnauthorized: false } });
	nc.connect(origin.replace("http:", "https:").concat("/gateway/narrow"));
	expect(await nc.callAsync("who")).toMatchObject({ protocol: "https" });
	expect([nc.protocol, nc.usingTLS]).toEqual(["https", true]);
	nc.close();
	const careful = new NetConnection();
	careful.connect(origin.replace("http:", "https:").concat("/gateway"));
	await expect(careful.callAsync("who")).rejects.toMatchObject({ info: { reason: expect.stringMatching(/self/i) } });
	careful.close();
});

/** What a request is answered that names a host. */
async function hosted(host: string, body: Uint8Array, path: string): Promise<[target: string, value: AmfValue][]> {
	const answer = await new Promise<Uint8Array>((resolve, reject) => {
		const headers = { host, "content-type": "application/x-amf", "content-length": body.length };
		const sent = httpRequest(origin + path, { method: "POST", headers }, response => {
			const parts: Buffer[] = [];
			response.on("data", (part: Buffer) => parts.push(part)).on("end", () => resolve(Buffer.concat(parts)));
		});
		sent.on("error", reject).end(body);
	});
	return decodeRemoting(answer).messages.map(({ target, value }) => [target, value]);
}

/** The status of a request whose length is not announced. */
function chunked(bytes: number): Promise<number | undefined> {
	return new Promise((resolve, reject) => {
		const sent = httpRequest(`${origin}/gateway`, {
			method: "POST",
			headers: { "content-type": "application/x-amf", "transfer-encoding": "chunked" },
		});
		sent.on("response", response => {
			response.resume();
			resolve(response.statusCode);
		});
		sent.on("error", reject);
		sent.write(new Uint8Array(bytes));
		// The answer must come though the request does not end.
	});
}
