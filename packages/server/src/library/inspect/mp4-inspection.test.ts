import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { TempDir } from "@millrace/testkit";
import { afterAll, describe, expect, it } from "vitest";
import { inspectFile } from "./inspect-file.ts";

const SAMPLE = readFileSync(fileURLToPath(new URL("../../../media/vod/sample.mp4", import.meta.url)));
const dir = new TempDir("mp4-inspection");
afterAll(() => dir.remove());

/** The sample with a number put behind the first box of a type, counted from the box's beginning. */
function sampleWith(type: string, offset: number, value: number): Buffer {
	const copy = Buffer.from(SAMPLE);
	copy.writeUInt32BE(value, SAMPLE.indexOf(type, 0, "latin1") - 4 + offset);
	return copy;
}

describe("what is wrong with an MP4", () => {
	it.each([
		["nothing", SAMPLE, []],
		["a cut", SAMPLE.subarray(0, SAMPLE.length >> 1), ["truncated"]],
		["an edit list that begins behind the media", sampleWith("elst", 20, 0x7fff_ffff), ["wrong-edit-list"]],
		["chunks that are fewer than the samples need", sampleWith("stco", 12, 5), ["wrong-tables"]],
	] as const)("%s is told", async (name, bytes, kinds) => {
		const path = dir.file(`${name.replaceAll(" ", "-")}.mp4`);
		writeFileSync(path, bytes);
		const { faults } = await inspectFile(path);
		expect(faults.map(fault => fault.kind)).toEqual(kinds);
		expect(faults.filter(fault => fault.canRepair || fault.severity !== "fault")).toEqual([]);
	});
});
