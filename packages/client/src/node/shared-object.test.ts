import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { readSol } from "@millrace/core/amf";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { defaultObjectFolder } from "./file-store.ts";
import { SharedObject } from "./shared-object.ts";

let folder: string;

beforeAll(() => {
	folder = mkdtempSync(join(tmpdir(), "millrace-objects-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

const FILE = "localhost/game/scores.sol";

describe("local shared objects in Node", () => {
	test("are files in Flash Player's layout that only their owner reads, with nothing left beside them", () => {
		const object = SharedObject.getLocal("scores", "/game", false, { folder });
		object.data["best"] = 42;
		expect(object.flush()).toBe("flushed");
		expect(readSol(readFileSync(join(folder, FILE)))).toMatchObject({ name: "scores", data: { best: 42 } });
		expect(readdirSync(join(folder, "localhost/game"))).toEqual(["scores.sol"]);
		if (process.platform !== "win32") expect(statSync(join(folder, FILE)).mode & 0o777).toBe(0o600);
		expect(SharedObject.getLocal("scores", "/game", true, { folder })).toBe(object);
		object.close();
		expect(SharedObject.getLocal("scores", "/game", false, { folder }).data).toEqual({ best: 42 });
	});

	test("fail with the system's reason where the folder is none", () => {
		writeFileSync(join(folder, "file"), "");
		const object = SharedObject.getLocal("a", null, false, { folder: join(folder, "file") });
		object.data["a"] = 1;
		expect(() => object.flush()).toThrow(/localhost\/a\.sol: (ENOTDIR|EEXIST|ENOENT)/);
		object.clear();
		object.close();
	});

	test("are written when the process exits", () => {
		const module = fileURLToPath(new URL("shared-object.ts", import.meta.url));
		const script = `const { SharedObject } = await import(${JSON.stringify(module)});
			SharedObject.getLocal("late", null, false, { folder: ${JSON.stringify(folder)} }).data.at = "exit";`;
		const argv = ["--conditions=source", "--input-type=module", "--eval", script];
		const { status, stderr } = spawnSync(process.execPath, argv, { encoding: "utf8" });
		expect([status, stderr]).toEqual([0, ""]);
		expect(readSol(readFileSync(join(folder, "localhost/late.sol"))).data).toEqual({ at: "exit" });
	});

	test("stand where the system keeps data of programs", () => {
		expect(defaultObjectFolder("linux", { XDG_DATA_HOME: "/data" })).toBe("/data/millrace/SharedObjects");
		expect(defaultObjectFolder("linux", {})).toMatch(/\.local.share.millrace.SharedObjects$/);
		expect(defaultObjectFolder("darwin", {})).toMatch(/Library.Application Support.millrace.SharedObjects$/);
		expect(defaultObjectFolder("win32", { APPDATA: "/roaming" })).toMatch(/roaming.millrace.SharedObjects$/);
	});
});
