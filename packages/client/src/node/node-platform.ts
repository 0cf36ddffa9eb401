import { randomBytes } from "node:crypto";
import type { ClientPlatform } from "../connect/index.ts";
import { openTcp } from "./tcp-transport.ts";

/** Node: TCP, its monotonic clock, its timers, warnings to the console. */
export const nodePlatform: ClientPlatform = {
	open: openTcp,
	now: () => performance.now(),
	after(millis, action) {
		const timer = setTimeout(action, millis);
		return () => clearTimeout(timer);
	},
	random: count => randomBytes(count),
	warn: text => console.warn(text),
};
