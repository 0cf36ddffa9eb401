import { readSol, writeSol } from "@millrace/core/amf";
import { FileError, UsageError } from "@millrace/core/fault";
import { describe, expect, test } from "vitest";
import { SharedObject as WebObject } from "./browser/index.ts";
import { ArgumentError } from "./errors.ts";
import { type LocalObjectOptions, SharedObject, SharedObjectShelf } from "./shared-object.ts";
import { type SharedObjectStore, sharedObjectPlace } from "./shared-object-place.ts";
import { TestNetwork } from "./test-network.ts";

class MemoryStore implements SharedObjectStore {
	readonly files = new Map<string, Uint8Array>();
	readonly writes: string[] = [];
	isFull = false;
	read(path: string): Uint8Array | undefined {
		return this.files.get(path);
	}
	write(path: string, bytes: Uint8Array): void {
		if (this.isFull) throw new Error("no space left");
		this.writes.push(path);
		this.files.set(path, bytes);
	}
	remove(path: string): void {
		this.files.delete(path);
	}
}

const PATH = "localhost/game/scores.sol";

function shelf(store = new MemoryStore()) {
	const warnings: string[] = [];
	const made = new SharedObjectShelf(store, text => warnings.push(text));
	const open = (options: LocalObjectOptions = {}) => made.getLocal(SharedObject, "scores", "/game", options);
	return { store, warnings, made, open };
}

describe("a local shared object", () => {
	test("is kept in a file of Flash Player's format and read again", () => {
		const { store, open } = shelf();
		const first = open();
		first.data["best"] = 42;
		first.setProperty("names", ["a", "b"]);
		expect(first.flush()).toBe("flushed");
		expect(readSol(store.files.get(PATH)!)).toMatchObject({ name: "scores", objectEncoding: 3, data: { best: 42 } });
		expect(first.size).toBe(store.files.get(PATH)!.length);
		expect(first.getSize()).toBe(first.size);
		first.close();
		const second = open();
		expect(second).not.toBe(first);
		expect(second.data).toEqual({ best: 42, names: ["a", "b"] });
	});

	test("is the same object for everyone who asks while it is open", () => {
		const { made, open } = shelf();
		expect(open()).toBe(open());
		expect(made.getLocal(SharedObject, "scores", "game/", {})).toBe(open());
		expect(made.getLocal(SharedObject, "scores", "/other", {})).not.toBe(open());
	});

	test("is written at close and when everything ends, where something has changed", () => {
		const { store, made, open } = shelf();
		open().close();
		expect(store.writes).toEqual([]);
		{
			using object = open();
			object.data["a"] = 1;
		}
		open().data["a"] = 1;
		made.closeAll();
		expect(store.writes).toEqual([PATH]);
		open().data["a"] = 2;
		made.closeAll();
		expect(store.writes).toEqual([PATH, PATH]);
	});

	test("without members has no file", () => {
		const { store, open } = shelf();
		const object = open();
		expect([object.flush(), object.size, store.files.size]).toEqual(["flushed", 0, 0]);
		object.data["a"] = 1;
		object.flush();
		const { data } = object;
		object.clear();
		expect([object.data, object.data === data, store.files.size]).toEqual([{}, true, 0]);
		object.data["a"] = 1;
		object.flush();
		delete object.data["a"];
		object.flush();
		expect(store.files.size).toBe(0);
	});

	test("keeps the encoding of its file, and takes the default for a new one", () => {
		const { store, open } = shelf();
		store.files.set(PATH, writeSol({ name: "scores", objectEncoding: 0, data: { a: 1 } }));
		const old = open();
		expect(old.objectEncoding).toBe(0);
		old.data["b"] = 2;
		old.close();
		expect(readSol(store.files.get(PATH)!).objectEncoding).toBe(0);
		class Old extends SharedObject {}
		Old.defaultObjectEncoding = 0;
		const made = shelf().made.getLocal(Old, "x", null, {});
		expect([made.objectEncoding, SharedObject.defaultObjectEncoding]).toEqual([0, 3]);
		made.objectEncoding = 3;
		expect(made.objectEncoding).toBe(3);
		expect(() => {
			made.objectEncoding = 1 as 0;
		}).toThrow(ArgumentError);
	});

	test("whose file is broken begins empty, says so, and leaves the file until something is written", () => {
		const { store, warnings, open } = shelf();
		const broken = Uint8Array.of(0, 0xbf, 0, 0);
		store.files.set(PATH, broken);
		open().close();
		expect(warnings).toEqual([expect.stringContaining(`${PATH} is no whole shared object`)]);
		expect(store.files.get(PATH)).toBe(broken);
		const again = open();
		again.clear();
		expect(store.files.size).toBe(0);
	});
});

