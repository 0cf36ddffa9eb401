import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { SharedObject, SharedObjectShelf } from "../packages/client/src/shared-object.ts";
import { TestNetwork, type TestServer } from "../packages/client/src/test-network.ts";
import { SharedObjectRoom, SharedObjectStore } from "../packages/server/src/shared-object/index.ts";

// The client's objects and the server's room, with whole RTMP connections between them, in memory.

const URL = "rtmp://host:1935/app";
let folder: string;

beforeEach(async () => {
	folder = await mkdtemp(join(tmpdir(), "millrace-shared-"));
});

afterEach(() => rm(folder, { recursive: true, force: true }));

/** Connections whose servers share a room, as an application instance would hold it. */
class Instance {
	readonly network = new TestNetwork();
	readonly errors: unknown[] = [];
	readonly store = new SharedObjectStore(folder, { writeDelayMillis: 1e6 });
	room: SharedObjectRoom;
	readonly #servers = new Map<string, TestServer>();

	constructor() {
		this.room = this.open();
		this.network.answers.sharedObject = (server, type, body) => {
			const id = this.#idOf(server);
			this.#servers.set(id, server);
			this.room.receive(id, type, body);
		};
		this.network.answers.closed = server => this.room.disconnect(this.#idOf(server));
	}

	open(): SharedObjectRoom {
		return new SharedObjectRoom(
			{
				send: (clients, type, body) => {
					for (const id of clients) this.#servers.get(id)!.connection.sendSharedObject(type, body);
				},
				onError: (_object, error) => this.errors.push(error),
			},
			{ store: this.store },
		);
	}

	join(name: string, persistence: boolean, objectEncoding: 0 | 3) {
		const { nc, codes } = this.network.connection({ reconnect: { maxAttempts: 0 } });
		nc.objectEncoding = objectEncoding;
		nc.connect(URL);
		const nothing = { read: () => undefined, write: () => undefined, remove: () => undefined };
		const shelf = new SharedObjectShelf(nothing, text => this.errors.push(text));
		const so = shelf.getRemote(SharedObject, name, URL, persistence, {});
		so.connect(nc);
		return { nc, so, codes };
	}

	#idOf(server: TestServer): string {
		return `${this.network.servers.indexOf(server)}`;
	}
}

describe("the client's shared objects and the server's room", () => {
	test("are equal after many clients of both encodings have changed, called, left and come back", async () => {
		const instance = new Instance();
		const { network } = instance;
		const members = Array.from({ length: 12 }, (_, index) => instance.join("board", false, index % 2 === 0 ? 0 : 3));
		const heard: string[] = [];
		for (const { so } of members) so.client = { say: (text: string) => heard.push(text) };
		const held = instance.room.get("board");
		await network.run();
		for (let round = 0; round < 20; round++) {
			// Nothing is under way: calls that were would be lost.
			if (round % 4 === 3) network.drop();
			for (const [index, { so }] of members.entries()) {
				so.data[`of ${index}`] = { round, list: [index] };
				if ((round + index) % 3 === 0) so.data["all"] = [round, index];
				if ((round + index) % 5 === 0) delete so.data[`of ${(index + 1) % members.length}`];
			}
			members[round % members.length]!.so.send("say", `round ${round}`);
			if (round % 6 === 5) held.setProperty("of the server", round);
			await network.pass(90);
		}
		// What was done while a connection was lost counts when it is back.
		await network.pass(60_000);
		for (const [index, { so }] of members.entries()) so.data[`of ${index}`] = "last";
		await network.pass(60_000);
		const truth = Object.fromEntries(held.getPropertyNames().map(name => [name, held.getProperty(name)]));
		for (const [index] of members.entries()) expect(truth[`of ${index}`]).toBe("last");
		for (const { so } of members) expect({ ...so.data }).toEqual(truth);
		expect(new Set(heard).size).toBe(20);
		expect(instance.errors).toEqual([]);
	});

	test("keep a persistent one over the end of the instance, and are told only what is new", async () => {
		const instance = new Instance();
		const { network } = instance;
		const { so, nc } = instance.join("board", true, 3);
		const settled = async (check: () => boolean) => {
			const passed = () => network.pass(50).then(check);
			await expect.poll(passed, { timeout: 10_000 }).toBe(true);
		};
		const lists: string[] = [];
		so.onSync = list => lists.push(list.map(({ code, name = "" }) => `${code} ${name}`.trim()).join(", "));
		so.data["a"] = 1;
		so.data["b"] = Uint8Array.of(1, 2);
		await settled(() => lists.length === 2);
		nc.close();
		await network.run();
		await instance.room.close();
		instance.room = instance.open();
		instance.room.get("board", true).setProperty("c", 3);
		nc.connect(URL);
		await settled(() => lists.length === 3);
		expect(lists).toEqual(["clear", "success a, success b", "change c"]);
		expect({ ...so.data }).toEqual({ a: 1, b: Uint8Array.of(1, 2), c: 3 });
		so.close();
		await network.run();
		await instance.room.close();
		expect(instance.errors).toEqual([]);
	});
});
