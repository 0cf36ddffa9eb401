import type { PortsAnswer } from "../shared/server-api.ts";
import type { PageLocation } from "../shared/stream-address.ts";

/** What a browser can speak. */
export type PageProtocol = "ws" | "wss" | "rtmpt" | "rtmpts";

/** One road that the page tries, or tells why it does not. */
export type PlannedRoad = {
	readonly protocol: PageProtocol;
	readonly port: number;
	/** It is as the page itself came. */
	readonly isOwn: boolean;
	/** Why a browser does not even try. */
	readonly obstacle?: string;
};

/** What is tried, and what only other programs can try. */
export type RoadPlan = {
	readonly roads: readonly PlannedRoad[];
	/** Protocol and port of what browsers cannot speak: `rtmp 1935`. */
	readonly others: readonly string[];
};

const PROTOCOLS: readonly PageProtocol[] = ["ws", "wss", "rtmpt", "rtmpts"];
const MIXED = "A page that came by HTTPS may not open connections without TLS.";

/**
 * The roads to a server that tells its ports, the page's own first. The page's own port is among them though the server
 * may not listen there: a proxy in front of it does.
 */
export function planRoads({ ports }: Pick<PortsAnswer, "ports">, page: PageLocation): RoadPlan {
	const isSecure = page.protocol === "https:";
	const ownPort = portOf(page);
	const own: readonly PageProtocol[] = isSecure ? ["wss", "rtmpts"] : ["ws", "rtmpt"];
	const offersTunnel =
		ports.length === 0 || ports.some(({ protocols }) => protocols.some(name => name.startsWith("rtmpt")));
	const wanted = [
		...own
			.filter(protocol => offersTunnel || !protocol.startsWith("rtmpt"))
			.map(protocol => ({ protocol, port: ownPort })),
		...ports.flatMap(({ port, protocols }) =>
			PROTOCOLS.filter(protocol => protocols.includes(protocol)).map(protocol => ({ protocol, port })),
		),
	];
	const roads = new Map<string, PlannedRoad>();
	for (const { protocol, port } of wanted) {
		const key = `${protocol} ${port}`;
		if (roads.has(key)) continue;
		const isOwn = port === ownPort && own.includes(protocol);
		const isMixed = isSecure && (protocol === "ws" || protocol === "rtmpt");
		roads.set(key, { protocol, port, isOwn, ...(isMixed && { obstacle: MIXED }) });
	}
	const isForPages = (name: string) => (PROTOCOLS as readonly string[]).includes(name);
	const others = ports.flatMap(({ port, protocols }) =>
		protocols.filter(name => !isForPages(name)).map(name => `${name} ${port}`),
	);
	return { roads: [...roads.values()], others: [...new Set(others)] };
}

/** A road's address as programs are told it. */
export function roadAddress({ protocol, port }: Pick<PlannedRoad, "protocol" | "port">, hostname: string): string {
	const path = protocol === "ws" || protocol === "wss" ? "/rtmp" : "";
	return `${protocol}://${hostname}:${port}${path}`;
}

function portOf({ protocol, host, hostname }: PageLocation): number {
	const named = host.slice(hostname.length + 1);
	return named !== "" ? Number(named) : protocol === "https:" ? 443 : 80;
}
