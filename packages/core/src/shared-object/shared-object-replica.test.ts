import { describe, expect, test } from "vitest";
import type { AmfValue } from "../amf/index.ts";
import { UsageError } from "../fault/index.ts";
import { type SharedObjectEvent, type SharedObjectMessage, SharedObjectReplica, SlotValue } from "./index.ts";
import { Mesh, ordered } from "./test-mesh.ts";

/** A replica, what it has sent, and what it has told. */
class ReplicaLog {
	readonly sent: SharedObjectMessage[] = [];
	readonly told: unknown[] = [];
	readonly replica: SharedObjectReplica;

	constructor(persistent = false, data?: { [name: string]: AmfValue }, version = 0) {
		this.replica = new SharedObjectReplica(
			"so",
			{
				send: message => {
					for (const event of message.events) if ("value" in event) new SlotValue(event.value);
					this.sent.push(message);
				},
				onSync: list => this.told.push(list.map(({ code, name, oldValue }) => [code, name, oldValue])),
				onSend: (handler, args) => this.told.push([handler, ...args]),
				onStatus: (code, level) => this.told.push([code, level]),
			},
			{ persistent, version, ...(data === undefined ? {} : { data }) },
		);
	}

	receive(version: number, ...events: SharedObjectEvent[]): void {
		this.replica.receive({ name: "so", version, flags: 0, events });
	}

	live(version = 0): this {
		this.replica.connect();
		this.receive(version, { kind: "use-success" }, { kind: "clear" });
		this.sent.length = 0;
		this.told.length = 0;
		return this;
	}
}

const change = (name: string, value: AmfValue): SharedObjectEvent => ({ kind: "change", name, value });
const success = (name: string): SharedObjectEvent => ({ kind: "success", name });

