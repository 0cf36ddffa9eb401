import { NetConnection as PlatformConnection } from "../net-connection.ts";
import type { NetConnectionOptions } from "../net-connection-options.ts";
import { createWebPlatform, type WebNetworkOptions, webPlatform } from "./web-platform.ts";

/** What a connection of a page can be told. */
export type WebConnectionOptions = NetConnectionOptions & WebNetworkOptions;

/**
 * A connection from a page to an application of a media server. Addresses are those of Flash: `rtmp://host/live` is
 * tried by WebSocket and through HTTP, by TLS where the page came by HTTPS.
 */
export class NetConnection extends PlatformConnection {
	constructor(options: WebConnectionOptions = {}) {
		const { tunnel, webSocketPath } = options;
		const isUsual = tunnel === undefined && webSocketPath === undefined;
		super(isUsual ? webPlatform : createWebPlatform(options), options);
	}
}
