import type { AmfValue } from "@millrace/core/amf";
import { type NetStatus, netStatus } from "@millrace/core/rtmp";
import { afterEach, describe, expect, test } from "vitest";
import { ArgumentError, NetStatusError } from "./errors.ts";
import { AsyncErrorEvent, NetStatusEvent } from "./events.ts";
import { NetConnection } from "./net-connection.ts";
import { ObjectEncoding, Responder } from "./responder.ts";
import { SPLITS, TestNetwork } from "./test-network.ts";

// With a port: one attempt.
const URL = "rtmp://host:1935/live";
const SUCCESS = "NetConnection.Connect.Success";
const CLOSED = "NetConnection.Connect.Closed";
const FAILED = "NetConnection.Connect.Failed";

async function connected(network = new TestNetwork()) {
	const { nc, codes } = network.connection();
	nc.connect(URL);
	await network.run();
	return { network, nc, codes };
}

describe.each(SPLITS)("NetConnection, bytes %s", (_name, split) => {
	test("connects, calls, is called and closes", async () => {
		const network = new TestNetwork(split());
		const { nc, codes } = network.connection();
		nc.connect("rtmp://host:2000/app/inst?x=1", "user", 7);
		expect([nc.connected, nc.uri, codes]).toEqual([false, "rtmp://host:2000/app/inst?x=1", []]);
		await network.run();
		expect([nc.connected, nc.isConnected, nc.protocol, codes]).toEqual([true, true, "rtmp", [SUCCESS]]);
		expect(network.targets).toEqual([{ protocol: "rtmp", host: "host", port: 2000, proxy: "none" }]);
		expect(network.server.request).toMatchObject({
			app: "app/inst?x=1",
			tcUrl: "rtmp://host:2000/app/inst?x=1",
			objectEncoding: 3,
			args: ["user", 7],
		});

		network.answers.call = (server, call) => server.connection.sendResult(call, [call.name, ...call.args]);
		const got: AmfValue[] = [];
		nc.call("sum", new Responder(value => got.push(value)), 1, { a: 2 });
		await network.run();
		expect(got).toEqual([["sum", 1, { a: 2 }]]);

		nc.client = { double: (value: number) => value * 2 };
		const results: AmfValue[] = [];
		network.server.connection.call("double", [21], {
			onResult: value => results.push(value),
			onError: value => results.push(value),
		});
		await network.run();
		expect(results).toEqual([42]);

		nc.close();
		expect(codes).toEqual([SUCCESS]);
		await network.run();
		expect([nc.connected, nc.protocol, codes]).toEqual([false, "", [SUCCESS, CLOSED]]);
		expect(network.server.events).toEqual(["closed"]);
	});
});

