import { describe, expect, test } from "vitest";
import { bytesOf } from "../amf/amf-case.ts";
import type { AmfValue } from "../amf/index.ts";
import { LimitError, UsageError } from "../fault/index.ts";
import {
	decodeSharedObjectMessage,
	decodeSharedObjectState,
	encodeForSubscribers,
	encodeSharedObjectMessage,
	encodeSharedObjectState,
	type SharedObjectEvent,
	SharedObjectMaster,
	type SharedObjectMasterHandler,
	type SharedObjectMasterOptions,
	type SharedObjectMessage,
	SlotValue,
} from "./index.ts";

/** A master, what it has sent to whom, and what it has told. */
class MasterLog {
	readonly sent: [id: string, message: SharedObjectMessage][] = [];
	readonly told: unknown[] = [];
	readonly master: SharedObjectMaster;

	constructor(
		persistent = false,
		options: SharedObjectMasterOptions = {},
		handler: Partial<SharedObjectMasterHandler> = {},
	) {
		this.master = new SharedObjectMaster(
			"so",
			persistent,
			{
				send: (receivers, message) => {
					for (const { id } of receivers) this.sent.push([id, message]);
				},
				onDirty: () => this.told.push("dirty"),
				onSync: list => this.told.push(list.map(({ code, name, oldValue }) => [code, name, oldValue])),
				onSend: (method, args, id) => this.told.push([method, ...args, id]),
				onStatus: (status, id) => this.told.push([status.code, id]),
				...handler,
			},
			options,
		);
	}

	receive(id: string, version: number, ...events: SharedObjectEvent[]): void {
		this.master.receive(id, 0, { name: "so", version, flags: 0, events }, 100);
	}

	use(id: string, version = 0): void {
		this.receive(id, version, { kind: "use" });
	}

	/** What a client sent, as bytes of type 19 without their head. */
	bytes(id: string, version: number, hex: string): void {
		this.master.receive(id, 0, decodeSharedObjectMessage(19, bytesOf(head(version) + hex)), 100);
	}

	/** What was sent since the last look, to whom, as bytes of type 19. */
	get output(): [id: string, hex: string][] {
		return this.sent.splice(0).map(([id, message]) => [id, hexOf(encodeSharedObjectMessage(message, 0))]);
	}

	/** The same in words. */
	get words(): string[] {
		return this.sent.splice(0).map(([id, { version, events }]) => {
			const text = events.map(event => ("name" in event ? `${event.kind} ${event.name}` : event.kind));
			return `${id} v${version}: ${text.join(", ")}`;
		});
	}
}

const hexOf = (bytes: Uint8Array) => Array.from(bytes, byte => byte.toString(16).padStart(2, "0")).join("");
/** `so` in a version, volatile or persistent. */
const head = (version: number, flags = "00000000") =>
	`0002 736f ${version.toString(16).padStart(8, "0")} ${flags} 00000000`;
const hex = (version: number, events: string, flags?: string) => hexOf(bytesOf(head(version, flags) + events));
const set = (name: string, value: AmfValue): SharedObjectEvent => ({ kind: "request-change", name, value });
const remove = (name: string): SharedObjectEvent => ({ kind: "request-remove", name });

const USE = "01 00000000";
const USE_SUCCESS = "0B 00000000";
const CLEAR = "08 00000000";
const A_IS_1 = "0000000C 0001 61 00 3FF0000000000000";
const B_IS_TRUE = "00000005 0001 62 01 01";