describe("a client's shared object", () => {
	test("subscribes with the version that it knows, and tells of the first state even if it is empty", () => {
		const log = new ReplicaLog(true, { a: 1 }, 7);
		log.replica.connect();
		expect(log.sent).toEqual([{ name: "so", version: 7, flags: 2, events: [{ kind: "use" }] }]);
		expect(log.replica.state).toBe("pending");
		log.receive(7, { kind: "use-success" });
		expect([log.told, log.replica.state, log.replica.data]).toEqual([[[]], "live", { a: 1 }]);
	});

	test("tells of changes, of calls behind them, and of statuses", () => {
		const log = new ReplicaLog().live();
		log.receive(1, change("a", 1), { kind: "send", handler: "f", args: [2] }, change("b", 1));
		log.receive(2, change("a", 2), { kind: "remove", name: "b" }, { kind: "remove", name: "none" });
		log.receive(3, { kind: "clear" });
		log.receive(3, { kind: "status", code: "x", level: "error" });
		expect(log.told).toEqual([
			[
				["change", "a", undefined],
				["change", "b", undefined],
			],
			["f", 2],
			[
				["change", "a", 1],
				["delete", "b", 1],
				["delete", "none", undefined],
			],
			[["clear", "", undefined]],
			["x", "error"],
		]);
		expect([log.replica.version, log.replica.state]).toEqual([3, "live"]);
	});

	test("sends all that has changed in one message, and what it calls behind it", () => {
		const log = new ReplicaLog().live(4);
		log.replica.setProperty("a", 1);
		log.replica.setProperty("b", 2);
		delete log.replica.data["b"];
		log.replica.call("f", 3);
		log.replica.flush();
		expect(log.sent).toEqual([
			{
				name: "so",
				version: 4,
				flags: 0,
				events: [
					{ kind: "request-change", name: "a", value: 1 },
					{ kind: "request-remove", name: "b" },
					{ kind: "send", handler: "f", args: [3] },
				],
			},
		]);
	});

	test.each([null, undefined])("asks for a slot to be deleted that is set to %s", value => {
		const log = new ReplicaLog().live(4);
		log.replica.setProperty("a", value);
		log.replica.flush();
		expect(log.sent[0]?.events).toEqual([{ kind: "request-remove", name: "a" }]);
		expect(Object.keys(log.replica.data)).toEqual([]);
	});

	test("has its own value again when the server takes it behind another's", () => {
		const log = new ReplicaLog().live();
		log.replica.setProperty("a", "mine");
		log.replica.flush();
		log.receive(1, change("a", "other"));
		expect(log.replica.data["a"]).toBe("other");
		log.receive(2, success("a"));
		expect(log.replica.data["a"]).toBe("mine");
		expect(log.told).toEqual([[["change", "a", "mine"]], [["success", "a", undefined]]]);
		expect(log.replica.unconfirmed).toEqual(new Set());
	});

	test("keeps a newer value of its own while an older one is confirmed", () => {
		const log = new ReplicaLog().live();
		for (const value of [1, 2]) {
			log.replica.setProperty("a", value);
			log.replica.flush();
		}
		log.receive(1, success("a"));
		expect(log.replica.data["a"]).toBe(2);
		log.replica.setProperty("a", 3);
		log.receive(2, success("a"));
		log.receive(3, change("a", "other"));
		expect(log.replica.data["a"]).toBe(3);
	});

	test("takes a value that comes without a new version, or with a success, for a refusal of its own", () => {
		const log = new ReplicaLog().live(5);
		log.replica.setProperty("a", 1);
		log.replica.flush();
		log.receive(5, change("a", "theirs"));
		log.replica.setProperty("b", 1);
		log.replica.setProperty("c", 1);
		log.replica.flush();
		log.receive(6, success("b"), { kind: "remove", name: "c" });
		log.replica.setProperty("a", 2);
		log.replica.flush();
		log.receive(7, change("a", "again"));
		expect(log.told).toEqual([
			[["reject", "a", 1]],
			[
				["success", "b", undefined],
				["reject", "c", 1],
			],
			[["change", "a", 2]],
		]);
		expect(log.replica.data).toEqual({ a: "again", b: 1 });
	});

	test("takes no later part of a large first state for a refusal of what it sent meanwhile", () => {
		const log = new ReplicaLog();
		log.replica.setProperty("a", "mine");
		log.replica.connect();
		log.receive(5, { kind: "use-success" }, { kind: "clear" }, change("b", 1));
		log.receive(5, { kind: "use-success" }, change("a", "old"));
		log.receive(6, success("a"));
		expect(log.replica.data).toEqual({ b: 1, a: "mine" });
		expect(log.told.slice(1)).toEqual([[["change", "a", "mine"]], [["success", "a", undefined]]]);
	});

	test("understands how servers tell each other of a success", () => {
		const log = new ReplicaLog().live();
		log.replica.setProperty("a", 1);
		log.replica.flush();
		log.receive(1, { kind: "change-echo", name: "a", value: 1 }, { kind: "slot-version", name: "a", version: 1 });
		expect(log.told).toEqual([[["success", "a", undefined]]]);
	});

	test("a refusal to subscribe leaves it as it was before", () => {
		const log = new ReplicaLog();
		log.replica.setProperty("a", 1);
		log.replica.connect();
		log.receive(0, { kind: "status", code: "SharedObject.NoReadAccess", level: "error" });
		expect([log.replica.state, log.told]).toEqual(["detached", [["SharedObject.NoReadAccess", "error"]]]);
		log.receive(9, change("a", 9));
		expect(log.replica.data).toEqual({ a: 1 });
	});

	test("asks for everything when it comes back in doubt, otherwise only for what is new", () => {
		const log = new ReplicaLog(true).live(5);
		log.replica.disconnected();
		log.replica.connect();
		expect(log.sent.at(-1)!.version).toBe(5);
		log.receive(5, { kind: "use-success" });
		log.replica.setProperty("a", 1);
		log.replica.flush();
		log.replica.disconnected();
		log.replica.connect();
		expect(log.sent.at(-1)!.version).toBe(0);
		log.receive(6, { kind: "use-success" }, { kind: "clear" });
		log.replica.setProperty("a", 2);
		log.replica.close();
		expect(log.sent.at(-1)!.events).toEqual([{ kind: "release" }]);
		log.replica.connect();
		expect(log.sent.at(-1)!.version).toBe(0);
	});

	test("keeps changes and calls until it is subscribed", () => {
		const log = new ReplicaLog();
		log.replica.setProperty("a", 1);
		log.replica.call("f");
		log.replica.flush();
		expect([log.sent, log.replica.isDirty]).toEqual([[], true]);
		log.replica.connect();
		log.receive(2, { kind: "use-success" }, { kind: "clear" }, change("a", 5), change("b", 5));
		expect(log.replica.data).toEqual({ a: 1, b: 5 });
		expect(log.sent.at(-1)!.events).toEqual([
			{ kind: "request-change", name: "a", value: 1 },
			{ kind: "send", handler: "f", args: [] },
		]);
	});

	test("sends the rest where one value cannot be sent, and says so", () => {
		const log = new ReplicaLog().live();
		log.replica.setProperty("bad", new Set() as unknown as AmfValue);
		log.replica.setProperty("good", 1);
		expect(() => log.replica.flush()).toThrow(UsageError);
		expect(log.sent.flatMap(({ events }) => events)).toEqual([{ kind: "request-change", name: "good", value: 1 }]);
		expect([log.replica.isDirty, [...log.replica.unconfirmed]]).toEqual([false, ["good"]]);
	});

	test("has a limit for calls that wait", () => {
		const log = new ReplicaLog();
		for (let index = 0; index < 10_000; index++) log.replica.call("f");
		expect(() => log.replica.call("f")).toThrow(UsageError);
	});
});

describe("many replicas of one object", () => {
	test("lose no change of two hundred clients, whatever the order", () => {
		const mesh = new Mesh(false);
		const clients = Array.from({ length: 200 }, (_, index) => mesh.add(`c${index}`, index % 2 === 0 ? 0 : 3));
		mesh.settle();
		for (let round = 0; round < 5; round++) {
			for (const [index, client] of clients.entries()) {
				client.replica.setProperty(`of ${client.id}`, round);
				client.replica.setProperty("all", round * 1000 + index);
				client.replica.flush();
			}
			// One message each way of some, so that changes cross.
			for (const client of clients.filter((_, index) => (index + round) % 3 !== 0)) {
				mesh.carryUp(client);
				mesh.carryDown(client);
			}
		}
		mesh.settle();
		expect(mesh.master.size).toBe(201);
		for (const { id } of clients) expect(mesh.master.getProperty(`of ${id}`)).toBe(4);
		expect(mesh.master.version).toBe(1000);
		const { truth } = mesh;
		for (const { replica, syncs } of clients) {
			expect(ordered(replica.data)).toEqual(truth);
			expect(syncs.flat().filter(({ code }) => code === "success")).toHaveLength(10);
			expect(replica.unconfirmed.size).toBe(0);
		}
	});
});
