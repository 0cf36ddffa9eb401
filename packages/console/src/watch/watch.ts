import { pageElement, setText } from "../shared/page-element.ts";
import { type FileFacts, fetchFiles, fetchStreams } from "../shared/server-api.ts";
import { parseWatchPath, type StreamName, watchPath } from "../shared/stream-address.ts";
import { showFilePage } from "./file-page.ts";
import { showLivePage } from "./live-page.ts";

const stream = parseWatchPath(location.pathname);
if (!stream) throw new Error(`No stream is named by ${location.pathname}.`);
const shortName = stream.name.replace(/^(?:flv|mp[34]):/, "");
document.title = `${shortName} – Millrace`;
setText(pageElement("title", HTMLElement), shortName);

// As on the server, what is live goes before a file of the same name, unless a start is asked for.
const start = new URLSearchParams(location.search).get("start");
const seconds = Math.max(0, Number(start) || 0);
const file = await fileToPlay(stream, start !== null);
if (file === undefined) showLivePage(stream);
else showFilePage(stream, file, seconds);

async function fileToPlay(name: StreamName, isStartGiven: boolean): Promise<FileFacts | undefined> {
	const path = watchPath(name);
	try {
		const [{ files }, { streams }] = await Promise.all([fetchFiles({ path }), fetchStreams()]);
		const isLive = streams.some(other => watchPath(other) === path);
		return isLive && !isStartGiven ? undefined : files[0];
	} catch (error) {
		// The page of a live stream waits for a server that is not there.
		console.warn("Asking for the file failed:", error);
		return undefined;
	}
}
