import type { HubClock } from "./hub/index.ts";

/** The time and timers of this process. */
export const systemClock: HubClock = {
	now: () => performance.now(),
	schedule(millis, action) {
		const timer = setTimeout(action, millis);
		return () => clearTimeout(timer);
	},
	afterInput(action) {
		const immediate = setImmediate(action);
		return () => clearImmediate(immediate);
	},
};
