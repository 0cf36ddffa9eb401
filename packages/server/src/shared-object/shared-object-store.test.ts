import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FileError, UsageError } from "@millrace/core/fault";
import { type SharedObjectState, SlotValue } from "@millrace/core/shared-object";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { decodeObjectFile, encodeObjectFile } from "./object-file.ts";
import type { WrittenObject } from "./object-writer.ts";
import { SharedObjectStore, sharedObjectFolder } from "./shared-object-store.ts";

let folder: string;

beforeEach(async () => {
	folder = await mkdtemp(join(tmpdir(), "millrace-so-"));
});

afterEach(() => rm(folder, { recursive: true, force: true }));

function stateOf(name: string, version: number, value: number): SharedObjectState {
	return {
		name,
		version,
		floor: 1,
		gaps: [{ from: 3, to: 4 }],
		slots: [{ name: "a", value: new SlotValue({ value }), version }],
		tombstones: [{ name: "gone", version: 2 }],
	};
}

/** An object whose state a test sets, and what it was told. */
class TestObject implements WrittenObject {
	state: SharedObjectState;
	readonly saved: number[] = [];
	readonly failures: unknown[] = [];

	constructor(name: string, version = 5) {
		this.state = stateOf(name, version, version);
	}

	onSaved(version: number): void {
		this.saved.push(version);
	}

	onSaveFailed(error: unknown): void {
		this.failures.push(error);
	}
}

const storedValue = (state: SharedObjectState | undefined) => state?.slots[0]?.value.value;

describe("the file of a shared object", () => {
	test("holds slots with their versions, deletions and the object's name", () => {
		const state = stateOf("chat/1", 7, 1);
		const read = decodeObjectFile("f", encodeObjectFile(state));
		expect(read).toEqual({ ...state, slots: [{ ...state.slots[0], value: expect.any(SlotValue) }] });
		expect(storedValue(read)).toEqual({ value: 1 });
	});

	test("that was cut off or changed anywhere is refused", () => {
		const bytes = encodeObjectFile(stateOf("a", 7, 1));
		for (let length = 0; length < bytes.length; length++) {
			expect(() => decodeObjectFile("f", bytes.subarray(0, length))).toThrow(FileError);
		}
		for (let index = 0; index < bytes.length; index++) {
			expect(() => decodeObjectFile("f", bytes.with(index, bytes[index]! ^ 1))).toThrow(FileError);
		}
	});
});

