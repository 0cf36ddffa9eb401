import { AmfTypedObject, type AmfValue, decodeRemoting, type RemotingHeader, RemotingWriter } from "@millrace/core/amf";
import { UsageError } from "@millrace/core/fault";
import { beforeEach, describe, expect, test } from "vitest";
import { ArgumentError, NetStatusError } from "./errors.ts";
import { NetConnection } from "./net-connection.ts";
import { Responder } from "./responder.ts";
import { TestNetwork } from "./test-network.ts";

const GATEWAY = "http://host/gateway";

let network: TestNetwork;

beforeEach(() => {
	network = new TestNetwork();
});

function opened(address = GATEWAY, encoding: 0 | 3 = 3) {
	const { nc, codes } = network.connection();
	nc.objectEncoding = encoding;
	expect(nc.connect(address)).toBe(true);
	return { nc, codes };
}

/** The packet that waits for its answer. */
async function posted() {
	await network.pass(0);
	const post = network.posts.shift()!;
	return { ...post, packet: decodeRemoting(post.request.body) };
}

type Answered = readonly [response: string, kind: "result" | "status" | "debug", value: AmfValue];

function packetOf(answers: readonly Answered[], headers: readonly RemotingHeader[] = []): Uint8Array {
	const writer = new RemotingWriter(3);
	for (const header of headers) writer.header(header);
	for (const [response, kind, value] of answers) writer.answer(response, kind, value);
	return writer.finish();
}

/** Answers the packet that waits. */
async function answer(answers: readonly Answered[], headers?: readonly RemotingHeader[]): Promise<void> {
	const { done } = await posted();
	done({ status: 200, body: packetOf(answers, headers) });
	await network.run();
}

/** What a responder was told. */
function listener() {
	const told: [what: string, value: AmfValue][] = [];
	const responder = new Responder(
		value => told.push(["result", value]),
		info => told.push(["status", info]),
	);
	return { told, responder };
}

describe("a connection to a gateway of Flash Remoting", () => {
	test("sends nothing and says nothing until something is called", async () => {
		const { nc, codes } = opened();
		await network.pass(1000);
		expect([nc.connected, nc.uri, nc.protocol, nc.usingTLS]).toEqual([false, GATEWAY, "http", false]);
		nc.close();
		await network.pass(1000);
		expect([network.posts, network.targets, codes, nc.protocol]).toEqual([[], [], [], ""]);
	});

	test.each([
		["http://host/gateway", { host: "host", port: 80, isSecure: false }, "/gateway"],
		["HTTPS://host:8443/a/b.php?x=1", { host: "host", port: 8443, isSecure: true }, "/a/b.php?x=1"],
		["https://[::1]", { host: "::1", port: 443, isSecure: true }, "/"],
	])("posts to %s", async (address, target, path) => {
		const { nc } = opened(address);
		nc.call("a.b", null);
		expect(await posted()).toMatchObject({ target, request: { path, timeoutMillis: 60_000 } });
	});

	test.each(["http://", "https://a b/"])("%j is refused, and leaves what is there", async address => {
		const { nc } = opened();
		expect(() => nc.connect(address)).toThrow(ArgumentError);
		expect(nc.protocol).toBe("http");
	});

	test("as a promise it is there at once, unless it is closed first", async () => {
		const { nc } = network.connection();
		expect(await nc.connectAsync(GATEWAY)).toMatchObject({ code: "NetConnection.Connect.Success" });
		const closed = nc.connectAsync(GATEWAY);
		nc.close();
		await expect(closed).rejects.toThrow(NetStatusError);
	});

	test("what is called in one turn goes in one packet, later calls in another", async () => {
		const { nc } = opened();
		nc.call("service.one", null, 1);
		nc.call("service.two", new Responder(() => undefined), { a: 1 }, "x");
		const first = await posted();
		expect(first.packet.messages.map(({ target, response, value }) => [target, response, value])).toEqual([
			["service.one", "/1", [1]],
			["service.two", "/2", [expect.objectContaining({ a: 1 }), "x"]],
		]);
		nc.call("service.three", null);
		expect((await posted()).packet.messages).toMatchObject([{ target: "service.three", response: "/3", value: [] }]);
	});

	test.each([0, 3] as const)("speaks AMF%d as objectEncoding says, which may be set later", async encoding => {
		const { nc } = opened(GATEWAY, encoding === 0 ? 3 : 0);
		nc.objectEncoding = encoding;
		nc.call("a", null);
		expect((await posted()).packet.version).toBe(encoding);
	});

	test("what cannot be sent is the caller's fault, and the other calls go", async () => {
		const { nc } = opened(GATEWAY, 0);
		nc.call("a", null, 1);
		expect(() => nc.call("b", null, Uint8Array.of(1))).toThrow(UsageError);
		nc.call("c", null, 2);
		expect((await posted()).packet.messages.map(each => each.target)).toEqual(["a", "c"]);
	});

	test("a great many calls go in several packets", async () => {
		const { nc } = opened();
		for (let count = 0; count < 600; count++) nc.call("a", null);
		await network.pass(0);
		expect(network.posts.map(({ request }) => decodeRemoting(request.body).messages.length)).toEqual([256, 256, 88]);
	});

	test("classes have their names both ways", async () => {
		class Point {
			x = 0;
		}
		const { nc } = opened();
		nc.registerClass("example.Point", Point);
		const call = nc.callAsync("mirror", Object.assign(new Point(), { x: 1 }) as unknown as AmfValue);
		const { packet, done } = await posted();
		expect((packet.messages[0]!.value as AmfTypedObject[])[0]).toMatchObject({ className: "example.Point" });
		done({ status: 200, body: packetOf([["/1", "result", new AmfTypedObject("example.Point", { x: -1 })]]) });
		expect(await call).toEqual(Object.assign(new Point(), { x: -1 }));
	});
});

