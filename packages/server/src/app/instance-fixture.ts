import { InstanceDirectory } from "./instance-directory.ts";
import type { ApplicationHost, ClientFacts } from "./port.ts";

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

/** Facts of a client that said as little as it may. */
export function clientFacts(id: string): ClientFacts {
	return {
		id,
		remoteAddress: "192.0.2.1",
		protocol: "rtmp",
		secure: false,
		tcUrl: "",
		pageUrl: "",
		swfUrl: "",
		flashVer: "",
		query: "",
		objectEncoding: 0,
		args: [],
	};
}
