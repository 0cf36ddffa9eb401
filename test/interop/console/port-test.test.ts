import { freePort, removeTempDirs, TempDir } from "@millrace/testkit";
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeEach, describe, expect, test } from "vitest";
import { createServer, type MillraceServer } from "../../../packages/server/src/index.ts";
import { launchChromium, needChromium } from "../browser.ts";

describe("the page that tests ports, in Chromium", () => {
	let launched: Promise<Browser> | undefined;
	let server: MillraceServer;
	let pages: Page[];
	let faults: string[];

	beforeEach(async () => {
		pages = [];
		faults = [];
		server = createServer({
			listeners: [
				{ protocol: "rtmp", host: "127.0.0.1", port: 0, protocols: ["all"] },
				{ protocol: "http", host: "127.0.0.1", port: 0 },
			],
			dataDir: new TempDir("port-test").path,
			tls: { selfSigned: true },
		});
		await server.start();
	});

	afterEach(async () => {
		for (const page of pages) await page.context().close();
		await server.stop();
		removeTempDirs();
		expect(faults).toEqual([]);
	});

	afterAll(async () => (await launched)?.close());

	async function open(options: { readonly trustsAll?: boolean; readonly scheme?: "https" } = {}): Promise<Page> {
		launched ??= launchChromium();
		const context = await (await launched).newContext({ ignoreHTTPSErrors: options.trustsAll ?? false });
		const page = await context.newPage();
		pages.push(page);
		page.on("pageerror", error => faults.push(String(error)));
		page.on("console", message => {
			if (/Content.Security.Policy/i.test(message.text())) faults.push(message.text());
		});
		const { port } = server.addresses[options.scheme === "https" ? 0 : 1]!;
		await page.goto(`${options.scheme ?? "http"}://127.0.0.1:${port}/port-test`);
		return page;
	}

	/** The rows once all are known: address, and result. */
	async function rows(page: Page): Promise<string[]> {
		await page.locator("#again:enabled").waitFor();
		return page.locator(".road").evaluateAll(list =>
			list.map(row =>
				["address", "time"]
					.map(name => row.querySelector(`.road-${name}`)?.textContent?.replace(/^[\d.]+ ms$/, "timed") ?? "")
					.concat(row.querySelector(".pill")?.textContent ?? "")
					.filter(text => text !== "")
					.join(" "),
			),
		);
	}

	test("every road of every listener is tried, and each that leads there is timed", async context => {
		needChromium(context);
		const [main, second] = server.addresses.map(({ port }) => port);
		const page = await open({ trustsAll: true });
		expect(await rows(page)).toEqual([
			`ws://127.0.0.1:${second}/rtmp timed Works`,
			`rtmpt://127.0.0.1:${second} timed Works`,
			`ws://127.0.0.1:${main}/rtmp timed Works`,
			`wss://127.0.0.1:${main}/rtmp timed Works`,
			`rtmpt://127.0.0.1:${main} timed Works`,
			`rtmpts://127.0.0.1:${main} timed Works`,
		]);
		expect(await page.textContent("#count")).toBe("All 6 work");
		expect(await page.textContent("#other-hint")).toContain(`rtmp ${main}, rtmpe ${main}, rtmps ${main}`);
		expect(await page.textContent("#other")).toContain("millrace port-test 127.0.0.1");
		const text = await page.locator("#result code").textContent();
		expect(text).toMatch(new RegExp(`^wss +${main} +works +[\\d.]+ ms$`, "m"));
		expect(text).toContain("Browser: Mozilla/5.0");
	});

	test("roads that do not lead there say why, and can be tried again", async context => {
		needChromium(context);
		const closed = await freePort();
		launched ??= launchChromium();
		const page = await open();
		await page.locator("#again:enabled").waitFor();
		await page.route("**/api/ports", route =>
			route.fulfill({ json: { version: "1", ports: [{ port: closed, protocols: ["rtmp", "ws", "rtmpt"] }] } }),
		);
		await page.getByRole("button", { name: "Test again" }).click();
		await page.getByText(`rtmpt://127.0.0.1:${closed}`).first().waitFor();
		expect((await rows(page)).map(row => row.replace(/^.*(?=timed|Fails|Not)/, ""))).toEqual([
			"timed Works",
			"timed Works",
			"Fails",
			"Fails",
		]);
		expect(await page.textContent("#count")).toBe("2 of 4 work");
		expect(await page.locator(".road-reason").last().textContent()).toMatch(/blocked on the way/);
	});

	test("a certificate that nobody vouches for is a reason", async context => {
		needChromium(context);
		const page = await open();
		const list = await rows(page);
		expect(list.filter(row => row.endsWith("Fails")).map(row => row.split(":")[0])).toEqual(["wss", "rtmpts"]);
		expect(await page.locator(".road-reason:visible").first().textContent()).toMatch(/does not trust the certificate/);
	});

	test("a page that came by HTTPS tries only what it may", async context => {
		needChromium(context);
		const page = await open({ trustsAll: true, scheme: "https" });
		const [main, second] = server.addresses.map(({ port }) => port);
		expect(await rows(page)).toEqual([
			`wss://127.0.0.1:${main}/rtmp timed Works`,
			`rtmpts://127.0.0.1:${main} timed Works`,
			`ws://127.0.0.1:${main}/rtmp Not tried`,
			`rtmpt://127.0.0.1:${main} Not tried`,
			`ws://127.0.0.1:${second}/rtmp Not tried`,
			`rtmpt://127.0.0.1:${second} Not tried`,
		]);
	});

	test("it is linked from the start page, and fits a telephone's width", async context => {
		needChromium(context);
		const page = await open();
		await page.setViewportSize({ width: 390, height: 844 });
		await rows(page);
		expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(390);
		await page.goto(`http://127.0.0.1:${server.addresses[1]!.port}/`);
		await page.getByRole("link", { name: "Test the ports" }).click();
		await page.waitForURL("**/port-test");
	});
});
