import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Mp4File, readFlvFile } from "@millrace/client";
import type { MediaMessage } from "@millrace/core/flv";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import type { MediaReport } from "../library/index.ts";
import { createServer, type MillraceServer } from "../server.ts";
import { workText } from "./file-command.ts";
import { runProgram } from "./program.ts";
import { createTestContext } from "./test-context.ts";

const DEMO = fileURLToPath(new URL("../../media/demo.flv", import.meta.url));
const root = mkdtempSync(join(tmpdir(), "millrace-files-"));
afterAll(() => rmSync(root, { recursive: true }));

let folder: string;
beforeEach(() => {
	folder = mkdtempSync(join(root, "run-"));
});
const path = (name: string) => join(folder, name);

async function run(...argv: string[]): Promise<{ code: number; out: string; err: string }> {
	const context = createTestContext();
	return { code: await runProgram(argv, context), ...context.written };
}

async function info(file: string): Promise<MediaReport> {
	const { code, out } = await run("info", "--json", file);
	expect(code).toBe(0);
	return JSON.parse(out) as MediaReport;
}

async function framesOf(messages: AsyncIterable<MediaMessage>): Promise<string[]> {
	const frames: string[] = [];
	for await (const { isVideo, isAudio, isConfiguration, timestamp, payload } of messages) {
		if ((isVideo || isAudio) && !isConfiguration) frames.push(`${isVideo} ${timestamp} ${payload.length}`);
	}
	return frames;
}

describe("info", () => {
	test("tells people what a file holds", async () => {
		const { code, out, err } = await run("info", DEMO);
		expect([code, err]).toEqual([0, ""]);
		expect(out.split("\n")).toEqual([
			"Container  FLV, 472 kB",
			expect.stringMatching(/^Duration {3}00:00:08\.00\d$/),
			"Bitrate    472 kbit/s",
			expect.stringMatching(
				/^Video {6}H\.264, avc1\.64001E, 640x360, 30 frames\/s, 365 kbit\/s, 240 frames, 8\.00\d s$/,
			),
			"Keyframes  4, at most 2.00 s apart",
			expect.stringMatching(/^Audio {6}AAC, mp4a\.40\.2, 48000 Hz, 2 channels, 97 kbit\/s, 375 frames, 8\.00\d s$/),
			expect.stringMatching(/^Note {7}There is no index of keyframes: .* “millrace repair” mends it\.$/),
			"",
		]);
	});

	test("tells of an MP4 the same, but for what FLV lacks", async () => {
		await run("convert", DEMO, path("demo.mp4"));
		const [flv, mp4] = [await info(DEMO), await info(path("demo.mp4"))];
		expect(mp4).toMatchObject({ container: "fragmented MP4", faults: [] });
		expect(
			mp4.tracks.map(({ kind, codec, codecString, frames, keyframes }) => [
				kind,
				codec,
				codecString,
				frames,
				keyframes,
			]),
		).toEqual(
			flv.tracks.map(({ kind, codec, codecString, frames, keyframes }) => [
				kind,
				codec,
				codecString,
				frames,
				keyframes,
			]),
		);
		expect(mp4.tracks.map(track => track.language)).toEqual(["und", "und"]);
	});

	test.each([
		["nowhere.flv", undefined, /ENOENT/],
		["text.flv", "this is a text, and a long one at that", /is neither FLV nor MP4/],
		["empty.mp4", "", /is neither FLV nor MP4/],
		["head.mp4", "\0\0\0\x18ftypisom\0\0\0\0isomavc1", /has no “moov”/],
	])("ends with 2 and one line for %s", async (name, content, line) => {
		if (content !== undefined) writeFileSync(path(name), content);
		const { code, out, err } = await run("info", path(name));
		expect([code, out]).toEqual([2, ""]);
		expect(err).toMatch(line);
		expect(err.trim().split("\n")).toHaveLength(1);
	});
});

