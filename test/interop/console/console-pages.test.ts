import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { demoFacts, type PageServer, startPageServer } from "./page-server.ts";

const executablePath = [
	process.env["CHROMIUM"],
	"/usr/bin/chromium",
	"/usr/bin/chromium-browser",
	"/usr/bin/google-chrome",
].find(path => path !== undefined && existsSync(path));
if (!executablePath)
	console.warn("The pages are not tested in a browser: no Chromium was found (name it by CHROMIUM).");

type Stats = { state: string; transport: string; framesDecoded: number; latency?: number; bitrate?: number };

describe.skipIf(!executablePath)("in Chromium", () => {
	let browser: Browser;
	let server: PageServer;
	let page: Page;
	let faults: string[];

	beforeAll(async () => {
		const build = spawnSync(process.execPath, [join(import.meta.dirname, "../../../scripts/ensure-built.mjs")]);
		expect(build.status).toBe(0);
		browser = await chromium.launch({
			executablePath: executablePath as string,
			args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"],
		});
	});

	afterAll(() => browser?.close());

	beforeEach(async () => {
		server = await startPageServer();
		page = await browser.newPage();
		faults = [];
		page.on("pageerror", error => faults.push(String(error)));
		page.on("console", message => {
			if (/Content.Security.Policy/i.test(message.text())) faults.push(message.text());
		});
		page.on("dialog", dialog => {
			faults.push(`dialog: ${dialog.message()}`);
			void dialog.dismiss();
		});
		page.on("request", request => {
			if (!new URL(request.url()).host.startsWith("127.0.0.1")) faults.push(`asked elsewhere: ${request.url()}`);
		});
	});

	afterEach(async () => {
		await page.close();
		await server.close();
		expect(faults).toEqual([]);
	});

	const stats = () => page.evaluate(() => ({ ...(window as unknown as { __millrace: Stats }).__millrace }));

	async function playing(frames = 45): Promise<Stats> {
		await page.waitForFunction(
			least => {
				const now = (window as unknown as { __millrace: Stats }).__millrace;
				return now.state === "playing" && now.framesDecoded >= least && now.bitrate !== undefined;
			},
			frames,
			{ timeout: 20_000 },
		);
		return stats();
	}

	it("the watch page plays by WebSocket, close to the live edge", async () => {
		await page.goto(`${server.origin}/live/demo`);
		const { transport, latency, bitrate } = await playing();
		expect(transport).toBe("ws");
		expect(latency).toBeLessThan(2.5);
		expect(bitrate).toBeGreaterThan(200_000);
		expect(bitrate).toBeLessThan(1_500_000);
		expect(await page.textContent("#resolution")).toContain("640 × 360");
		expect(await page.textContent("#video-codec")).toBe("H.264 High 3.0");
		await page.waitForFunction(() => document.getElementById("viewers")?.textContent === "1");
		expect(await page.textContent("#addresses")).toContain("rtmp://127.0.0.1:1935/live/demo");
	});

	it("goes on to HTTP-FLV where WebSocket is refused, and uses it at once where it is forced", async () => {
		server.state.webSocket = false;
		await page.goto(`${server.origin}/live/demo`);
		expect((await playing()).transport).toBe("http");
		expect(server.seen).toEqual(["ws", "http"]);
		await page.goto(`${server.origin}/live/demo?transport=http`);
		expect((await playing()).transport).toBe("http");
		expect(server.seen).toEqual(["ws", "http", "http"]);
	});

	it.each([true, false])("waits for a stream that is not there yet (connection held open: %s)", async holdsWaiting => {
		server.state.holdsWaiting = holdsWaiting;
		server.state.published.clear();
		await page.goto(`${server.origin}/live/later`);
		await page.waitForFunction(() => document.getElementById("veil-title")?.textContent === "Waiting for the stream");
		server.state.published.add("later");
		await playing(10);
		expect(await page.isVisible("#veil")).toBe(false);
	});

	it("comes back after a drop", async () => {
		await page.goto(`${server.origin}/live/demo`);
		const before = await playing();
		server.dropWatchers();
		await page.waitForFunction(() => document.getElementById("state")?.textContent === "Reconnecting");
		await playing(before.framesDecoded + 60);
	});

	it("starts muted, and one press brings the sound", async () => {
		await page.goto(`${server.origin}/live/demo`);
		await page.getByRole("button", { name: "Tap for sound" }).click();
		expect(await page.evaluate(() => document.querySelector("video")?.muted)).toBe(false);
		expect(await page.isVisible("#unmute")).toBe(false);
	});

	it("offers the sound also where the first picture is gone again when it is told of", async () => {
		await page.addInitScript(() => {
			const { prototype } = HTMLMediaElement;
			const readyState = Object.getOwnPropertyDescriptor(prototype, "readyState")!.get!;
			let isGone = false;
			Object.defineProperty(prototype, "readyState", {
				get(this: HTMLMediaElement) {
					return isGone ? 1 : readyState.call(this);
				},
			});
			const bePlaced = (gone: boolean) => () => {
				isGone = gone;
			};
			addEventListener("loadeddata", bePlaced(true), true);
			addEventListener("playing", bePlaced(false), true);
		});
		await page.goto(`${server.origin}/live/demo`);
		await page.getByRole("button", { name: "Tap for sound" }).click();
		expect(await page.evaluate(() => document.querySelector("video")?.muted)).toBe(false);
	});

	it("tells when the browser cannot decode the stream", async () => {
		await page.addInitScript(() => {
			const addSourceBuffer = MediaSource.prototype.addSourceBuffer;
			MediaSource.prototype.addSourceBuffer = function (type) {
				if (type.includes("avc1")) throw new DOMException("No such codec", "NotSupportedError");
				return addSourceBuffer.call(this, type);
			};
		});
		await page.goto(`${server.origin}/live/demo`);
		await page.waitForFunction(() => document.getElementById("state")?.textContent === "Cannot play");
		expect(await page.textContent("#veil-text")).toMatch(/cannot play the stream's video or audio format/);
	});

	it("what the page tells cannot be changed", async () => {
		await page.goto(`${server.origin}/live/demo`);
		// It asks first whether the name is a stream's or a file's.
		await page.waitForFunction(() => "__millrace" in window);
		const changed = await page.evaluate(() => {
			const view = window as unknown as { __millrace: Stats };
			const attempts = [
				() => {
					view.__millrace.state = "mine";
				},
				() => {
					view.__millrace = { state: "mine", transport: "", framesDecoded: 0 };
				},
			];
			for (const attempt of attempts) {
				try {
					attempt();
				} catch (error) {
					if (!(error instanceof TypeError)) throw error;
				}
			}
			return view.__millrace.state === "mine";
		});
		expect(changed).toBe(false);
	});

	it("the start page lists streams as they come and go, and links to them", async () => {
		server.state.published.clear();
		await page.goto(`${server.origin}/`);
		await page.getByText("Nobody is publishing yet").waitFor();
		server.state.published.add("a b");
		await page.getByRole("link", { name: "a b" }).click();
		await page.waitForURL("**/live/a%20b");
		await playing(5);
	});

	it.each([1280, 390])(
		"the start page lists files one below the other, over its whole width, at %i pixels",
		async width => {
			const files = ["first", "second"].map((name, at) => ({
				...{ application: "vod", instance: "_definst_", name, path: `/vod/${name}`, file: `/files/vod/${name}.flv` },
				...{ kind: "flv", bytes: 472_019, modified: at, recording: false, duration: 8000 },
			}));
			await page.route("**/api/files*", route => route.fulfill({ json: { total: 2, files } }));
			await page.setViewportSize({ width, height: 844 });
			await page.goto(`${server.origin}/`);
			await page.waitForFunction(() => document.querySelectorAll(".file").length === 2);
			const [first, second] = await page.$$eval(".file", rows =>
				rows
					.map(row => row.getBoundingClientRect())
					.map(({ left, top, bottom, width }) => ({ left, top, bottom, width })),
			);
			expect(second).toMatchObject({ left: first!.left, width: first!.width });
			expect(second!.top).toBeGreaterThanOrEqual(first!.bottom);
			expect(first!.width).toBeGreaterThan(width * 0.7);
		},
	);

	it("a stream named like markup is only text, on both pages", async () => {
		const evil = `<img src=x onerror="alert(1)"><script>alert(2)</script>`;
		server.state.published.add(evil);
		server.state.listed.push({ ...demoFacts(evil, 0), application: evil, instance: evil, videoCodec: evil });
		await page.goto(`${server.origin}/`);
		await page.waitForFunction(() => document.querySelectorAll(".stream").length === 3);
		expect(await page.locator(".stream img, .stream script").count()).toBe(0);
		await page.goto(`${server.origin}/live/${encodeURIComponent(evil)}`);
		await page.waitForFunction(name => document.getElementById("title")?.textContent === name, evil);
		await playing(5);
		expect(await page.locator("img, main script").count()).toBe(0);
	});

	it("shows the addresses to publish to, and where the key is when one is needed", async () => {
		server.state.facts = { ...server.state.facts, rtmpPort: 19350, publishKeyNeeded: true };
		await page.goto(`${server.origin}/`);
		await page.getByText("rtmp://127.0.0.1:19350/live", { exact: true }).waitFor();
		await page.fill("#name", "show-1");
		expect(await page.textContent("#obs")).toContain("show-1?key=YOUR-KEY");
		expect(await page.textContent("#ffmpeg")).toContain(`"rtmp://127.0.0.1:19350/live/show-1?key=YOUR-KEY"`);
		expect(await page.isVisible("#key-note")).toBe(true);
		await page.fill("#name", `"; rm -rf`);
		expect(await page.textContent("#ffmpeg")).not.toContain("rm -rf");
	});

	it("tells when the server is gone, and when it is back", async () => {
		await page.goto(`${server.origin}/`);
		await page.waitForFunction(() => document.querySelectorAll(".stream").length === 1);
		await page.route("**/api/streams", route => route.abort());
		await page.getByText("The server does not answer").waitFor();
		await page.unroute("**/api/streams");
		await page.getByText("The server does not answer").waitFor({ state: "hidden" });
	});

	it.each(["/", "/live/demo", "/nothing"])("%s fits a telephone's width", async path => {
		await page.setViewportSize({ width: 390, height: 844 });
		await page.goto(`${server.origin}${path}`);
		await page.waitForTimeout(300);
		expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(390);
	});
});