describe("answers of a gateway", () => {
	test("reach those who called, in any order", async () => {
		const { nc, codes } = opened();
		const calls = [nc.callAsync("a"), nc.callAsync("b"), nc.callAsync("c")];
		await answer([
			["/3", "result", "third"],
			["/1", "result", { first: true }],
			["/2", "result", undefined],
		]);
		expect(await Promise.all(calls)).toEqual([{ first: true }, undefined, "third"]);
		expect(codes).toEqual([]);
	});

	test("that say a call failed go to the status handler", async () => {
		const { nc, codes } = opened();
		const { told, responder } = listener();
		nc.call("a", responder);
		nc.call("b", { onStatus: info => told.push(["old", info]) });
		const failed = nc.callAsync("c");
		const fault = { code: "Server.Processing", level: "error", description: "No.", details: "d" };
		await answer([
			["/1", "status", fault],
			["/2", "status", fault],
			["/3", "status", fault],
		]);
		expect(told).toEqual([
			["status", fault],
			["old", fault],
		]);
		await expect(failed).rejects.toMatchObject({ code: "Server.Processing", info: fault });
		expect(codes).toEqual([]);
	});

	test("without a status handler are a status of the connection", async () => {
		const { nc, codes } = opened();
		nc.call("a", new Responder(() => undefined));
		await answer([["/1", "status", { code: "NetConnection.Call.Failed", description: "No." }]]);
		expect(codes).toEqual(["NetConnection.Call.Failed"]);
	});

	test("may come with debug events", async () => {
		const { nc } = opened();
		const told: unknown[] = [];
		nc.call("a", { onResult: value => told.push(value), onDebugEvents: events => told.push(events) });
		await answer([
			["/1", "debug", [1, 2]],
			["/1", "result", "done"],
		]);
		expect(told).toEqual([[1, 2], "done"]);
	});

	test("that nobody asked for are nothing, and calls that are left out have failed", async () => {
		const { nc, codes } = opened();
		const { told, responder } = listener();
		nc.call("a", responder);
		await answer([
			["/77", "result", 1],
			["", "status", 1],
		]);
		expect(told).toEqual([["status", expect.objectContaining({ code: "NetConnection.Call.Failed" })]]);
		expect(codes).toEqual([]);
	});

	test.each([
		["nobody is there", { error: new Error("refused") }, "NetConnection.Call.Failed", "HTTP: Failed"],
		["the status says no", { status: 404, body: new Uint8Array() }, "NetConnection.Call.Failed", "HTTP: Status 404"],
		[
			"there is a page instead",
			{ status: 200, body: new TextEncoder().encode("<html>") },
			"NetConnection.Call.BadVersion",
			undefined,
		],
		["there is nothing", { status: 200, body: new Uint8Array() }, "NetConnection.Call.BadVersion", undefined],
	])(
		"do not come where %s: one status of the connection, and each call has failed",
		async (_why, outcome, code, description) => {
			const { nc } = opened();
			const infos: unknown[] = [];
			nc.addEventListener("netStatus", ({ info }) => infos.push(info));
			const { told, responder } = listener();
			nc.call("a", responder);
			const failed = nc.callAsync("b");
			nc.call("c", null);
			(await posted()).done(outcome);
			const info = { code, level: "error", details: GATEWAY, ...(description !== undefined && { description }) };
			expect(infos).toEqual([expect.objectContaining(info)]);
			expect(told).toEqual([["status", expect.objectContaining(info)]]);
			await expect(failed).rejects.toMatchObject({ code });
			// The next calls try again.
			const next = nc.callAsync("d");
			await answer([["/4", "result", 4]]);
			expect(await next).toBe(4);
		},
	);

	test("do not come any more after close, and nothing is sent", async () => {
		const { nc, codes } = opened();
		const sent = nc.callAsync("a");
		const { done } = await posted();
		const waiting = nc.callAsync("b");
		nc.close();
		await expect(sent).rejects.toThrow(NetStatusError);
		await expect(waiting).rejects.toThrow(NetStatusError);
		done({ status: 200, body: packetOf([["/1", "result", 1]]) });
		await network.pass(100);
		expect([network.posts, codes, network.endedGateways]).toEqual([[], [], 1]);
	});

	test("may be the place to connect elsewhere", async () => {
		const { nc } = opened();
		nc.call("a", { onResult: () => nc.connect("http://other/gateway") });
		await answer([["/1", "result", 1]]);
		nc.call("b", null);
		expect((await posted()).target.host).toBe("other");
	});
});

