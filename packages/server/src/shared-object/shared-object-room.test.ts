import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { AmfValue } from "@millrace/core/amf";
import { LimitError, PeerError, UsageError } from "@millrace/core/fault";
import {
	decodeSharedObjectMessage,
	encodeSharedObjectMessage,
	SHARED_OBJECT_PERSISTENT,
	type SharedObjectEvent,
	type SharedObjectMessage,
	type SharedObjectType,
} from "@millrace/core/shared-object";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
	SharedObjectRoom,
	type SharedObjectRoomHandler,
	type SharedObjectRoomOptions,
	SharedObjectShare,
} from "./shared-object-room.ts";
import { SharedObjectStore } from "./shared-object-store.ts";

let folder: string;
const rooms: SharedObjectRoom[] = [];

beforeEach(async () => {
	folder = await mkdtemp(join(tmpdir(), "millrace-room-"));
});

afterEach(async () => {
	for (const room of rooms.splice(0)) await room.close();
	await rm(folder, { recursive: true, force: true });
});

type Sent = { readonly client: string; readonly type: SharedObjectType; readonly message: SharedObjectMessage };

/** A room, what it has sent, and short ways to say what clients send. */
class TestRoom {
	readonly sent: Sent[] = [];
	readonly bodies: Uint8Array[] = [];
	readonly troubles: string[] = [];
	readonly errors: unknown[] = [];
	readonly room: SharedObjectRoom;

	constructor(options: SharedObjectRoomOptions = {}, handler: Partial<SharedObjectRoomHandler> = {}) {
		this.room = new SharedObjectRoom(
			{
				send: (clients, type, body) => {
					this.bodies.push(body);
					for (const client of clients)
						this.sent.push({ client, type, message: decodeSharedObjectMessage(type, body) });
				},
				onTrouble: (object, { code }, client) => this.troubles.push(`${object} ${code} ${client ?? "-"}`),
				onError: (_object, error) => this.errors.push(error),
				...handler,
			},
			options,
		);
		rooms.push(this.room);
	}

	client(id: string, name: string, events: readonly SharedObjectEvent[], type: SharedObjectType = 19, flags = 0): void {
		const message = { name, version: 0, flags, events };
		this.room.receive(id, type, encodeSharedObjectMessage(message, type === 16 ? 3 : 0));
	}

	use(id: string, name: string, persistent = false, type: SharedObjectType = 19): void {
		this.client(id, name, [{ kind: "use" }], type, persistent ? SHARED_OBJECT_PERSISTENT : 0);
	}

	set(id: string, name: string, slot: string, value: AmfValue, type: SharedObjectType = 19): void {
		this.client(id, name, [{ kind: "request-change", name: slot, value }], type);
	}

	/** What was sent since the last look, a line a message. */
	get told(): string[] {
		return this.sent.splice(0).map(({ client, message }) => {
			const events = message.events.map(event =>
				"name" in event ? `${event.kind} ${event.name}` : event.kind === "status" ? event.code : event.kind,
			);
			return `${client}: ${events.join(", ")}`;
		});
	}
}

const stored = (room: TestRoom) => expect.poll(() => room.told, { timeout: 10_000 });

