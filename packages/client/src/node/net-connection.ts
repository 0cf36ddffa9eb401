import { NetConnection as PlatformConnection } from "../net-connection.ts";
import type { NetConnectionOptions } from "../net-connection-options.ts";
import { createNodePlatform, type NodeNetworkOptions, nodePlatform } from "./node-platform.ts";

/** What a connection in Node can be told. */
export type NodeConnectionOptions = NetConnectionOptions & NodeNetworkOptions;

/**
 * A connection to an application of a media server by TCP, TLS, HTTP or WebSocket:
 *
 * ```ts
 * const nc = new NetConnection();
 * nc.addEventListener(NetStatusEvent.NET_STATUS, event => console.log(event.info.code));
 * nc.connect("rtmp://localhost/live");
 * ```
 */
export class NetConnection extends PlatformConnection {
	/** @throws ArgumentError for a proxy that is none */
	constructor(options: NodeConnectionOptions = {}) {
		super(platformOf(options), options);
	}
}

/** Connections without settings of their own share a platform, and so what they learn about roads. */
function platformOf({ tls, proxy, tunnel, webSocketPath }: NodeConnectionOptions) {
	if (tls === undefined && proxy === undefined && tunnel === undefined && webSocketPath === undefined) {
		return nodePlatform;
	}
	return createNodePlatform({
		...(tls === undefined ? {} : { tls }),
		...(proxy === undefined ? {} : { proxy }),
		...(tunnel === undefined ? {} : { tunnel }),
		...(webSocketPath === undefined ? {} : { webSocketPath }),
	});
}
