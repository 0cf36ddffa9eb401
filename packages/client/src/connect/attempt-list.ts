import { ArgumentError } from "../errors.ts";
import { type ConnectAddress, ROAD_PROTOCOLS, type RoadProtocol, tcUrlOf } from "./address.ts";
import { encryptedRoads, FALLBACK_RULES, type FallbackName, type FallbackRule, type Road } from "./fallback-rule.ts";
import { type SmartOptions, smartContradiction, smartRoads, smartTiming } from "./smart-roads.ts";

/**
 * `NetConnection.proxyType`: which proxies may be used (ActionScript 3 reference).
 *
 * | value | raw connections | through HTTP |
 * |---|---|---|
 * | `none` | directly | through the proxy, where one is known |
 * | `HTTP` | not at all, where the address leaves a choice; `rtmps` in HTTPS | the same |
 * | `CONNECT`, `best` | directly, then by CONNECT | the same, at last |
 * | `CONNECTOnly` | by CONNECT | not at all |
 */
export type ProxyType = "none" | "HTTP" | "CONNECT" | "CONNECTOnly" | "best";

/** The proxy that an attempt goes through; `HTTP`: one that forwards requests. */
export type UsedProxy = "none" | "HTTP" | "CONNECT";

/** One road to one host. */
export type Attempt = Road & {
	readonly host: string;
	readonly proxy: UsedProxy;
	/** What `connect` says there. */
	readonly tcUrl: string;
};

/** Everything that `connect` will try, and when. */
export type AttemptPlan = Omit<FallbackRule, "roads"> & { readonly attempts: readonly Attempt[] };

/** What attempts depend on besides the address. */
export type AttemptOptions = {
	/** For addresses of `rtmp` and `rtmpe` without a port: the name of a rule, or one of your own. Default `racing`. */
	readonly fallback?: FallbackName | FallbackRule;
	/** The roads of NetConnectionSmart instead; an empty object has its defaults. */
	readonly smart?: SmartOptions;
	/** Default `none`. */
	readonly proxyType?: string;
	/** Whether a proxy is known for that road. Default: none is. */
	readonly hasProxy?: (protocol: RoadProtocol, host: string) => boolean;
	/** The program is a web page, which has no raw connections; `isSecure`: by HTTPS. */
	readonly page?: { readonly isSecure: boolean } | undefined;
	/** The road that won the last time, which begins now. Sequential rules keep their order. */
	readonly remembered?: (Road & { readonly proxy: UsedProxy }) | undefined;
};

const PROXY_TYPES: readonly string[] = ["none", "HTTP", "CONNECT", "CONNECTOnly", "best"];

/** One road alone: nothing to wait for but its own end. */
const SINGLE = { ...FALLBACK_RULES.racing, overallTimeoutMillis: Number.POSITIVE_INFINITY };

/**
 * Lists what to try for an address. An explicit port means that protocol and that port alone (R6), `rtmps`, `rtmpt` and
 * the others without one mean their default port alone (R7); `rtmp` and `rtmpe` follow the fallback's rule. The list is
 * empty for `rtmfp`, and where `CONNECTOnly` finds no proxy.
 *
 * @throws ArgumentError for an unknown proxy type and for options that exclude each other
 */
export function planAttempts(address: ConnectAddress, options: AttemptOptions = {}): AttemptPlan {
	const { proxyType = "none", smart, hasProxy = () => false, page, remembered } = options;
	if (!isProxyType(proxyType)) throw new ArgumentError(`proxyType ${proxyType} is none of ${PROXY_TYPES.join(", ")}.`);
	const contradiction = smart === undefined ? undefined : smartContradiction(smart);
	if (contradiction !== undefined) throw new ArgumentError(contradiction);
	const { timing, roads } =
		page !== undefined
			? pagePlan(address, page.isSecure)
			: smart !== undefined && address.protocol !== "rtmfp"
				? { timing: smartTiming(smart), roads: smartRoads(smart, proxyType) }
				: plainPlan(address, options, proxyType);
	const known = (road: Road): boolean => page === undefined && hasProxy(road.protocol, address.host);
	const stages = roads.flatMap(road => throughProxies(road, road.proxyType ?? proxyType, known(road)));
	// Directly before by proxy before in HTTP, each in the rule's order.
	const inOrder = roads.some(road => road.proxyType !== undefined)
		? stages
		: stages.toSorted((a, b) => a.stage - b.stage);
	const attempts = distinct(inOrder).map(({ protocol, port, proxy }) => ({
		protocol,
		port,
		proxy,
		host: address.host,
		tcUrl: tcUrlOf(smart === undefined ? address : { ...address, port: undefined }, protocol, port),
	}));
	const { order, headStartMillis, staggerMillis, attemptTimeoutMillis, overallTimeoutMillis } = timing;
	return {
		attempts: order === "parallel" && remembered !== undefined ? withFirst(attempts, remembered) : attempts,
		order,
		headStartMillis,
		staggerMillis,
		attemptTimeoutMillis,
		overallTimeoutMillis,
	};
}