describe("a store of shared objects", () => {
	test("writes after a while, under the name and in folders, with what has changed by then", async () => {
		const store = new SharedObjectStore(sharedObjectFolder(folder, "_definst_"), { writeDelayMillis: 1 });
		const object = new TestObject("rooms/one");
		store.save("rooms/one", object);
		object.state = stateOf("rooms/one", 6, 6);
		await expect.poll(() => object.saved, { timeout: 10_000 }).toEqual([6]);
		expect((await stat(join(folder, "sharedobjects/_definst_/rooms/one.fso"))).isFile()).toBe(true);
		expect(storedValue(await store.load("rooms/one"))).toEqual({ value: 6 });
		expect(storedValue(store.loadNow("rooms/one"))).toEqual({ value: 6 });
		expect(await store.load("rooms/two")).toBe(undefined);
		expect(await store.load("rooms/one/deeper")).toBe(undefined);
		expect(await store.list("/*")).toEqual(["rooms/one"]);
		expect(await store.list("/other*")).toEqual([]);
	});

	test("has everything on the disk when a flush resolves, however many there are at once", async () => {
		const store = new SharedObjectStore(folder, { writeDelayMillis: 1e6 });
		const objects = Array.from({ length: 30 }, (_, index) => new TestObject(`o${index}`));
		for (const object of objects) store.save(object.state.name, object);
		await Promise.all(objects.map(object => store.flush(object.state.name)));
		const other = new SharedObjectStore(folder);
		for (const { state } of objects) expect(storedValue(await other.load(state.name))).toEqual({ value: 5 });
		expect((await readdir(folder)).filter(name => !name.endsWith(".fso"))).toEqual([]);
	});

	test("writes what changes during a write again before a flush resolves", async () => {
		const store = new SharedObjectStore(folder, { writeDelayMillis: 1e6 });
		const object = new TestObject("a", 1);
		for (let version = 2; version < 20; version++) {
			store.save("a", object);
			const flush = store.flush("a");
			object.state = stateOf("a", version, version);
			store.save("a", object);
			const [, again] = await Promise.all([flush, store.flush("a")]);
			expect(again).toBe(undefined);
			expect(storedValue(await store.load("a"))).toEqual({ value: version });
		}
	});

	test("tells of a failure, keeps what was there, and writes when it can", async () => {
		const store = new SharedObjectStore(folder, { writeDelayMillis: 1 });
		await writeFile(join(folder, "blocked"), "");
		const object = new TestObject("blocked/a");
		store.save("blocked/a", object);
		await expect(store.flush("blocked/a")).rejects.toThrow(FileError);
		await expect.poll(() => object.failures.length, { timeout: 10_000 }).toBeGreaterThan(0);
		await rm(join(folder, "blocked"));
		await expect.poll(() => object.saved, { timeout: 10_000 }).toEqual([5]);
	});

	test("leaves room on the disk for others", async () => {
		const store = new SharedObjectStore(folder, { writeDelayMillis: 1e6, minFreeBytes: 1e18 });
		const object = new TestObject("a");
		store.save("a", object);
		await expect(store.flush("a")).rejects.toThrow(/must stay free/);
		expect(await readdir(folder)).toEqual([]);
		await store.remove("a");
	});

	test("refuses a damaged file, and one that belongs to another name, and leaves them alone", async () => {
		const store = new SharedObjectStore(folder);
		await writeFile(join(folder, "a.fso"), "nothing");
		await expect(store.load("a")).rejects.toThrow(FileError);
		expect(() => store.loadNow("a")).toThrow(FileError);
		await writeFile(join(folder, "b.fso"), encodeObjectFile(stateOf("B", 1, 1)));
		await expect(store.load("b")).rejects.toThrow(/"B"/);
		expect(await readFile(join(folder, "a.fso"), "utf8")).toBe("nothing");
	});

	test("reads nothing that a crash has left half written beside a file", async () => {
		const store = new SharedObjectStore(folder, { writeDelayMillis: 1 });
		await writeFile(join(folder, "a.fso.new"), encodeObjectFile(stateOf("a", 1, 1)).subarray(0, 20));
		expect(await store.load("a")).toBe(undefined);
		expect(await store.list("/")).toEqual([]);
		store.save("a", new TestObject("a"));
		await store.flush("a");
		expect(await readdir(folder)).toEqual(["a.fso"]);
	});

	test("removes, and writes nothing of what was planned", async () => {
		const store = new SharedObjectStore(folder, { writeDelayMillis: 20 });
		const object = new TestObject("a");
		store.save("a", object);
		await store.flush("a");
		store.save("a", object);
		await store.remove("a");
		await new Promise(resolve => setTimeout(resolve, 60));
		expect(await readdir(folder)).toEqual([]);
		await expect(store.remove("a")).resolves.toBe(undefined);
	});

	test("tells names apart that differ in large and small letters, or says that it cannot", async () => {
		const store = new SharedObjectStore(folder, { writeDelayMillis: 1 });
		await store.load("Bob");
		const isFolding = await store.load("bob").then(
			() => false,
			error => error instanceof FileError,
		);
		store.save("Bob", new TestObject("Bob"));
		await store.flush("Bob");
		const seen = await new SharedObjectStore(folder).load("bob").then(
			state => state === undefined,
			() => false,
		);
		expect(seen).toBe(!isFolding);
	});

	test.each(["../a", "/etc/passwd", "a/../../b", "..", "a\0"])("leads nowhere else by the name %j", async name => {
		const store = new SharedObjectStore(folder);
		await expect(store.load(name)).rejects.toThrow(UsageError);
		expect(() => sharedObjectFolder(folder, name)).toThrow(UsageError);
	});
});
