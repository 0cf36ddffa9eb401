import { execFileSync } from "node:child_process";
import { appendFileSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { TempDir } from "@millrace/testkit";
import { afterAll, describe, expect, it } from "vitest";
import { MediaFile } from "./media-file.ts";

const dir = new TempDir("file");
afterAll(() => dir.remove());
const isWindows = process.platform === "win32";

describe("an open file", () => {
	it("is read at any place by many at once, in memory of its own, and closed after the reads under way", async () => {
		writeFileSync(dir.file("a"), "0123456789");
		const file = await MediaFile.open(dir.file("a"));
		const reads = [file.read(0, 4), file.read(8, 100), file.read(100, 4)];
		file.close();
		file.close();
		const texts = (await Promise.all(reads)).map(bytes => Buffer.from(bytes).toString());
		expect(texts).toEqual(["0123", "89", ""]);
		await expect(file.read(0, 1)).rejects.toMatchObject({ code: "FILE_UNREADABLE" });
		await expect(file.refresh()).rejects.toMatchObject({ code: "FILE_UNREADABLE" });
	});

	it("tells its size again when it is asked", async () => {
		writeFileSync(dir.file("b"), "123");
		const file = await MediaFile.open(dir.file("b"));
		appendFileSync(dir.file("b"), "45");
		expect(file.size).toBe(3);
		await file.refresh();
		expect([file.size, file.identity.size]).toEqual([5, 3]);
		file.close();
	});

	it("is no folder, no pipe and nothing that is missing, with the reason told", async () => {
		mkdirSync(dir.file("folder"));
		const refused = [dir.file("folder"), dir.file("missing")];
		if (!isWindows) {
			execFileSync("mkfifo", [dir.file("pipe")]);
			refused.push(dir.file("pipe"), "/dev/null");
		}
		for (const path of refused) {
			await expect(MediaFile.open(path)).rejects.toMatchObject({
				...{ code: "FILE_UNREADABLE", message: expect.stringContaining(path) },
			});
		}
		await expect(MediaFile.open(dir.file("missing"))).rejects.toMatchObject({ cause: { code: "ENOENT" } });
	});

	it.skipIf(isWindows)("is no link where links are not followed", async () => {
		writeFileSync(dir.file("c"), "1");
		symlinkSync("c", dir.file("link"));
		(await MediaFile.open(dir.file("link"))).close();
		await expect(MediaFile.open(dir.file("link"), false)).rejects.toMatchObject({ cause: { code: "ELOOP" } });
	});
});