describe("the states of a connection", () => {
	test("handlers that are set after connect hear everything", async () => {
		const network = new TestNetwork();
		const { nc } = network.connection();
		nc.connect(null);
		const infos: NetStatus[] = [];
		nc.onStatus = info => infos.push(info);
		expect(infos).toEqual([]);
		await network.run();
		expect([infos.map(info => info.code), nc.connected, nc.uri]).toEqual([[SUCCESS], true, "null"]);
		expect(network.targets).toEqual([]);
	});

	test("a refusal gives the server's info, then Closed", async () => {
		const network = new TestNetwork();
		const { nc } = network.connection();
		const infos: NetStatus[] = [];
		nc.addEventListener(NetStatusEvent.NET_STATUS, event => infos.push(event.info));
		network.answers.connect = server =>
			server.connection.rejectConnect(
				netStatus("NetConnection.Connect.Rejected", "no", {
					application: { reason: "full" },
					ex: { code: 302, redirect: "rtmp://b/live" },
				}),
			);
		nc.connect(URL);
		await network.run();
		expect(infos.map(info => [info.code, info.level])).toEqual([
			["NetConnection.Connect.Rejected", "error"],
			[CLOSED, "status"],
		]);
		expect(infos[0]).toMatchObject({ application: { reason: "full" }, ex: { code: 302, redirect: "rtmp://b/live" } });
		expect(nc.connected).toBe(false);
	});

	test("info.data of Success has the server's version, as the documented sample prints it", async () => {
		const network = new TestNetwork();
		const { nc } = network.connection();
		const info = nc.connectAsync(URL);
		await network.run();
		expect(await info).toMatchObject({ code: SUCCESS, data: { version: "5,0,15,5004" } });
	});

	test.each([
		["is refused", "refused", 0],
		["gets no answer", "dark", 10_000],
	] as const)("an attempt that %s gives Failed", async (_name, mode, millis) => {
		const network = new TestNetwork();
		network.mode = mode;
		const { nc, codes } = network.connection();
		nc.connect(URL);
		await network.pass(millis);
		expect([codes, nc.connected]).toEqual([[FAILED], false]);
	});

	test("an end before the answer to connect gives Failed", async () => {
		const network = new TestNetwork();
		network.answers.connect = () => undefined;
		const { nc, codes } = network.connection();
		nc.connect(URL);
		await network.run();
		network.drop();
		expect(codes).toEqual([FAILED]);
	});

	test("an application may take its time, but not for ever", async () => {
		const network = new TestNetwork();
		network.answers.connect = () => undefined;
		const { nc, codes } = network.connection({ connectTimeoutMillis: 25_000 });
		nc.connect(URL);
		await network.pass(24_999);
		expect(codes).toEqual([]);
		await network.pass(1);
		expect(codes).toEqual([FAILED]);
	});

	test("a server that goes away gives Closed", async () => {
		const { network, codes } = await connected();
		network.drop();
		expect(codes).toEqual([SUCCESS, CLOSED]);
	});

	test("a dead server gives Closed after the read time-out", async () => {
		const { network, codes } = await connected();
		network.isCut = true;
		await network.pass(29_999);
		expect(codes).toEqual([SUCCESS]);
		await network.pass(1);
		expect(codes).toEqual([SUCCESS, CLOSED]);
	});

	test("a silent but living server keeps its connection", async () => {
		const { network, codes, nc } = await connected();
		await network.pass(300_000);
		expect([codes, nc.connected]).toEqual([[SUCCESS], true]);
	});

	test("the server's reason comes before Closed", async () => {
		const { network, codes } = await connected();
		network.server.connection.closeGracefully(netStatus("NetConnection.Connect.AppShutdown"));
		await network.run();
		expect(codes).toEqual([SUCCESS, "NetConnection.Connect.AppShutdown", CLOSED]);
	});

	test("connect on a connected object closes first", async () => {
		const { network, nc, codes } = await connected();
		nc.connect("rtmp://other/live");
		await network.run();
		expect(codes).toEqual([SUCCESS, CLOSED, SUCCESS]);
		expect([network.servers[0]!.events, nc.uri]).toEqual([["closed"], "rtmp://other/live"]);
	});

	test("connect during an attempt gives that one up without a word", async () => {
		const network = new TestNetwork();
		const { nc, codes } = network.connection();
		network.mode = "dark";
		nc.connect(URL);
		await network.pass(1000);
		network.mode = "open";
		nc.connect(URL);
		await network.pass(20_000);
		expect(codes).toEqual([SUCCESS]);
	});

	test("after Failed the same object connects again, from the handler, the next tick and a timer", async () => {
		const network = new TestNetwork();
		const { nc, codes } = network.connection();
		network.mode = "refused";
		const retries = [
			() => nc.connect(URL),
			() => queueMicrotask(() => nc.connect(URL)),
			() =>
				network.platform.after(100, () => {
					network.mode = "open";
					nc.connect(URL);
				}),
		];
		nc.addEventListener("netStatus", () => retries.shift()?.());
		nc.connect(URL);
		await network.pass(1000);
		expect(codes).toEqual([FAILED, FAILED, FAILED, SUCCESS]);
	});

	test("close before the connection is there says nothing", async () => {
		const network = new TestNetwork();
		const { nc, codes } = network.connection();
		nc.connect(URL);
		nc.close();
		await network.pass(100_000);
		expect([codes, nc.connected]).toEqual([[], false]);
	});

	test("a listener may close in the middle of what is received", async () => {
		const network = new TestNetwork();
		const { nc, codes } = network.connection();
		nc.addEventListener("netStatus", event => {
			if (event.info.code === SUCCESS) nc.close();
		});
		nc.connect(URL);
		await network.run();
		expect(codes).toEqual([SUCCESS, CLOSED]);
	});
});

