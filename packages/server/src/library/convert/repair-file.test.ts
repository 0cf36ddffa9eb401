import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FlvDemuxer, type MediaMessage } from "@millrace/core/flv";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { inspectFile } from "../inspect/inspect-file.ts";
import { brief, FlvMaker } from "../test-flv-file.ts";
import type { FileProgress } from "./file-progress.ts";
import { repairFile } from "./repair-file.ts";

let folder: string;
let path: string;
beforeEach(() => {
	folder = mkdtempSync(join(tmpdir(), "millrace-repair-"));
	path = join(folder, "film.flv");
});
afterEach(() => rmSync(folder, { recursive: true }));

/** A second and a half from a time on. */
function part(maker: FlvMaker, from: number): FlvMaker {
	for (let at = 0; at < 1500; at += 100) {
		at % 500 === 0 ? maker.key(from + at) : maker.inter(from + at);
		maker.audio(from + at);
	}
	return maker;
}
const film = (from = 0) => part(new FlvMaker().avcConfiguration().aacConfiguration(), from);

function messagesOf(file: string): MediaMessage[] {
	const messages: MediaMessage[] = [];
	const demuxer = new FlvDemuxer({ onTag: message => messages.push(message) });
	demuxer.push(readFileSync(file));
	expect(demuxer.end()).toBeUndefined();
	return messages;
}

/** The frames after a repair, in short. */
async function repaired(bytes: Uint8Array): Promise<string[]> {
	writeFileSync(path, bytes);
	await repairFile(path, { overwrite: true });
	expect((await inspectFile(path)).faults.filter(fault => fault.canRepair)).toEqual([]);
	return messagesOf(path)
		.filter(message => (message.isVideo || message.isAudio) && !message.isConfiguration)
		.map(brief);
}
const framesOf = (maker: FlvMaker) =>
	maker.tags
		.map(tag => tag.message)
		.filter(message => !message.isConfiguration)
		.map(brief);

describe("a repaired FLV", () => {
	test("has the frames and times that it had", async () => {
		expect(await repaired(film().bytes())).toEqual(framesOf(film()));
		// What a muxer chose as its first time is no fault.
		expect(await repaired(film(80).bytes())).toEqual(framesOf(film(80)));
	});

	test("begins at zero where a clock had run for long before", async () => {
		expect(await repaired(film(3_600_000).bytes())).toEqual(framesOf(film()));
	});

	test("goes on at the last time of the first of two joined files, as on-demand play does", async () => {
		expect(await repaired(part(film(), 0).bytes())).toEqual(framesOf(part(film(), 1400)));
	});

	test("keeps cue points, and has the configuration once", async () => {
		const maker = film().data(1400, "onCuePoint", { name: "chapter" }).avcConfiguration().key(1500);
		writeFileSync(path, maker.bytes());
		await repairFile(path);
		const messages = messagesOf(path);
		expect(messages.filter(message => message.isConfiguration && message.isVideo)).toHaveLength(1);
		expect(messages.map(brief)).toContain("d1400");
	});
});

test("behind a link, the file that it leads to is repaired and kept", async () => {
	writeFileSync(join(folder, "real.flv"), film().bytes());
	symlinkSync("real.flv", path);
	const { backup } = await repairFile(path);
	expect(backup).toMatch(/real\.flv\.bak$/);
	expect(readdirSync(folder).sort()).toEqual(["film.flv", "real.flv", "real.flv.bak"]);
	expect((await inspectFile(path)).faults).toEqual([]);
});

test("a work tells how far it is, never less than before, and ends where it is told to", async () => {
	writeFileSync(path, film().bytes());
	const told: FileProgress[] = [];
	await repairFile(path, { output: join(folder, "out.flv"), onProgress: progress => told.push(progress) });
	const parts = told.map(progress => progress.part);
	expect(parts).toEqual([...parts].sort((a, b) => a - b));
	expect(parts.at(-1)).toBeGreaterThan(0.9);
	const signal = AbortSignal.abort(new Error("enough"));
	await expect(repairFile(path, { output: join(folder, "no.flv"), signal })).rejects.toThrow("enough");
	expect(readdirSync(folder).sort()).toEqual(["film.flv", "out.flv"]);
});