describe("the flows of the wire, byte for byte", () => {
	test("4.1: subscription to an empty volatile object", () => {
		const log = new MasterLog();
		log.bytes("1", 0, USE);
		expect(log.output).toEqual([["1", hex(0, USE_SUCCESS + CLEAR)]]);
	});

	test("4.2: subscription to an object with slots, in one message", () => {
		const log = new MasterLog();
		log.master.setProperty("a", 1);
		log.master.setProperty("b", true);
		log.bytes("1", 0, USE);
		expect(log.output).toEqual([["1", hex(2, `${USE_SUCCESS} ${CLEAR} 04 ${A_IS_1} 04 ${B_IS_TRUE}`)]]);
	});

	test("4.3: subscription to a persistent object", () => {
		const log = new MasterLog(true);
		log.master.setProperty("a", 1);
		log.bytes("1", 0, USE);
		expect(log.output).toEqual([["1", hex(1, `${USE_SUCCESS} ${CLEAR} 04 ${A_IS_1}`, "00000002")]]);
		log.bytes("1", 1, USE);
		expect(log.output).toEqual([["1", hex(1, USE_SUCCESS, "00000002")]]);
	});

	test("4.4: a change: success for its author, the value for the others, under one version", () => {
		const log = new MasterLog();
		for (const id of ["1", "2", "3"]) log.use(id);
		log.sent.length = 0;
		log.bytes("2", 0, `03 ${A_IS_1}`);
		expect(log.output).toEqual([
			["2", hex(1, "05 00000003 0001 61")],
			["1", hex(1, `04 ${A_IS_1}`)],
			["3", hex(1, `04 ${A_IS_1}`)],
		]);
	});

	test("4.5: several changes in one message are answered in one", () => {
		const log = new MasterLog();
		for (const id of ["1", "2"]) log.use(id);
		log.sent.length = 0;
		log.bytes("1", 0, `03 ${A_IS_1} 03 ${B_IS_TRUE}`);
		expect(log.output).toEqual([
			["1", hex(1, "05 00000003 0001 61 05 00000003 0001 62")],
			["2", hex(1, `04 ${A_IS_1} 04 ${B_IS_TRUE}`)],
		]);
	});

	test("4.6: a deletion is told to its author as to the others", () => {
		const log = new MasterLog();
		log.master.setProperty("a", 1);
		for (const id of ["1", "2"]) log.use(id);
		log.sent.length = 0;
		log.bytes("1", 1, "0A 00000003 0001 61");
		expect(log.output).toEqual([
			["1", hex(2, "09 00000003 0001 61")],
			["2", hex(2, "09 00000003 0001 61")],
		]);
	});

	test("4.7: a call goes to all, its author too, as it came", () => {
		const log = new MasterLog();
		for (const id of ["1", "2"]) log.use(id);
		log.sent.length = 0;
		const say = "06 0000000B 02 0003 736179 02 0002 6869";
		log.bytes("1", 0, say);
		expect(log.output).toEqual([
			["1", hex(0, say)],
			["2", hex(0, say)],
		]);
		expect(log.told).toEqual([["say", "hi", "1"]]);
	});

	test("4.8: what the application does goes to all", () => {
		const log = new MasterLog();
		log.use("1");
		log.sent.length = 0;
		log.master.setProperty("a", 1);
		log.master.setProperty("a", null);
		log.master.clear();
		expect(log.output.map(([, bytes]) => bytes)).toEqual([
			hex(1, `04 ${A_IS_1}`),
			hex(2, "09 00000003 0001 61"),
			hex(3, CLEAR),
		]);
	});

	test("4.9 and 4.10: what it does under a lock is one message, calls in their place", () => {
		const log = new MasterLog();
		log.use("1");
		log.sent.length = 0;
		log.master.lock(0);
		log.master.setProperty("a", 1);
		log.master.send("f");
		log.master.setProperty("b", true);
		log.bytes("1", 0, `03 ${A_IS_1}`);
		expect(log.output).toEqual([]);
		log.master.unlock();
		expect(log.output).toEqual([
			["1", hex(1, `04 ${A_IS_1} 06 00000004 02 0001 66 04 ${B_IS_TRUE}`)],
			["1", hex(2, "05 00000003 0001 61")],
		]);
	});

	test("4.11: a release has no answer", () => {
		const log = new MasterLog();
		log.use("1");
		log.sent.length = 0;
		log.bytes("1", 0, "02 00000000");
		expect([log.output, log.master.subscriberCount]).toEqual([[], 0]);
		log.receive("1", 0, set("a", 1));
		expect(log.master.size).toBe(0);
	});

	test("4.12: refusals to read and to write, the second with the value in force", () => {
		const access = { read: true, write: true };
		const log = new MasterLog(false, {}, { mayRead: () => access.read, mayWrite: () => access.write });
		log.master.setProperty("a", 1);
		log.use("1");
		log.sent.length = 0;
		access.write = false;
		log.bytes("1", 1, `03 ${B_IS_TRUE} 0A 00000003 0001 61`);
		const noWrite = "07 00000023 001A 5368617265644F626A6563742E4E6F5772697465416363657373 0005 6572726F72";
		expect(log.output).toEqual([["1", hex(1, `${noWrite} 09 00000003 0001 62 04 ${A_IS_1}`)]]);
		access.read = false;
		log.bytes("1", 1, USE);
		const noRead = "07 00000022 0019 5368617265644F626A6563742E4E6F52656164416363657373 0005 6572726F72";
		expect(log.output).toEqual([["1", hex(1, noRead)]]);
		expect(log.master.subscriberCount).toBe(0);
		expect(log.told.slice(-2)).toEqual([
			["SharedObject.NoWriteAccess", "1"],
			["SharedObject.NoReadAccess", "1"],
		]);
	});
});