describe("flush", () => {
	test("throws where the store fails, or answers false in ActionScript 1 and 2", () => {
		const { store, made, warnings, open } = shelf();
		const object = open();
		object.data["a"] = 1;
		store.isFull = true;
		expect(() => object.flush()).toThrow(FileError);
		object.onStatus = () => undefined;
		expect(object.flush()).toBe(false);
		made.closeAll();
		expect(warnings).toEqual([expect.stringContaining("no space left")]);
	});

	test("throws for members that cannot be written, and leaves the file as it was", () => {
		const { store, open } = shelf();
		const object = open();
		object.data["a"] = 1;
		object.flush();
		const before = store.files.get(PATH);
		object.data["cyclic"] = new Map([[object.data, object.data]]);
		object.objectEncoding = 0;
		expect(() => object.flush()).toThrow(UsageError);
		expect(store.files.get(PATH)).toBe(before);
	});

	test("asks for room, and tells the answer as a status, to both faces", async () => {
		const asked: number[] = [];
		const { store, open } = shelf();
		const object = open({
			quotaBytes: 100,
			onSpaceRequest: bytes => {
				asked.push(bytes);
				return Promise.resolve(bytes < 5000);
			},
		});
		const codes: string[] = [];
		object.addEventListener("netStatus", ({ info }) => codes.push(`${info.level} ${info.code}`));
		object.onStatus = info => codes.push(info.code);
		object.data["a"] = 1;
		expect([object.flush(), object.flush(10_000)]).toEqual(["flushed", "pending"]);
		await object.flushAsync(1000);
		object.data["long"] = "x".repeat(500);
		expect([object.flush(), store.files.get(PATH)!.length > 500]).toEqual(["flushed", true]);
		await expect(object.flushAsync(9000)).rejects.toMatchObject({ code: "SharedObject.Flush.Failed" });
		expect(asked).toEqual([10_000, 1000, 9000]);
		expect(codes.filter(code => code.includes(" "))).toEqual([
			"error SharedObject.Flush.Failed",
			"status SharedObject.Flush.Success",
			"error SharedObject.Flush.Failed",
		]);
		expect(codes.filter(code => !code.includes(" "))).toHaveLength(3);
	});

	test("fails where there is not room enough and nobody is asked", () => {
		const object = shelf().open({ quotaBytes: 100 });
		object.data["a"] = "x".repeat(200);
		expect(() => object.flush()).toThrow("100 are allowed");
	});
});

describe("names and paths", () => {
	test.each([
		["a", null, "localhost/a.sol"],
		["a", "/", "localhost/a.sol"],
		["a", "/game/level", "localhost/game/level/a.sol"],
		["game/level/a", "/", "localhost/#game/level/a.sol"],
		["Größe.1", "/", "localhost/Größe.1.sol"],
	])("%s in %s stand at %s", (name, localPath, path) => {
		expect(sharedObjectPlace(name, localPath, "localhost").path).toBe(path);
	});

	test.each([
		"",
		"/a",
		"a/",
		"a//b",
		"..",
		"../a",
		"a/../b",
		"a b",
		"a\\b",
		"C:a",
		"a?",
		"#a",
		"a%2fb",
		"a\u0000",
		"a~1",
	])("the name %j is refused", name => {
		expect(() => sharedObjectPlace(name, "/", "localhost")).toThrow(ArgumentError);
	});

	test("paths and hosts lead nowhere else either", () => {
		for (const path of ["..", "/../x", "/a//b", "/a b", "\\"]) {
			expect(() => sharedObjectPlace("a", path, "localhost"), path).toThrow(ArgumentError);
		}
		expect(() => sharedObjectPlace("a", "/", "../x")).toThrow(ArgumentError);
	});
});

describe("what is for remote objects only", () => {
	test("is refused clearly by a local one, or does nothing", () => {
		const object = shelf().open();
		expect(() => object.connect(new TestNetwork().connection().nc)).toThrow(UsageError);
		expect(() => object.send("hello")).toThrow(UsageError);
		expect([object.setDirty("a"), object.setFps(5)]).toEqual([undefined, true]);
	});
});

describe("in a page", () => {
	test("they are kept in its storage", () => {
		const items = new Map<string, string>();
		const storage = {
			getItem: (key: string) => items.get(key) ?? null,
			setItem: (key: string, value: string) => void items.set(key, value),
			removeItem: (key: string) => void items.delete(key),
		};
		const object = WebObject.getLocal("a", "/game", false, { storage });
		object.data["bytes"] = Uint8Array.of(0, 128, 255);
		object.close();
		expect([...items.keys()]).toEqual(["millrace/SharedObjects/localhost/game/a.sol"]);
		const again = WebObject.getLocal("a", "/game", false, { storage });
		expect(again.data).toEqual({ bytes: Uint8Array.of(0, 128, 255) });
		again.clear();
		expect(items.size).toBe(0);
		expect(() => WebObject.getLocal("a", null, true, { storage })).toThrow("secure");
	});
});
