import { AmfClassRegistry, AmfTypedObject, type AmfValue } from "@millrace/core/amf";
import { MEDIA_DATA_AMF3 } from "@millrace/core/flv";
import { encodeData, netStatus, TYPE_DATA_AMF3 } from "@millrace/core/rtmp";
import { describe, expect, test } from "vitest";
import { NetStatusError } from "./errors.ts";
import type { NetConnection } from "./net-connection.ts";
import { NetStream } from "./net-stream.ts";
import { Responder } from "./responder.ts";
import { TestNetwork } from "./test-network.ts";

const URL = "rtmp://host:1935/live";

async function connected(encoding: 0 | 3 = 3, network = new TestNetwork()) {
	const { nc, codes } = network.connection();
	nc.objectEncoding = encoding;
	nc.connect(URL);
	await network.run();
	return { network, nc, codes };
}

/** What the client answers to a call of the server's. */
async function answerTo(network: TestNetwork, name: string, ...args: AmfValue[]): Promise<[string, AmfValue]> {
	let answer: [string, AmfValue] = ["none", undefined];
	network.server.connection.call(name, args, {
		onResult: value => {
			answer = ["result", value];
		},
		onError: value => {
			answer = ["error", value];
		},
	});
	await network.run();
	return answer;
}

/** As an application has it. */
class User {
	name = "";
	age = 0;
	friend: User | null = null;
	greet(): string {
		return `I am ${this.name}.`;
	}
}

function user(name: string, age: number, friend: User | null = null): User {
	return Object.assign(new User(), { name, age, friend });
}

describe("names of calls", () => {
	test.each(["a/b.c", "ns.method", "a/b/c", "$x-1"])("%s reaches the server as it is", async name => {
		const { network, nc } = await connected();
		nc.call(name, null, 1);
		await network.run();
		expect(network.server.calls).toMatchObject([{ name, transactionId: 0, args: [1] }]);
	});

	test.each(["chat/room/say", "chat.room.say", "chat/room.say"])("%s finds its way through objects", async name => {
		const { network, nc } = await connected();
		nc.client = {
			chat: {
				room: {
					title: "lobby",
					say(text: string) {
						return `${this.title}: ${text}`;
					},
				},
			},
		};
		expect(await answerTo(network, name, "hi")).toEqual(["result", "lobby: hi"]);
	});

	test("that are members as they stand come first", async () => {
		const { network, nc } = await connected();
		nc.client = { "a.b": () => "whole", a: { b: () => "path" } };
		expect(await answerTo(network, "a.b")).toEqual(["result", "whole"]);
		expect(await answerTo(network, "a/b")).toEqual(["result", "path"]);
	});

	test.each([
		"list.push",
		"map/clear",
		"text.trim",
		"fn.call",
		"fn/constructor",
		"ns.constructor",
		"ns/__proto__/toString",
		"ns/toString",
		"ns.",
		"/ns",
		"ns//method",
		".",
		"other.method",
		"secret.method",
		"user/greet",
	])("%s is not theirs to call", async name => {
		const { network, nc } = await connected();
		const client = {
			list: [],
			map: new Map(),
			text: "x",
			fn: () => undefined,
			ns: { method: () => "found" },
			user: user("a", 1),
			get secret() {
				return { method: () => "found" };
			},
		};
		nc.client = client;
		expect(await answerTo(network, name)).toMatchObject(["error", { code: "NetConnection.Call.Failed" }]);
		expect([client.list, await answerTo(network, "ns/method")]).toEqual([[], ["result", "found"]]);
	});
});

