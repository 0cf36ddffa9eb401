import { createHash } from "node:crypto";
import { copyFileSync, existsSync, mkdirSync, readFileSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import {
	closeAllPrograms,
	comparePackets,
	MediaLibrary,
	type MediaName,
	type MediaPacket,
	mediaEncoders,
	needEncoders,
	needPrograms,
	probePackets,
	removeTempDirs,
	runProgram,
	type ServerProcess,
	TempDir,
} from "@millrace/testkit";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { launchChromium, needChromium, readWatchPage } from "./browser.ts";
import { publishFile } from "./file-client.ts";
import { needMillrace, startServer } from "./suite-server.ts";

const SAMPLE = fileURLToPath(new URL("../../packages/server/media/vod/sample.flv", import.meta.url));
const library = new MediaLibrary();
const dir = new TempDir("vod-http");
const folder = dir.file("apps/vod/media");
let server: ServerProcess;
let launched: Promise<Browser> | undefined;

beforeAll(async () => {
	mkdirSync(folder, { recursive: true });
	server = await startServer([
		`media.applications=${dir.file("apps")}`,
		"applications.live.type=live",
		"applications.vod.type=live",
	]);
});

afterAll(async () => {
	await (await launched)?.close();
	await server?.stop();
	await closeAllPrograms();
	removeTempDirs();
});

/** Puts a medium into the application's folder under its own name. */
async function offer(name: MediaName): Promise<string> {
	const source = await library.file(name);
	const file = join(folder, `${name}.flv`);
	copyFileSync(source, file);
	age(file);
	return source;
}

/** Makes a file look complete: one that was written just now may grow, and is followed for some seconds. */
function age(file: string): void {
	utimesSync(file, 1e9, 1e9);
}

/** A file of a minute and more, which a page does not read at once. */
async function offerLong(name: string): Promise<void> {
	const title = ["-map", "0", "-c", "copy", "-flvflags", "no_sequence_end"];
	await runProgram("ffmpeg", ["-v", "error", "-y", "-stream_loop", "9", "-i", SAMPLE, ...title, join(folder, name)]);
	age(join(folder, name));
}

/** What ffmpeg reads from an address, copied into a file of the same kind and probed there. */
async function read(url: string, input: readonly string[] = []): Promise<MediaPacket[]> {
	const file = dir.file(`read-${createHash("sha256").update(url).digest("hex").slice(0, 8)}.flv`);
	await runProgram("ffmpeg", ["-v", "error", "-y", ...input, "-i", url, "-map", "0", "-c", "copy", file]);
	return probePackets(file);
}

describe("every packet of a file, with its times, comes by HTTP as FLV", () => {
	const names: readonly MediaName[] = ["h264-bframes-aac", "h263-mp3", "vp6", "speex", "mp3", "hevc"];
	test.for(names)("%s, as ffprobe sees it", async (name, context) => {
		needMillrace(context, "files");
		await needEncoders(context, ...mediaEncoders(name));
		const source = await offer(name);
		expect(withoutFlags(await probePackets(server.httpUrl(`vod/${name}.flv`)))).toEqual(
			withoutFlags(await probePackets(source)),
		);
	});

	test("of an MP4, as ffmpeg copies it", async context => {
		needMillrace(context, "files");
		await needEncoders(context, "libx264", "aac");
		const source = await library.file("h264-bframes-aac");
		const file = join(folder, "film.mp4");
		await runProgram("ffmpeg", ["-v", "error", "-y", "-i", source, "-c", "copy", "-movflags", "+faststart", file]);
		// The time of sound is counted in samples there, and was in whole milliseconds before.
		const received = await read(server.httpUrl("vod/film.flv"));
		const compared = comparePackets(await probePackets(source), received, { toleranceMillis: 1 });
		expect(compared.map(stream => stream.skippedAtStart)).toEqual([0, 0]);
		const direct = comparePackets(await probePackets(file), await probePackets(server.httpUrl("files/vod/film.mp4")));
		expect(direct.map(stream => [stream.skippedAtStart, stream.offsetMillis])).toEqual([
			...[
				[0, 0],
				[0, 0],
			],
		]);
	});

	test("from a keyframe on, where a start is asked for", async context => {
		needMillrace(context, "files");
		await needEncoders(context, "libx264", "aac");
		const source = await probePackets(await offer("h264-bframes-aac"));
		const received = await probePackets(server.httpUrl("vod/h264-bframes-aac.flv?start=3.5"));
		const first = received.find(packet => packet.kind === "video")!;
		expect([first.isKey, first.dts]).toEqual([true, 3000]);
		const compared = comparePackets(source, received);
		expect(compared.map(stream => stream.offsetMillis)).toEqual([0, 0]);
	});
});

test("curl takes up a download where it broke off, and ffmpeg seeks by ranges", async context => {
	needMillrace(context, "files");
	needPrograms(context, "curl");
	await offerLong("ranges.flv");
	await runProgram("ffmpeg", [
		"-v",
		"error",
		"-y",
		"-i",
		join(folder, "ranges.flv"),
		"-c",
		"copy",
		join(folder, "ranges.mp4"),
	]);
	const whole = readFileSync(join(folder, "ranges.mp4"));
	const url = server.httpUrl("files/vod/ranges.mp4");
	const part = dir.file("part.mp4");
	writeFileSync(part, whole.subarray(0, 1_000_000));
	await runProgram("curl", ["-sSf", "-C", "-", "-o", part, url]);
	expect(readFileSync(part).equals(whole)).toBe(true);
	const { stdout } = await runProgram("curl", ["-sS", "-o", "/dev/null", "-w", "%{http_code}", "-r", "99999999-", url]);
	expect(stdout).toBe("416");
	const pictures = (packets: readonly MediaPacket[]) => packets.filter(packet => packet.kind === "video");
	const tail = pictures(await probePackets(join(folder, "ranges.mp4"))).slice(60 * 30);
	const received = pictures(await read(url, ["-ss", "61"]));
	expect(received.map(packet => packet.hash)).toEqual(tail.map(packet => packet.hash));
});

describe("in Chromium, the watch page", () => {
	const position = (page: Page) => page.evaluate(() => document.querySelector("video")!.currentTime);

	async function playing(page: Page, from: number, frames = 20): Promise<void> {
		const before = (await readWatchPage(page))?.framesDecoded ?? 0;
		await page.waitForFunction(
			least => {
				const { __millrace } = globalThis as unknown as { __millrace?: { state: string; framesDecoded: number } };
				const { currentTime, seeking } = document.querySelector("video")!;
				const { state, framesDecoded } = __millrace ?? { state: "", framesDecoded: 0 };
				return state === "playing" && !seeking && currentTime >= least.from && framesDecoded >= least.frames;
			},
			{ from: from + 0.3, frames: before + frames },
			{ timeout: 20_000 },
		);
		expect(await position(page)).toBeLessThan(from + 15);
	}

	test.for([
		["flv", "vod/long"],
		["file", "vod/mp4:long.mp4"],
	] as const)("plays a file and seeks in it: %s", async ([transport, path], context) => {
		needMillrace(context, "watch page");
		needChromium(context);
		await offerLong("long.flv");
		await runProgram("ffmpeg", [
			...["-v", "error", "-y", "-i", join(folder, "long.flv"), "-c", "copy", join(folder, "long.mp4")],
		]);
		launched ??= launchChromium();
		const page = await (await launched).newPage();
		const problems: string[] = [];
		page.on("pageerror", error => problems.push(String(error)));
		page.on("console", message => {
			if (/Content.Security.Policy|Playback broke/i.test(message.text())) problems.push(message.text());
		});
		const asked: string[] = [];
		page.on("request", request => asked.push(request.url()));
		await page.goto(server.httpUrl(path));
		await playing(page, 0);
		expect((await readWatchPage(page))!.transport).toBe(transport);
		expect(await page.textContent("#file-length")).toBe("1:20");
		expect(await page.textContent("#clock")).toMatch(/ \/ 1:20$/);
		// Out of what is buffered, forward and back, by the bar and by the keys.
		for (const place of [61.5, 30, 45]) {
			await page.locator("#seek").fill(String(place));
			await playing(page, place);
		}
		await page.keyboard.press("Escape");
		await page.locator("#player").focus();
		const before = await position(page);
		await page.keyboard.press("ArrowRight");
		await playing(page, before + 4.5, 5);
		if (transport === "flv") expect(asked.filter(url => url.endsWith("start=61"))).toHaveLength(1);
		await page.locator("#seek").fill("79");
		await page.waitForFunction(() => document.getElementById("state")?.textContent === "Ended", undefined, {
			timeout: 20_000,
		});
		await page.locator("#play").click();
		await playing(page, 0);
		expect(problems).toEqual([]);
		await page.close();
	});

	// Failed once on a busy machine: the end was told into the emptied buffers, and the picture stood for ever.
	test("goes on after a seek while the file's end is still being appended, and asks for what comes there", async context => {
		needMillrace(context, "watch page");
		needChromium(context);
		await offerLong("slow.flv");
		launched ??= launchChromium();
		const page = await (await launched).newPage();
		await page.addInitScript(appendSlowly, 400);
		await page.route(/start=30$/, async route => {
			await new Promise(resolve => setTimeout(resolve, 2500));
			await route.continue();
		});
		const asked: string[] = [];
		page.on("request", request => asked.push(new URL(request.url()).search));
		await page.goto(server.httpUrl("vod/slow"));
		await playing(page, 0, 1);
		await page.locator("#seek").fill("62");
		await playing(page, 62, 1);
		await page.locator("#seek").fill("30");
		await playing(page, 30);
		expect(asked.filter(search => search.startsWith("?start="))).toEqual(["?start=0", "?start=62", "?start=30"]);
		await page.close();
	});

	test("lets a recording grow, seeks in what has come since, and ends with it", async context => {
		needMillrace(context, "watch page");
		needChromium(context);
		const publishing = await publishFile(server.rtmpUrl("live"), "growing", SAMPLE, { type: "record", loop: true });
		await publishing.client.waitForCode("NetStream.Record.Start");
		const recorded = () => existsSync(dir.file("apps/live/streams/_definst_/growing.flv"));
		await expect.poll(recorded, { timeout: 20_000 }).toBe(true);
		launched ??= launchChromium();
		const page = await (await launched).newPage();
		const secondsOf = async (selector: string) => {
			const [minutes = 0, seconds = 0] = (await page.textContent(selector))!.split("/").at(-1)!.split(":").map(Number);
			return minutes * 60 + seconds;
		};
		await page.goto(server.httpUrl("live/growing?start=0"));
		await playing(page, 0, 5);
		const before = await secondsOf("#clock");
		expect(await page.textContent("#file-modified")).toBe("being recorded");
		await expect.poll(() => secondsOf("#clock"), { timeout: 30_000 }).toBeGreaterThan(before + 6);
		expect(await secondsOf("#file-length")).toBeGreaterThan(before + 5);
		const place = (await secondsOf("#clock")) - 2;
		expect(place).toBeGreaterThan(before);
		await page.locator("#seek").fill(String(place));
		await playing(page, place, 5);
		await publishing.stop();
		await page.waitForFunction(() => document.getElementById("state")?.textContent === "Ended", undefined, {
			timeout: 30_000,
		});
		await page.waitForFunction(() => document.getElementById("file-modified")?.textContent !== "being recorded");
		expect(Math.abs((await secondsOf("#clock")) - (await secondsOf("#file-length")))).toBeLessThanOrEqual(1);
		await page.close();
	});

	test("is reached from the start page, begins where it is told to, and says what it cannot play", async context => {
		needMillrace(context, "watch page");
		needChromium(context);
		await offerLong("linked.flv");
		writeFileSync(join(folder, "broken.mp4"), "no MP4 at all");
		launched ??= launchChromium();
		const page = await (await launched).newPage();
		await page.goto(server.httpUrl(""));
		const row = page.locator(".file", { hasText: "linked" });
		expect(await row.textContent()).toContain("1:20");
		await row.getByRole("link").click();
		await page.waitForURL("**/vod/linked");
		const asked: string[] = [];
		page.on("request", request => asked.push(new URL(request.url()).search));
		await page.goto(server.httpUrl("vod/linked?start=50"));
		await playing(page, 50, 5);
		// What lies before is not read up to there.
		expect(asked).toContain("?start=50");
		await page.goto(server.httpUrl("vod/broken.mp4"));
		await page.waitForFunction(() => document.getElementById("state")?.textContent === "Cannot play");
		await page.close();
	});
});

/** Runs in the page before its scripts: lets appending media take so many milliseconds, as on a busy machine. */
function appendSlowly(millis: number): void {
	const { prototype } = SourceBuffer;
	const { abort, appendBuffer } = prototype;
	const updating = Object.getOwnPropertyDescriptor(prototype, "updating")!.get!;
	const waiting = new WeakMap<SourceBuffer, ReturnType<typeof setTimeout>>();
	Object.defineProperty(prototype, "updating", {
		get(this: SourceBuffer) {
			return waiting.has(this) || updating.call(this);
		},
	});
	prototype.appendBuffer = function (data) {
		const append = () => {
			waiting.delete(this);
			appendBuffer.call(this, data);
		};
		waiting.set(this, setTimeout(append, millis));
	};
	prototype.abort = function () {
		clearTimeout(waiting.get(this));
		waiting.delete(this);
		abort.call(this);
	};
}

/** Whether a packet of sound is marked as a keyframe depends on the demuxer's mood, not on the data. */
function withoutFlags(packets: readonly MediaPacket[]): unknown[] {
	return packets.map(({ isKey: _, ...packet }) => packet);
}
