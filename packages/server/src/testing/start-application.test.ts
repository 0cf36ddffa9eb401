import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { NetStatusError } from "@millrace/client";
import { type AmfValue, type ClientMethodsOf, clientMethods, defineApplication, redirect, reject } from "millrace/app";
import { afterEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { type RunningApplication, startApplication } from "./index.ts";

const chat = defineApplication({
	state: () => ({ lines: [] as string[] }),
	clientState: () => ({ name: "" }),
	onConnect(client, name) {
		if (name === "thrower") throw new Error("no names today");
		if (name === "elsewhere") return redirect("rtmp://other/chat", undefined, { reason: "full" });
		if (typeof name !== "string" || name === "") return reject("A name is needed.", { field: "name" });
		client.state.name = name;
		client.send("welcome", client.app.clients.size);
	},
	onDisconnect(client) {
		client.app.broadcast("left", client.state.name);
	},
	onPublish: (client, { name, query }) => query === `key=${client.app.config["key"]}` || reject(`Not ${name}.`),
	onUnpublish: (client, stream) => client.app.broadcast("unpublished", stream.name),
	onPlay: (_client, { name }) => name !== "secret",
	onRecord: (app, file) => app.broadcast("recorded", file.name),
	methods: {
		say(client, text: string) {
			client.app.state.lines.push(`${client.state.name}: ${text}`);
			client.app.broadcast("said", { name: client.state.name, text });
		},
		async sum(_client, a: number, b: number) {
			return a + b;
		},
		ask: async client => `they say ${await client.call("question", 42)}`,
		where: client => client.ping(),
		refuse: (_client, how: string) => {
			const refusal = reject("Not you.", { how });
			if (how === "throw") throw refusal;
			return refusal;
		},
		kick: (client, id: string) => client.app.clients.get(id)?.disconnect(),
		end: client => client.app.shutdown(),
		later: client => void client.app.setTimeout(() => client.send("now"), 60_000),
		show: client => client.app.streams.get("channel").play("film", { start: 3 }),
		async files(client) {
			const { streams } = client.app;
			const names = (await streams.files()).map(({ name, kind }) => `${name} ${kind}`);
			return [names, await streams.length("mp4:b.mp4"), await streams.size("none"), await streams.list()];
		},
		stats: client => client.app.streams.stats("cam"),
		measure: async client => [await client.stats(), await client.checkBandwidth()],
		admin: { lines: client => client.app.state.lines },
	},
});

let running: RunningApplication<typeof chat> | undefined;

async function start(options: Parameters<typeof startApplication>[1] = {}) {
	running = await startApplication(chat, options);
	return running;
}

afterEach(async () => {
	vi.useRealTimers();
	vi.restoreAllMocks();
	await running?.stop();
});

describe("an application in a test", () => {
	it("lets clients in with what they bring, and shows its state", async () => {
		const app = await start({ name: "chat", instance: "lobby", config: { key: "k" } });
		const anna = await app.connect({ args: ["Anna"], ip: "192.0.2.9", protocol: "rtmps" });
		const client = app.app.clients.get(anna.id);
		expect(client).toMatchObject({ ip: "192.0.2.9", secure: true, uri: "rtmps://localhost/chat/lobby" });
		expect([client?.state.name, app.app.name, app.app.config["key"]]).toEqual(["Anna", "chat/lobby", "k"]);
		expect(anna.isConnected).toBe(true);
	});

	it("rejects a client with the status that it gets, and hears of what a handler throws", async () => {
		const app = await start({ quiet: true });
		const rejected = await app.connect({ args: [""] }).catch((error: unknown) => error);
		assert(rejected instanceof NetStatusError);
		expect(rejected.info).toMatchObject({
			code: "NetConnection.Connect.Rejected",
			description: "[ Server.Reject ] : A name is needed.",
			application: { field: "name" },
		});
		await expect(app.connect({ args: ["elsewhere"] })).rejects.toMatchObject({
			info: { ex: { code: 302, redirect: "rtmp://other/chat" }, application: { reason: "full" } },
		});
		await expect(app.connect({ args: ["thrower"] })).rejects.toThrow("The application failed.");
		expect(app.log).toMatchObject([{ level: "error", text: expect.stringMatching(/no names today[\s\S]*test\.ts:/) }]);
		expect(app.app.clients.size).toBe(0);
	});

	it("calls methods with their types, and gets plain values", async () => {
		const app = await start();
		const anna = await app.connect({ args: ["Anna"] });
		expect(await anna.remote.sum(1, 2)).toBe(3);
		// @ts-expect-error: the method takes numbers
		void (() => anna.remote.sum("1", 2));
		await anna.remote.say("hi");
		assert.deepEqual(await anna.remote.admin.lines(), ["Anna: hi"]);
		expect(await anna.call("admin.lines")).toEqual(["Anna: hi"]);
		await expect(anna.call("nothing")).rejects.toThrow("Method not found (nothing).");
		assert.deepEqual(await anna.nextCall("said"), [{ name: "Anna", text: "hi" }]);
	});

	it.each([0, 3] as const)("sends values as the encoding %i can", async objectEncoding => {
		const echo = defineApplication({ methods: { echo: (_client, value: unknown) => value } });
		const app = await startApplication(echo);
		const client = await app.connect({ objectEncoding });
		const value = { list: [1, "two", null], when: new Date(5) };
		assert.deepEqual(await client.remote.echo(value), value);
		const bytes = client.remote.echo(new Uint8Array(2));
		if (objectEncoding === 3) expect(await bytes).toEqual(new Uint8Array(2));
		else await expect(bytes).rejects.toThrow();
		await app.stop();
	});

	it("lets the application call clients, from the moment on in which they are let in", async () => {
		const app = await start({ quiet: true });
		const anna = await app.connect({ args: ["Anna"], methods: { question: async number => Number(number) + 1 } });
		expect(await anna.nextCall("welcome")).toEqual([0]);
		expect(await anna.remote.ask()).toBe("they say 43");
		anna.on("question", () => {
			throw new Error("I will not tell.");
		});
		await expect(anna.remote.ask()).rejects.toThrow("I will not tell.");
		expect(app.log.at(-1)?.text).toMatch(/^ask: CallError: I will not tell\.\n.*start-application\.test\.ts:\d+/);
		const bert = await app.connect({ args: ["Bert"], ping: 7 });
		await expect(bert.remote.ask()).rejects.toThrow("Method not found (question).");
		expect(await bert.remote.where()).toBe(7);
		await expect(bert.nextCall("goodbye", 1)).rejects.toThrow("goodbye was not called. What was: welcome, question.");
	});

	it("hears of a call that is refused, which is no fault", async () => {
		const app = await start();
		const anna = await app.connect({ args: ["Anna"] });
		for (const how of ["throw", "return"]) {
			const info = { code: "NetConnection.Call.Failed", description: "Not you.", application: { how } };
			await expect(anna.remote.refuse(how)).rejects.toMatchObject({ info });
		}
		expect(app.log).toEqual([]);
	});

	it("asks about streams as the server does, and tells how they end", async () => {
		const app = await start({ config: { key: "k" } });
		const obs = await app.connect({ args: ["obs"] });
		await expect(obs.publish("cam?key=wrong")).rejects.toMatchObject({
			info: { code: "NetStream.Publish.Denied", description: "Not cam." },
		});
		const stream = await obs.publish("cam?key=k");
		stream.close();
		stream.close();
		await obs.publish("second?key=k");
		await expect(obs.play("secret")).rejects.toMatchObject({ code: "NetStream.Play.Failed" });
		await obs.play("cam");
		const anna = await app.connect({ args: ["Anna"] });
		obs.disconnect();
		await app.settled();
		expect(anna.received.slice(1)).toEqual([
			{ name: "unpublished", args: ["second"] },
			{ name: "left", args: ["obs"] },
		]);
		app.finishRecording({ name: "cam", path: "cam.flv", seconds: 1, bytes: 2 });
		expect(await anna.nextCall("recorded")).toEqual(["cam"]);
		await anna.remote.show();
		expect(app.streamDeeds).toEqual([{ stream: "channel", action: "play", args: ["film", { start: 3 }] }]);
	});

	it("answers what the application asks about files, streams and connections", async () => {
		const app = await start({ files: [{ name: "a" }, { name: "mp4:b.mp4", length: 9 }], quiet: true });
		const figures = { stats: { bytesIn: 5 }, bandwidth: { kbitDown: 800 } };
		const anna = await app.connect({ args: ["Anna"], ...figures });
		assert.deepEqual(await anna.remote.files(), [["a flv", "mp4:b.mp4 mp4"], 9, 0, []]);
		expect(await anna.remote.measure()).toMatchObject([
			{ ...figures.stats, bytesOut: 0, playing: [] },
			figures.bandwidth,
		]);
		await expect(anna.remote.stats()).rejects.toThrow("cam is not live");
		const bert = await app.connect({ args: ["Bert"] });
		await expect(bert.remote.measure()).rejects.toThrow("did not answer");
	});

	it("answers what an application asks while it starts", async () => {
		const eager = defineApplication({
			state: () => ({ names: [] as string[] }),
			async onStart(app) {
				for (const { name } of await app.streams.files()) app.state.names.push(name);
			},
		});
		const app = await startApplication(eager, { files: [{ name: "a" }] });
		expect(app.app.state.names).toEqual(["a"]);
		await app.stop();
	});

	it.each([0, 3] as const)("shares objects with the application in the encoding %i", async objectEncoding => {
		const folder = mkdtempSync(join(tmpdir(), "millrace-testing-"));
		onTestFinished(() => rmSync(folder, { recursive: true }));
		const board = defineApplication({
			onConnect(client, mayWrite) {
				if (mayWrite !== true) client.writeAccess = "";
			},
			onStart(app) {
				const points = app.sharedObjects.get("points", { persistent: true });
				points.onSync = list => void points.set("count", Number(points.get("count") ?? 0) + list.length);
			},
		});
		const app = await startApplication(board, { folder, quiet: true });
		onTestFinished(() => app.stop());
		const anna = await app.connect({ args: [true], objectEncoding });
		const bert = await app.connect({ args: [false] });
		const hers = await anna.sharedObject("points", { persistent: true });
		const his = await bert.sharedObject("points", { persistent: true });
		hers.set("a", { x: 1, y: [2] });
		await app.settled();
		assert.deepEqual(his.data, { a: { x: 1, y: [2] }, count: 1 });
		his.set("b", 1);
		hers.send("look", "here");
		hers.delete("a");
		await app.settled();
		expect(his.statuses).toEqual(["SharedObject.NoWriteAccess"]);
		expect(his.received).toEqual([{ name: "look", args: ["here"] }]);
		expect(hers.data).toEqual({ count: 2 });
		expect(his.syncs.at(-1)?.map(({ code, name }) => `${code} ${name}`)).toContain("change count");
		await expect(anna.sharedObject("other", { persistent: false })).resolves.toBeDefined();
		his.close();
	});

	it("ends connections, fails what waits, and does not let anybody in afterwards", async () => {
		const app = await start({ quiet: true });
		const anna = await app.connect({ args: ["Anna"] });
		const bert = await app.connect({ args: ["Bert"], methods: { question: () => new Promise(() => {}) } });
		const asked = bert.remote.ask().catch((error: unknown) => error);
		await anna.remote.kick(bert.id);
		expect(await anna.nextCall("left")).toEqual(["Bert"]);
		expect(bert.isConnected).toBe(false);
		expect(await asked).toMatchObject({ code: "NetConnection.Call.Failed" });
		await expect(bert.remote.sum(1, 2)).rejects.toThrow("It is not connected.");
		await expect(anna.remote.end()).rejects.toThrow();
		expect(anna.closeStatus?.code).toBe("NetConnection.Connect.AppShutdown");
		expect(app.isRunning).toBe(false);
		await expect(app.connect()).rejects.toThrow("has ended");
	});

	it("holds clients and calls to its limits", async () => {
		const app = await start({ maxClients: 1, callsPerSecond: 1 });
		const anna = await app.connect({ args: ["Anna"] });
		await expect(app.connect({ args: ["Bert"] })).rejects.toThrow("Too many clients");
		const calls = Array.from({ length: 30 }, () => anna.remote.sum(1, 1));
		expect(await Promise.allSettled(calls)).toContainEqual(expect.objectContaining({ status: "rejected" }));
	});

	it("goes on when a test takes the clock into its hands", async () => {
		vi.useFakeTimers();
		const app = await start();
		const anna = await app.connect({ args: ["Anna"] });
		await anna.remote.later();
		await vi.advanceTimersByTimeAsync(59_999);
		await app.settled();
		expect(anna.received.map(({ name }) => name)).not.toContain("now");
		await vi.advanceTimersByTimeAsync(1);
		await anna.nextCall("now");
		await app.stop();
	});

	it("fails to start with what onStart or state throws, and waits for onShutdown", async () => {
		const broken = defineApplication({ onStart: () => Promise.reject(new Error("no disk")) });
		await expect(startApplication(broken, { quiet: true })).rejects.toThrow("no disk");
		const stateless = defineApplication({
			state() {
				throw new Error("no state");
			},
		});
		await expect(startApplication(stateless, { quiet: true })).rejects.toThrow("no state");
		const done: string[] = [];
		const app = await startApplication(
			defineApplication({
				async onShutdown() {
					await new Promise(resolve => setTimeout(resolve, 20));
					done.push("shut down");
				},
			}),
		);
		await app.stop();
		expect(done).toEqual(["shut down"]);
	});

	it("prints what handlers throw, unless it is to be quiet", async () => {
		const printed = vi.spyOn(console, "error").mockImplementation(() => {});
		const app = await start({ name: "chat" });
		await app.connect({ args: ["thrower"] }).catch(() => {});
		expect(printed.mock.calls).toEqual([[expect.stringMatching(/^chat: onConnect: Error: no names today/)]]);
	});
});

/** An application that knows its clients' methods, and greets them. */
const quiz = defineApplication({
	clientState: () => ({ points: 0 }),
	clientMethods: clientMethods<{
		guess(most: number): number;
		game: { won(by: number, of: string): void };
	}>(),
	onConnect(client) {
		if (client.app.clients.has(client.id)) throw new Error("It is not let in yet.");
	},
	async onConnected(client) {
		if (!client.app.clients.has(client.id)) throw new Error("It is let in.");
		const guessed: number = await client.remote.guess(10);
		client.state.points = guessed;
		for (const each of client.app.clients.values()) await each.remote.game.won(guessed, client.id);
		// @ts-expect-error: clients have no such method, as far as the types know
		await client.remote.lose?.();
		// @ts-expect-error: the method takes a number
		void (() => client.remote.guess("10"));
	},
	methods: { points: client => client.state.points },
});

describe("an application that knows its clients' methods", () => {
	it("calls them with their types, from the moment on that a client is let in", async () => {
		const app = await startApplication(quiz, { quiet: true });
		const methods = { guess: (most: AmfValue) => Number(most) - 3, "game/won": () => {} };
		const anna = await app.connect({ methods });
		expect(await anna.nextCall("guess")).toEqual([10]);
		expect(await anna.nextCall("game/won")).toEqual([7, anna.id]);
		expect(await anna.remote.points()).toBe(7);
		await anna.nextCall("lose");
		await app.settled();
		expect(app.log.map(({ text }) => text.split("\n")[0])).toEqual([
			expect.stringMatching(/^onConnected: CallError: .*lose/),
		]);
		await app.stop();
	});

	it("gives the types of what a client needs", () => {
		const callbacks = { guess: (most: number) => most, game: { won: () => {} } } satisfies ClientMethodsOf<typeof quiz>;
		// @ts-expect-error: a guess is a number
		({ ...callbacks, guess: () => "7" }) satisfies ClientMethodsOf<typeof quiz>;
		expect(Object.keys(callbacks)).toEqual(["guess", "game"]);
	});
});
