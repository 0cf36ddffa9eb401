import { expect, it } from "vitest";
import { decodeControl, decodeFrame, encodeControl, encodeFrame } from "../app/index.ts";
import { silentLog } from "../log/index.ts";
import type { ChannelHandler } from "./host-channel.ts";
import { RuntimeLink } from "./runtime-link.ts";

const MEBIBYTE = 1024 * 1024;
/** 64 MiB of heap, and what every process has beside it. */
const LIMIT = 256 * MEBIBYTE;

/** A runtime that has loaded its code, with a memory of the test's choice, and the looks that are taken at it. */
function watchedRuntime() {
	const looks: (() => void)[] = [];
	const told: unknown[][] = [];
	let handler: ChannelHandler | undefined;
	let bytes = 0;
	let ending: string | undefined;
	new RuntimeLink({
		start: (_setup, given) => {
			handler = given;
			return {
				queuedBytes: 0,
				send: frame => {
					for (const { word, values } of decodeFrame(frame).items.map(decodeControl)) told.push([word, ...values]);
				},
				answer: () => {},
				setFlowing: () => {},
				kill: () => handler?.onEnd("killed"),
				locate: async () => undefined,
				memory: async () => bytes,
			};
		},
		setup: { application: "app", folder: "", main: "", network: false },
		limits: { memoryMebibytes: 64, turnMillis: 1000, startMillis: 1000, queueBytes: 1000, frameBytes: 1000 },
		config: {},
		log: silentLog,
		now: () => 0,
		schedule: (_millis, action) => {
			looks.push(action);
			return () => {};
		},
		onReady: () => {},
		onEnded: (_link, reason) => {
			ending = reason;
		},
		onEmpty: () => {},
	});
	handler?.onFrame(encodeFrame({ port: 0, handled: 0, items: [encodeControl("ready")] }));
	return {
		async look(memory: number) {
			bytes = memory;
			looks.shift()?.();
			await Promise.resolve();
		},
		warnings: () => told.filter(([word]) => word === "low-memory"),
		ending: () => ending,
	};
}

it("a runtime whose memory nears the limit is told so, once, and past the limit it is ended", async () => {
	const runtime = watchedRuntime();
	for (const share of [0.5, 0.79, 0.81, 0.9, 0.75, 0.9]) await runtime.look(LIMIT * share);
	expect(runtime.warnings()).toEqual([["low-memory", LIMIT * 0.81, LIMIT]]);
	for (const share of [0.6, 0.85]) await runtime.look(LIMIT * share);
	expect(runtime.warnings()).toHaveLength(2);
	expect(runtime.ending()).toBeUndefined();
	await runtime.look(LIMIT + 1);
	expect(runtime.ending()).toBe("uses 256 MiB of memory");
});
