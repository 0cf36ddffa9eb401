import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { readFlvFile } from "@millrace/client";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createServer, type MillraceServer } from "../server.ts";
import { runProgram } from "./program.ts";
import { progressText } from "./progress-line.ts";
import { createTestContext } from "./test-context.ts";

const DEMO = fileURLToPath(new URL("../../media/demo.flv", import.meta.url));
let server: MillraceServer;
let base: string;
let folder: string;

async function start(): Promise<[MillraceServer, string]> {
	const made = createServer({
		listeners: [{ protocol: "rtmp", host: "127.0.0.1", port: 0 }],
		publish: { from: "anywhere" },
	});
	await made.start();
	return [made, `rtmp://127.0.0.1:${made.addresses[0]!.port}`];
}

beforeAll(async () => {
	[server, base] = await start();
	folder = await mkdtemp(join(tmpdir(), "millrace-cli-"));
});

afterAll(async () => {
	await server.stop();
	await rm(folder, { recursive: true, force: true });
});

/** Starts a command; `interrupt` is Ctrl+C. */
function run(...argv: string[]) {
	const context = createTestContext();
	const exit = runProgram(argv, context);
	return { context, exit, interrupt: () => context.events.emit("SIGINT") };
}

async function until(condition: () => boolean): Promise<void> {
	for (let tries = 0; !condition(); tries++) {
		if (tries > 500) throw new Error("The condition did not come true within 5 s.");
		await new Promise(resolve => setTimeout(resolve, 10));
	}
}

async function publishing(url: string, ...flags: string[]) {
	const publisher = run("publish", DEMO, url, "--loop", "--speed", "4", ...flags);
	await until(() => publisher.context.written.err.includes("Publishing"));
	return publisher;
}

describe("publish, record and probe", () => {
	test("work together, and Ctrl+C ends them cleanly", async () => {
		const publisher = await publishing(`${base}/live/a?key=secret`);
		const file = join(folder, "a.flv");
		expect(await run("record", `${base}/live/a`, file, "--duration", "3").exit).toBe(0);
		const times: number[] = [];
		for await (const message of readFlvFile(file)) times.push(message.timestamp);
		expect(times.at(-1)).toBeGreaterThan(2800);
		expect(times.at(-1)).toBeLessThan(3200);

		const probe = run("probe", `${base}/live/a`, "--seconds", "0.6", "--json");
		const text = run("probe", `${base}/live/a`, "--seconds", "0.3");
		const second = run("record", `${base}/live/a`, join(folder, "b.flv"));
		expect(await probe.exit).toBe(0);
		expect(JSON.parse(probe.context.written.out)).toMatchObject({
			videoCodec: "H.264",
			width: 640,
			audioCodec: "AAC",
			metadata: { width: 640 },
		});
		expect(await text.exit).toBe(0);
		expect(text.context.written.out).toMatch(/^Video +H\.264, avc1\.\w+, 640x360, 30 frames\/s$/m);

		second.interrupt();
		expect(await second.exit).toBe(0);
		const bytes = await readFile(join(folder, "b.flv"));
		expect(bytes.readDoubleBE(53)).toBeGreaterThan(0.1);
		expect(bytes.readDoubleBE(53 + 19)).toBe(bytes.length);
		publisher.interrupt();
		expect(await publisher.exit).toBe(0);
		expect(publisher.context.written.err).toMatch(/^\d\d:\d\d:\d\d {3}.*bit\/s {3}.*B$/m);
	});

	test("--verbose tells of each attempt to connect, and what came of it", async () => {
		const { port } = new URL(base);
		const probe = run("probe", `rtmps://127.0.0.1:${port}/live/a`, "--verbose");
		expect(await probe.exit).toBe(3);
		const place = `rtmps 127.0.0.1:${port}`;
		const lines = probe.context.written.err.split("\n").filter(line => line.startsWith("Attempt"));
		expect(lines[0]).toBe(`Attempt 1, ${place}: trying`);
		expect(lines[1]).toMatch(new RegExp(`^Attempt 1, ${place}: failed after \\d+ ms: .+`));
		expect(lines).toHaveLength(2);
		const quiet = run("probe", `rtmps://127.0.0.1:${port}/live/a`);
		expect(await quiet.exit).toBe(3);
		expect(quiet.context.written.err).not.toContain("Attempt");
	});

	test("record to standard output writes an FLV file there and nothing else", async () => {
		const publisher = await publishing(`${base}/live/out`);
		const recorder = run("record", `${base}/live/out`, "-", "--duration", "1");
		const pieces: Uint8Array[] = [];
		recorder.context.stdout.write = (data, onTaken) => {
			pieces.push(data as Uint8Array);
			onTaken?.();
		};
		expect(await recorder.exit).toBe(0);
		expect(Buffer.concat(pieces).subarray(0, 3).toString()).toBe("FLV");
		publisher.interrupt();
		await publisher.exit;
	});

	test("record ends with its publisher", async () => {
		const short = run("publish", DEMO, `${base}/live/short`, "--speed", "40");
		await until(() => short.context.written.err.includes("Publishing"));
		const recorder = run("record", `${base}/live/short`, join(folder, "short.flv"));
		expect([await short.exit, await recorder.exit]).toEqual([0, 0]);
	});
});