describe("a room of volatile objects", () => {
	test("makes an object for the first, tells the others, and forgets it after the last", () => {
		const test = new TestRoom();
		test.use("1", "chat");
		test.use("2", "chat", false, 16);
		test.set("1", "chat", "a", 1);
		expect(test.told).toEqual(["1: use-success, clear", "2: use-success, clear", "1: success a", "2: change a"]);
		expect(test.room.names).toEqual({ persistent: [], volatile: ["chat"] });
		expect(test.room.stats("chat")).toMatchObject({ connected: 2, num_properties: 1, msg_in: 3, msg_out: 4 });
		test.room.disconnect("1");
		test.client("2", "chat", [{ kind: "release" }]);
		expect(test.room.names.volatile).toEqual([]);
		expect(test.room.stats("chat")).toBe(undefined);
		test.use("1", "chat");
		expect(test.told).toEqual(["1: use-success, clear"]);
	});

	test("encodes a change once for each encoding, however many get it", () => {
		const test = new TestRoom();
		for (let index = 0; index < 100; index++) test.use(`${index}`, "board", false, index % 2 === 0 ? 19 : 16);
		test.sent.length = 0;
		test.bodies.length = 0;
		test.set("0", "board", "x", { points: [1, 2, 3] });
		expect(test.bodies).toHaveLength(3);
		expect(test.sent).toHaveLength(100);
		expect(test.sent.filter(({ type }) => type === 16)).toHaveLength(50);
	});

	test("keeps an object while the application holds it, which hears of changes and calls", () => {
		const test = new TestRoom();
		const heard: unknown[] = [];
		const object = test.room.get("board");
		object.onSync = list => heard.push(list);
		object.onSend = (...call) => heard.push(call);
		expect(test.room.get("board")).toBe(object);
		test.use("1", "board");
		test.set("1", "board", "a", 5);
		test.client("1", "board", [{ kind: "send", handler: "hi", args: [1] }]);
		expect(heard).toEqual([[{ code: "change", name: "a", oldValue: undefined }], ["hi", [1], "1"]]);
		test.room.disconnect("1");
		expect(object.getProperty("a")).toBe(5);
		object.close();
		object.close();
		expect(test.room.names.volatile).toEqual([]);
		expect(test.room.get("board").getProperty("a")).toBe(undefined);
	});

	test("contains what the application's code throws", () => {
		const test = new TestRoom();
		test.room.get("board").onSync = () => {
			throw new Error("mine");
		};
		test.use("1", "board");
		test.set("1", "board", "a", 5);
		expect(test.errors).toEqual([new Error("mine")]);
		expect(test.told).toEqual(["1: use-success, clear", "1: success a"]);
	});

	test("sends what the application does while it holds a lock as one message, then does what clients asked", () => {
		const test = new TestRoom();
		const object = test.room.get("board");
		test.use("1", "board");
		test.use("2", "board");
		expect([object.lock(), object.lock()]).toEqual([1, 2]);
		object.setProperty("a", 1);
		test.set("1", "board", "a", 2);
		object.mark("done");
		object.setProperty("b", 1);
		expect([object.unlock(), test.told.length, object.unlock()]).toEqual([1, 2, 0]);
		expect(test.told).toEqual([
			"1: change a, send, change b",
			"2: change a, send, change b",
			"1: success a",
			"2: change a",
		]);
		expect(object.getProperty("a")).toBe(2);
	});

	test("ends a lock that lasts too long", async () => {
		const test = new TestRoom({ lockTimeoutMillis: 10 });
		const object = test.room.get("board");
		test.use("1", "board");
		object.lock();
		test.set("1", "board", "a", 2);
		await expect.poll(() => object.getProperty("a"), { timeout: 10_000 }).toBe(2);
		expect(object.stats.lock_timeouts).toBe(1);
	});

	test.each([
		["a name that leads elsewhere", "../x", false, "SharedObject.ObjectCreationFailed"],
		["no name", "", false, "SharedObject.ObjectCreationFailed"],
		["what is to be kept, where nothing is", "x", true, "SharedObject.ObjectCreationFailed"],
		["another persistence than it has", "known", true, "SharedObject.BadPersistence"],
		["what it may not read", "secret", false, "SharedObject.NoReadAccess"],
		["what it may not make", "closed", false, "SharedObject.NoWriteAccess"],
	])("refuses a client %s", (_what, name, persistent, code) => {
		const test = new TestRoom(
			{},
			{ mayRead: (_client, object) => object !== "secret", mayWrite: (_client, object) => object !== "closed" },
		);
		test.room.get("known");
		test.use("1", name, persistent);
		expect(test.told).toEqual([`1: ${code}`]);
		expect(test.troubles).toEqual([`${name} ${code} 1`]);
		expect(test.room.names.volatile).toEqual(["known"]);
	});

	test("lets one who may not write read what another has made, and keep to that", () => {
		const test = new TestRoom({}, { mayWrite: client => client === "writer" });
		test.use("writer", "board");
		test.set("writer", "board", "a", 1);
		test.use("reader", "board");
		test.set("reader", "board", "a", 2);
		test.client("reader", "board", [{ kind: "send", handler: "hi", args: [] }]);
		expect(test.told.slice(2)).toEqual([
			"reader: use-success, clear, change a",
			"reader: SharedObject.NoWriteAccess, change a",
			"reader: SharedObject.NoWriteAccess",
		]);
	});

	test("has limits for objects, for those of one client, and for what waits for a lock", () => {
		const test = new TestRoom({ maxObjects: 3, maxObjectsPerClient: 2, lockQueue: { messages: 1, bytes: 1000 } });
		for (const name of ["a", "b", "c"]) test.use("1", name);
		test.use("2", "c");
		test.use("2", "d");
		test.use("1", "a");
		expect(test.told.filter(line => line.includes("Failed"))).toEqual([
			"1: SharedObject.ObjectCreationFailed",
			"2: SharedObject.ObjectCreationFailed",
		]);
		expect(() => test.room.get("e")).toThrow(LimitError);
		test.room.get("a").lock();
		test.set("1", "a", "x", 1);
		expect(() => test.set("1", "a", "x", 1)).toThrow(LimitError);
	});

	test("has a limit for what all objects hold together, which counts what is gone no more", () => {
		const test = new TestRoom({ maxBytes: 250 });
		const text = "x".repeat(96);
		for (const name of ["a", "b", "c"]) {
			test.use("1", name);
			test.set("1", name, "t", text);
		}
		expect(test.told.filter(line => line.includes(" t"))).toEqual(["1: success t", "1: success t", "1: remove t"]);
		expect(test.room.bytes).toBe(200);
		expect(test.room.get("c").setProperty("t", text)).toBe(false);
		test.set("1", "a", "t", "short");
		expect(test.room.get("c").setProperty("t", text)).toBe(true);
		test.client("1", "b", [{ kind: "release" }]);
		test.room.get("a").clear();
		expect(test.room.bytes).toBe(100);
	});

	test("may share a limit with other rooms, to which a closed one leaves its part", async () => {
		const share = new SharedObjectShare(250);
		const [one, other] = [new TestRoom({ share }), new TestRoom({ share })];
		const text = "x".repeat(96);
		expect([one, one, other].map((each, index) => each.room.get(`o${index}`).setProperty("t", text))).toEqual([
			true,
			true,
			false,
		]);
		expect(share.usedBytes).toBe(200);
		await one.room.close();
		expect(share.usedBytes).toBe(0);
		expect(other.room.get("o2").setProperty("t", text)).toBe(true);
	});

	test("throws for what is no message, and leaves out requests of those who have not subscribed", () => {
		const test = new TestRoom();
		expect(() => test.room.receive("1", 19, Uint8Array.of(1))).toThrow(PeerError);
		test.set("1", "nowhere", "a", 1);
		test.use("1", "board");
		test.set("2", "board", "a", 1);
		expect(test.told).toEqual(["1: use-success, clear"]);
	});

	test("clears by a pattern, and tells", async () => {
		const test = new TestRoom();
		for (const name of ["chat/1", "chat/2", "other"]) {
			test.use("1", name);
			test.set("1", name, "a", 1);
		}
		test.sent.length = 0;
		expect(await test.room.clear("/chat/*")).toBe(true);
		expect(test.told).toEqual(["1: clear", "1: clear"]);
		expect(await test.room.clear("/none*")).toBe(false);
	});
});

