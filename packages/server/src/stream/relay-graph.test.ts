import { describe, expect, it } from "vitest";
import { MAX_CHAIN, RelayGraph } from "./relay-graph.ts";

describe("the graph of streams that play others", () => {
	it("refuses rings of any length, and takes what is no ring any more", () => {
		const graph = new RelayGraph();
		const [one, two, three] = [{}, {}, {}];
		expect(graph.begin(one, "a", "a")).toBe(false);
		expect(graph.begin(one, "a", "b")).toBe(true);
		expect(graph.begin(two, "b", "a")).toBe(false);
		expect(graph.begin(two, "b", "c")).toBe(true);
		expect(graph.begin(three, "c", "a")).toBe(false);
		graph.end(one);
		expect(graph.begin(three, "c", "a")).toBe(true);
		expect(graph.begin(one, "a", "x")).toBe(true);
	});

	it("knows two that wait to publish one stream", () => {
		const graph = new RelayGraph();
		const [one, two, three] = [{}, {}, {}];
		expect(graph.begin(one, "a", "b")).toBe(true);
		expect(graph.begin(two, "a", "c")).toBe(true);
		expect(graph.begin(three, "b", "a")).toBe(false);
		graph.end(one);
		expect(graph.begin(three, "c", "a")).toBe(false);
		expect(graph.begin(three, "b", "a")).toBe(true);
	});

	it.each(["from its head", "from its end", "from both"])("refuses a row that is too long, built %s", way => {
		const graph = new RelayGraph();
		const places = Array.from({ length: 2 * MAX_CHAIN }, (_, i) => i);
		if (way === "from its end") places.reverse();
		else if (way === "from both") places.sort((a, b) => (a % 2) - (b % 2));
		const taken = new Set(places.filter(i => graph.begin({}, `s${i}`, `s${i + 1}`)));
		// A row of so many plays has one stream more.
		const runs = places
			.toSorted((a, b) => a - b)
			.map(i => (taken.has(i) ? "x" : " "))
			.join("")
			.split(" ");
		expect(Math.max(...runs.map(run => run.length + 1))).toBeLessThanOrEqual(MAX_CHAIN);
		expect(taken.size).toBeGreaterThan(MAX_CHAIN / 2);
		expect(taken.size).toBeLessThan(places.length);
	});
});
