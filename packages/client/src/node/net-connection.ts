import { type NetConnectionOptions, NetConnection as PlatformConnection } from "../net-connection.ts";
import { nodePlatform } from "./node-platform.ts";

/**
 * A connection to an application of a media server over TCP:
 *
 * ```ts
 * const nc = new NetConnection();
 * nc.addEventListener(NetStatusEvent.NET_STATUS, event => console.log(event.info.code));
 * nc.connect("rtmp://localhost/live");
 * ```
 */
export class NetConnection extends PlatformConnection {
	constructor(options: NetConnectionOptions = {}) {
		super(nodePlatform, options);
	}
}
