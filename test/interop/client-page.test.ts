import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { build } from "vite";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { TestListener, type TestWire } from "../../packages/client/src/node/test-listener.ts";
import { launchChromium, needChromium } from "./browser.ts";

let bundle = "";
let pages: Server;
let launched: Promise<Browser> | undefined;

beforeAll(async () => {
	const result = await build({
		configFile: false,
		logLevel: "warn",
		publicDir: false,
		resolve: { conditions: ["source"] },
		build: {
			write: false,
			target: "es2022",
			lib: {
				entry: join(import.meta.dirname, "../../packages/client/src/browser/index.ts"),
				formats: ["iife"],
				name: "millrace",
			},
		},
	});
	const [built] = Array.isArray(result) ? result : [];
	bundle = built?.output[0]?.type === "chunk" ? built.output[0].code : "";
	pages = createServer((_request, response) => {
		response.setHeader("Content-Type", "text/html");
		response.end("<!doctype html><title>page</title>");
	});
	await new Promise<void>(resolve => pages.listen(0, "127.0.0.1", resolve));
});

afterAll(async () => {
	await (await launched)?.close();
	pages.close();
});

test("the bundle for pages is whole and has nothing of Node in it", () => {
	expect(bundle.length).toBeGreaterThan(50_000);
	expect(bundle).not.toMatch(/node:|require\(/);
});

describe("NetConnection in Chromium", () => {
	test.for<[wire: TestWire, address: string, protocol: string]>([
		["websocket", "ws", "ws"],
		["websocket", "rtmp", "ws"],
		["http", "rtmpt", "rtmpt"],
		["http", "rtmp", "rtmpt"],
	])("finds its way to a server that speaks %s with an address of %s", async ([wire, address, protocol], context) => {
		needChromium(context);
		const listener = await TestListener.open(wire);
		launched ??= launchChromium();
		const page = await (await launched).newPage();
		try {
			await page.goto(`http://127.0.0.1:${(pages.address() as AddressInfo).port}/`);
			await page.addScriptTag({ content: bundle });
			const answer = await page.evaluate(connectInPage, `${address}://127.0.0.1:${listener.port}/app`);
			expect(answer).toEqual([protocol, 200_000]);
			// A request with a content type would have been preceded by one that asks for permission.
			expect(listener.requests.map(({ type }) => type)).toEqual(listener.requests.map(() => undefined));
		} finally {
			await page.close();
			await listener.close();
		}
	});
});

/** Runs in the page. */
async function connectInPage(address: string): Promise<unknown[]> {
	const { millrace } = globalThis as unknown as {
		millrace: typeof import("../../packages/client/src/browser/index.ts");
	};
	const nc = new millrace.NetConnection();
	await nc.connectAsync(address);
	const echo = await nc.callAsync("echo", "x".repeat(200_000));
	const { protocol } = nc;
	nc.close();
	return [protocol, String(echo).length];
}
