import type { AmfValue } from "@millrace/core/amf";
import { TYPE_SHARED_OBJECT, TYPE_SHARED_OBJECT_AMF3 } from "@millrace/core/rtmp";
import {
	decodeSharedObjectMessage,
	encodeForSubscribers,
	SharedObjectMaster,
	type SharedObjectMasterOptions,
	sharedObjectEncoding,
	sharedObjectType,
} from "@millrace/core/shared-object";
import { describe, expect, test } from "vitest";
import { ArgumentError } from "./errors.ts";
import { NetConnection } from "./net-connection.ts";
import { SharedObject as NodeObject } from "./node/shared-object.ts";
import { SharedObject, SharedObjectShelf } from "./shared-object.ts";
import type { SharedObjectStore } from "./shared-object-place.ts";
import { TestNetwork, type TestServer } from "./test-network.ts";

const URL = "rtmp://host:1935/app";

class MemoryStore implements SharedObjectStore {
	readonly files = new Map<string, Uint8Array>();
	read(path: string): Uint8Array | undefined {
		return this.files.get(path);
	}
	write(path: string, bytes: Uint8Array): void {
		this.files.set(path, bytes);
	}
	remove(path: string): void {
		this.files.delete(path);
	}
}

/** A network whose servers have one shared object in common. */
class Stage {
	readonly network = new TestNetwork();
	readonly types: number[] = [];
	mayRead = true;
	mayWrite = true;
	master: SharedObjectMaster;
	readonly #servers = new Map<string, TestServer>();

	constructor(persistent = false, options: SharedObjectMasterOptions = {}) {
		this.master = new SharedObjectMaster(
			"board",
			persistent,
			{
				send: (receivers, message) => {
					for (const { id, encoding } of receivers) {
						const { connection } = this.#servers.get(id)!;
						for (const body of encodeForSubscribers(message, encoding)) {
							connection.sendSharedObject(sharedObjectType(encoding), body);
						}
					}
				},
				mayRead: () => this.mayRead,
				mayWrite: () => this.mayWrite,
			},
			options,
		);
		this.network.answers.sharedObject = (server, type, body) => {
			this.types.push(type);
			const id = this.#idOf(server);
			this.master.receive(id, sharedObjectEncoding(type), decodeSharedObjectMessage(type, body), body.length);
		};
		this.network.answers.closed = server => this.master.unsubscribe(this.#idOf(server));
	}

	/** A connection, and a shared object that notes what it is told. */
	async join(objectEncoding: 0 | 3 = 3, persistence: boolean | string = false, store = new MemoryStore()) {
		const { nc } = this.network.connection({ reconnect: { maxAttempts: 3 } });
		nc.objectEncoding = objectEncoding;
		nc.connect(URL);
		await this.network.run();
		const { so, told } = this.object(persistence, store);
		so.connect(nc);
		await this.network.run();
		return { nc, so, told, store };
	}

	object(persistence: boolean | string = false, store = new MemoryStore()) {
		const shelf = new SharedObjectShelf(store, text => this.network.warnings.push(text));
		const so = shelf.getRemote(SharedObject, "board", URL, persistence, {});
		const told: string[] = [];
		so.addEventListener("sync", ({ changeList }) =>
			told.push(changeList.map(({ code, name = "" }) => `${code} ${name}`.trim()).join(", ")),
		);
		so.addEventListener("netStatus", ({ info }) => told.push(`${info.level} ${info.code}`));
		return { so, told, shelf };
	}

	#idOf(server: TestServer): string {
		const id = `${this.network.servers.indexOf(server)}`;
		this.#servers.set(id, server);
		return id;
	}
}

