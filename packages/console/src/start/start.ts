import { createCopyRow } from "../shared/copy.ts";
import { formatCount, formatDuration } from "../shared/format.ts";
import { pageElement, setText } from "../shared/page-element.ts";
import { pollStreams, type ServerFacts } from "../shared/server-api.ts";
import { DEFAULT_INSTANCE, DEFAULT_RTMP_PORT, streamAddresses } from "../shared/stream-address.ts";
import { showFiles } from "./file-list.ts";
import { StreamList } from "./stream-list.ts";

/** Names that need no quoting anywhere: not in a shell, not in an address, not on the server. */
const PLAIN_NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]*$/;

const list = new StreamList(pageElement("streams", HTMLUListElement));
const announcement = pageElement("announce", HTMLElement);
const nameInput = pageElement("name", HTMLInputElement);
const rows = {
	server: addRow("obs", "Server"),
	key: addRow("obs", "Stream key"),
	ffmpeg: addRow("ffmpeg", "Command line"),
	page: addRow("watch-browser", "Watch page"),
	rtmp: addRow("watch-players", "RTMP"),
	httpFlv: addRow("watch-pages", "HTTP-FLV"),
	webSocketFlv: addRow("watch-pages", "WebSocket-FLV"),
};
let server: ServerFacts | undefined;

showAddresses();
showFiles();
nameInput.addEventListener("input", showAddresses);
pollStreams({
	onAnswer(answer, serverNow) {
		server = answer.server;
		list.show(answer.streams, serverNow);
		pageElement("offline", HTMLElement).hidden = true;
		pageElement("empty", HTMLElement).hidden = answer.streams.length > 0;
		setText(
			pageElement("count", HTMLElement),
			answer.streams.length === 0 ? "" : formatCount(answer.streams.length, "stream"),
		);
		setText(
			pageElement("server-line", HTMLElement),
			[
				`Version ${server.version}`,
				`up ${formatDuration(serverNow - server.startedAt)}`,
				formatCount(server.connections, "connection"),
			].join(" · "),
		);
		showAddresses();
	},
	onFailure() {
		pageElement("offline", HTMLElement).hidden = false;
	},
});

function addRow(parent: string, label: string) {
	const row = createCopyRow(label, text => setText(announcement, text));
	pageElement(parent, HTMLElement).append(row.element);
	return row;
}

function showAddresses(): void {
	const typed = nameInput.value.trim();
	const usable = PLAIN_NAME.test(typed);
	nameInput.setAttribute("aria-invalid", String(!usable));
	setText(
		pageElement("name-hint", HTMLElement),
		usable ? "" : "Use letters, digits, “-”, “_” and “.”; the addresses show “mystream” until then.",
	);
	const name = usable ? typed : "mystream";
	const stream = { application: "live", instance: DEFAULT_INSTANCE, name };
	const addresses = streamAddresses(location, server?.rtmpPort ?? DEFAULT_RTMP_PORT, stream);
	const keyNeeded = server?.publishKeyNeeded ?? false;
	const key = keyNeeded ? `${name}?key=YOUR-KEY` : name;
	pageElement("key-note", HTMLElement).hidden = !keyNeeded;
	setText(pageElement("watch-hint", HTMLElement), `The addresses of “${name}”, for players and programs.`);
	rows.server.set(addresses.server);
	rows.key.set(key);
	rows.ffmpeg.set(
		`ffmpeg -re -i input.mp4 -c:v libx264 -preset veryfast -tune zerolatency -g 60 -pix_fmt yuv420p -c:a aac -b:a 128k -f flv "${addresses.server}/${key}"`,
	);
	rows.page.set(addresses.page);
	rows.rtmp.set(addresses.rtmp);
	rows.httpFlv.set(addresses.httpFlv);
	rows.webSocketFlv.set(addresses.webSocketFlv);
}