describe.each([0, 3] as const)("objects of registered classes, in object encoding %i", encoding => {
	test("arrive as instances and leave under their name", async () => {
		const { network, nc } = await connected(encoding);
		nc.registerClass("app.User", User);
		network.answers.call = (server, call) => server.connection.sendResult(call, call.args[0]);
		const sent = user("Ann", 7, user("Bob", 8));
		const back = nc.callAsync("echo", sent as unknown as AmfValue);
		await network.run();
		const [got] = network.server.calls[0]!.args;
		expect(got).toMatchObject({
			className: "app.User",
			members: { name: "Ann", age: 7, friend: { className: "app.User", members: { name: "Bob", friend: null } } },
		});
		const value = (await back) as unknown as User;
		expect(value).toBeInstanceOf(User);
		expect([value.greet(), value.friend?.greet()]).toEqual(["I am Ann.", "I am Bob."]);
	});

	test("come with the server's calls, and are answered", async () => {
		const { network, nc } = await connected(encoding);
		nc.registerClass("app.User", User);
		nc.client = { meet: (one: User) => user(`not ${one.name}`, one.age) };
		const [kind, value] = await answerTo(network, "meet", new AmfTypedObject("app.User", { name: "Ann", age: 7 }));
		expect([kind, (value as AmfTypedObject).className]).toEqual(["result", "app.User"]);
		expect((value as AmfTypedObject).members).toMatchObject({ name: "not Ann", age: 7 });
	});

	test("are arguments of connect, beside values of every type", async () => {
		const network = new TestNetwork();
		const { nc } = network.connection();
		nc.objectEncoding = encoding;
		nc.registerClass("app.User", User);
		const when = new Date(86_400_000);
		const args: AmfValue[] = [
			...[null, undefined, true, -0.5, "é", when, [1, ["x", null]], { deep: { er: [{}] } }],
			user("Ann", 7) as unknown as AmfValue,
		];
		nc.connect(URL, ...args);
		await network.run();
		const got = network.server.request!.args;
		expect(got.slice(0, 5)).toEqual([null, undefined, true, -0.5, "é"]);
		expect((got[5] as Date).getTime()).toBe(86_400_000);
		expect(JSON.parse(JSON.stringify(got.slice(6, 8)))).toEqual([[1, ["x", null]], { deep: { er: [{}] } }]);
		expect(got[8]).toMatchObject({ className: "app.User", members: { name: "Ann", age: 7, friend: null } });
	});

	test("are in data messages, both ways", async () => {
		const { network, nc } = await connected(encoding);
		nc.registerClass("app.User", User);
		const stream = new NetStream(nc);
		const heard: unknown[] = [];
		stream.client = { onUser: (one: unknown) => heard.push(one) };
		stream.play("cam");
		await network.run();
		const typed = new AmfTypedObject("app.User", { name: "Ann", age: 7 });
		network.server.send(TYPE_DATA_AMF3, 0, encodeData(3, "onUser", [typed]));
		network.server.data("onUser", typed);
		await network.run();
		expect(heard.map(one => one instanceof User && one.greet())).toEqual(["I am Ann.", "I am Ann."]);
		const publisher = new NetStream(nc);
		publisher.publish("mine");
		publisher.send("onUser", user("Bob", 8) as unknown as AmfValue);
		await network.run();
		expect(network.server.media.at(-1)?.[0]).toBe(encoding === 3 ? MEDIA_DATA_AMF3 : 18);
	});
});

describe("classes", () => {
	test("may be known to several connections, and are not to others", async () => {
		const classes = new AmfClassRegistry();
		classes.registerClass("app.User", User);
		const network = new TestNetwork();
		const values: unknown[] = [];
		const receive = async (nc: NetConnection) => {
			nc.client = { take: (value: unknown) => values.push(value) };
			nc.connect(URL);
			await network.run();
			network.server.connection.call("take", [new AmfTypedObject("app.User", { name: "Ann" })]);
			await network.run();
		};
		for (const options of [{ classes }, { classes }, {}]) await receive(network.connection(options).nc);
		expect(values.map(value => value instanceof User)).toEqual([true, true, false]);
		expect(values[2]).toBeInstanceOf(AmfTypedObject);
	});

	test("whose getters throw fail the call that they are sent with, and nothing else", async () => {
		const { network, nc } = await connected();
		class Odd {}
		nc.registerClass("app.Odd", Odd);
		const odd = Object.defineProperty(new Odd(), "name", {
			enumerable: true,
			get: () => {
				throw new Error("mine");
			},
		});
		await expect(nc.callAsync("odd", odd as unknown as AmfValue)).rejects.toThrow();
		await network.run();
		expect([nc.connected, network.server.calls]).toEqual([true, []]);
	});
});