describe("versions", () => {
	test("rise once with each message, and each slot has that of its last change", () => {
		const log = new MasterLog(true);
		log.use("1");
		log.receive("1", 0, set("a", 1), set("b", 1), set("a", 2));
		log.receive("1", 1, { kind: "send", handler: "f", args: [] });
		log.receive("1", 1, set("b", 2), remove("a"));
		expect(log.master.version).toBe(2);
		const state = decodeSharedObjectState(encodeSharedObjectState(log.master.state));
		expect(state).toMatchObject({ name: "so", version: 2, floor: 1, tombstones: [{ name: "a", version: 2 }] });
		expect(state.slots.map(({ name, version, value }) => [name, version, value.value])).toEqual([["b", 2, 2]]);
	});

	test("tell a client of a persistent object what has changed since, deletions too", () => {
		const log = new MasterLog(true);
		for (const name of ["a", "b", "c"]) log.master.setProperty(name, 1);
		log.master.setProperty("a", null);
		log.master.setProperty("d", 1);
		log.use("1", 3);
		log.use("2", 2);
		log.use("3", 5);
		log.use("4", 6);
		log.use("5", 0);
		expect(log.words).toEqual([
			"1 v5: use-success, change d, remove a",
			"2 v5: use-success, change c, change d, remove a",
			"3 v5: use-success",
			"4 v5: use-success, clear, change b, change c, change d",
			"5 v5: use-success, clear, change b, change c, change d",
		]);
	});

	test("of a volatile object are worth nothing to who comes back", () => {
		const log = new MasterLog();
		log.master.setProperty("a", 1);
		log.use("1", 1);
		expect(log.words).toEqual(["1 v1: use-success, clear, change a"]);
	});

	test("behind a purge, or more than the resync depth back, tell everything", () => {
		const log = new MasterLog(true, { resyncDepth: 3 });
		for (const name of ["a", "b", "c", "d", "e"]) log.master.setProperty(name, 1);
		log.use("1", 2);
		log.use("2", 1);
		log.master.setProperty("e", null);
		log.master.purge(7);
		log.use("3", 5);
		log.use("4", 6);
		expect(log.words.filter(line => line.includes("use-"))).toEqual([
			"1 v5: use-success, change c, change d, change e",
			"2 v5: use-success, clear, change a, change b, change c, change d, change e",
			"3 v6: use-success, clear, change a, change b, change c, change d",
			"4 v6: use-success",
		]);
	});

	test("forget the oldest deletions where there are as many as slots are allowed", () => {
		const log = new MasterLog(true, { quota: { slots: 2, slotBytes: 100, totalBytes: 100 } });
		for (const name of ["a", "b", "c", "d"]) {
			log.master.setProperty(name, 1);
			log.master.deleteProperty(name);
		}
		expect(log.master.state.tombstones.map(({ name }) => name)).toEqual(["c", "d"]);
		expect(log.master.state.floor).toBe(4);
		log.use("1", 4);
		log.use("2", 3);
		expect(log.words).toEqual(["1 v8: use-success, remove c, remove d", "2 v8: use-success, clear"]);
	});

	test("go on far behind the saved one after a restart: what clients were told since then is not taken for new", () => {
		const log = new MasterLog(true);
		log.master.setProperty("a", 1);
		const { state } = log.master;
		log.master.setProperty("lost", 1);
		const again = new MasterLog(true, { state });
		expect([again.master.version, again.master.isDirty]).toEqual([1, false]);
		again.use("behind", 1);
		again.use("ahead", 2);
		again.master.setProperty("b", 1);
		again.master.unsubscribe("behind");
		again.master.unsubscribe("ahead");
		expect(again.master.version).toBeGreaterThan(4000);
		again.use("behind", 1);
		again.use("ahead", 2);
		again.use("now", again.master.version);
		const version = `v${again.master.version}`;
		expect(again.words).toEqual([
			"behind v1: use-success",
			"ahead v1: use-success, clear, change a",
			`behind ${version}: change b`,
			`ahead ${version}: change b`,
			`behind ${version}: use-success, change b`,
			`ahead ${version}: use-success, clear, change a, change b`,
			`now ${version}: use-success`,
		]);
	});

	test("remember where changes may have been lost, the last 32 times", () => {
		let { state } = new MasterLog(true, { firstVersion: 10 }).master;
		for (let life = 0; life < 40; life++) {
			const { master } = new MasterLog(true, { state, firstVersion: 10, versionStep: 10 });
			master.setProperty("a", life);
			state = decodeSharedObjectState(encodeSharedObjectState(master.state));
		}
		expect(state.version).toBe(400);
		expect(state.gaps).toHaveLength(32);
		expect([state.gaps[0], state.floor]).toEqual([{ from: 80, to: 90 }, 80]);
		const log = new MasterLog(true, { state });
		for (const known of [79, 80, 85, 90, 399, 400]) log.use(`${known}`, known);
		expect(log.words).toEqual([
			"79 v400: use-success, clear, change a",
			"80 v400: use-success, change a",
			"85 v400: use-success, clear, change a",
			"90 v400: use-success, change a",
			"399 v400: use-success, clear, change a",
			"400 v400: use-success",
		]);
	});

	test("begin where the caller says, so that an earlier life is not taken for this one", () => {
		const log = new MasterLog(true, { firstVersion: 1000 });
		log.master.setProperty("a", 1);
		log.master.setProperty("b", 1);
		log.use("1", 1000);
		log.use("2", 999);
		expect(log.words).toEqual(["1 v1001: use-success, change b", "2 v1001: use-success, clear, change a, change b"]);
	});

	test("begin anew behind the last of 32 bits", () => {
		const value = new SlotValue(1);
		const state = {
			name: "so",
			version: 0xffffffff,
			floor: 5,
			gaps: [],
			slots: [{ name: "a", value, version: 7 }],
			tombstones: [{ name: "gone", version: 9 }],
		};
		const log = new MasterLog(true, { state });
		log.master.setProperty("b", 1);
		log.use("1", 0xffffffff);
		log.use("2", 1);
		expect(log.words).toEqual(["1 v1: use-success, clear, change a, change b", "2 v1: use-success"]);
	});
});

