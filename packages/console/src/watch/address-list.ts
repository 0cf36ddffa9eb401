import { createCopyRow } from "../shared/copy.ts";
import { pageElement, setText } from "../shared/page-element.ts";
import { DEFAULT_INSTANCE, type StreamName, streamAddresses } from "../shared/stream-address.ts";

const rows = new Map<string, ReturnType<typeof createCopyRow>>();

/** Shows where else a stream can be watched; for a file, `file` is the path of the file itself. */
export function showAddresses(stream: StreamName, rtmpPort: number, file?: string): void {
	const addresses = streamAddresses(location, rtmpPort, stream);
	const shown = [
		["RTMP (VLC, ffplay, mpv)", addresses.rtmp],
		["HTTP-FLV", addresses.httpFlv],
		file === undefined ? ["WebSocket-FLV", addresses.webSocketFlv] : ["File", new URL(file, location.href).href],
	] as const;
	if (rows.size === 0) {
		const announcement = pageElement("announce", HTMLElement);
		const place =
			stream.instance === DEFAULT_INSTANCE ? stream.application : `${stream.application}/${stream.instance}`;
		pageElement("player", HTMLElement).setAttribute("aria-label", `Player for ${place}/${stream.name}`);
		for (const [label] of shown) {
			const row = createCopyRow(label, text => setText(announcement, text));
			rows.set(label, row);
			pageElement("addresses", HTMLElement).append(row.element);
		}
	}
	for (const [label, value] of shown) rows.get(label)?.set(value);
}