describe("a call that fails", () => {
	test("is a status of the connection where its responder takes no failures, or there is none", async () => {
		const { network, nc, codes } = await connected();
		codes.length = 0;
		const infos: unknown[] = [];
		nc.addEventListener("netStatus", event => infos.push(event.info.description));
		network.answers.call = (server, call) => {
			const info = netStatus("NetConnection.Call.Failed", `no ${call.name}`);
			if (call.transactionId === 0) server.command(0, "_error", 0, null, info);
			else server.connection.sendError(call, info);
		};
		nc.call("a", new Responder(() => undefined));
		nc.call("b", { onResult: () => undefined });
		nc.call("c", null);
		nc.call("d", { onStatus: () => undefined });
		await network.run();
		expect([codes, infos]).toEqual([
			["NetConnection.Call.Failed", "NetConnection.Call.Failed", "NetConnection.Call.Failed"],
			["no a", "no b", "no c"],
		]);
	});

	test("since the connection ended is no status of its own", async () => {
		const { network, nc, codes } = await connected();
		nc.call("a", new Responder(() => undefined));
		await network.run();
		codes.length = 0;
		network.drop();
		expect(codes).toEqual(["NetConnection.Connect.Closed"]);
	});
});

describe("checkBandwidth", () => {
	test("resolves to what the server tells, in either form; the empty word at the beginning is none", async () => {
		const { network, nc } = await connected();
		const forms: AmfValue[][] = [[900, 450, 500, 20], [{ kbitDown: 900, deltaDown: 450, deltaTime: 500, latency: 20 }]];
		for (const form of forms) {
			const result = nc.checkBandwidth();
			await network.run();
			network.server.connection.call("onBWDone", []);
			network.server.connection.call("onBWDone", form);
			await network.run();
			expect(await result).toEqual({ kbitDown: 900, deltaDown: 450, deltaTime: 500, latencyMillis: 20 });
		}
		expect(network.warnings).toEqual([]);
	});

	test("rejects where the server refuses, says nothing, or goes away", async () => {
		const { network, nc } = await connected();
		network.answers.call = (server, call) =>
			server.connection.sendError(call, netStatus("NetConnection.Call.Failed", "not here"));
		const refused = nc.checkBandwidth();
		refused.catch(() => undefined);
		await network.run();
		await expect(refused).rejects.toThrow("not here");
		network.answers.call = () => undefined;
		const silent = nc.checkBandwidth({ timeoutMillis: 2000 });
		silent.catch(() => undefined);
		const silentUp = nc.checkUploadBandwidth({ timeoutMillis: 2000 });
		silentUp.catch(() => undefined);
		await network.pass(2100);
		await expect(silent).rejects.toBeInstanceOf(NetStatusError);
		await expect(silentUp).rejects.toBeInstanceOf(NetStatusError);
		const [lost, lostUp] = [nc.checkBandwidth(), nc.checkUploadBandwidth()];
		lost.catch(() => undefined);
		lostUp.catch(() => undefined);
		await network.run();
		network.drop();
		await expect(lost).rejects.toThrow("ended");
		await expect(lostUp).rejects.toBeInstanceOf(NetStatusError);
	});

	test("of the upload needs no method at the server", async () => {
		const { network, nc } = await connected();
		network.answers.call = (server, call) =>
			server.connection.sendError(call, netStatus("NetConnection.Call.Failed", "not here"));
		const result = nc.checkUploadBandwidth();
		await network.pass(100);
		expect((await result).kbitUp).toBeGreaterThan(0);
	});
});
