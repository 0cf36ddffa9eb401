import { closeAllPrograms, MediaLibrary, needEncoders, removeTempDirs, type ServerProcess } from "@millrace/testkit";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { chromiumCapture, launchChromium, needChromium, readWatchPage, type WatchPageState } from "./browser.ts";
import { proveLive } from "./live-proof.ts";
import { ffmpegPublisher, gstPublisher, millracePublisher, type Publisher } from "./publisher.ts";
import { needMillrace, sleep, startServer, waitUntilLive } from "./suite-server.ts";

const publishers: readonly Publisher[] = [
	...[ffmpegPublisher, gstPublisher("rtmp2sink"), gstPublisher("rtmpsink"), millracePublisher],
];
const library = new MediaLibrary();
let server: ServerProcess;
let launched: Promise<Browser> | undefined;

function browser(): Promise<Browser> {
	launched ??= launchChromium();
	return launched;
}

const captures = [chromiumCapture(browser, "fetch"), chromiumCapture(browser, "websocket")];

beforeAll(async () => {
	server = await startServer();
});

afterAll(async () => {
	await (await launched)?.close();
	await server?.stop();
	await closeAllPrograms();
	removeTempDirs();
});

proveLive({ title: "what %s publishes", server: () => server, library, publishers, players: captures });

// The parameter chooses the transport that the page would otherwise choose by itself.
test.for(["ws", "http"] as const)("the watch page plays a live stream through %s", async (transport, context) => {
	needMillrace(context, "watch page");
	needChromium(context);
	await needEncoders(context, "libx264", "aac");
	const path = `live/watch-${transport}`;
	const publisher = ffmpegPublisher.start(await library.file("h264-aac"), server.rtmpUrl(path));
	await waitUntilLive(server, path);
	const page = await (await browser()).newPage();
	const problems: string[] = [];
	page.on("pageerror", error => problems.push(String(error)));
	await page.goto(server.httpUrl(`${path}?transport=${transport}`));

	const seen: WatchPageState[] = [];
	while (!publisher.exit && !hasAdvanced(seen)) {
		const state = await readWatchPage(page);
		if (state) seen.push(state);
		await sleep(200);
	}
	expect(hasAdvanced(seen), `what the page showed: ${JSON.stringify(seen.at(-1))} ${problems.join("; ")}`).toBe(true);
	expect(seen.at(-1)!.transport).toBe(transport);
	expect(problems).toEqual([]);
	await page.close();
	await publisher.stop();
});

/** Whether the picture has run for more than a second, with at least twenty frames decoded in that time. */
function hasAdvanced(seen: readonly WatchPageState[]): boolean {
	const first = seen.find(state => state.currentTime > 0);
	const last = seen.at(-1);
	if (!first || !last) return false;
	return last.currentTime - first.currentTime > 1 && last.framesDecoded - first.framesDecoded >= 20;
}
