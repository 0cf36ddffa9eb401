import { randomBytes } from "node:crypto";
import { REMOTING_CONTENT_TYPE } from "@millrace/core/amf";
import type { TunnelClientOptions } from "@millrace/core/tunnel";
import {
	bracketed,
	type ClientPlatform,
	type ProxySettings,
	parseProxy,
	proxiesOfEnvironment,
	proxyFor,
	ROAD_PROTOCOLS,
	type Transport,
	type TransportHandler,
	type TransportTarget,
	TunnelTransport,
	WebSocketTransport,
} from "../connect/index.ts";
import { HttpPoster } from "./http-poster.ts";
import { SocketTransport, type TlsOptions } from "./socket-transport.ts";

/** How connections go through Node's network. */
export type NodeNetworkOptions = {
	/** Settings of TLS for `rtmps` and `rtmpts`: `ca`, `rejectUnauthorized`, `servername` and so on. Default: Node's. */
	readonly tls?: TlsOptions;
	/**
	 * The HTTP proxy, as `http://user:password@proxy:3128`; `false`: none. Default: that of the variables `http_proxy`,
	 * `https_proxy`, `all_proxy` and `no_proxy`, in small or capital letters. `proxyType` says what it is used for.
	 */
	readonly proxy?: string | false;
	/** Settings of the tunnel through HTTP. Default: the host is not asked for (`ident` is false). */
	readonly tunnel?: TunnelClientOptions;
	/** Where servers take WebSockets. Default `/rtmp`. */
	readonly webSocketPath?: string;
};

/**
 * Node: its sockets, its monotonic clock, its timers, warnings to the console.
 *
 * @throws ArgumentError for a proxy that is none
 */
export function createNodePlatform(options: NodeNetworkOptions = {}): ClientPlatform {
	const proxies = proxySettings(options.proxy);
	return {
		open: (target, handler) => open(target, handler, options, proxies),
		openGateway: ({ host, port, isSecure }) => {
			// Flash Player leaves such requests to the browser, whatever `proxyType` says.
			const proxy = proxyFor(proxies, isSecure ? "rtmpts" : "rtmpt", host);
			const route = { host, port, proxy, tls: isSecure ? (options.tls ?? {}) : undefined };
			return new HttpPoster(route, REMOTING_CONTENT_TYPE);
		},
		now: () => performance.now(),
		after,
		random: count => randomBytes(count),
		warn: text => console.warn(text),
		hasProxy: (protocol, host) => proxyFor(proxies, protocol, host) !== undefined,
	};
}

/** Node with the settings of its environment. */
export const nodePlatform: ClientPlatform = createNodePlatform();

function open(
	target: TransportTarget,
	handler: TransportHandler,
	options: NodeNetworkOptions,
	proxies: ProxySettings,
): Transport {
	const { protocol, host, port } = target;
	const { isTunnel, isSecure } = ROAD_PROTOCOLS[protocol];
	if (protocol === "ws" || protocol === "wss") {
		const address = `${protocol}://${bracketed(host)}:${port}${options.webSocketPath ?? "/rtmp"}`;
		return new WebSocketTransport(WebSocket, address, after, handler);
	}
	const route = {
		host,
		port,
		proxy: target.proxy === "none" ? undefined : proxyFor(proxies, protocol, host),
		tls: isSecure ? (options.tls ?? {}) : undefined,
	};
	if (!isTunnel) return new SocketTransport(route, handler);
	const clock = { now: () => performance.now(), after };
	return new TunnelTransport(new HttpPoster(route), clock, handler, { ident: false, ...options.tunnel });
}

function after(millis: number, action: () => void): () => void {
	const timer = setTimeout(action, millis);
	return () => clearTimeout(timer);
}

function proxySettings(proxy: string | false | undefined): ProxySettings {
	if (proxy === false) return { http: undefined, connect: undefined, except: [] };
	if (proxy === undefined) return proxiesOfEnvironment(process.env);
	const parsed = parseProxy(proxy);
	return { http: parsed, connect: parsed, except: [] };
}