describe("locks", () => {
	test("are counted, and hold requests of clients back in their order", () => {
		const log = new MasterLog();
		log.use("1");
		log.use("2");
		expect([log.master.lock(0), log.master.lock(0)]).toEqual([1, 2]);
		log.receive("1", 0, set("a", 1));
		log.receive("2", 0, set("a", 2));
		log.use("3");
		expect(log.master.stats).toMatchObject({ lock_count: 2, lock_queue: 2, num_properties: 0, connected: 3 });
		expect([log.master.unlock(), log.master.size, log.master.unlock()]).toEqual([1, 0, 0]);
		expect(log.master.getProperty("a")).toBe(2);
		expect([log.master.unlock(), log.master.stats.lock_queue]).toEqual([0, 0]);
	});

	test("do what one asked who has gone meanwhile, and tell the others", () => {
		const log = new MasterLog();
		log.use("1");
		log.use("2");
		log.sent.length = 0;
		log.master.lock(0);
		log.receive("1", 0, set("a", 1));
		log.master.unsubscribe("1");
		log.master.unlock();
		expect(log.words).toEqual(["2 v1: change a"]);
	});

	test("end when they last too long", () => {
		const log = new MasterLog(false, { lockTimeoutMillis: 1000 });
		log.use("1");
		expect(log.master.deadline).toBe(Number.POSITIVE_INFINITY);
		log.master.lock(5000);
		log.master.lock(5500);
		log.master.setProperty("b", 1);
		log.receive("1", 0, set("a", 1));
		expect(log.master.deadline).toBe(6000);
		log.master.handleTimeout(5999);
		expect(log.master.size).toBe(1);
		log.master.handleTimeout(6000);
		expect([log.master.size, log.master.stats.lock_timeouts, log.master.deadline]).toEqual([
			2,
			1,
			Number.POSITIVE_INFINITY,
		]);
	});

	test("may be taken again by who hears of a request that waited", () => {
		const log: MasterLog = new MasterLog(false, {}, { onSync: () => void log.master.lock(0) });
		log.use("1");
		log.master.lock(0);
		log.receive("1", 0, set("a", 1));
		log.receive("1", 0, set("b", 1));
		expect(log.master.unlock()).toBe(1);
		expect(log.master.getPropertyNames()).toEqual(["a"]);
		log.master.unlock();
		expect(log.master.getPropertyNames()).toEqual(["a", "b"]);
	});

	test("hold back no more than the limit, in messages and in bytes", () => {
		const log = new MasterLog(false, { lockQueue: { messages: 2, bytes: 1000 } });
		log.use("1");
		log.master.lock(0);
		const message = { name: "so", version: 0, flags: 0, events: [set("a", 1)] };
		expect(() => log.master.receive("1", 0, message, 1001)).toThrow(LimitError);
		log.master.receive("1", 0, message, 600);
		expect(() => log.master.receive("1", 0, message, 600)).toThrow(LimitError);
		log.master.receive("1", 0, message, 100);
		expect(() => log.master.receive("1", 0, message, 1)).toThrow(LimitError);
		log.master.unlock();
		log.master.lock(0);
		log.master.receive("1", 0, message, 1000);
	});

	test("leave out of a first answer nothing that was done under them", () => {
		const log = new MasterLog(true);
		log.master.setProperty("a", 1);
		log.master.lock(0);
		log.master.setProperty("b", 1);
		log.use("1");
		log.master.setProperty("c", 1);
		expect([log.master.isDirty, log.master.state.version, log.master.state.slots.length]).toEqual([true, 1, 3]);
		log.master.unlock();
		// Version 0: who leaves before the lock ends must be told everything again.
		expect(log.words).toEqual(["1 v0: use-success, clear, change a, change b", "1 v2: change b, change c"]);
	});
});

