import { describe, expect, it } from "vitest";
import { StreamCollection } from "../application/index.ts";
import { parseScriptName, type StreamHost, StreamTable } from "./stream-table.ts";

function tableOf() {
	const closed: string[] = [];
	const streams = new StreamCollection({
		emit: effect => {
			if (effect.kind === "stream" && effect.action === "close") closed.push(effect.stream);
		},
		ask: () => Promise.reject(new Error("Nobody is there.")),
		askNow: () => undefined,
		onFault: () => {},
	});
	const hosts = new Map<object, StreamHost>();
	const table = new StreamTable(streams, host => {
		const object = {};
		hosts.set(object, host);
		return object;
	});
	const get = (text: string) => table.get(parseScriptName(text)!);
	return { table, hosts, closed, get };
}

describe("the streams of a script", () => {
	it.each([
		["cam", "", "cam"],
		["/dir/cam?key=1", "", "dir/cam"],
		["flv:cam", "", "cam"],
		["mp4:cam.f4v", "mp4", "cam.f4v"],
		["mp4:mp4:cam", "mp4", "cam"],
		["f4f:cam", "f4f", "cam"],
		["f4f:mp4:cam", "f4f", "cam"],
	])("%j has the prefix %j and the name %j", (text, prefix, bareName) => {
		expect(parseScriptName(text)).toEqual({ prefix, bareName });
	});

	it.each(["", "mp4:", "a:b", "../x", "x".repeat(2000), undefined, null, 5, {}])("%j is no name", value => {
		expect(parseScriptName(value)).toBeUndefined();
	});

	it("are those that a client publishes, with a prefix or without", () => {
		const { table, get } = tableOf();
		const use = { name: "cam", query: "key=1", mode: "live", prefix: "mp4" };
		const published = table.publish(use);
		expect([get("cam"), get("mp4:cam")]).toEqual([published, published]);
		expect(get("cam")).toBe(published);
		expect(get("f4f:cam")).not.toBe(published);
		expect(table.isPublished("cam")).toBe(true);
		expect(table.unpublish(use)).toBe(published);
		expect(table.isPublished("cam")).toBe(false);
		expect(get("cam")).not.toBe(published);
	});

	it("are published when a publisher takes over, though the end of the one before is told late", () => {
		const { table, get } = tableOf();
		const use = { name: "cam", query: "", mode: "live", prefix: "mp4" };
		const published = table.publish(use);
		table.publish(use);
		expect(table.unpublish(use)).toBe(published);
		table.begun("cam");
		expect(table.isPublished("cam")).toBe(true);
		expect(get("cam")).toBe(published);
		expect(table.unpublish(use)).toBe(published);
		expect(table.isPublished("cam")).toBe(false);
		table.begun("other");
		expect(table.isPublished("other")).toBe(false);
	});

	it("keep the object that a script has made before somebody publishes", () => {
		const { table, get } = tableOf();
		const made = get("cam");
		expect(table.publish({ name: "cam", query: "", mode: "live", prefix: "mp4" })).toBe(made);
		expect(table.unpublish({ name: "other", query: "", mode: "live" })).toBe(get("other"));
	});

	it("are forgotten when there are very many of which nothing happens, the oldest first", () => {
		const { table, hosts, closed, get } = tableOf();
		const used = get("used");
		hosts.get(used)!.plays = true;
		const published = table.publish({ name: "published", query: "", mode: "live" });
		const first = get("idle 0");
		for (let i = 1; i < 998; i++) get(`idle ${i}`);
		expect(closed).toEqual([]);
		expect(get("idle 0")).toBe(first);
		get("one more");
		expect(closed).toEqual(["idle 1"]);
		expect([get("used"), get("published"), get("idle 0")]).toEqual([used, published, first]);
	});

	it("end with the last object that has the stream", () => {
		const { table, hosts, closed, get } = tableOf();
		const [plain, segments] = [get("cam"), get("f4f:cam")];
		table.remove(hosts.get(segments)!);
		expect(closed).toEqual([]);
		table.remove(hosts.get(plain)!);
		expect(closed).toEqual(["cam"]);
		expect(get("cam")).not.toBe(plain);
	});
});
