import { createPart } from "../shared/page-element.ts";
import { formatRoundTrip, type RoadResult } from "./report-text.ts";
import { type PlannedRoad, roadAddress } from "./road-plan.ts";

const NAMES = {
	ws: "WebSocket",
	wss: "WebSocket with TLS",
	rtmpt: "HTTP requests (RTMPT)",
	rtmpts: "HTTPS requests (RTMPTS)",
} as const;

const PILLS = {
	works: { text: "Works", tone: "good" },
	fails: { text: "Fails", tone: "bad" },
	untried: { text: "Not tried", tone: "" },
} as const;

/** The list of roads: each row says at once what is tried, and what came of it as soon as that is known. */
export class RoadList {
	readonly #list: HTMLUListElement;
	readonly #rows = new Map<
		PlannedRoad,
		{ readonly pill: HTMLElement; readonly time: HTMLElement; readonly reason: HTMLElement }
	>();

	constructor(list: HTMLUListElement) {
		this.#list = list;
	}

	/** Shows the roads that are going to be tried instead of what was there. */
	begin(roads: readonly PlannedRoad[], hostname: string): void {
		this.#rows.clear();
		this.#list.replaceChildren(...roads.map(road => this.#createRow(road, hostname)));
	}

	show({ road, outcome, roundTrip, reason }: RoadResult): void {
		const row = this.#rows.get(road);
		if (row === undefined) return;
		row.pill.textContent = PILLS[outcome].text;
		row.pill.dataset["tone"] = PILLS[outcome].tone;
		row.time.textContent = roundTrip === undefined ? "" : formatRoundTrip(roundTrip);
		row.reason.textContent = reason ?? "";
		row.reason.hidden = reason === undefined;
	}

	#createRow(road: PlannedRoad, hostname: string): HTMLLIElement {
		const row = document.createElement("li");
		row.className = "road";
		const pill = createPart("pill", "Testing …");
		const time = createPart("road-time", "");
		const reason = createPart("road-reason", "");
		reason.hidden = true;
		const name = createPart("road-name", NAMES[road.protocol]);
		if (road.isOwn) name.append(createPart("road-own", "as this page came"));
		row.append(name, createPart("road-address", roadAddress(road, hostname)), time, pill, reason);
		this.#rows.set(road, { pill, time, reason });
		return row;
	}
}