describe("convert", () => {
	test("brings FLV into MP4 and back, with every frame and time", async () => {
		const { code, err } = await run("convert", DEMO, path("demo.mp4"));
		expect([code, err]).toEqual([0, `${path("demo.mp4")}: 00:00:08, 466 kB.\n`]);
		expect((await run("convert", path("demo.mp4"), path("back"), "--format", "flv")).code).toBe(0);
		const sent = await framesOf(readFlvFile(DEMO));
		await using mp4 = await Mp4File.open(path("demo.mp4"));
		expect((await framesOf(mp4.messages())).sort()).toEqual([...sent].sort());
		expect((await framesOf(readFlvFile(path("back")))).sort()).toEqual([...sent].sort());
		expect(await info(path("back"))).toMatchObject({ container: "FLV", faults: [] });
		expect(readdirSync(folder).sort()).toEqual(["back", "demo.mp4"]);
	});

	test("replaces nothing without --force", async () => {
		writeFileSync(path("demo.mp4"), "precious");
		expect(await run("convert", DEMO, path("demo.mp4"))).toMatchObject({
			code: 2,
			err: `${path("demo.mp4")} exists; --force replaces it.\n`,
		});
		expect(readFileSync(path("demo.mp4"), "utf8")).toBe("precious");
		expect((await run("convert", DEMO, path("demo.mp4"), "--force")).code).toBe(0);
		expect((await info(path("demo.mp4"))).tracks).toHaveLength(2);
	});

	test.each([
		[["x.avi"], 2, /names no format: \.flv or \.mp4/],
		[["x.flv"], 2, /is FLV already/],
		[["x.mp4", "--format", "mkv"], 1, /Allowed choices are flv, mp4/],
		[["none/x.mp4"], 2, /cannot be written: ENOENT/],
		[["x.flv", "--audio-track", "0"], 1, /a number from 1 on/],
	])("refuses %j", async ([name, ...flags], exit, line) => {
		const { code, err } = await run("convert", DEMO, path(name!), ...flags);
		expect(code).toBe(exit);
		expect(err).toMatch(line);
		expect(readdirSync(folder)).toEqual([]);
	});

	test("of a file without that sound track says so, and leaves nothing behind", async () => {
		await run("convert", DEMO, path("demo.mp4"));
		const { code, err } = await run("convert", path("demo.mp4"), path("x.flv"), "--audio-track", "2");
		expect([code, err]).toEqual([2, expect.stringContaining("There is no sound track 2; the file has 1.")]);
		expect(readdirSync(folder)).toEqual(["demo.mp4"]);
	});

	test("ends with 130 at Ctrl+C and leaves nothing behind", async () => {
		const context = createTestContext();
		const ended = runProgram(["convert", DEMO, path("demo.mp4")], context);
		await vi.waitFor(() => expect(context.events.listenerCount("SIGINT")).toBe(1), { interval: 1 });
		context.events.emit("SIGINT");
		expect(await ended).toBe(130);
		expect(readdirSync(folder)).toEqual([]);
		expect(context.events.listenerCount("SIGINT")).toBe(0);
	});
});

