import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { NetConnection, type NetStatusEvent, NetStream, SharedObject } from "@millrace/client";
import type { AmfValue } from "@millrace/core/amf";
import { MediaMessage } from "@millrace/core/flv";
import type { ClientStats, InstanceStats, StreamStats } from "millrace/app";
import { afterEach, describe, expect, it } from "vitest";
import type { LogFields } from "../packages/server/src/log/index.ts";
import { createServer, type MillraceServer } from "../packages/server/src/server.ts";

/** The code of applications in a whole server, over the wire. */

const folders: string[] = [];
const servers: MillraceServer[] = [];
const connections: NetConnection[] = [];

afterEach(async () => {
	for (const connection of connections.splice(0)) connection.close();
	await Promise.all(servers.splice(0).map(server => server.stop()));
	for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

type Line = { readonly event: string; readonly text: string };

class Fixture {
	readonly folder: string;
	readonly lines: Line[] = [];
	readonly server: MillraceServer;

	/** `folder` is that of another fixture, whose server has stopped. */
	constructor(code: Record<string, unknown> = {}, folder?: string) {
		this.folder = folder ?? mkdtempSync(join(tmpdir(), "millrace-applications-"));
		if (folder === undefined) folders.push(this.folder);
		const note = (event: string, fields: LogFields = {}) => {
			this.lines.push({ event, text: fields.text ?? "" });
		};
		const log = { debug: note, info: note, warn: note, error: note, enabled: () => true, child: () => log };
		this.server = createServer(
			{
				listeners: [{ protocol: "rtmp", host: "127.0.0.1", port: 0 }],
				media: { applications: this.folder },
				code: { turnMillis: 1000, ...code },
				applications: {
					live: {},
					configured: { config: { greeting: "hello", limits: { words: [3, null] } } },
					standing: { code: { start: true } },
				},
			},
			{ log },
		);
		servers.push(this.server);
	}

	/** Writes an application's main file. */
	write(name: string, code: string, file = "main.ts"): this {
		mkdirSync(join(this.folder, name), { recursive: true });
		writeFileSync(join(this.folder, name, file), code);
		return this;
	}

	async start(): Promise<this> {
		await this.server.start();
		return this;
	}

	/** Connects; resolves with the connection and the first status. */
	async connect(application: string, ...args: AmfValue[]): Promise<Client> {
		const client = new Client();
		client.connection.connect(`rtmp://127.0.0.1:${this.server.addresses[0]!.port}/${application}`, ...args);
		await client.until(() => client.statuses.length > 0);
		return client;
	}

	async logged(event: string, text: RegExp): Promise<Line> {
		for (;;) {
			const found = this.lines.find(line => line.event === event && text.test(line.text));
			if (found !== undefined) return found;
			await sleep(10);
		}
	}
}

class Client {
	readonly connection = new NetConnection();
	readonly statuses: Record<string, unknown>[] = [];
	/** Calls of the server: name and arguments. */
	readonly received: unknown[][] = [];
	/** Arguments of each `onBWDone`. */
	readonly measured: unknown[][] = [];
	/** How many calls had come when the first status did. */
	receivedAtStatus: number | undefined;

	constructor() {
		connections.push(this.connection);
		const note =
			(name: string) =>
			(...args: unknown[]) => {
				this.received.push([name, ...args]);
				return args[0];
			};
		this.connection.client = {
			said: note("said"),
			question: note("question"),
			onBWDone: (...args: unknown[]) => this.measured.push(args),
		};
		this.connection.addEventListener("netStatus", (event: NetStatusEvent) => {
			this.receivedAtStatus ??= this.received.length;
			this.statuses.push({ ...event.info });
		});
	}

	get codes(): unknown[] {
		return this.statuses.map(({ code }) => String(code).replace("NetConnection.", ""));
	}

	/** Resolves with the result, or with the description of the failure. */
	call(name: string, ...args: AmfValue[]): Promise<unknown> {
		return new Promise(resolve => {
			const onStatus = (info: AmfValue) => resolve((info as { description: string }).description);
			this.connection.call(name, { onResult: resolve, onStatus }, ...args);
		});
	}

	/** Uses the persistent shared object `board`. */
	board(): Board {
		// In one folder of local objects, all connections to one address would share one object.
		const folder = mkdtempSync(join(tmpdir(), "millrace-client-"));
		folders.push(folder);
		const object = SharedObject.getRemote("board", this.connection.uri, true, false, { folder });
		const board: Board = { object, data: object.data, synced: 0, codes: [] };
		object.addEventListener("sync", () => {
			board.synced++;
		});
		object.addEventListener("netStatus", (event: NetStatusEvent) => board.codes.push(event.info.code));
		object.connect(this.connection);
		return board;
	}

	async until(condition: () => boolean): Promise<void> {
		while (!condition()) await sleep(5);
	}
}

type Board = {
	readonly object: SharedObject;
	readonly data: Readonly<Record<string, unknown>>;
	synced: number;
	readonly codes: string[];
};

function sleep(millis: number): Promise<void> {
	return new Promise(resolve => setTimeout(resolve, millis));
}

const HELLO = `
import { defineApplication, redirect, reject } from "millrace/app";
export default defineApplication({
	state: () => ({ started: 0, connected: 0 }),
	clientState: () => ({ name: "" }),
	onStart(app) { app.state.started++; app.log.info("start " + app.name); },
	onShutdown(app) { app.log.info("end " + app.name); },
	async onConnect(client, name) {
		if (name === "nobody") return reject("Not you.", { because: "nobody" });
		if (name === "elsewhere") return redirect("rtmp://other.example/chat");
		if (name === "no") return false;
		if (name === "fault") throw new Error("in onConnect");
		client.state.name = String(name);
		client.app.state.connected++;
	},
	onDisconnect(client) { client.app.log.info("left " + client.state.name); },
	methods: {
		add: (_client, a: number, b: number) => a + b,
		whoami: client => [client.state.name, client.ip, client.protocol, client.app.instance, client.app.clients.size],
		state: client => [client.app.state.started, client.app.state.connected],
		config: client => client.app.config,
		later: async (_client, value: unknown) => { await new Promise(resolve => setTimeout(resolve, 20)); return value; },
		say(client, text: string) { client.app.broadcast("said", client.state.name, text); },
		ask: client => client.call("question", 42),
		fail() { throw new Error("broken"); },
		inner: { deep: { name: () => "found" } },
		leave(client) { client.disconnect(); },
		exit() { process.exit(7); },
		shutdown(client) { client.app.shutdown(); },
		loop() { for (;;) Math.random(); },
		outside() { return process.getBuiltinModule("fs").readFileSync("/etc/hostname", "utf8"); },
		write() { return process.getBuiltinModule("fs").writeFileSync("../intruder.txt", "x"); },
		spawn() { return process.getBuiltinModule("child_process").execSync("id"); },
		kill() { process.kill(process.ppid, "SIGKILL"); },
		inspect: () => import("node:inspector"),
		huge: () => "x".repeat(5_000_000),
	},
});
`;

describe.each(["process", "thread"])("an application with code (isolation: %s)", { timeout: 60_000 }, isolation => {
	it("decides who connects, answers calls, and calls its clients", async () => {
		const fixture = await new Fixture({ isolation }).write("chat", HELLO).start();
		const ann = await fixture.connect("chat/room", "ann");
		const bob = await fixture.connect("chat/room", "bob");
		expect([ann.codes, bob.codes]).toEqual([["Connect.Success"], ["Connect.Success"]]);
		expect(await ann.call("add", 2, 3)).toBe(5);
		expect(await ann.call("whoami")).toEqual(["ann", "127.0.0.1", "rtmp", "room", 2]);
		expect(await ann.call("later", { a: [1, null, "x"] })).toEqual({ a: [1, null, "x"] });
		expect(await ann.call("ask")).toBe(42);
		expect(await ann.call("inner/deep.name")).toBe("found");
		expect(await ann.call("fail")).toBe("broken");
		expect(await ann.call("missing")).toBe("Method not found (missing).");
		expect(await ann.call("constructor")).toBe("Method not found (constructor).");
		expect(await ann.call("huge")).toMatch(/more than 4194304 bytes/);
		ann.connection.call("say", null, "hi");
		await bob.until(() => bob.received.length > 0);
		expect(bob.received).toEqual([["said", "ann", "hi"]]);
		await fixture.logged("application", /fail: Error: broken\s+at .*main\.ts:/);
		bob.connection.call("leave", null);
		await bob.until(() => bob.codes.includes("Connect.Closed"));
		await fixture.logged("application", /^left bob$/);
	});

	it("refuses with a reason, sends elsewhere, and is told of in the log when it fails", async () => {
		const fixture = await new Fixture({ isolation }).write("chat", HELLO).start();
		const infos: unknown[] = [];
		for (const name of ["nobody", "elsewhere", "no", "fault"]) {
			const client = await fixture.connect("chat", name);
			const { code, application, ex, description } = client.statuses[0]!;
			infos.push([String(code).slice("NetConnection.Connect.".length), description, application ?? ex]);
		}
		expect(infos).toEqual([
			["Rejected", "[ Server.Reject ] : Not you.", { because: "nobody" }],
			["Rejected", "[ Server.Reject ] : Connect elsewhere.", { code: 302, redirect: "rtmp://other.example/chat" }],
			["Rejected", "[ Server.Reject ] : Connection failed.", undefined],
			["Rejected", "[ Server.Reject ] : The application failed.", undefined],
		]);
		await fixture.logged("application", /onConnect: Error: in onConnect\s+at .*main\.ts:/);
	});

	it("ends its instance when it wants to, and is started again by the next client", async () => {
		const fixture = await new Fixture({ isolation }).write("chat", HELLO).start();
		const client = await fixture.connect("chat", "ann");
		client.connection.call("shutdown", null);
		await client.until(() => client.codes.includes("Connect.Closed"));
		expect(client.codes).toEqual(["Connect.Success", "Connect.AppShutdown", "Connect.Closed"]);
		await fixture.logged("application", /^end chat\/_definst_$/);
		const next = await fixture.connect("chat", "bob");
		expect(await next.call("state")).toEqual([1, 1]);
	});
});

describe("an application in a process of its own", { timeout: 60_000 }, () => {
	it("reaches nothing but its own folder", async () => {
		const fixture = await new Fixture().write("chat", HELLO).start();
		const client = await fixture.connect("chat", "ann");
		for (const method of ["outside", "write", "spawn"]) {
			expect(await client.call(method), method).toMatch(/Access to this API has been restricted/);
		}
		expect(await client.call("kill")).toBe("An application cannot use process.kill.");
		expect(await client.call("inspect")).toBe("An application cannot use node:inspector.");
		expect(await client.call("add", 1, 1)).toBe(2);
	});

	it("is ended when it loops, with its place in the log, and starts again; nobody else notices", async () => {
		const fixture = await new Fixture().write("chat", HELLO).write("other", HELLO).start();
		const other = await fixture.connect("other", "zoe");
		const ann = await fixture.connect("chat", "ann");
		const line = HELLO.slice(0, HELLO.indexOf("loop()")).split("\n").length;
		ann.connection.call("loop", null);
		await ann.until(() => ann.codes.includes("Connect.Closed"));
		expect(ann.codes).toEqual(["Connect.Success", "Connect.AppShutdown", "Connect.Closed"]);
		const crash = await fixture.logged("application-crash", /event loop/);
		if (process.allowedNodeEnvironmentFlags.has("--allow-inspector")) expect(crash.text).toContain(`main.ts:${line}`);
		expect(await other.call("add", 1, 2)).toBe(3);
		// It waits a moment before it is started again.
		for (;;) {
			const again = await fixture.connect("chat", "ann");
			if (again.codes[0] !== "Connect.Success") {
				expect(again.statuses[0]!["description"]).toMatch(/has failed; it starts again in 1 s/);
				await sleep(100);
				continue;
			}
			expect(await again.call("add", 1, 2)).toBe(3);
			break;
		}
	});

	it("tells its clients when it exits", async () => {
		const fixture = await new Fixture().write("chat", HELLO).start();
		const ann = await fixture.connect("chat", "ann");
		ann.connection.call("exit", null);
		await ann.until(() => ann.codes.includes("Connect.Closed"));
		expect(ann.codes[1]).toBe("Connect.AppShutdown");
		await fixture.logged("application-crash", /exit code 7/);
	});

	it("that cannot be loaded rejects its clients, and the log says why and where", async () => {
		const fixture = await new Fixture().write("chat", "export default {};\nnonsense(;\n").start();
		const client = await fixture.connect("chat");
		expect(client.codes[0]).toBe("Connect.Rejected");
		await fixture.logged("application-failed", /main\.ts|nonsense/);
	});

	it("starts anew when its code changes: its clients are told, and others notice nothing", async () => {
		const fixture = await new Fixture().write("chat", HELLO).write("other", HELLO).start();
		const other = await fixture.connect("other", "zoe");
		const ann = await fixture.connect("chat", "ann");
		fixture.write("chat", "nonsense(;");
		await fixture.logged("application-unchanged", /cannot be loaded/);
		expect(await ann.call("add", 1, 2)).toBe(3);
		fixture.write("chat", HELLO.replace("a + b", "a * b"));
		await ann.until(() => ann.codes.includes("Connect.Closed"));
		expect(ann.codes).toEqual(["Connect.Success", "Connect.AppShutdown", "Connect.Closed"]);
		const again = await fixture.connect("chat", "ann");
		expect(await again.call("add", 3, 4)).toBe(12);
		expect(other.codes).toEqual(["Connect.Success"]);
		expect(await other.call("add", 3, 4)).toBe(7);
	});
});

describe("applications", { timeout: 60_000 }, () => {
	it("exist as soon as their folder does, and need no code", async () => {
		const fixture = await new Fixture().start();
		expect((await fixture.connect("late")).codes[0]).toBe("Connect.InvalidApp");
		mkdirSync(join(fixture.folder, "late"));
		const client = await fixture.connect("late");
		expect(client.codes).toEqual(["Connect.Success"]);
		expect(await client.call("anything")).toBe("Method not found (anything).");
		for (const name of ["..", "../late", "late%2f..", "nul\u0000"]) {
			expect((await fixture.connect(name)).codes[0], name).not.toBe("Connect.Success");
		}
	});

	it("find their configuration", async () => {
		const fixture = await new Fixture().write("configured", HELLO).start();
		const client = await fixture.connect("configured", "ann");
		expect(await client.call("config")).toEqual({ greeting: "hello", limits: { words: [3, null] } });
	});

	it("keep a client to its calls a second and an instance to its clients", async () => {
		const fixture = await new Fixture({ callsPerSecond: 1, maxClients: 1 }).write("chat", HELLO).start();
		const ann = await fixture.connect("chat", "ann");
		const answers = await Promise.all(Array.from({ length: 30 }, () => ann.call("add", 1, 1)));
		expect(answers.filter(answer => answer === 2).length).toBeGreaterThanOrEqual(10);
		expect(answers).toContain("More than 1 calls a second.");
		expect((await fixture.connect("chat", "bob")).statuses[0]!["description"]).toMatch(/Too many clients/);
	});

	it("send what they have to say in onConnect and onConnected behind the result of connect, in that order", async () => {
		const code = `import { defineApplication } from "millrace/app";
			export default defineApplication({
				async onConnect(client) { client.send("said", "first"); await new Promise(done => setTimeout(done, 50)); client.send("said", "second"); },
				async onConnected(client) { client.send("said", "third"); client.send("said", await client.call("question", 4)); },
			});`;
		const fixture = await new Fixture().write("greeter", code).start();
		const client = await fixture.connect("greeter");
		await client.until(() => client.received.length === 5);
		expect(client.received.map(([, value]) => value)).toEqual(["first", "second", "third", 4, 4]);
		expect(client.receivedAtStatus).toBe(0);
	});

	it("get the calls about bandwidth for which they have methods; the server answers the others", async () => {
		const code = `import { defineApplication } from "millrace/app";
			export default defineApplication({
				methods: { checkBandwidth: () => "mine", _checkbw: () => "mine too" },
				onCall: (_client, name) => name,
			});`;
		const fixture = await new Fixture().write("own", code).start();
		const client = await fixture.connect("own");
		expect(await client.call("checkBandwidth")).toBe("mine");
		expect(await client.call("_checkbw")).toBe("mine too");
		expect(await client.call("checkBandwidthUp", 5)).toMatchObject({ time: 5 });
		expect(await client.call("anything")).toBe("anything");
	});

	it("without code measure the bandwidth of who gives connect the argument true", async () => {
		const fixture = await new Fixture().start();
		for (const [args, figures] of [
			[[true], 4],
			[["true"], 0],
			[[], 0],
		] as const) {
			const client = await fixture.connect("live", ...args);
			await client.until(() => client.measured.length > 0);
			expect(client.measured.map(found => found.length)).toEqual([figures]);
		}
	});

	it("run JavaScript as well", async () => {
		const plain =
			'import { defineApplication } from "millrace/app";\nexport default defineApplication({ onCall: (c, name) => name });';
		const fixture = await new Fixture().write("plain", plain, "main.js").start();
		expect(await (await fixture.connect("plain")).call("anything/at.all")).toBe("anything/at.all");
	});
});

const CLOCK = `
import { defineApplication } from "millrace/app";
export default defineApplication({
	onStart(app) { app.log.info("start " + app.name + " with " + app.clients.size); },
	onShutdown(app) { app.log.info("end " + app.name); },
	methods: {
		shutdown(client) { client.app.shutdown(); },
		exit() { process.exit(7); },
	},
});
`;

describe("an application that starts with the server (code.start)", { timeout: 60_000 }, () => {
	const started = /^start clock\/_definst_ with 0$/;

	it("runs before anybody connects and when all have left, and again after it has ended", async () => {
		const fixture = new Fixture({ start: true, idleMillis: 0 }).write("clock", CLOCK);
		await fixture.start();
		await fixture.logged("application", started);
		const ann = await fixture.connect("clock");
		const room = await fixture.connect("clock/room");
		ann.connection.close();
		room.connection.close();
		// Other instances live for their clients; nothing is left of them.
		await fixture.logged("application", /^end clock\/room$/);
		expect(fixture.lines.filter(({ text }) => started.test(text))).toHaveLength(1);
		for (const [count, method] of ["shutdown", "exit"].entries()) {
			const client = await fixture.connect("clock");
			client.connection.call(method, null);
			while (fixture.lines.filter(({ text }) => started.test(text)).length < count + 2) await sleep(20);
		}
		await fixture.logged("application-crash", /exit code 7/);
		await fixture.server.stop();
		expect(fixture.lines.filter(({ text }) => text === "end clock/_definst_")).toHaveLength(2);
	});

	it("starts as soon as its folder is there, and as soon as code is saved that can be loaded", async () => {
		const fixture = await new Fixture({ start: true }).start();
		fixture.write("clock", "nonsense(;");
		await fixture.logged("application-failed", /./);
		fixture.write("clock", CLOCK);
		await fixture.logged("application", started);
	});

	it("can be one of several", async () => {
		const fixture = await new Fixture().write("clock", CLOCK).write("other", CLOCK).write("standing", CLOCK).start();
		await fixture.logged("application", /^start standing/);
		expect(fixture.lines.filter(({ text }) => /^start/.test(text))).toHaveLength(1);
	});
});

const STUDIO = `
import { defineApplication } from "millrace/app";
export default defineApplication({
	onStart(app) {
		const board = app.sharedObjects.get("board", { persistent: true });
		board.onSync = list => app.broadcast("said", "sync", list.map(({ code, name }) => code + " " + name).join());
		board.onSend = (handler, args) => app.broadcast("said", handler, args[0]);
	},
	onConnect(client, who) { if (who === "guest") { client.writeAccess = "open"; } },
	methods: {
		put(client, key: string, value: unknown) {
			client.app.sharedObjects.get("board", { persistent: true }).change(board => { board.set(key, value as never); board.set("count", board.keys.length); });
		},
		room(client) {
			const room = client.app.sharedObjects.get("room");
			room.resyncDepth = 5;
			room.set("a", 1);
			room.lock();
			room.set("b", 2);
			room.mark("marked", "x");
			room.unlock();
			room.delete("a");
			room.purge(room.version);
			return [room.resyncDepth, room.autoCommit, room.isDirty, room.keys];
		},
		async later(client) {
			const late = client.app.sharedObjects.get("late", { persistent: true });
			late.autoCommit = false;
			late.set("a", 1);
			const before = late.isDirty;
			await client.app.sharedObjects.commit("late");
			return [before, late.isDirty, late.autoCommit];
		},
		otherwise(client) { return client.app.sharedObjects.get("late"); },
		flush: client => client.app.sharedObjects.get("board", { persistent: true }).flush(),
		stats: async client => Object.keys(await client.stats()).includes("bytesIn") && (await client.ping()) >= 0,
		figures: async client => {
			const [publisher, viewer] = client.app.clients.values();
			return [await publisher.stats(), await viewer.stats(), await client.app.streams.stats("cam"), await client.app.stats()];
		},
		send(client) { client.app.streams.get("tv").send("title", "News"); },
		live: async client => (await client.app.streams.list()).map(stream => stream.name),
		length: (client, name: string) => client.app.streams.length(name),
		record(client) {
			const stream = client.app.streams.get("cam");
			stream.onStatus = status => client.app.broadcast("said", status.code, stream.name);
			stream.record();
		},
		channel(client) {
			const stream = client.app.streams.get("tv");
			stream.onStatus = status => client.app.broadcast("said", status.code, stream.name);
			stream.play("film", { start: 0 });
		},
	},
	onRecord(app, file) { app.broadcast("said", "recorded", file.name, file.bytes > 0); },
});
`;

describe("an application", { timeout: 60_000 }, () => {
	it("shares objects with its clients, who see its changes and whose changes it sees", async () => {
		const fixture = await new Fixture().write("studio", STUDIO).start();
		const [ann, bob, guest] = [
			await fixture.connect("studio", "ann"),
			await fixture.connect("studio", "bob"),
			await fixture.connect("studio", "guest"),
		];
		const boards = [ann, bob, guest].map(client => client.board());
		const [annsBoard, bobsBoard, guestsBoard] = boards;
		await ann.until(() => boards.every(board => board.synced > 0));
		ann.connection.call("put", null, "title", "Hello");
		await ann.until(() => boards.every(board => board!.data["count"] === 1));
		expect(bobsBoard!.data).toEqual({ title: "Hello", count: 1 });
		bobsBoard!.object.setProperty("color", "red");
		await ann.until(() => annsBoard!.data["color"] === "red" && ann.received.length > 0);
		expect(ann.received).toContainEqual(["said", "sync", "change color"]);
		guestsBoard!.object.setProperty("color", "blue");
		await guest.until(() => guestsBoard!.codes.includes("SharedObject.NoWriteAccess"));
		expect(annsBoard!.data["color"]).toBe("red");
		for (const board of boards) board.object.client = { draw() {} };
		bobsBoard!.object.send("draw", 7);
		await ann.until(() => ann.received.some(([, what]) => what === "draw"));
		expect(await ann.call("flush")).toBe(true);
		await fixture.server.stop();
		const again = await new Fixture({}, fixture.folder).start();
		const late = await again.connect("studio", "late");
		const board = late.board();
		await late.until(() => board.synced > 0);
		expect(board.data).toEqual({ title: "Hello", count: 1, color: "red" });
	});

	it("has the figures of clients, streams and all of its instance", async () => {
		const fixture = await new Fixture({}).write("studio", STUDIO).start();
		const [ann, bob, carl] = [
			await fixture.connect("studio", "ann"),
			await fixture.connect("studio", "bob"),
			await fixture.connect("studio", "carl"),
		];
		const publishing = new NetStream(ann.connection);
		publishing.publish("cam");
		const playing = new NetStream(bob.connection);
		let pictures = 0;
		playing.onMedia = message => (pictures += Number(message.isVideo));
		playing.play("cam");
		carl.connection.close();
		type Figures = [ClientStats, ClientStats, StreamStats, InstanceStats];
		let found: Figures | undefined;
		for (let time = 0; pictures < 20 || found?.[3].disconnects !== 1; time += 40) {
			publishing.sendMedia(new MediaMessage(9, time, Uint8Array.of(time % 400 === 0 ? 0x17 : 0x27, 1, 0, 0, 0, 5)));
			await sleep(10);
			if (pictures >= 20) found = (await bob.connection.callAsync("figures")) as unknown as Figures;
		}
		const [publisher, viewer, stream, instance] = found!;
		expect(publisher).toMatchObject({ publishing: [{ stream: "studio/cam" }], playing: [], messagesDropped: 0 });
		expect(publisher.publishing[0]!.bytes).toBeGreaterThanOrEqual(20 * 6);
		expect(viewer.playing).toMatchObject([{ stream: "studio/cam", isRecorded: false, viewer: { state: "steady" } }]);
		expect(viewer.messagesOut).toBeGreaterThan(20);
		expect(stream).toMatchObject({ isPublishing: true, viewers: 1, viewerSkips: 0 });
		expect(stream.video.messages).toBeGreaterThanOrEqual(20);
		expect(instance).toMatchObject({ clients: 2, connects: 3, disconnects: 1 });
		expect(instance.bytesIn).toBeGreaterThan(publisher.bytesIn + viewer.bytesIn);
		expect(instance.messagesOut).toBeGreaterThan(viewer.messagesOut);
		expect(playing.info).toMatchObject({ isLive: true, resourceName: "cam", droppedFrames: 0 });
		expect(playing.info.videoByteCount).toBeGreaterThanOrEqual(20 * 6);
	});

	it("holds shared objects as the old server's code does: marks, versions, what is written when", async () => {
		const fixture = await new Fixture().write("studio", STUDIO).start();
		const ann = await fixture.connect("studio", "ann");
		expect(await ann.call("room")).toEqual([5, true, false, ["b"]]);
		expect(await ann.call("later")).toEqual([true, false, false]);
		expect(await ann.call("otherwise")).toMatch(/persisten/i);
	});

	it("asks about its clients and streams, records, and hears of recordings", async () => {
		const fixture = await new Fixture().write("studio", STUDIO).start();
		const ann = await fixture.connect("studio", "ann");
		expect(await ann.call("stats")).toBe(true);
		expect(await ann.call("live")).toEqual([]);
		expect(await ann.call("length", "nothing")).toBe(0);
		ann.connection.call("channel", null);
		await ann.until(() => ann.received.some(([, code]) => code === "NetStream.Play.StreamNotFound"));
		expect(ann.received.at(-1)).toEqual(["said", "NetStream.Play.StreamNotFound", "tv"]);
	});
});