describe("conflicts, quotas and odd requests", () => {
	test("the newest change wins, whatever its author knew", () => {
		const log = new MasterLog();
		log.use("1");
		log.use("2");
		log.receive("1", 0, set("a", 1));
		log.receive("2", 0, set("a", 2));
		expect(log.master.getProperty("a")).toBe(2);
	});

	test("in strict mode who did not know of another's change gets the value in force", () => {
		const log = new MasterLog(true, { strict: true });
		log.use("1");
		log.use("2");
		log.sent.length = 0;
		log.receive("1", 0, set("a", 1));
		log.receive("1", 0, set("a", 2));
		log.receive("2", 0, set("a", 3), set("b", 3));
		log.receive("2", 0, remove("a"));
		log.receive("1", 3, remove("a"));
		log.receive("2", 3, set("a", 3));
		expect(log.words).toEqual([
			"1 v1: success a",
			"2 v1: change a",
			"1 v2: success a",
			"2 v2: change a",
			"2 v3: change a, success b",
			"1 v3: change b",
			"2 v3: change a",
			"1 v4: remove a",
			"2 v4: remove a",
			"2 v4: remove a",
		]);
		expect(log.master.getPropertyNames()).toEqual(["b"]);
	});

	test("what is too much is refused by the value in force, and the application's by false", () => {
		const log = new MasterLog(false, { quota: { slots: 2, slotBytes: 12, totalBytes: 22 } });
		log.use("1");
		log.sent.length = 0;
		log.receive("1", 0, set("a", 1));
		log.receive("1", 1, set("a", "far too long"));
		log.receive("1", 1, set("b", 1), set("c", 1));
		log.receive("1", 2, set("b", "xxxxxxxxx"));
		expect(log.words).toEqual(["1 v1: success a", "1 v1: change a", "1 v2: success b, remove c", "1 v2: change b"]);
		expect([log.master.setProperty("c", 1), log.master.setProperty("a", "far too long")]).toEqual([false, false]);
		expect(log.master.stats.bytes).toBe(20);
		log.master.clear();
		expect(log.master.stats.bytes).toBe(0);
	});

	test("a deletion of what is not there is confirmed to its author, and no change", () => {
		const log = new MasterLog();
		log.use("1");
		log.use("2");
		log.sent.length = 0;
		log.receive("1", 0, remove("a"));
		expect(log.words).toEqual(["1 v0: remove a"]);
		expect(log.told).toEqual([]);
	});

	test("a client may clear everything, by the events of clients and of servers", () => {
		for (const kind of ["clear", "request-clear"] as const) {
			const log = new MasterLog();
			log.master.setProperty("a", 1);
			log.use("1");
			log.use("2");
			log.sent.length = 0;
			log.receive("1", 1, { kind });
			expect(log.words).toEqual(["1 v2: clear", "2 v2: clear"]);
			expect(log.told.at(-1)).toEqual([["delete", "a", 1]]);
		}
	});

	test("one message may subscribe, change, call and leave", () => {
		const log = new MasterLog();
		log.use("2");
		log.sent.length = 0;
		log.receive("1", 0, set("early", 1), { kind: "use" }, set("a", 1), { kind: "release" }, set("late", 1));
		expect(log.words).toEqual(["1 v0: use-success, clear", "1 v1: success a", "2 v1: change a"]);
		expect(log.master.stats).toMatchObject({ msg_in: 2, msg_out: 4, total_connects: 2, total_disconnects: 1 });
	});

	test("what the application cannot send is its fault, and changes nothing", () => {
		const log = new MasterLog();
		const bad = new Set() as unknown as AmfValue;
		expect(() => log.master.setProperty("a", bad)).toThrow(UsageError);
		expect(() => log.master.send("f", bad)).toThrow(UsageError);
		expect([log.master.version, log.master.size, log.sent]).toEqual([0, 0, []]);
	});

	test("hears of changes once a message, after they were sent", () => {
		const log = new MasterLog();
		log.use("1");
		log.receive("1", 0, set("a", 1), set("b", 1));
		log.receive("1", 1, set("a", 2), { kind: "send", handler: "f", args: [1] }, remove("b"));
		expect(log.told).toEqual([
			"dirty",
			[
				["change", "a", undefined],
				["change", "b", undefined],
			],
			"dirty",
			[
				["change", "a", 1],
				["delete", "b", 1],
			],
			["f", 1, "1"],
		]);
	});

	test("is dirty until its version is saved", () => {
		const { master } = new MasterLog(true);
		expect(master.isDirty).toBe(false);
		master.setProperty("a", 1);
		const { version } = master.state;
		master.setProperty("a", 2);
		master.markSaved(version);
		expect(master.isDirty).toBe(true);
		master.markSaved(master.version);
		expect(master.isDirty).toBe(false);
	});

	test("a first answer that is long comes in several messages", () => {
		const log = new MasterLog();
		for (const name of ["a", "b", "c"]) log.master.setProperty(name, "x".repeat(700_000));
		log.use("1");
		expect(log.words).toEqual([
			"1 v3: use-success, clear, change a",
			"1 v3: use-success, change b",
			"1 v3: use-success, change c",
		]);
	});
});

