import { type RoadReport, testPorts } from "@millrace/client/browser";
import { createCopyRow } from "../shared/copy.ts";
import { pageElement, setText } from "../shared/page-element.ts";
import { fetchPorts, type PortsAnswer } from "../shared/server-api.ts";
import { type RoadResult, reportText } from "./report-text.ts";
import { RoadList } from "./road-list.ts";
import { type PlannedRoad, planRoads } from "./road-plan.ts";

/** Longest wait for one road, in milliseconds. */
const TIMEOUT = 8000;

/** One road after the other, so that none takes another's time; after this long, in milliseconds, the next one starts. */
const PATIENCE = 600;

/** An address of IPv6 stands without brackets. */
const host = location.hostname.replace(/^\[|\]$/g, "");
const list = new RoadList(pageElement("roads", HTMLUListElement));
const again = pageElement("again", HTMLButtonElement);
const announcement = pageElement("announce", HTMLElement);
const report = addRow("result", "Result");
const command = addRow("other", "Command line");

command.set(`millrace port-test ${host}`);
again.addEventListener("click", run);
void run();

/** Tries all roads and shows each as soon as it is known. */
async function run(): Promise<void> {
	again.disabled = true;
	setText(pageElement("count", HTMLElement), "Asking the server …");
	let answer: PortsAnswer;
	try {
		answer = await fetchPorts();
		pageElement("offline", HTMLElement).hidden = true;
	} catch (error) {
		console.warn("Asking for the ports failed:", error);
		pageElement("offline", HTMLElement).hidden = false;
		// The page came by some road: that one can be tried in any case.
		answer = { version: "?", ports: [] };
	}
	await testAll(answer);
	again.disabled = false;
}

async function testAll(answer: PortsAnswer): Promise<void> {
	const { roads, others } = planRoads(answer, location);
	const results: RoadResult[] = [];
	const showAll = (): void => {
		const ordered = roads.flatMap(road => results.filter(result => result.road === road));
		setText(pageElement("count", HTMLElement), verdict(roads.length, ordered));
		Object.assign(pageElement("progress", HTMLProgressElement), { max: roads.length, value: ordered.length });
		const head = { host: location.host, version: answer.version, time: Date.now(), browser: navigator.userAgent };
		report.set(reportText(head, ordered));
	};
	const take = (result: RoadResult): void => {
		results.push(result);
		list.show(result);
		showAll();
	};
	setText(pageElement("server-line", HTMLElement), `Version ${answer.version}`);
	setText(pageElement("other-hint", HTMLElement), othersText(others));
	list.begin(roads, location.hostname);
	showAll();
	for (const road of roads) {
		if (road.obstacle === undefined) continue;
		take({ road, outcome: "untried", roundTrip: undefined, reason: road.obstacle });
	}
	const tests: Promise<void>[] = [];
	for (const road of roads) {
		if (road.obstacle !== undefined) continue;
		const test = testRoad(road).then(take);
		tests.push(test);
		await Promise.race([test, new Promise(resolve => setTimeout(resolve, PATIENCE))]);
	}
	await Promise.all(tests);
}

async function testRoad(road: PlannedRoad): Promise<RoadResult> {
	const [found] = await testPorts(host, { roads: [road], timeoutMillis: TIMEOUT });
	if (found === undefined) throw new Error(`${road.protocol} is nothing that a page can try.`);
	return resultOf(road, found);
}

function resultOf(road: PlannedRoad, { works, roundTripMillis, reason }: RoadReport): RoadResult {
	return {
		road,
		outcome: works ? "works" : "fails",
		roundTrip: works ? roundTripMillis : undefined,
		reason: works ? undefined : explain(road, reason ?? ""),
	};
}

/** Browsers keep from pages why a connection failed: what it may be is all that can be told. */
function explain({ protocol }: PlannedRoad, reason: string): string {
	const plain = reason.replace(/^No connection could be opened\. /, "").replace(/^\S+:\d+: /, "");
	const isSecure = protocol === "wss" || protocol === "rtmpts";
	const guess = isSecure
		? "The port is blocked on the way, or the browser does not trust the certificate."
		: "The port is blocked on the way, or a proxy does not let it pass.";
	return `${plain} ${guess}`.trim();
}

function verdict(count: number, results: readonly RoadResult[]): string {
	if (results.length < count) return `${results.length} of ${count} tested`;
	const tried = results.filter(({ outcome }) => outcome !== "untried");
	const works = tried.filter(({ outcome }) => outcome === "works").length;
	if (works === 0) return "None works";
	return works === tried.length ? `All ${works} work` : `${works} of ${tried.length} work`;
}

function othersText(others: readonly string[]): string {
	const tells = "Players and encoders connect by protocols that browsers do not speak. Try them from a terminal.";
	return others.length === 0 ? tells : `${tells} This server takes ${others.join(", ")}.`;
}

function addRow(parent: string, label: string) {
	const row = createCopyRow(label, text => setText(announcement, text));
	pageElement(parent, HTMLElement).append(row.element);
	return row;
}
