import type { AmfClassRegistry, AmfObject } from "@millrace/core/amf";
import { DEFAULT_RTMP_LIMITS, type SwfIdentity } from "@millrace/core/rtmp";
import {
	type AttemptOptions,
	type AttemptRecord,
	type ClientPlatform,
	type ReconnectOptions,
	RememberedRoads,
	type RoadMemory,
	type SessionOptions,
} from "./connect/index.ts";

/** What a connection can be told beyond ActionScript. Times are in milliseconds. */
export type NetConnectionOptions = {
	/** What the client calls itself. Default `WIN 32,0,0,465`, the last Flash Player. */
	readonly flashVersion?: string;
	/** Further members of `connect`'s command object, such as `swfUrl`, `pageUrl` or `type`. */
	readonly properties?: AmfObject;
	/**
	 * The file that a server's SWF verification is answered with (`swfIdentity` of `@millrace/core/rtmp`). Default: such
	 * requests are not answered.
	 */
	readonly swf?: SwfIdentity;
	/** Longest wait for one attempt's network connection and handshake. Default: the fallback rule's, mostly 10 s. */
	readonly openTimeoutMillis?: number;
	/** Longest wait for all attempts. Default: the fallback rule's, mostly 60 s. */
	readonly searchTimeoutMillis?: number;
	/**
	 * What is tried for `rtmp://` and `rtmpe://` without a port: a rule's name (`R1` to `R5`, `racing`, `ncManager`,
	 * `osmf`), or a rule of your own. Default `racing`.
	 */
	readonly fallback?: AttemptOptions["fallback"];
	/** Tries what the class NetConnectionSmart tries, with its options; `{}` has its defaults. */
	readonly smart?: AttemptOptions["smart"];
	/** Hears of each attempt when it begins, gets on and ends. The same is in `attempts`. */
	readonly onAttempt?: (record: AttemptRecord) => void;
	/** Remembers which road led to a server, to begin there. Default: all connections share one that ends with the program. */
	readonly memory?: RoadMemory;
	/** Opens a connection that is lost again: `NetConnection.Reconnect.Init` before each try. Default: it does not. */
	readonly reconnect?: boolean | ReconnectOptions;
	/** Goes where a refusal sends it (`info.ex.code` 302), up to five times. Default false, as in Flash Player. */
	readonly followRedirects?: boolean;
	/** Takes `rtmp:/example.com/app` as `rtmp://example.com/app`. Default false: it means this machine. */
	readonly lenientHost?: boolean;
	/** Longest wait for the server's answer to `connect`. Default 60 s, for applications may take their time. */
	readonly connectTimeoutMillis?: number;
	/** Longest wait for the answer of a gateway of Flash Remoting. Default 60 s. */
	readonly remotingTimeoutMillis?: number;
	/** A server that is silent for this long is sent a ping. Default 10 s. */
	readonly pingIntervalMillis?: number;
	/** A server that is silent for this long, pings included, is dead: `NetConnection.Connect.Closed`. Default 30 s. */
	readonly readTimeoutMillis?: number;
	/** Chunk size while publishing, in bytes, at most 32,767. Default 32,000. */
	readonly chunkSize?: number;
	/** More bytes than this that the server does not take end the connection. Default 64 MiB. */
	readonly maxBacklogBytes?: number;
	/**
	 * The classes that typed objects become, and whose instances are sent under their names. Default: a registry of this
	 * connection alone, which `registerClass` fills.
	 */
	readonly classes?: AmfClassRegistry;
	/** Takes warnings that no listener takes. Default: the console. */
	readonly warn?: (text: string) => void;
};

/** Connections of one platform share what they learn. */
const memories = new WeakMap<ClientPlatform, RoadMemory>();

/** What the connections of a platform remember together, where no memory is given. */
export function sharedMemory(platform: ClientPlatform): RoadMemory {
	const memory = memories.get(platform) ?? new RememberedRoads();
	memories.set(platform, memory);
	return memory;
}

/** The options as the session takes them, with defaults. */
export function sessionOptions(
	options: NetConnectionOptions,
	memory: RoadMemory,
	classes?: AmfClassRegistry,
): SessionOptions {
	const { reconnect = false } = options;
	return {
		openTimeoutMillis: options.openTimeoutMillis ?? 10_000,
		handshakeTimeoutMillis: 10_000,
		handshakeDeadlineMillis: 15_000,
		connectTimeoutMillis: options.connectTimeoutMillis ?? 60_000,
		pingIntervalMillis: options.pingIntervalMillis ?? 10_000,
		readTimeoutMillis: options.readTimeoutMillis ?? 30_000,
		chunkSize: options.chunkSize ?? 32_000,
		limits: { ...DEFAULT_RTMP_LIMITS, outputBytes: options.maxBacklogBytes ?? 64 * 1024 * 1024 },
		reconnect: reconnect === true ? {} : reconnect === false ? undefined : reconnect,
		followRedirects: options.followRedirects === true,
		memory,
		classes,
	};
}