describe("addresses", () => {
	test.each<[string, { host: string; port: number }, app: string, tcUrl: string]>([
		["rtmp://h/app", { host: "h", port: 1935 }, "app", "rtmp://h/app"],
		["rtmp://h/app/", { host: "h", port: 1935 }, "app", "rtmp://h/app"],
		["RTMP://h:80/app/a/b", { host: "h", port: 80 }, "app/a/b", "rtmp://h:80/app/a/b"],
		["rtmp:/app/inst", { host: "localhost", port: 1935 }, "app/inst", "rtmp://localhost/app/inst"],
		["rtmp://[::1]:1936/app", { host: "::1", port: 1936 }, "app", "rtmp://[::1]:1936/app"],
		["rtmp://u:p@h/app?k=v#name", { host: "h", port: 1935 }, "app?k=v", "rtmp://h/app?k=v"],
		[
			"rtmp://edge/?rtmp://origin/app",
			{ host: "edge", port: 1935 },
			"?rtmp://origin/app",
			"rtmp://edge/?rtmp://origin/app",
		],
	])("%s is understood", async (address, target, app, tcUrl) => {
		const network = new TestNetwork();
		const asked: unknown[] = [];
		network.answers.connect = server => asked.push(server.request?.app, server.request?.tcUrl);
		network.connection().nc.connect(address);
		await network.run();
		expect(network.targets).toEqual([{ protocol: "rtmp", proxy: "none", ...target }]);
		if (!app.startsWith("?")) expect(asked).toEqual([app, tcUrl]);
	});

	test.each([
		"",
		"live",
		"http://",
		"rtmpd://h/app",
		"rtmp://",
		"rtmp:///app",
		"rtmp://h:0/app",
		"rtmp://h:99999/app",
		"rtmp:app",
		"rtmp://a b:c/x",
	])("%j is refused: ArgumentError, or false with the old face", async address => {
		const { nc } = new TestNetwork().connection();
		expect(() => nc.connect(address)).toThrow(ArgumentError);
		await expect(nc.connectAsync(address)).rejects.toThrow(ArgumentError);
		const old = new NetConnection(new TestNetwork().platform);
		old.onStatus = () => undefined;
		expect(old.connect(address)).toBe(false);
		expect(old.connect("rtmp://h/app")).toBe(true);
	});
});

describe("calls", () => {
	test("that are made before the connection is there follow in order", async () => {
		const network = new TestNetwork();
		const { nc } = network.connection();
		const got: AmfValue[] = [];
		nc.call("first", null, 1);
		nc.connect(URL);
		nc.call("second", { onResult: value => got.push(value) }, 2);
		nc.call("third", null);
		network.answers.call = (server, call) => server.connection.sendResult(call, call.name);
		await network.run();
		expect(network.server.calls.map(call => [call.name, call.transactionId === 0])).toEqual([
			["first", true],
			["second", false],
			["third", true],
		]);
		expect(got).toEqual(["second"]);
	});

	test("fail with the server's info at every kind of responder", async () => {
		const { network, nc } = await connected();
		network.answers.call = (server, call) =>
			server.connection.sendError(call, netStatus("NetConnection.Call.Failed", `no ${call.name}`));
		const infos: AmfValue[] = [];
		nc.call(
			"a",
			new Responder(
				() => undefined,
				info => infos.push(info),
			),
		);
		nc.call("b", { onStatus: info => infos.push(info) });
		nc.call("c", new Responder(() => undefined));
		const failed = nc.callAsync("d");
		failed.catch(() => undefined);
		await network.run();
		expect(infos).toMatchObject([{ description: "no a" }, { description: "no b" }]);
		await expect(failed).rejects.toThrow("NetConnection.Call.Failed: no d");
		await expect(failed).rejects.toMatchObject({ info: { code: "NetConnection.Call.Failed" } });
	});

	test("fail where the connection ends or never comes", async () => {
		const { network, nc } = await connected();
		const lost = nc.callAsync("slow");
		lost.catch(() => undefined);
		await network.run();
		network.drop();
		await expect(lost).rejects.toBeInstanceOf(NetStatusError);
		network.mode = "refused";
		nc.connect(URL);
		const never = nc.callAsync("never");
		never.catch(() => undefined);
		await network.run();
		await expect(never).rejects.toMatchObject({ code: "NetConnection.Call.Failed" });
	});

	test("carry arrays with names as objects", async () => {
		const { network, nc } = await connected();
		network.answers.call = (server, call) => {
			server.connection.sendResult(call, new Map<AmfValue, AmfValue>([["k", 1]]));
		};
		const value = nc.callAsync("map");
		await network.run();
		expect(await value).toBeInstanceOf(Map);
	});
});

