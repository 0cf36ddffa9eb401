import { describe, expect, it } from "vitest";
import { runHandler } from "./handler-run.ts";

const FAULT = new Error("fault");
const FINISH_FAULT = new Error("finish");
const FAIL_FAULT = new Error("fail");

/** What `finish` and `fail` got of a handler; each throws once when it is told to. */
function run(handler: () => unknown, faults: { finish?: Error; fail?: Error } = {}): string[] {
	const events: string[] = [];
	const once = { ...faults };
	runHandler(
		handler,
		result => {
			events.push(`finish ${result}`);
			if (once.finish !== undefined) throw once.finish;
		},
		error => {
			events.push(`fail ${(error as Error).message}`);
			const fault = once.fail;
			delete once.fail;
			if (fault !== undefined) throw fault;
		},
	);
	return events;
}

const throwing = (): never => {
	throw FAULT;
};

const CASES: [what: string, result: () => unknown, faults: { finish?: Error; fail?: Error }, expected: string[]][] = [
	["a result", () => 1, {}, ["finish 1"]],
	["nothing", () => undefined, {}, ["finish undefined"]],
	["a fault", throwing, {}, ["fail fault"]],
	["a result that cannot be used", () => 1, { finish: FINISH_FAULT }, ["finish 1", "fail finish"]],
	["a fault that cannot be told", throwing, { fail: FAIL_FAULT }, ["fail fault", "fail fail"]],
];

describe("a handler of an application", () => {
	it.each(CASES)("hands on %s at once", (_what, handler, faults, expected) => {
		expect(run(handler, faults)).toEqual(expected);
	});

	it.each(CASES)("hands on %s when its promise settles", async (_what, handler, faults, expected) => {
		const events = run(async () => handler(), faults);
		expect(events).toEqual([]);
		await expect.poll(() => events).toEqual(expected);
	});

	it("may return anything that has `then`", async () => {
		// biome-ignore lint/suspicious/noThenProperty: that is what it is about
		const events = run(() => ({ then: (resolve: (value: string) => void) => resolve("late") }));
		await expect.poll(() => events).toEqual(["finish late"]);
	});
});
