import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { UsageError } from "@millrace/core/fault";
import { afterAll, describe, expect, it } from "vitest";
import { makeStreamKey, readOrMakeStreamKey, STREAM_KEY_FILE } from "./stream-key.ts";

const root = mkdtempSync(join(tmpdir(), "millrace-key-"));
afterAll(() => rmSync(root, { recursive: true }));

/** Neither the folder nor its parent exists yet. */
const newFolder = (): string => join(mkdtempSync(join(root, "data-")), "inner", "folder");

function folderWith(contents: string): string {
	const folder = newFolder();
	mkdirSync(folder, { recursive: true });
	writeFileSync(join(folder, STREAM_KEY_FILE), contents);
	return folder;
}

describe("the stream key", () => {
	it("is made once, in a folder that may not exist yet, and read from then on", async () => {
		const folder = newFolder();
		const made = await readOrMakeStreamKey(folder);
		expect(made).toMatchObject({ madeNow: true, file: join(folder, STREAM_KEY_FILE) });
		expect(readFileSync(made.file, "utf8")).toBe(`${made.key}\n`);
		expect(await readOrMakeStreamKey(folder)).toEqual({ ...made, madeNow: false });
		expect(readdirSync(folder)).toEqual([STREAM_KEY_FILE]);
	});

	it.runIf(process.platform !== "win32")("is readable by its owner alone", async () => {
		const { file } = await readOrMakeStreamKey(newFolder());
		expect(statSync(file).mode & 0o777).toBe(0o600);
	});

	it("is the same for servers that start at the same moment, and made by one of them", async () => {
		const folder = newFolder();
		const keys = await Promise.all(Array.from({ length: 8 }, () => readOrMakeStreamKey(folder)));
		expect(new Set(keys.map(({ key }) => key)).size).toBe(1);
		expect(keys.filter(({ madeNow }) => madeNow)).toHaveLength(1);
		expect(readdirSync(folder)).toEqual([STREAM_KEY_FILE]);
	});

	it("has 24 characters that cannot be taken for one another", () => {
		const keys = Array.from({ length: 200 }, makeStreamKey);
		for (const key of keys) expect(key).toMatch(/^[A-HJ-NP-Za-kmnp-z2-9]{24}$/);
		expect(new Set(keys).size).toBe(keys.length);
	});

	it("may be written by hand, with blanks and line ends around it", async () => {
		expect((await readOrMakeStreamKey(folderWith("  my-own-key \r\n"))).key).toBe("my-own-key");
	});

	it.each(["", "short", "two words here", "key\nanother-key"])("is refused when the file holds %j", async contents => {
		const folder = folderWith(contents);
		const failure = await readOrMakeStreamKey(folder).catch((error: unknown) => error);
		expect(failure).toBeInstanceOf(UsageError);
		expect(failure).toMatchObject({ code: "STREAM_KEY_UNUSABLE" });
		expect(String(failure)).toContain(folder);
		if (contents !== "") expect(String(failure)).not.toContain(contents);
	});

	it("names the file and the cause when the folder cannot be made", async () => {
		const blocked = join(folderWith("not-a-folder"), STREAM_KEY_FILE, "below");
		await expect(readOrMakeStreamKey(blocked)).rejects.toMatchObject({ code: "STREAM_KEY_UNUSABLE" });
	});
});
