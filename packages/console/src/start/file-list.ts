import { formatBytes, formatClock, formatCount, formatDate } from "../shared/format.ts";
import { createPart, pageElement, setText } from "../shared/page-element.ts";
import { poll } from "../shared/poll.ts";
import { type FileFacts, fetchFiles } from "../shared/server-api.ts";
import { DEFAULT_INSTANCE } from "../shared/stream-address.ts";

/** Files shown at first, and added by each press of the button. */
const STEP = 12;
/** The most that the server lists at once. */
const MOST = 200;
/** Milliseconds from one answer to the next question; lengths do not change as streams do. */
const INTERVAL = 10_000;

/**
 * The list of recordings and on-demand files, newest first, asked for again and again while the page is visible. Names
 * come from strangers: they only ever become text.
 */
export function showFiles(): void {
	const list = pageElement("files", HTMLUListElement);
	const more = pageElement("files-more", HTMLButtonElement);
	let wanted = STEP;
	let shown = "";

	const askNow = poll(async () => {
		const limit = wanted;
		try {
			const { total, files } = await fetchFiles({ limit: String(limit) });
			pageElement("files-section", HTMLElement).hidden = total === 0;
			setText(pageElement("files-count", HTMLElement), formatCount(total, "file"));
			more.hidden = files.length >= total || limit >= MOST;
			const state = JSON.stringify(files);
			// Left alone while nothing changes, for focus and selection.
			if (state !== shown) list.replaceChildren(...files.map(createRow));
			shown = state;
		} catch (error) {
			// The list of streams tells that the server is gone; this one stays as it was.
			console.warn("Asking for the files failed:", error);
		}
		return limit === wanted ? INTERVAL : 0;
	});
	more.addEventListener("click", () => {
		wanted = Math.min(MOST, wanted + STEP);
		askNow();
	});
}

function createRow(file: FileFacts): HTMLLIElement {
	const row = document.createElement("li");
	row.className = "file";
	const link = document.createElement("a");
	link.className = "file-name";
	// What is being recorded is live under the same name: a start asks for the file.
	link.href = file.recording ? `${file.path}?start=0` : file.path;
	link.textContent = file.name.replace(/^mp[34]:/, "");
	const application = file.instance === DEFAULT_INSTANCE ? file.application : `${file.application} / ${file.instance}`;
	const place = createPart("file-place", [application, file.kind.toUpperCase()].join(" · "));
	const length = createPart(
		"file-length",
		file.duration === undefined ? "cannot be played" : formatClock(file.duration / 1000),
	);
	const facts = createPart("file-facts", [formatBytes(file.bytes), formatDate(file.modified)].join(" · "));
	row.append(link, length, place, facts);
	if (file.recording) {
		const pill = createPart("pill file-pill", "Recording");
		pill.dataset["tone"] = "live";
		row.append(pill);
	}
	return row;
}
