import { cpSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import {
	needPrograms,
	removeTempDirs,
	runProgram,
	type ServerProcess,
	type SkippableTest,
	TempDir,
} from "@millrace/testkit";
import type { Browser } from "playwright-core";
import { afterAll, expect, test } from "vitest";
import { launchChromium, needChromium } from "./browser.ts";
import { needMillrace, startServer } from "./suite-server.ts";

/**
 * A Flash program, compiled by Haxe and run by Ruffle in Chromium, that calls the gateway of Flash Remoting. The server
 * brings the page, the program and the answers.
 */

const APPLICATION = `
import { defineApplication, reject } from "millrace/app";
class Point { x = 0; y = 0; }
export default defineApplication({
	onStart(app) { app.registerClass("example.Point", Point); },
	onConnect(client, user: string, password: string) { return user === "ann" && password === "secret"; },
	methods: {
		echo: (_client, ...args: never[]) => args,
		who: client => ({ user: client.args[0], instance: client.app.instance, protocol: client.protocol, encoding: client.objectEncoding }),
		refuse: () => reject("Not today.", { until: "tomorrow" }),
		mirror: (_client, point: Point) => Object.assign(new Point(), { x: -point.x, y: -point.y }),
		math: { sum: (_client, a: number, b: number) => a + b },
	},
});
`;

const PAGE = `<!doctype html><meta charset="utf-8"><title>movie</title><link rel="icon" href="data:,"><body>
<script>
	window.reports = {};
	window.report = (what, value) => { window.reports[what] = JSON.parse(value); };
	window.RufflePlayer = { config: {
		publicPath: "/ruffle/", allowScriptAccess: true, autoplay: "on", unmuteOverlay: "hidden", splashScreen: false,
	} };
</script>
<script src="/ruffle/ruffle.js"></script>
<script>
	const { origin, searchParams } = new URL(location.href);
	const gateway = searchParams.get("origin") + "/gateway";
	const player = window.RufflePlayer.newest().createPlayer();
	document.body.append(player);
	player.load({
		url: "/movie.swf",
		parameters: { gateway, nowhere: searchParams.get("origin") + "/api/nowhere" },
	});
</script>`;

const SOURCE = join(import.meta.dirname, "remoting-movie");
const RUFFLE = dirname(fileURLToPath(import.meta.resolve("@ruffle-rs/ruffle")));
const dir = new TempDir("remoting");
let prepared: Promise<{ readonly server: ServerProcess; readonly browser: Browser }> | undefined;

afterAll(async () => {
	const started = await prepared?.catch(() => undefined);
	await started?.browser.close();
	await started?.server.stop();
	removeTempDirs();
});

async function prepare() {
	const web = dir.file("web");
	cpSync(RUFFLE, join(web, "ruffle"), { recursive: true });
	writeFileSync(join(web, "index.html"), PAGE);
	const movie = join(web, "movie.swf");
	await runProgram("haxe", ["-cp", SOURCE, "-main", "RemotingMovie", "-swf", movie, "-swf-version", "11"]);
	const applications = dir.file("applications");
	mkdirSync(join(applications, "demo"), { recursive: true });
	writeFileSync(join(applications, "demo", "main.ts"), APPLICATION);
	const server = await startServer([
		...[`media.applications=${applications}`, `http.webroot=${web}`, "remoting.application=demo"],
	]);
	return { server, browser: await launchChromium() };
}

function need(context: SkippableTest): void {
	needMillrace(context, "gateway of Flash Remoting");
	needChromium(context);
	needPrograms(context, "haxe");
}

test.for([
	["its own server", "127.0.0.1"],
	["another server", "localhost"],
] as const)("a Flash program in Ruffle calls the gateway of %s", async ([, pageHost], context) => {
	need(context);
	prepared ??= prepare();
	const { server, browser } = await prepared;
	const page = await browser.newPage();
	const seen: string[] = [];
	page.on("console", message => seen.push(message.text()));
	try {
		const origin = server.httpUrl("").replace(/\/$/, "");
		const from = origin.replace("127.0.0.1", pageHost);
		await page.goto(`${from}/index.html?origin=${encodeURIComponent(origin)}`);
		await page
			.waitForFunction(() => "elsewhere" in (globalThis as unknown as { reports: object }).reports, null, {
				timeout: 60_000,
			})
			.catch((error: unknown) => {
				throw new Error(`The program did not come to its end:\n${seen.join("\n")}`, { cause: error });
			});
		const reports = await page.evaluate(() => (globalThis as unknown as { reports: Record<string, unknown> }).reports);
		const code = "NetConnection.Call.Failed";
		expect(reports).toEqual({
			connected: false,
			echo: [{ list: [1, "two", null, true, 2.5], text: "Grüße" }, "last"],
			who: { user: "ann", instance: "red", protocol: "http", encoding: 0 },
			"nothing-status": expect.objectContaining({ code, level: "error", description: "Method not found (nothing)." }),
			"refuse-status": expect.objectContaining({ code, description: "Not today.", application: { until: "tomorrow" } }),
			sum: 5,
			// Ruffle reads class names, and does not write them.
			mirror: { isPoint: true, x: -1, y: -2 },
			// It says `Failed` of a status too, where Flash Player names it.
			elsewhere: expect.objectContaining({ code, level: "error", description: expect.stringMatching(/^HTTP: /) }),
		});
	} finally {
		await page.close();
	}
});
