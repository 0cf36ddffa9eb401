import { mkdirSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { deflateSync } from "node:zlib";
import { TempDir } from "@millrace/testkit";
import { afterAll, describe, expect, test } from "vitest";
import type { EventLog } from "../log/index.ts";
import { SwfFolder } from "./swf-folder.ts";

const dir = new TempDir("swf");
afterAll(() => dir.remove());

/** A SWF file with that many bytes behind its header. */
function swf(length: number, compressed = false): Uint8Array {
	const body = new Uint8Array(length).fill(length);
	const header = Uint8Array.of(compressed ? 0x43 : 0x46, 0x57, 0x53, 10, 0, 0, 0, 0);
	new DataView(header.buffer).setUint32(4, 8 + length, true);
	return Uint8Array.from([...header, ...(compressed ? deflateSync(body) : body)]);
}

let count = 0;
function open(): { folder: string; files: SwfFolder; log: string[] } {
	const folder = dir.file(`folder-${count++}`);
	mkdirSync(folder);
	const log: string[] = [];
	const note = (event: string, fields?: object) => log.push(`${event} ${JSON.stringify(fields)}`);
	const events: EventLog = {
		debug: () => undefined,
		info: note,
		warn: note,
		error: note,
		child: () => events,
		enabled: () => true,
	};
	return { folder, files: new SwfFolder({ folder, refreshMillis: 50, fileBytes: 5000, log: events }), log };
}

describe("a folder of SWF files", () => {
	test("knows files by their uncompressed size, and those of an instance for it alone", async () => {
		const { folder, files, log } = open();
		writeFileSync(`${folder}/a.swf`, swf(100));
		writeFileSync(`${folder}/b.SWF`, swf(100, true));
		mkdirSync(`${folder}/room`);
		writeFileSync(`${folder}/room/c.swf`, swf(200, true));
		writeFileSync(`${folder}/notes.txt`, "no");
		await files.refresh();
		expect(files.withSize(108, "_definst_")).toHaveLength(2);
		const [a, b] = files.withSize(108, "room");
		expect(a).toEqual(b);
		expect(files.withSize(208, "room")).toHaveLength(1);
		expect(files.withSize(208, "_definst_")).toEqual([]);
		expect(log).toEqual([]);
	});

	test("notices new, changed and removed files, and reads no other ones again", async () => {
		const { folder, files } = open();
		writeFileSync(`${folder}/a.swf`, swf(100));
		writeFileSync(`${folder}/b.swf`, swf(200));
		await files.refresh();
		const [kept] = files.withSize(208, "");
		writeFileSync(`${folder}/a.swf`, swf(300));
		writeFileSync(`${folder}/c.swf`, swf(400));
		await files.refresh();
		expect([108, 208, 308, 408].map(size => files.withSize(size, "").length)).toEqual([0, 1, 1, 1]);
		expect(files.withSize(208, "")[0]).toBe(kept);
		rmSync(`${folder}/b.swf`);
		utimesSync(`${folder}/c.swf`, 1, 1);
		await files.refresh();
		expect([208, 308, 408].map(size => files.withSize(size, "").length)).toEqual([0, 1, 1]);
	});

	test("leaves out what is broken or too large, with a line in the log each time that it changes", async () => {
		const { folder, files, log } = open();
		writeFileSync(`${folder}/broken.swf`, swf(100, true).subarray(0, 12));
		writeFileSync(`${folder}/large.swf`, swf(6000));
		writeFileSync(`${folder}/bomb.swf`, swf(5000, true));
		writeFileSync(`${folder}/good.swf`, swf(100));
		await files.refresh();
		await files.refresh();
		expect(log).toHaveLength(3);
		expect(files.withSize(108, "")).toHaveLength(1);
		expect(files.withSize(5008, "")).toEqual([]);
	});

	test("that is not there cannot be started; one that is empty lets nobody in, and says so", async () => {
		const { folder, files, log } = open();
		await files.start();
		files.stop();
		expect(log).toEqual([expect.stringContaining("nobody")]);
		rmSync(folder, { recursive: true });
		await expect(files.start()).rejects.toMatchObject({ code: "FILE_UNREADABLE" });
	});

	test("is looked at by itself, and keeps what it knew while it cannot be read", async () => {
		const { folder, files, log } = open();
		writeFileSync(`${folder}/a.swf`, swf(100));
		await files.start();
		try {
			writeFileSync(`${folder}/b.swf`, swf(200));
			await expect.poll(() => files.withSize(208, "").length).toBe(1);
			rmSync(folder, { recursive: true });
			await expect.poll(() => log.length).toBe(1);
			expect(files.withSize(108, "")).toHaveLength(1);
			mkdirSync(folder);
			await expect.poll(() => files.withSize(108, "").length).toBe(0);
		} finally {
			files.stop();
		}
	});
});
