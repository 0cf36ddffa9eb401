import type { RoadReport } from "../connect/index.ts";
import { type TestPortsOptions, testPorts as testPortsOn } from "../port-test.ts";
import { createNodePlatform, type NodeNetworkOptions } from "./node-platform.ts";

/** Tries each protocol and port of a host side by side, and tells which lead to a server. */
export function testPorts(host: string, options: TestPortsOptions & NodeNetworkOptions = {}): Promise<RoadReport[]> {
	return testPortsOn(createNodePlatform(options), host, options);
}
