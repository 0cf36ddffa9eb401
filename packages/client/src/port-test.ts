import {
	type Attempt,
	bracketed,
	type ClientPlatform,
	parseConnectAddress,
	RememberedRoads,
	ROAD_PROTOCOLS,
	type Road,
	type RoadProtocol,
	type RoadReport,
	tcUrlOf,
	testRoads,
} from "./connect/index.ts";
import { sessionOptions } from "./net-connection-options.ts";

/** What `testPorts` tries. */
export type TestPortsOptions = {
	/** Connects to that application too; otherwise the test ends with the handshake. */
	readonly app?: string;
	/** Tries every protocol on these ports instead of the usual ones. */
	readonly ports?: readonly number[];
	/** Tries exactly these, as far as the platform can; `ports` says nothing then. */
	readonly roads?: readonly { readonly protocol: RoadProtocol; readonly port: number }[];
	/** Longest wait for one road, in milliseconds. Default 5 s. */
	readonly timeoutMillis?: number;
	/** Hears of each road as soon as it is known. */
	readonly onReport?: (report: RoadReport) => void;
};

/** The ports that servers have for each protocol. */
const USUAL_ROADS: readonly Road[] = [
	{ protocol: "rtmp", port: 1935 },
	{ protocol: "rtmp", port: 443 },
	{ protocol: "rtmp", port: 80 },
	{ protocol: "rtmpe", port: 1935 },
	{ protocol: "rtmps", port: 443 },
	{ protocol: "rtmpt", port: 80 },
	{ protocol: "rtmpte", port: 80 },
	{ protocol: "rtmpts", port: 443 },
	{ protocol: "ws", port: 80 },
	{ protocol: "wss", port: 443 },
];

/**
 * Tries each protocol and port side by side and tells which lead to a server. In a page only WebSockets and tunnels
 * are tried, by TLS alone where the page came by HTTPS.
 *
 * @param host a name or an address, IPv6 without brackets
 * @throws ArgumentError for what is no host
 */
export async function testPorts(
	platform: ClientPlatform,
	host: string,
	options: TestPortsOptions = {},
): Promise<RoadReport[]> {
	const { app, ports, timeoutMillis = 5000, onReport } = options;
	const address = parseConnectAddress(`rtmp://${bracketed(host)}/${app ?? ""}`);
	const protocols = Object.keys(ROAD_PROTOCOLS) as RoadProtocol[];
	const roads =
		options.roads ??
		(ports === undefined ? USUAL_ROADS : ports.flatMap(port => protocols.map(protocol => ({ protocol, port }))));
	const attempts = roads
		.filter(road => isPossible(road.protocol, platform.page))
		.map((road): Attempt => {
			const hasProxy = ROAD_PROTOCOLS[road.protocol].isTunnel && platform.hasProxy?.(road.protocol, host) === true;
			const proxy = !hasProxy ? "none" : ROAD_PROTOCOLS[road.protocol].isSecure ? "CONNECT" : "HTTP";
			return { ...road, host, proxy, tcUrl: tcUrlOf(address, road.protocol, road.port) };
		});
	return testRoads(platform, attempts, {
		driver: sessionOptions({ connectTimeoutMillis: timeoutMillis }, new RememberedRoads()),
		timeoutMillis,
		...(app === undefined ? {} : { request: { app: address.app, objectEncoding: 3 as const } }),
		...(onReport === undefined ? {} : { onReport }),
	});
}

function isPossible(protocol: RoadProtocol, page: ClientPlatform["page"]): boolean {
	if (page === undefined) return true;
	if (page.isSecure) return protocol === "wss" || protocol === "rtmpts";
	return ["ws", "wss", "rtmpt", "rtmpts"].includes(protocol);
}
