import { ROAD_PROTOCOLS, type RoadProtocol } from "./address.ts";
import type { ProxyType } from "./attempt-list.ts";
import type { FallbackRule } from "./fallback-rule.ts";

/** The options of the open source class NetConnectionSmart, with its defaults. */
export type SmartOptions = {
	/** The ports, in this order. The port of the address is not used, as there. Default `[443, 80, 1935]`. */
	readonly portArray?: readonly number[];
	/** Uses only each protocol's default port. Default false. */
	readonly defaultPortOnly?: boolean;
	/** Only through HTTP. Default false. */
	readonly forceTunneling?: boolean;
	/** Never through HTTP. Default false. */
	readonly skipTunneling?: boolean;
	/** `rtmpe` and `rtmpte`. Default false. */
	readonly encrypted?: boolean;
	/** `rtmps`. Default false. */
	readonly secure?: boolean;
	/** Begins an attempt every 100 ms; otherwise every `connectionRateMillis`. Default true. */
	readonly shotgunConnect?: boolean;
	/** The time between starts where `shotgunConnect` is false, in milliseconds. Default 200. */
	readonly connectionRateMillis?: number;
	/** Begins an attempt only when the one before has failed. Default false. */
	readonly sequentialConnect?: boolean;
	/** Longest wait for one attempt, in milliseconds. Default 30 s. */
	readonly connectionTimeoutMillis?: number;
	/** Adds an id as the last argument of `connect`, so that a server can tell duplicates. Default false. */
	readonly appendGuid?: boolean;
	/** A new id for each `connect` instead of one for the life of the connection. Default false. */
	readonly recreateGuid?: boolean;
	/** Tries every road, says of each whether it works (`NetConnection.PortTest.Update`), and connects to none. Default false. */
	readonly portTest?: boolean;
};

/** A road with the proxies that it may use. */
export type SmartRoad = { readonly protocol: RoadProtocol; readonly port: number; readonly proxyType: ProxyType };

const SHOTGUN_MILLIS = 100;

/**
 * The roads of NetConnectionSmart: directly on each port, then by CONNECT on each, then through HTTP on each.
 *
 * @param proxyType of the connection; the second group is there only for `none`, as the first covers it otherwise
 */
export function smartRoads(options: SmartOptions, proxyType: ProxyType): SmartRoad[] {
	const { portArray = [443, 80, 1935], defaultPortOnly = false } = options;
	const direct: RoadProtocol = options.secure === true ? "rtmps" : options.encrypted === true ? "rtmpe" : "rtmp";
	const tunnel: RoadProtocol = options.encrypted === true ? "rtmpte" : "rtmpt";
	const group = (protocol: RoadProtocol, proxy: ProxyType): SmartRoad[] => {
		const ports = defaultPortOnly ? [ROAD_PROTOCOLS[protocol].port] : portArray;
		return ports.map(port => ({ protocol, port, proxyType: proxy }));
	};
	return [
		...(options.forceTunneling === true ? [] : group(direct, proxyType)),
		...(options.forceTunneling === true || proxyType !== "none" ? [] : group(direct, "CONNECTOnly")),
		...(options.skipTunneling === true || options.secure === true ? [] : group(tunnel, "best")),
	];
}

/** When the roads begin. */
export function smartTiming(options: SmartOptions): Omit<FallbackRule, "roads"> {
	const rate = options.shotgunConnect === false ? (options.connectionRateMillis ?? 200) : SHOTGUN_MILLIS;
	const attemptTimeoutMillis = options.connectionTimeoutMillis ?? 30_000;
	return {
		order: options.sequentialConnect === true ? "sequential" : "parallel",
		headStartMillis: rate,
		staggerMillis: rate,
		attemptTimeoutMillis,
		// The class has none: the last attempt's own time-out is the end.
		overallTimeoutMillis: Number.POSITIVE_INFINITY,
	};
}

/**
 * @returns what contradicts itself in the options, as there
 */
export function smartContradiction(options: SmartOptions): string | undefined {
	if (options.secure === true && options.forceTunneling === true)
		return "`secure` and `forceTunneling` exclude each other.";
	if (options.secure === true && options.encrypted === true) return "`secure` and `encrypted` exclude each other.";
	if (options.skipTunneling === true && options.forceTunneling === true) {
		return "`skipTunneling` and `forceTunneling` exclude each other.";
	}
	return undefined;
}
