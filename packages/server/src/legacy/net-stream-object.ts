import { type NetStatusEvent, NetStream } from "@millrace/client";
import type { NetStatus } from "@millrace/core/rtmp";
import type { StreamPush } from "../application/index.ts";
import type { ScriptObject, ScriptValue } from "../script/index.ts";
import type { LegacyInstance } from "./legacy-instance.ts";
import { connectedTo, connectionOf, whenEnded } from "./net-connection-object.ts";
import { infoOf } from "./status-info.ts";
import { streamHost } from "./stream-object.ts";

type Host = {
	readonly connection: ScriptObject;
	/** The script's stream that is published, if one is attached. */
	attached: ScriptObject | undefined;
	/** The publication of an attached stream. */
	push: StreamPush | undefined;
	/** Without an attached stream: only data can be sent. */
	stream: NetStream | undefined;
	/** No longer hears of the end of the connection. */
	leave: (() => void) | undefined;
	bufferSeconds: number;
};

const MODES = ["live", "record", "append", "appendWithGap"] as const;

/**
 * Defines the class `NetStream` (Server-Side ActionScript), which publishes a stream of the instance on another server
 * (multi-point publish). The media goes there by a connection of the server's own, not through the application.
 */
export function defineNetStream(instance: LegacyInstance): void {
	const { realm } = instance;
	const hosts = new WeakMap<ScriptObject, Host>();

	const hostOf = (self: ScriptObject): Host => {
		const host = hosts.get(self);
		if (host === undefined) throw new TypeError("It is no object of the class NetStream.");
		return host;
	};

	const tell = (self: ScriptObject, status: NetStatus): void => {
		// Those of the connection are told by the script's own connection.
		if (status.code.startsWith("NetStream.")) instance.reportStatus(self, infoOf(status));
	};

	const stop = (host: Host): void => {
		host.leave?.();
		host.leave = undefined;
		host.push?.close();
		host.push = undefined;
		host.stream?.close();
		host.stream = undefined;
	};

	const publish = (self: ScriptObject, [name, wish]: readonly ScriptValue[]): boolean => {
		const host = hostOf(self);
		stop(host);
		if (name === false || name === undefined || name === null) return true;
		const remote = connectedTo(host.connection);
		if (remote === undefined) return false;
		const source = streamHost(host.attached);
		if (source?.isDestroyed) return false;
		const mode = MODES.find(each => each === wish) ?? "live";
		// Scripts connect again and publish anew: the old publication must not come back by itself then.
		host.leave = whenEnded(host.connection, () => stop(host));
		if (source !== undefined) {
			host.push = source.stream.publishTo(remote.uri, String(name), { mode, args: remote.args });
			host.push.onStatus = status => tell(self, status);
			host.push.setBufferTime(host.bufferSeconds);
			return true;
		}
		const stream = new NetStream(connectionOf(host.connection)!);
		stream.addEventListener("netStatus", ({ info }: NetStatusEvent) => tell(self, info));
		stream.publish(String(name), mode);
		host.stream = stream;
		return true;
	};

	realm.defineClass({
		name: "NetStream",
		construct(self, [connection, peer]) {
			if (connectionOf(connection) === undefined) throw new TypeError("NetStream needs a NetConnection.");
			if (peer !== undefined && peer !== null)
				throw new Error("NetStream with a group or a peer is not supported: there is no RTMFP.");
			hosts.set(self, {
				connection: connection as ScriptObject,
				attached: undefined,
				push: undefined,
				stream: undefined,
				leave: undefined,
				bufferSeconds: 0,
			});
		},
		methods: {
			attach(self, [stream]) {
				const host = hostOf(self);
				if (stream === false || stream === null || stream === undefined) {
					host.attached = undefined;
					stop(host);
					return true;
				}
				if (streamHost(stream)?.isDestroyed !== false) return false;
				host.attached = stream as ScriptObject;
				return true;
			},
			publish,
			send(self, [handler, ...args]) {
				const { stream, push } = hostOf(self);
				const publication = push ?? stream;
				if (typeof handler !== "string" || publication === undefined) return false;
				publication.send(handler, ...args.map(value => realm.fromScript(value)));
				return true;
			},
			setBufferTime(self, [seconds]) {
				const host = hostOf(self);
				host.bufferSeconds = Math.max(0, Number(seconds) || 0);
				host.push?.setBufferTime(host.bufferSeconds);
			},
			close(self) {
				stop(hostOf(self));
			},
		},
		accessors: {
			bufferTime: { get: self => hostOf(self).bufferSeconds },
		},
	});
}
