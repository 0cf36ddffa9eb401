import { describe, expect, it } from "vitest";
import type { LogRecord } from "./event-log.ts";
import { FloodSampler } from "./flood-sampler.ts";

function sampler(options: { perSecond?: number; maxPairs?: number } = {}) {
	const written: LogRecord[] = [];
	const timers: (() => void)[] = [];
	const sink = new FloodSampler(
		{ write: record => written.push(record), flush: () => {} },
		{ perSecond: 3, ...options, setTimer: callback => ({ unref: () => timers.push(callback) }) },
	);
	const send = (event: string, from?: string): void =>
		sink.write({ time: 0, level: "info", event, fields: from === undefined ? {} : { from, connection: "c1" } });
	const endSecond = (): void => {
		for (const callback of timers.splice(0)) callback();
	};
	return { written, sink, send, endSecond, timers };
}

describe("a flood of one event from one address", () => {
	it("is counted beyond the rate and summed up at the end of the second", () => {
		const { written, send, endSecond } = sampler();
		for (let index = 0; index < 217; index += 1) send("connect", "10.0.0.1");
		expect(written).toHaveLength(3);
		endSecond();
		expect(written[3]).toEqual({
			time: 0,
			level: "info",
			event: "connect",
			fields: { from: "10.0.0.1", text: "… and 214 more like this", repeated: 214 },
		});
		send("connect", "10.0.0.1");
		expect(written).toHaveLength(5);
	});

	it("holds back neither other events nor other addresses", () => {
		const { written, send, endSecond } = sampler();
		for (let index = 0; index < 4; index += 1) send("connect", "10.0.0.1");
		send("disconnect", "10.0.0.1");
		send("connect", "10.0.0.2");
		endSecond();
		expect(written.map(({ event, fields }) => `${event} ${fields.from}`)).toEqual([
			"connect 10.0.0.1",
			"connect 10.0.0.1",
			"connect 10.0.0.1",
			"disconnect 10.0.0.1",
			"connect 10.0.0.2",
			"connect 10.0.0.1",
		]);
	});

	it("ends without a summary when nothing was held back", () => {
		const { written, send, endSecond } = sampler();
		for (let index = 0; index < 3; index += 1) send("connect", "10.0.0.1");
		endSecond();
		expect(written).toHaveLength(3);
	});

	it("is summed up at once by a flush", () => {
		const { written, send, sink } = sampler();
		for (let index = 0; index < 5; index += 1) send("connect", "10.0.0.1");
		sink.flush();
		expect(written.at(-1)?.fields["repeated"]).toBe(2);
	});

	it("from many addresses at once takes bounded memory and becomes one flood", () => {
		const { written, send, endSecond } = sampler({ maxPairs: 10 });
		for (let index = 0; index < 1000; index += 1) send("connect", `10.0.${index >> 8}.${index & 255}`);
		expect(written).toHaveLength(13);
		endSecond();
		expect(written.at(-1)?.fields).toMatchObject({ from: "many addresses", repeated: 987 });
	});

	it("runs one timer a second, and none while nothing happens", () => {
		const { send, endSecond, timers } = sampler();
		expect(timers).toHaveLength(0);
		for (let index = 0; index < 50; index += 1) send("connect", `10.0.0.${index}`);
		expect(timers).toHaveLength(1);
		endSecond();
		expect(timers).toHaveLength(0);
	});

	it("does not concern events without an address", () => {
		const { written, send } = sampler();
		for (let index = 0; index < 50; index += 1) send("tick");
		expect(written).toHaveLength(50);
	});
});