describe("a remote shared object", () => {
	test("tells of the first state, of what others do, and of what becomes of its own changes", async () => {
		const stage = new Stage();
		const one = await stage.join();
		one.so.data["a"] = 1;
		one.so.setProperty("list", [1]);
		await stage.network.pass(100);
		expect(one.told).toEqual(["clear", "success a, success list"]);
		const two = await stage.join(0);
		expect(two.told).toEqual(["clear, change a, change list"]);
		expect(two.so.data).toEqual({ a: 1, list: [1] });
		delete two.so.data["a"];
		(two.so.data["list"] as AmfValue[]).push(2);
		two.so.setDirty("list");
		await stage.network.pass(100);
		expect(two.told.slice(1)).toEqual(["delete a, success list"]);
		expect(one.told.slice(2)).toEqual(["delete a, change list"]);
		expect(one.so.data).toEqual({ list: [1, 2] });
		expect(new Set(stage.types)).toEqual(new Set([TYPE_SHARED_OBJECT, TYPE_SHARED_OBJECT_AMF3]));
	});

	test("wears the face of ActionScript 1 and 2", async () => {
		const stage = new Stage();
		const { nc } = stage.network.connection();
		nc.connect(URL);
		const { so } = stage.object();
		const lists: unknown[] = [];
		so.onSync = list => lists.push(list);
		so["onSay"] = (...words: string[]) => lists.push(words);
		expect(so.connect(nc)).toBe(true);
		so.data["a"] = 1;
		so.send("onSay", "hello", "you");
		await stage.network.run();
		expect(lists).toEqual([
			[{ code: "clear" }],
			[{ code: "success", name: "a", oldValue: undefined }],
			["hello", "you"],
		]);
		expect(so.setFps(10)).toBe(true);
		expect(so.fps).toBe(10);
		so.fps = -1;
		expect(so.fps).toBe(24);
		expect([so.getSize() > 0, so.size === so.getSize(), so.objectEncoding]).toEqual([true, true, 3]);
	});

	test("calls everybody, itself too, behind the changes that were made before", async () => {
		const stage = new Stage();
		const one = await stage.join();
		const two = await stage.join(0);
		const heard: unknown[] = [];
		for (const [name, { so }] of [
			["one", one],
			["two", two],
		] as const) {
			so.client = { say: (word: string) => heard.push([name, word, so.data["a"]]) };
		}
		one.so.data["a"] = 5;
		one.so.send("say", "hi");
		await stage.network.run();
		expect(heard).toEqual([
			["one", "hi", 5],
			["two", "hi", 5],
		]);
	});

	test("lets others call nothing but callbacks", async () => {
		const stage = new Stage();
		const { so, told } = await stage.join();
		so.onStatus = () => told.push("called");
		so.onSync = () => told.push("called");
		for (const name of ["close", "clear", "onStatus", "onSync", "constructor", "dispatchEvent", "nobody"])
			so.send(name);
		await stage.network.run();
		expect(told).toEqual(["clear"]);
		expect(stage.network.warnings).toHaveLength(7);
	});

	test("sends as often as its rate says, all that has changed at once", async () => {
		const stage = new Stage();
		const { so, told } = await stage.join();
		so.fps = 10;
		for (let step = 0; step < 20; step++) {
			so.data["x"] = step;
			await stage.network.pass(10);
		}
		await stage.network.pass(100);
		expect(told.length).toBeGreaterThan(2);
		expect(told.length).toBeLessThan(6);
		expect(stage.master.getProperty("x")).toBe(19);
		so.fps = 0;
		so.data["x"] = 20;
		await stage.network.pass(1000);
		expect(stage.master.getProperty("x")).toBe(19);
		so.fps = 10;
		await stage.network.pass(100);
		expect(stage.master.getProperty("x")).toBe(20);
	});

	test("keeps what is changed before it is connected, and sends it then", async () => {
		const stage = new Stage();
		const { so, told } = stage.object();
		so.data["a"] = 1;
		so.send("nobody");
		const { nc } = stage.network.connection();
		so.connect(nc);
		nc.connect(URL);
		await stage.network.run();
		expect(told).toEqual(["clear", "success a"]);
		expect(stage.master.getProperty("a")).toBe(1);
	});

	test("is in step again when its connection is lost and comes back", async () => {
		const stage = new Stage();
		const { so, told } = await stage.join();
		so.data["a"] = 1;
		await stage.network.pass(100);
		stage.network.drop();
		await stage.network.run();
		so.data["b"] = 2;
		stage.master.setProperty("a", "changed");
		stage.master.setProperty("c", 3);
		expect(told).toEqual(["clear", "success a"]);
		await stage.network.pass(20_000);
		expect(told.slice(2)).toEqual(["clear, change a, change c", "success b"]);
		expect(so.data).toEqual({ a: "changed", b: 2, c: 3 });
		expect(stage.master.getProperty("b")).toBe(2);
	});

	test("tells of refusals: to read, and to change, which the others' value replaces", async () => {
		const stage = new Stage();
		stage.master.setProperty("a", 1);
		stage.mayWrite = false;
		const { so, told, nc } = await stage.join();
		so.data["a"] = 2;
		so.data["b"] = 2;
		await stage.network.pass(100);
		expect(told.slice(1)).toEqual(["error SharedObject.NoWriteAccess", "reject a, reject b"]);
		expect(so.data).toEqual({ a: 1 });
		stage.mayRead = false;
		const again = so.connectAsync(nc);
		await Promise.all([
			stage.network.run(),
			expect(again).rejects.toMatchObject({ info: { code: "SharedObject.NoReadAccess" } }),
		]);
		expect(told.at(-1)).toBe("error SharedObject.NoReadAccess");
	});

	test("of another address than its connection is refused", async () => {
		const stage = new Stage();
		const { so, told } = stage.object();
		const { nc } = stage.network.connection();
		nc.connect("rtmp://host:1935/other");
		expect(so.connect(nc)).toBe(false);
		await stage.network.run();
		expect(told).toEqual(["error SharedObject.UriMismatch"]);
		nc.connect(`${URL}/`);
		expect(so.connect(nc)).toBe(true);
		nc.connect("rtmp://host:1935/other");
		await stage.network.run();
		expect(told.slice(1)).toEqual(["error SharedObject.UriMismatch"]);
		expect(stage.master.subscriberCount).toBe(0);
	});

	test("connects as a promise, which fails where the connection does", async () => {
		const stage = new Stage();
		const { so } = stage.object();
		const { nc } = stage.network.connection();
		nc.connect(URL);
		const connected = so.connectAsync(nc);
		await stage.network.run();
		await expect(connected).resolves.toBe(undefined);
		const again = so.connectAsync(nc);
		nc.close();
		await expect(again).rejects.toMatchObject({ info: { code: "NetConnection.Connect.Closed" } });
		const closed = stage.object();
		const waiting = closed.so.connectAsync(nc);
		closed.so.close();
		await expect(waiting).rejects.toMatchObject({ info: { code: "NetConnection.Connect.Closed" } });
	});

	test("leaves at close and clear; both keep what the others have", async () => {
		const stage = new Stage();
		const one = await stage.join();
		const two = await stage.join();
		one.so.data["a"] = 1;
		await stage.network.pass(100);
		one.so.close();
		two.so.clear();
		await stage.network.run();
		expect([one.so.data, two.so.data, stage.master.subscriberCount]).toEqual([{ a: 1 }, {}, 0]);
		expect(stage.master.getProperty("a")).toBe(1);
	});

	test("reports a member that cannot be sent, and sends the others", async () => {
		const stage = new Stage();
		const { so, told } = await stage.join(0);
		so.data["bad"] = Uint8Array.of(1);
		so.data["good"] = 1;
		so.data["method"] = (() => undefined) as unknown as AmfValue;
		await stage.network.pass(100);
		expect(told.slice(1)).toEqual(["success good"]);
		expect(stage.network.warnings).toEqual([expect.stringContaining("board was not sent")]);
		expect(() => so.send("f", Uint8Array.of(1))).toThrow();
	});

	test("that a server breaks ends the connection", async () => {
		const stage = new Stage();
		const { nc } = await stage.join();
		stage.network.server.connection.sendSharedObject(19, Uint8Array.of(0));
		await stage.network.run();
		expect(nc.connected).toBe(false);
	});

	test("with a copy of its own is told only what has changed, and sends what it had not", async () => {
		const stage = new Stage(true);
		const first = await stage.join(3, "/");
		for (const name of ["a", "b", "c"]) first.so.data[name] = { of: name };
		await stage.network.pass(100);
		first.so.data["mine"] = 1;
		delete first.so.data["c"];
		first.so.close();
		first.nc.close();
		expect([...first.store.files.keys()]).toEqual(["localhost/board.sor"]);
		stage.master.setProperty("b", "new");
		const second = stage.object("/", first.store);
		expect(second.so.data).toEqual({ a: { of: "a" }, b: { of: "b" }, mine: 1 });
		const { nc } = stage.network.connection();
		nc.connect(URL);
		second.so.connect(nc);
		await stage.network.run();
		expect(second.told).toEqual(["change b", "success mine, delete c"]);
		expect(stage.master.getPropertyNames().sort()).toEqual(["a", "b", "mine"]);
		expect(second.so.flush()).toBe("flushed");
		second.so.clear();
		expect(first.store.files.size).toBe(0);
	});

	test("begins without its copy where that is damaged, and says so", async () => {
		const stage = new Stage(true);
		const store = new MemoryStore();
		store.files.set("localhost/board.sor", Uint8Array.of(1, 2));
		const { so } = await stage.join(3, "/", store);
		expect(so.data).toEqual({});
		expect(stage.network.warnings).toEqual([expect.stringContaining("copy of the shared object board")]);
	});

	test("is the same for all who ask for the same", () => {
		const { shelf, so } = new Stage().object();
		const ask = (persistence: boolean | string | null) => shelf.getRemote(SharedObject, "board", URL, persistence, {});
		expect(ask(false)).toBe(so);
		expect(ask(true)).not.toBe(so);
		so.close();
		expect(ask(false)).not.toBe(so);
		expect(() => shelf.getRemote(SharedObject, "a b", URL, false, {})).toThrow(ArgumentError);
		const mine = NodeObject.getRemote("board", URL);
		expect(mine).toBeInstanceOf(SharedObject);
		mine.close();
	});

	test("is nothing to a connection without a network", () => {
		const { so } = new Stage().object();
		const nc = new NetConnection(new TestNetwork().platform);
		nc.connect(null);
		expect(so.connect(nc)).toBe(false);
	});
});
