import { InstanceDirectory } from "./instance-directory.ts";
import type { ApplicationHost } from "./port.ts";

/** Without bounds that a test could meet. */
export const NO_LIMITS = { clients: 1e6, callsPerSecond: 1e6 };

/** A directory of instances that end with their last clients, for tests. */
export function directoryOf(host: ApplicationHost): InstanceDirectory {
	return new InstanceDirectory({
		host,
		options: () => ({ limits: NO_LIMITS, now: () => 0, log: () => {} }),
		idleMillis: () => 0,
		schedule: () => () => {},
	});
}
