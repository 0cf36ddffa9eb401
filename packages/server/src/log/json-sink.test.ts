import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { JsonSink } from "./json-sink.ts";

const RECORD = { time: 0, level: "info", event: "start", fields: {} } as const;

describe("JsonSink", () => {
	beforeEach(() => void vi.useFakeTimers());
	afterEach(() => void vi.useRealTimers());

	it("lets lines leave together soon after the first, and sleeps while there are none", () => {
		const told: string[] = [];
		const sink = new JsonSink({ write: () => void told.push("line"), flush: () => void told.push("flush") });
		expect(vi.getTimerCount()).toBe(0);
		sink.write(RECORD);
		sink.write(RECORD);
		expect(told).toEqual(["line", "line"]);
		vi.advanceTimersByTime(100);
		expect(told).toEqual(["line", "line", "flush"]);
		expect(vi.getTimerCount()).toBe(0);
		sink.write(RECORD);
		vi.advanceTimersByTime(1000);
		expect(told).toEqual(["line", "line", "flush", "line", "flush"]);
	});

	it("needs no timer for a destination that keeps nothing", () => {
		new JsonSink({ write: () => {} }).write(RECORD);
		expect(vi.getTimerCount()).toBe(0);
	});
});