describe("a room of persistent objects", () => {
	const kept = (delay = 1e6, more: SharedObjectRoomOptions = {}) =>
		new TestRoom({ store: new SharedObjectStore(folder, { writeDelayMillis: delay }), ...more });

	test("reads an object for the first, and what came meanwhile follows in order", async () => {
		const first = kept();
		first.room.get("board", true).setProperty("a", 1);
		await first.room.close();
		const test = kept();
		test.use("1", "board", true);
		test.set("1", "board", "a", 2);
		test.use("2", "board", true);
		expect(test.told).toEqual([]);
		await stored(test).toEqual(["1: use-success, clear, change a", "1: success a", "2: use-success, clear, change a"]);
	});

	test("writes an object when its last user leaves, and has it again for the next", async () => {
		const test = kept();
		test.use("1", "board", true);
		test.set("1", "board", "a", 1);
		await stored(test).toHaveLength(2);
		test.room.disconnect("1");
		await expect.poll(() => test.room.names.persistent, { timeout: 10_000 }).toEqual([]);
		expect(await readdir(folder)).toEqual(["board.fso"]);
		expect(test.room.get("board", true).getProperty("a")).toBe(1);
	});

	test("tells a client that comes back only what has changed, also after a restart", async () => {
		const first = kept();
		const object = first.room.get("board", true);
		for (const name of ["a", "b", "c"]) object.setProperty(name, 1);
		const { version } = object;
		object.setProperty("b", 2);
		object.setProperty("c", null);
		await object.flush();
		const test = kept();
		const message = { name: "board", version, flags: 2, events: [{ kind: "use" } as const] };
		test.room.receive("1", 19, encodeSharedObjectMessage(message, 0));
		await stored(test).toEqual(["1: use-success, change b, remove c"]);
	});

	test("gives the application's code an object at once, also while it is being read", async () => {
		const first = kept();
		first.room.get("board", true).setProperty("a", 1);
		await first.room.close();
		const test = kept();
		test.use("1", "board", true);
		const object = test.room.get("board", true);
		expect(object.getProperty("a")).toBe(1);
		await stored(test).toEqual(["1: use-success, clear, change a"]);
		expect(await test.room.open("board", true)).toBe(object);
		expect(() => test.room.get("board", false)).toThrow(UsageError);
		await expect(test.room.open("board")).rejects.toThrow(UsageError);
		const other = await kept().room.open("board", true);
		expect(other.getProperty("a")).toBe(1);
	});

	test("writes by itself only where it may", async () => {
		const test = kept(1, { autoCommit: false });
		const object = test.room.get("board", true);
		object.setProperty("a", 1);
		expect([object.autoCommit, object.isDirty]).toEqual([false, true]);
		object.close();
		const again = test.room.get("board", true);
		expect(again.getProperty("a")).toBe(undefined);
		again.autoCommit = true;
		again.setProperty("a", 2);
		await expect.poll(() => again.isDirty, { timeout: 10_000 }).toBe(false);
		again.autoCommit = false;
		again.setProperty("a", 3);
		expect(await again.flush()).toBe(true);
		again.close();
		expect(test.room.get("board", true).getProperty("a")).toBe(3);
		expect(await test.room.get("volatile").flush()).toBe(false);
	});

	test("commits one or all", async () => {
		const test = kept(1e6);
		const [a, b] = ["a", "b"].map(name => test.room.get(name, true));
		for (const object of [a, b]) object!.setProperty("x", 1);
		await test.room.commit("a");
		expect([a!.isDirty, b!.isDirty]).toEqual([false, true]);
		await test.room.commit();
		expect(b!.isDirty).toBe(false);
	});

	test("refuses an object whose file is damaged, and says so to the operator", async () => {
		await writeFile(join(folder, "board.fso"), "nothing");
		const test = kept();
		test.use("1", "board", true);
		await stored(test).toEqual(["1: SharedObject.ObjectCreationFailed"]);
		expect(test.troubles).toContain("board SharedObject.ObjectCreationFailed -");
		expect(test.room.names.persistent).toEqual([]);
		expect(() => test.room.get("board", true)).toThrow(/board\.fso/);
		await expect(test.room.open("board", true)).rejects.toThrow(/board\.fso/);
	});

	test("clears by a pattern: files are removed, in use or not, and subscribers told", async () => {
		const test = kept();
		for (const name of ["x/1", "x/2", "y"]) {
			const object = test.room.get(name, true);
			object.setProperty("a", 1);
			await object.flush();
			if (name !== "x/1") object.close();
		}
		test.use("1", "x/1", true);
		test.sent.length = 0;
		expect(await test.room.clear("/x/*")).toBe(true);
		expect(test.told).toEqual(["1: clear"]);
		expect((await readdir(folder, { recursive: true })).sort()).toEqual(["x", "y.fso"]);
		expect(test.room.get("x/1", true).isDirty).toBe(false);
		expect(test.room.get("x/2", true).size()).toBe(0);
	});

	test("takes no client's memory of an earlier life of the object for knowledge of this one", async () => {
		const test = kept();
		const object = test.room.get("board", true);
		object.setProperty("old", 1);
		const { version } = object;
		await object.flush();
		await test.room.clear("/");
		object.close();
		test.room.get("board", true).setProperty("new", 1);
		const message = { name: "board", version, flags: 2, events: [{ kind: "use" } as const] };
		test.room.receive("1", 19, encodeSharedObjectMessage(message, 0));
		expect(test.told).toEqual(["1: use-success, clear, change new"]);
	});

	test("hands to the next room of its store what it has not written yet", async () => {
		const store = new SharedObjectStore(folder, { writeDelayMillis: 1e6 });
		const first = new TestRoom({ store });
		const object = first.room.get("board", true);
		object.setProperty("a", 1);
		const closed = first.room.close();
		const second = new TestRoom({ store });
		const next = second.room.get("board", true);
		expect(next.getProperty("a")).toBe(1);
		next.setProperty("b", 2);
		await closed;
		await next.flush();
		const state = await new SharedObjectStore(folder).load("board");
		expect(state?.slots.map(({ name }) => name)).toEqual(["a", "b"]);
		expect(next.isDirty).toBe(false);
	});

	test("takes and gives nothing once it is closed", async () => {
		const test = new TestRoom();
		test.use("1", "board");
		await test.room.close();
		test.sent.length = 0;
		test.use("2", "board");
		test.room.disconnect("1");
		expect(test.told).toEqual([]);
		expect(() => test.room.get("board")).toThrow(UsageError);
	});

	test("leaves nothing behind of a client that goes while an object is read", async () => {
		const test = kept();
		test.use("1", "board", true);
		test.room.disconnect("1");
		await expect.poll(() => test.room.names, { timeout: 10_000 }).toEqual({ persistent: [], volatile: [] });
		expect(test.told).toEqual([]);
	});
});