describe("a message for subscribers", () => {
	const message = (...events: SharedObjectEvent[]) => ({ name: "so", version: 1, flags: 0, events });
	const read = (bodies: Uint8Array[]) => bodies.map(body => decodeSharedObjectMessage(19, body).events);

	test("leaves out of calls what AMF0 has not", () => {
		const call = { kind: "send", handler: "f", args: [1, Uint8Array.of(1), Int32Array.of(2)] } as const;
		expect(read(encodeForSubscribers(message(call, { kind: "clear" }), 0))).toEqual([
			[{ kind: "send", handler: "f", args: [1, undefined, [2]] }, { kind: "clear" }],
		]);
		expect(encodeForSubscribers(message(call), 3)).toHaveLength(1);
	});

	test("becomes several where it is longer than is allowed", () => {
		const events = ["a", "b", "c"].map(name => ({ kind: "change", name, value: "x".repeat(700) }) as const);
		const bodies = encodeForSubscribers(message(...events), 0, 1600);
		expect(bodies.map(body => body.length < 1600)).toEqual([true, true]);
		expect(
			read(bodies)
				.flat()
				.map(event => "name" in event && event.name),
		).toEqual(["a", "b", "c"]);
		const tooLong = { kind: "send", handler: "f", args: ["x".repeat(1700)] } as const;
		expect(read(encodeForSubscribers(message(tooLong, { kind: "clear" }), 0, 1600))).toEqual([[{ kind: "clear" }]]);
	});
});