describe("repair", () => {
	test("mends a torn FLV in its place, and keeps what was there", async () => {
		copyFileSync(DEMO, path("film.flv"));
		truncateSync(path("film.flv"), 300_000);
		const torn = readFileSync(path("film.flv"));
		const { code, err } = await run("repair", path("film.flv"));
		expect(code).toBe(0);
		expect(err).toMatch(/^Mended: The last \d+ bytes are no whole tag: the file was cut off\.$/m);
		expect(err).toContain(`What was there is ${path("film.flv.bak")}.\n`);
		expect(readFileSync(path("film.flv.bak")).equals(torn)).toBe(true);
		const report = await info(path("film.flv"));
		expect(report.faults).toEqual([]);
		expect(report.seconds).toBeGreaterThan(4);
		const sent = await framesOf(readFlvFile(DEMO));
		const kept = await framesOf(readFlvFile(path("film.flv")));
		expect(kept).toEqual(sent.slice(0, kept.length));
		expect(await run("repair", path("film.flv"))).toMatchObject({
			code: 0,
			err: `${path("film.flv")}: nothing is to be mended.\n`,
		});
	});

	test("mends a torn MP4 of fragments, whatever follows its last whole one", async () => {
		await run("convert", DEMO, path("film.mp4"));
		const whole = readFileSync(path("film.mp4"));
		const cut = whole.subarray(0, Math.floor(whole.length * 0.7));
		writeFileSync(path("film.mp4"), Buffer.concat([cut, Buffer.alloc(5000, 7)]));
		expect((await info(path("film.mp4"))).faults.map(fault => fault.kind)).toEqual([
			"truncated",
			"wrong-duration",
			"no-index",
		]);
		expect((await run("repair", path("film.mp4"), "--output", path("mended.mp4"))).code).toBe(0);
		expect(await info(path("mended.mp4"))).toMatchObject({ faults: [] });
		expect(readdirSync(folder).sort()).toEqual(["film.mp4", "mended.mp4"]);
	});

	test("replaces no backup and no output without --force", async () => {
		copyFileSync(DEMO, path("film.flv"));
		writeFileSync(path("film.flv.bak"), "precious");
		const { code, err } = await run("repair", path("film.flv"));
		expect([code, err]).toEqual([2, expect.stringContaining("There is a backup already")]);
		expect(readFileSync(path("film.flv")).equals(readFileSync(DEMO))).toBe(true);
		const other = await run("repair", path("film.flv"), "--output", path("film.flv.bak"));
		expect([other.code, other.err]).toEqual([2, `${path("film.flv.bak")} exists; --force replaces it.\n`]);
		expect(readFileSync(path("film.flv.bak"), "utf8")).toBe("precious");
		expect((await run("repair", path("film.flv"), "--force")).code).toBe(0);
		expect(readFileSync(path("film.flv.bak")).equals(readFileSync(DEMO))).toBe(true);
	});

	test("says of what cannot be mended why, and changes nothing", async () => {
		await run("convert", DEMO, path("film.mp4"));
		truncateSync(path("film.mp4"), 600);
		const { code, err } = await run("repair", path("film.mp4"));
		expect([code, err]).toEqual([2, expect.stringContaining("has no whole “moov”")]);
		writeFileSync(path("head.flv"), readFileSync(DEMO).subarray(0, 13));
		expect((await run("repair", path("head.flv"))).err).toContain("holds neither sound nor pictures");
		expect(readdirSync(folder).sort()).toEqual(["film.mp4", "head.flv"]);
	});
});

describe("publish from MP4", () => {
	let server: MillraceServer;
	beforeAll(async () => {
		server = createServer({
			listeners: [{ protocol: "rtmp", host: "127.0.0.1", port: 0 }],
			publish: { from: "anywhere" },
		});
		await server.start();
	});
	afterAll(() => server.stop());

	test("sends what the file holds, again and again with --loop", async () => {
		const url = `rtmp://127.0.0.1:${server.addresses[0]!.port}/live/film`;
		await run("convert", DEMO, path("film.mp4"));
		const publisher = createTestContext();
		const published = runProgram(["publish", path("film.mp4"), url, "--loop", "--speed", "20"], publisher);
		await vi.waitFor(() => expect(publisher.written.err).toContain("Publishing"), { interval: 5, timeout: 5000 });
		expect((await run("record", url, path("got.flv"), "--duration", "12")).code).toBe(0);
		publisher.events.emit("SIGINT");
		expect(await published).toBe(0);
		const report = await info(path("got.flv"));
		expect(report.seconds).toBeGreaterThan(11.5);
		expect(report.tracks).toMatchObject([
			{ codec: "H.264", width: 640, height: 360 },
			{ codec: "AAC", sampleRate: 48_000, channels: 2 },
		]);
		expect(report.faults.filter(fault => fault.severity === "fault")).toEqual([]);
	});

	test("says in one line that a file has no such sound track", async () => {
		await run("convert", DEMO, path("film.mp4"));
		const { code, err } = await run("publish", path("film.mp4"), "rtmp://127.0.0.1:1/live/x", "--audio-track", "3");
		expect([code, err]).toEqual([2, expect.stringContaining("There is no sound track 3")]);
	});
});

test("a work tells media time, percentage, speed and size, or what it has read", () => {
	expect(workText({ part: 0.283, seconds: 83, totalSeconds: 300, bytes: 12_345_678 }, 2)).toBe(
		"00:01:23 of 00:05:00   28 %   41.5x   12.3 MB",
	);
	expect(workText({ part: 0.05, seconds: 0, totalSeconds: 0, bytes: 2e6 }, 1)).toBe("5 %   2.0 MB");
});
