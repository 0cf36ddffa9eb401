import { describe, expect, it } from "vitest";
import { reportText } from "./report-text.ts";
import { planRoads, roadAddress } from "./road-plan.ts";

const plain = { protocol: "http:", host: "media.example:8080", hostname: "media.example" };
const secure = { protocol: "https:", host: "media.example", hostname: "media.example" };
const ports = [
	{ port: 1935, protocols: ["rtmp", "rtmpe", "rtmps", "ws", "rtmpt", "rtmpte", "wss", "rtmpts"] },
	{ port: 8080, protocols: ["ws", "rtmpt"] },
];

function names(roads: ReturnType<typeof planRoads>["roads"]): string[] {
	return roads.map(({ protocol, port, isOwn, obstacle }) =>
		[protocol, port, isOwn ? "own" : "", obstacle === undefined ? "" : "untried"].filter(Boolean).join(" "),
	);
}

describe("the plan of a port test", () => {
	it("has every road that a browser can take, the page's own first, and names the others", () => {
		const { roads, others } = planRoads({ ports }, plain);
		expect(names(roads)).toEqual(["ws 8080 own", "rtmpt 8080 own", "ws 1935", "wss 1935", "rtmpt 1935", "rtmpts 1935"]);
		expect(others).toEqual(["rtmp 1935", "rtmpe 1935", "rtmps 1935", "rtmpte 1935"]);
	});

	it("does not try what a page that came by HTTPS may not open, and takes the port of a proxy in front", () => {
		expect(names(planRoads({ ports }, secure).roads)).toEqual([
			"wss 443 own",
			"rtmpts 443 own",
			"ws 1935 untried",
			"wss 1935",
			"rtmpt 1935 untried",
			"rtmpts 1935",
			"ws 8080 untried",
			"rtmpt 8080 untried",
		]);
	});

	it("has no tunnel where the server offers none, and the page's own roads where it tells nothing", () => {
		expect(names(planRoads({ ports: [{ port: 8080, protocols: ["ws"] }] }, plain).roads)).toEqual(["ws 8080 own"]);
		expect(names(planRoads({ ports: [] }, plain).roads)).toEqual(["ws 8080 own", "rtmpt 8080 own"]);
	});

	it("names addresses, those of IPv6 in brackets", () => {
		const { roads } = planRoads({ ports: [] }, { protocol: "http:", host: "[::1]", hostname: "[::1]" });
		expect(roads.map(road => roadAddress(road, "[::1]"))).toEqual(["ws://[::1]:80/rtmp", "rtmpt://[::1]:80"]);
	});
});

it("the result is a table of text", () => {
	const [road, second] = planRoads({ ports: [] }, plain).roads;
	const head = { host: "media.example:8080", version: "1.2.3", time: 0, browser: "Some/1" };
	const text = reportText(head, [
		{ road: road!, outcome: "works", roundTrip: 3.21, reason: undefined },
		{ road: second!, outcome: "fails", roundTrip: undefined, reason: "Blocked." },
	]);
	expect(text.split("\n")).toEqual([
		"Port test of media.example:8080, Millrace 1.2.3, 1970-01-01 00:00:00 UTC",
		"PROTOCOL  PORT  RESULT  ROUND TRIP  REASON",
		"ws        8080  works   3.2 ms",
		"rtmpt     8080  no                  Blocked.",
		"Browser: Some/1",
	]);
});