describe("what the server calls", () => {
	const answered = async (network: TestNetwork, name: string, ...args: AmfValue[]) => {
		const answers: AmfValue[] = [];
		network.server.connection.call(name, args, {
			onResult: value => answers.push(value),
			onError: value => answers.push(value),
		});
		await network.run();
		return answers[0];
	};

	test("are members of the connection, as in ActionScript 1 and 2", async () => {
		const { network, nc } = await connected();
		nc["onGreeting"] = (text: string) => `${text}!`;
		expect(await answered(network, "onGreeting", "hello")).toBe("hello!");
	});

	test("may be methods of a subclass, and answer with a promise", async () => {
		class Chat extends NetConnection {
			async greet(name: string): Promise<string> {
				return `hello ${name}`;
			}
		}
		const network = new TestNetwork();
		const nc = new Chat(network.platform);
		nc.connect(URL);
		await network.run();
		expect(await answered(network, "greet", "you")).toBe("hello you");
	});

	test.each(["connect", "call", "addEventListener", "constructor", "toString", "__proto__", "client", "warn"])(
		"%s is not theirs to call",
		async name => {
			const { network, nc } = await connected();
			expect(await answered(network, name)).toMatchObject({ code: "NetConnection.Call.Failed" });
			expect(nc.connected).toBe(true);
		},
	);

	test("are answered `failed` and reported where they throw", async () => {
		const { network, nc } = await connected();
		const errors: AsyncErrorEvent[] = [];
		nc.addEventListener(AsyncErrorEvent.ASYNC_ERROR, event => errors.push(event));
		nc.client = {
			bad: () => {
				throw new RangeError("out");
			},
			odd: () => Symbol("cannot be sent"),
		};
		expect(await answered(network, "bad")).toMatchObject({ code: "NetConnection.Call.Failed" });
		expect(await answered(network, "odd")).toMatchObject({ code: "NetConnection.Call.Failed" });
		expect(errors[0]!.error).toBeInstanceOf(RangeError);
		expect([errors.length, nc.connected, network.warnings]).toEqual([2, true, []]);
	});

	test("warn once for each name where they are missing, or tell a listener each time", async () => {
		const { network, nc } = await connected();
		await answered(network, "missing");
		await answered(network, "missing");
		await answered(network, "\x1b[2J");
		expect(network.warnings.pop()).toMatch(/callback \?\[2J\.$/);
		expect(network.warnings).toEqual(["Error #2095: NetConnection was unable to invoke callback missing."]);
		const texts: string[] = [];
		nc.addEventListener("asyncError", event => texts.push(event.text));
		await answered(network, "missing");
		expect([texts.length, network.warnings.length]).toEqual([1, 1]);
	});

	test("need no stubs for what servers call by habit", async () => {
		const { network } = await connected();
		expect(await answered(network, "onBWCheck", 1)).toBe(0);
		expect(network.warnings).toEqual([]);
	});
});

describe("listeners", () => {
	test("that throw disturb nobody and are reported", async () => {
		const network = new TestNetwork();
		const { nc } = network.connection();
		const heard: string[] = [];
		nc.addEventListener("netStatus", () => {
			throw new Error("mine");
		});
		nc.addEventListener("netStatus", event => heard.push(event.info.code));
		nc.onStatus = () => {
			throw new Error("old");
		};
		nc.connect(URL);
		await network.run();
		expect([heard, nc.connected]).toEqual([[SUCCESS], true]);
		expect(network.warnings.map(text => text.split("\n")[0])).toEqual([
			"A listener of netStatus threw: Error: mine",
			"onStatus threw: Error: old",
		]);
		nc.addEventListener("asyncError", () => {
			throw new Error("again");
		});
		nc.close();
		await network.run();
		expect(network.warnings.at(-1)).toContain("A listener of asyncError threw: Error: again");
	});

	test("may be asynchronous: what they reject with is reported", async () => {
		const network = new TestNetwork();
		const { nc } = network.connection();
		nc.addEventListener("netStatus", async () => {
			throw new Error("later");
		});
		nc.connect(null);
		await network.run();
		expect(network.warnings[0]).toContain("A listener of netStatus threw: Error: later");
	});

	test("are called by priority, once each, and not after they were removed", async () => {
		const network = new TestNetwork();
		const { nc } = network.connection();
		const order: string[] = [];
		const low = () => order.push("low");
		const high = () => order.push("high");
		nc.addEventListener("netStatus", low);
		nc.addEventListener("netStatus", low);
		nc.addEventListener("netStatus", high, false, 5);
		nc.connect(null);
		await network.run();
		nc.removeEventListener("netStatus", low);
		nc.close();
		await network.run();
		expect(order).toEqual(["high", "low", "high"]);
		expect([nc.hasEventListener("netStatus"), nc.hasEventListener("ioError")]).toEqual([true, false]);
	});

	test("see the connection as the event's target", async () => {
		const network = new TestNetwork();
		const { nc } = network.connection();
		const targets: unknown[] = [];
		nc.addEventListener("netStatus", event => targets.push(event.target, event.currentTarget, event.type));
		nc.connect(null);
		await network.run();
		expect(targets).toEqual([nc, nc, "netStatus"]);
	});
});

describe("properties", () => {
	afterEach(() => {
		NetConnection.defaultObjectEncoding = 3;
	});

	test("objectEncoding has its default, and cannot be set while connected", async () => {
		NetConnection.defaultObjectEncoding = ObjectEncoding.AMF0;
		const network = new TestNetwork();
		const { nc } = network.connection();
		expect(nc.objectEncoding).toBe(0);
		nc.objectEncoding = ObjectEncoding.AMF3;
		expect(() => {
			nc.objectEncoding = 1 as 0;
		}).toThrow(ArgumentError);
		nc.connect(URL);
		await network.run();
		expect([nc.objectEncoding, network.server.request?.objectEncoding]).toEqual([3, 3]);
		expect(() => {
			nc.objectEncoding = 0;
		}).toThrow(ReferenceError);
	});

	test("client is an object", () => {
		const { nc } = new TestNetwork().connection();
		expect(nc.client).toBe(nc);
		expect(() => {
			nc.client = null as unknown as object;
		}).toThrow(TypeError);
	});

	test("the others are as they are over RTMP", () => {
		const { nc } = new TestNetwork().connection();
		expect([nc.proxyType, nc.connectedProxyType, nc.usingTLS, nc.nearID, nc.farID]).toEqual([
			"none",
			"none",
			false,
			"",
			"",
		]);
		nc.addHeader("x");
	});
});

describe("connectAsync", () => {
	test("rejects with the info of what went wrong", async () => {
		const network = new TestNetwork();
		const { nc } = network.connection();
		network.mode = "refused";
		const failed = nc.connectAsync(URL);
		failed.catch(() => undefined);
		await network.run();
		await expect(failed).rejects.toMatchObject({ info: { code: FAILED }, cause: { code: "CONNECT_FAILED" } });
		network.mode = "open";
		network.answers.connect = server => server.connection.rejectConnect(netStatus("NetConnection.Connect.Rejected"));
		const rejected = nc.connectAsync(URL);
		rejected.catch(() => undefined);
		await network.run();
		await expect(rejected).rejects.toMatchObject({ code: "NetConnection.Connect.Rejected" });
	});

	test("rejects where it is given up", async () => {
		const network = new TestNetwork();
		const { nc } = network.connection();
		const first = nc.connectAsync(URL);
		first.catch(() => undefined);
		const second = nc.connectAsync(URL);
		await network.run();
		await expect(first).rejects.toMatchObject({ code: CLOSED });
		expect(await second).toMatchObject({ code: SUCCESS });
	});
});
