import type { RoadReport } from "../connect/index.ts";
import { type TestPortsOptions, testPorts as testPortsOn } from "../port-test.ts";
import { createWebPlatform, type WebNetworkOptions } from "./web-platform.ts";

/** Tries WebSocket and HTTP on each port of a host side by side, and tells which lead to a server. */
export function testPorts(host: string, options: TestPortsOptions & WebNetworkOptions = {}): Promise<RoadReport[]> {
	return testPortsOn(createWebPlatform(options), host, options);
}
