import { describe, expect, it } from "vitest";
import { createEventLog, type EventLogOptions, type LogTarget } from "./create-event-log.ts";
import type { LogRecord } from "./event-log.ts";

const NOW = new Date(2026, 0, 2, 18, 42, 7).getTime();

function lines(options: EventLogOptions, target: Partial<LogTarget> = {}) {
	const written: string[] = [];
	const write = (text: string): unknown => written.push(text);
	const open = createEventLog({ now: () => NOW, target: { ...target, write }, ...options });
	return { ...open, written };
}

const PUBLISH = {
	connection: "c12",
	stream: "live/demo",
	from: "127.0.0.1",
	media: "H.264 640x360 + AAC 44.1 kHz",
};

describe("a log for people", () => {
	it("aligns its columns and names other fields", () => {
		const { log, written } = lines({ format: "text" });
		log.info("publish", PUBLISH);
		log.info("play", { connection: "c3", stream: "live/a", viewers: 4, agent: "VLC 3" });
		log.info("start", { text: "Millrace is ready" });
		expect(written).toEqual([
			"18:42:07 publish     c12  live/demo         from 127.0.0.1  H.264 640x360 + AAC 44.1 kHz\n",
			'18:42:07 play        c3   live/a            viewers=4  agent="VLC 3"\n',
			"18:42:07 start            Millrace is ready\n",
		]);
	});

	it("says the level in words where there are no colours", () => {
		const { log, written } = lines({ format: "text" });
		log.warn("slow-viewer", { connection: "c1" });
		log.error("error", { error: new Error("broken") });
		expect(written).toEqual(["18:42:07 slow-viewer c1   (warning)\n", "18:42:07 error            broken\n"]);
	});

	it("uses colours on a terminal that has them, and none on one that has not", () => {
		const coloured = lines({}, { isTTY: true, hasColors: () => true });
		coloured.log.info("publish", PUBLISH);
		expect(coloured.written[0]).toContain("\x1b[36mpublish");
		const plain = lines({}, { isTTY: true, hasColors: () => false });
		plain.log.info("publish", PUBLISH);
		expect(plain.written[0]).toMatch(/^18:42:07 publish/);
	});

	it("adds stacks at the level debug only", () => {
		const error = new Error("outer", { cause: new Error("inner") });
		const quiet = lines({ format: "text" });
		quiet.log.error("error", { error });
		expect(quiet.written).toHaveLength(1);
		const loud = lines({ format: "text", level: "debug" });
		loud.log.error("error", { error });
		expect(loud.written.join("")).toContain("    caused by inner\n    at ");
	});

	it("keeps one event on one line, whatever a peer put into any of its fields", () => {
		const evil = "x\n18:42:08 publish     c1   \x1b[2J\u202e";
		const { log, written } = lines({ format: "text" });
		log.info("play", { stream: evil, from: evil, media: evil, text: evil, error: evil, [evil]: evil });
		expect(written).toHaveLength(1);
		expect(written[0]?.slice(0, -1)).not.toMatch(/[\p{Cc}\u202e]/u);
	});
});

describe("a log for programs", () => {
	it("is one JSON object a line, by default where no terminal reads along", () => {
		const { log, written } = lines({});
		log.info("publish", PUBLISH);
		expect(written).toHaveLength(1);
		expect(written[0]?.endsWith("}\n")).toBe(true);
		expect(JSON.parse(written[0] ?? "")).toEqual({
			level: "info",
			time: new Date(NOW).toISOString(),
			event: "publish",
			...PUBLISH,
		});
	});

	it("writes errors with type, code, stack and causes", () => {
		const { log, written } = lines({ format: "json" });
		const cause = Object.assign(new Error("inner"), { code: "EADDRINUSE" });
		log.error("error", { error: new Error("outer", { cause }) });
		const { error } = JSON.parse(written[0] ?? "");
		expect(error).toMatchObject({ type: "Error", message: "outer", cause: { message: "inner", code: "EADDRINUSE" } });
		expect(error.stack[0]).toMatch(/^at /);
	});

	it("escapes what JSON itself lets through, and lets no field take the line's own names", () => {
		const { log, written } = lines({ format: "json" });
		log.info("play", { stream: "\x9b2J\n", level: "error", time: 1, event: "publish" });
		expect(JSON.parse(written[0] ?? "")).toMatchObject({
			level: "info",
			event: "play",
			stream: "\\x9b2J\\n",
			level_: "error",
			time_: 1,
			event_: "publish",
		});
	});
});

describe("every log", () => {
	it("drops what is below its level, and says so beforehand", () => {
		const records: LogRecord[] = [];
		const { log } = createEventLog({ level: "warn", sink: { write: record => records.push(record), flush: () => {} } });
		log.debug("a");
		log.info("b");
		log.warn("c");
		log.error("d");
		expect(records.map(({ event }) => event)).toEqual(["c", "d"]);
		expect([log.enabled("info"), log.enabled("warn")]).toEqual([false, true]);
		const silent = lines({ level: "silent" });
		silent.log.error("x");
		expect(silent.written).toEqual([]);
	});

	it("passes fields on to its children, where an event's own win", () => {
		const records: LogRecord[] = [];
		const { log } = createEventLog({ sink: { write: record => records.push(record), flush: () => {} } });
		log.child({ connection: "c1", from: "::1" }).child({ stream: "live/a" }).info("play", { from: "::2" });
		expect(records[0]?.fields).toEqual({ connection: "c1", from: "::2", stream: "live/a" });
	});

	it.each(["text", "json"] as const)("never throws for a strange value (%s)", format => {
		const { log, written } = lines({ format });
		const circular: Record<string, unknown> = Object.create(null);
		circular["self"] = circular;
		log.info("call", {
			circular,
			big: 10n ** 30n,
			symbol: Symbol("s"),
			not: Number.NaN,
			error: circular,
			none: undefined,
		});
		expect(written).toHaveLength(1);
		expect(written[0]).not.toContain("none");
	});
});
