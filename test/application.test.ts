import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { NetConnection, type NetStatusEvent, SharedObject } from "@millrace/client";
import type { AmfValue } from "@millrace/core/amf";
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
				applications: { live: {}, configured: { config: { greeting: "hello", limit: 3 } } },
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

	constructor() {
		connections.push(this.connection);
		const note =
			(name: string) =>
			(...args: unknown[]) => {
				this.received.push([name, ...args]);
				return args[0];
			};
		this.connection.client = { said: note("said"), question: note("question") };
		this.connection.addEventListener("netStatus", (event: NetStatusEvent) => this.statuses.push({ ...event.info }));
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
		expect(await client.call("config")).toEqual({ greeting: "hello", limit: 3 });
	});

	it("keep a client to its calls a second and an instance to its clients", async () => {
		const fixture = await new Fixture({ callsPerSecond: 1, maxClients: 1 }).write("chat", HELLO).start();
		const ann = await fixture.connect("chat", "ann");
		const answers = await Promise.all(Array.from({ length: 30 }, () => ann.call("add", 1, 1)));
		expect(answers.filter(answer => answer === 2).length).toBeGreaterThanOrEqual(10);
		expect(answers).toContain("More than 1 calls a second.");
		expect((await fixture.connect("chat", "bob")).statuses[0]!["description"]).toMatch(/Too many clients/);
	});

	it("run JavaScript as well", async () => {
		const plain =
			'import { defineApplication } from "millrace/app";\nexport default defineApplication({ onCall: (c, name) => name });';
		const fixture = await new Fixture().write("plain", plain, "main.js").start();
		expect(await (await fixture.connect("plain")).call("anything/at.all")).toBe("anything/at.all");
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