describe("headers of a gateway", () => {
	test("that were added go with every packet, until they are taken back", async () => {
		const { nc } = opened();
		nc.addHeader("Credentials", false, { userid: "ann", password: "x" });
		nc.addHeader("Flag", true);
		nc.call("a", null);
		expect((await posted()).packet.headers).toEqual([
			{ name: "Credentials", mustUnderstand: false, value: expect.objectContaining({ userid: "ann" }) },
			{ name: "Flag", mustUnderstand: true, value: null },
		]);
		nc.addHeader("Flag", false, undefined);
		nc.addHeader("Credentials", false, { userid: "bob" });
		nc.connect("http://other/gateway");
		nc.call("a", null);
		expect((await posted()).packet.headers).toMatchObject([{ name: "Credentials", value: { userid: "bob" } }]);
	});

	test("that cannot be sent fail the calls", async () => {
		const { nc, codes } = opened(GATEWAY, 0);
		nc.addHeader("Bytes", false, Uint8Array.of(1));
		await Promise.all([expect(nc.callAsync("a")).rejects.toThrow(NetStatusError), network.pass(0)]);
		expect([codes, network.posts]).toEqual([["NetConnection.Call.Failed"], []]);
	});

	const header = (name: string, value: AmfValue): RemotingHeader => ({ name, mustUnderstand: false, value });

	test.each([
		["AppendToGatewayUrl", ";jsessionid=1", "http://host/gateway?q=1", "http", "host", "/gateway;jsessionid=1?q=1"],
		["AppendToGatewayUrl", "@evil/", "http://host", "http", "host", "/@evil/"],
		["AppendToGatewayUrl", " \r\nX: y", "http://host/g", "http", "host", "/g%20X:%20y"],
		["ReplaceGatewayUrl", "https://other/b", "http://host/gateway", "https", "other", "/b"],
		["ReplaceGatewayUrl", "/b", "http://host/gateway", "http", "host", "/b"],
		["ReplaceGatewayUrl", "http://other/b", "https://host/gateway", "https", "host", "/gateway"],
		["ReplaceGatewayUrl", "rtmp://other/b", "http://host/gateway", "http", "host", "/gateway"],
	])("%s %j changes where the next packet goes", async (name, value, address, protocol, host, path) => {
		const { nc } = opened(address);
		nc.call("a", null);
		await answer([], [header(name, value)]);
		nc.call("b", null);
		expect([nc.protocol, await posted()]).toMatchObject([protocol, { target: { host }, request: { path } }]);
	});

	test("RequestPersistentHeader goes back with every packet", async () => {
		const { nc } = opened();
		nc.call("a", null);
		await answer([], [header("RequestPersistentHeader", { name: "Ticket", mustUnderstand: true, data: 7 })]);
		nc.call("b", null);
		expect((await posted()).packet.headers).toEqual([{ name: "Ticket", mustUnderstand: true, value: 7 }]);
	});

	test("reach the user's own methods instead, before the answers", async () => {
		const told: unknown[] = [];
		const nc = new NetConnection(network.platform);
		nc.client = {
			AppendToGatewayUrl: (value: string) => told.push(value),
			Greeting: (value: AmfValue) => told.push(value),
		};
		nc.connect(GATEWAY);
		nc.call("a", { onResult: value => told.push(value) });
		await answer([["/1", "result", "answer"]], [header("AppendToGatewayUrl", ";x"), header("Greeting", "hello")]);
		expect(told).toEqual([";x", "hello", "answer"]);
		nc.call("b", null);
		expect((await posted()).request.path).toBe("/gateway");
	});

	test("mean nothing where nobody knows them, or where they are malformed", async () => {
		const { nc, codes } = opened();
		nc.call("a", null);
		await answer([], [header("close", 1), header("RequestPersistentHeader", "x"), header("AppendToGatewayUrl", 5)]);
		nc.call("b", null);
		expect(await posted()).toMatchObject({ request: { path: "/gateway" }, packet: { headers: [] } });
		expect([codes, nc.protocol]).toEqual([[], "http"]);
	});
});
