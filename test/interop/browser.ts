import { writeFileSync } from "node:fs";
import { needPrograms, type SkippableTest } from "@millrace/testkit";
import { type Browser, chromium, type Page } from "playwright-core";
import type { Player } from "./player.ts";
import { needMillrace, programPath } from "./suite-server.ts";

/** What the watch page tells of itself as `window.__millrace`. */
export type WatchPageState = {
	readonly state: string;
	readonly transport: string;
	readonly framesDecoded: number;
	/** Seconds, of the page's video element. */
	readonly currentTime: number;
};

export function needChromium(test: SkippableTest): void {
	needPrograms(test, "chromium");
}

/** Starts the installed Chromium without a window. The caller closes it. */
export function launchChromium(): Promise<Browser> {
	return chromium.launch({
		executablePath: programPath("chromium"),
		args: [
			...["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"],
			...["--disable-background-networking", "--disable-component-update"],
			"--autoplay-policy=no-user-gesture-required",
		],
	});
}

/**
 * A player inside a page of the server's own origin: what arrives by fetch or WebSocket is kept by the page and handed
 * over at the end, so that it is Chromium's network code and no other that has read it.
 */
export function chromiumCapture(browser: () => Promise<Browser>, transport: "fetch" | "websocket"): Player {
	return {
		name: `Chromium by ${transport}`,
		protocol: "http",
		need: test => {
			needMillrace(test, "pages");
			needChromium(test);
		},
		start: async (server, path, file) => {
			const page = await (await browser()).newPage();
			await page.goto(server.httpUrl(""));
			await page.evaluate(captureInPage, {
				url: transport === "fetch" ? server.httpUrl(`${path}.flv`) : server.wsUrl(`${path}.flv`),
				transport,
			});
			return {
				async finish() {
					const base64 = await page.evaluate(finishInPage);
					await page.close();
					writeFileSync(file, Buffer.from(base64, "base64"));
				},
			};
		},
	};
}

/** Reads the state that a watch page shows; undefined until the page has made it. */
export async function readWatchPage(page: Page): Promise<WatchPageState | undefined> {
	return page.evaluate(() => {
		const { __millrace } = globalThis as { __millrace?: Omit<WatchPageState, "currentTime"> };
		const video = document.querySelector("video");
		if (!__millrace || !video) return undefined;
		const { state, transport, framesDecoded } = __millrace;
		return { state, transport, framesDecoded, currentTime: video.currentTime };
	});
}

type Capture = { readonly chunks: Uint8Array[]; stop(): void; readonly ended: Promise<unknown> };

/** Runs in the page: it may use nothing from outside. */
async function captureInPage({ url, transport }: { url: string; transport: string }): Promise<void> {
	const chunks: Uint8Array[] = [];
	const keep = (capture: Capture) => Object.assign(globalThis, { capture });
	if (transport === "fetch") {
		const control = new AbortController();
		const answer = await fetch(url, { signal: control.signal });
		if (!answer.ok || !answer.body) throw new Error(`status ${answer.status}`);
		const reader = answer.body.getReader();
		const read = async () => {
			for (let part = await reader.read(); !part.done; part = await reader.read()) chunks.push(part.value);
		};
		let stopped = false;
		const stop = () => {
			stopped = true;
			control.abort();
		};
		const ended = read().catch(error => {
			if (!stopped) throw error;
		});
		keep({ chunks, stop, ended });
		return;
	}
	const socket = new WebSocket(url);
	socket.binaryType = "arraybuffer";
	socket.onmessage = event => chunks.push(new Uint8Array(event.data));
	await new Promise((resolve, reject) => {
		socket.onopen = resolve;
		socket.onerror = () => reject(new Error("the WebSocket was refused"));
	});
	const ended = new Promise(resolve => {
		socket.onclose = resolve;
	});
	keep({ chunks, stop: () => socket.close(), ended });
}

/** Runs in the page: waits for the stream's own end for a moment, and returns the bytes in base64. */
async function finishInPage(): Promise<string> {
	const { capture } = globalThis as unknown as { capture: Capture };
	await Promise.race([capture.ended, new Promise(resolve => setTimeout(resolve, 1500))]);
	capture.stop();
	await capture.ended;
	const reader = new FileReader();
	const loaded = new Promise(resolve => {
		reader.onload = resolve;
	});
	reader.readAsDataURL(new Blob(capture.chunks as BlobPart[]));
	await loaded;
	return String(reader.result).split(",")[1] ?? "";
}
