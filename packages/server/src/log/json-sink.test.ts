import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { JsonSink } from "./json-sink.ts";

const RECORD = { time: 0, level: "info", event: "start", fields: {} } as const;

describe("JsonSink", () => {
	beforeEach(() => void vi.useFakeTimers());
	afterEach(() => void vi.useRealTimers());

	it("lets lines leave together soon after the first, and sleeps while there are none", () => {
		const told: string[] = [];
		const write = (text: string): void => void told.push(`${text.split("\n").length - 1} lines`);
		const sink = new JsonSink({ write, flushSync: () => void told.push("flush") });
		expect(vi.getTimerCount()).toBe(0);
		sink.write(RECORD);
		sink.write(RECORD);
		expect(told).toEqual([]);
		vi.advanceTimersByTime(100);
		expect(told).toEqual(["2 lines"]);
		expect(vi.getTimerCount()).toBe(0);
		sink.write(RECORD);
		sink.flush();
		sink.flush();
		expect(told).toEqual(["2 lines", "1 lines", "flush", "flush"]);
		expect(vi.getTimerCount()).toBe(0);
	});

	it("does not wait when there are many", () => {
		const told: number[] = [];
		const sink = new JsonSink({ write: text => void told.push(text.length), flushSync: () => {} });
		for (let i = 0; i < 1000; i++) sink.write(RECORD);
		expect(told.length).toBeGreaterThan(5);
		expect(Math.min(...told)).toBeGreaterThanOrEqual(8192);
	});

	it("needs no timer for a destination that keeps nothing", () => {
		new JsonSink({ write: () => {} }).write(RECORD);
		expect(vi.getTimerCount()).toBe(0);
	});
});