describe("what goes wrong has one line and an exit code", () => {
	const address = (path: string) => (path.startsWith("rtmp:") ? path : base + path);
	test.each<[what: string, argv: (file: string) => string[], code: number, line: RegExp]>([
		["an address without a stream", () => ["probe", "rtmp://host"], 2, /needs an application and a stream's name/],
		["another protocol", () => ["probe", "ftp://host/live/a"], 2, /the protocol ftp is not offered/],
		[
			"a file that is not there",
			() => ["publish", "/nowhere.flv", address("/live/x")],
			2,
			/\/nowhere\.flv cannot be read/,
		],
		["a file that is no media", file => ["publish", file, address("/live/x")], 2, /is neither FLV nor MP4/],
		["a speed of nothing", () => ["publish", DEMO, address("/live/x"), "--speed", "0"], 1, /above 0, or max/],
		["a server that is not there", () => ["probe", "rtmp://127.0.0.1:1/live/a"], 3, /No connection: .*ECONNREFUSED/],
		[
			"a refused application",
			() => ["publish", DEMO, address("/nope/x")],
			1,
			/The server refused: NetConnection\.Connect/,
		],
		[
			"nothing published",
			() => ["record", address("/live/no"), "/nowhere/x.flv", "--wait", "0.1"],
			4,
			/Nothing is published/,
		],
	])("%s", async (_what, argv, code, line) => {
		const file = join(folder, "no.flv");
		await writeFile(file, "this is no FLV file, whatever its name says");
		const { context, exit } = run(...argv(file));
		expect(await exit).toBe(code);
		expect(context.written.err).toMatch(line);
		expect(context.written.err).not.toContain("    at ");
	});

	test("a file that cannot be written", async () => {
		const publisher = await publishing(`${base}/live/w`);
		const { context, exit } = run("record", `${base}/live/w`, join(folder, "none", "x.flv"));
		expect(await exit).toBe(2);
		expect(context.written.err).toMatch(/x\.flv cannot be written: ENOENT/);
		publisher.interrupt();
		await publisher.exit;
	});

	test("Ctrl+C while nothing has come yet", async () => {
		const { context, exit, interrupt } = run("record", `${base}/live/later`, join(folder, "later.flv"));
		await until(() => context.events.listenerCount("SIGINT") > 0);
		interrupt();
		expect(await exit).toBe(130);
		expect(context.events.listenerCount("SIGINT")).toBe(0);
	});

	test("a server that stops", async () => {
		const [own, ownBase] = await start();
		const publisher = run("publish", DEMO, `${ownBase}/live/a`);
		await until(() => publisher.context.written.err.includes("Publishing"));
		await own.stop();
		expect(await publisher.exit).toBe(5);
		expect(publisher.context.written.err).toMatch(/The connection to 127\.0\.0\.1:\d+ was /);
	});
});

test("a progress line tells time, bitrate and size", () => {
	expect(progressText({ seconds: 3723.9, bytes: 12_345_678, bytesPerSecond: 312_500 })).toBe(
		"01:02:03   2.5 Mbit/s   12.3 MB",
	);
	expect(progressText({ seconds: 84.2, bytes: 1e6, bytesPerSecond: 5e5, totalSeconds: 300 })).toBe(
		"00:01:24 of 00:05:00   28 %   4.0 Mbit/s   1.0 MB",
	);
	expect(progressText({ seconds: 0, bytes: 999, bytesPerSecond: 1000 })).toBe("00:00:00   8 kbit/s   1 kB");
});