type Wanted = Road & { readonly proxyType?: ProxyType };
type Plan = { readonly timing: Omit<FallbackRule, "roads">; readonly roads: readonly Wanted[] };
type Staged = Road & { readonly proxy: UsedProxy; readonly stage: number };

function plainPlan(address: ConnectAddress, options: AttemptOptions, proxyType: ProxyType): Plan {
	const { protocol, port } = address;
	if (protocol === "rtmfp") return { timing: SINGLE, roads: [] };
	if (port !== undefined || (protocol !== "rtmp" && protocol !== "rtmpe")) {
		return { timing: SINGLE, roads: [{ protocol, port: port ?? ROAD_PROTOCOLS[protocol].port }] };
	}
	const { fallback = "racing" } = options;
	const rule: FallbackRule = typeof fallback === "string" ? FALLBACK_RULES[fallback] : fallback;
	if (rule === undefined) {
		throw new ArgumentError(`The fallback ${String(fallback)} is none of ${Object.keys(FALLBACK_RULES).join(", ")}.`);
	}
	const roads = protocol === "rtmpe" ? encryptedRoads(rule.roads) : rule.roads;
	const tunnels = roads.filter(road => ROAD_PROTOCOLS[road.protocol].isTunnel);
	return { timing: rule, roads: proxyType === "HTTP" && tunnels.length > 0 ? tunnels : roads };
}

/** A page has WebSockets and HTTP; a page by HTTPS may use only secure ones, but for this machine. */
function pagePlan(address: ConnectAddress, isSecurePage: boolean): Plan {
	const { protocol, port } = address;
	if (protocol === "rtmfp" || protocol === "rtmpe" || protocol === "rtmpte") return { timing: SINGLE, roads: [] };
	const { isTunnel, isSecure } = ROAD_PROTOCOLS[protocol];
	const secure = isSecure || (isSecurePage && !isLoopback(address.host));
	const socket: RoadProtocol = secure ? "wss" : "ws";
	const tunnel: RoadProtocol = secure ? "rtmpts" : "rtmpt";
	if (isTunnel) return { timing: SINGLE, roads: [{ protocol: tunnel, port: port ?? ROAD_PROTOCOLS[tunnel].port }] };
	if (protocol === "ws" || protocol === "wss") {
		return { timing: SINGLE, roads: [{ protocol: socket, port: port ?? ROAD_PROTOCOLS[socket].port }] };
	}
	const ports = port !== undefined ? [port] : secure ? [443] : [1935, 80];
	return {
		timing: FALLBACK_RULES.racing,
		roads: [socket, tunnel].flatMap(each => ports.map(eachPort => ({ protocol: each, port: eachPort }))),
	};
}

function throughProxies(road: Road, proxyType: ProxyType, hasProxy: boolean): Staged[] {
	const { protocol, port } = road;
	const { isTunnel, isSecure } = ROAD_PROTOCOLS[protocol];
	if (protocol === "ws" || protocol === "wss") return [{ protocol, port, proxy: "none", stage: 0 }];
	if (isTunnel) {
		if (proxyType === "CONNECTOnly") return [];
		return [{ protocol, port, proxy: !hasProxy ? "none" : isSecure ? "CONNECT" : "HTTP", stage: 2 }];
	}
	const inHttps: Staged = { protocol: "rtmpts", port, proxy: hasProxy ? "CONNECT" : "none", stage: 2 };
	const direct: Staged = { protocol, port, proxy: "none", stage: 0 };
	const byConnect: Staged[] = hasProxy ? [{ protocol, port, proxy: "CONNECT", stage: 1 }] : [];
	switch (proxyType) {
		case "none":
			return [{ ...direct, stage: 2 }];
		case "HTTP":
			return protocol === "rtmps" ? [inHttps] : [direct];
		case "CONNECTOnly":
			return byConnect;
		default:
			return [direct, ...byConnect, ...(protocol === "rtmps" ? [inHttps] : [])];
	}
}

function distinct(attempts: readonly Staged[]): Staged[] {
	return attempts.filter((attempt, index) => attempts.findIndex(other => isSame(other, attempt)) === index);
}

function withFirst(attempts: readonly Attempt[], first: Road & { readonly proxy: UsedProxy }): readonly Attempt[] {
	const found = attempts.find(attempt => isSame(attempt, first));
	return found === undefined ? attempts : [found, ...attempts.filter(attempt => attempt !== found)];
}

function isSame(a: Road & { readonly proxy: UsedProxy }, b: Road & { readonly proxy: UsedProxy }): boolean {
	return a.protocol === b.protocol && a.port === b.port && a.proxy === b.proxy;
}

function isProxyType(text: string): text is ProxyType {
	return PROXY_TYPES.includes(text);
}

/** Whether a host is this machine. */
export function isLoopback(host: string): boolean {
	return /^(localhost|.*\.localhost|127(\.\d+){3}|::1)$/i.test(host);
}
