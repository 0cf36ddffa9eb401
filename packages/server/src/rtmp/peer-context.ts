import type { MemoryPool } from "@millrace/core/bytes";
import type { ConnectRequest, NetStatus, ServerConnectionOptions } from "@millrace/core/rtmp";
import type { PublishDecision, SwfPolicy } from "../access/index.ts";
import type { InstanceDirectory, StreamName } from "../app/index.ts";
import type { Hub, LiveStreamOptions } from "../hub/index.ts";
import type { FilePlayerOptions, MediaCatalog, PlayerSchedule } from "../library/index.ts";
import type { EventLog } from "../log/index.ts";
import type { BandwidthRules } from "./bandwidth-rules.ts";
import type { ClientAllowance } from "./client-allowance.ts";
import type { EdgeContext } from "./edge/index.ts";
import type { PublishRecorder } from "./publish-recorder.ts";

/** What an application is allowed and how its streams behave; `undefined` from `application()`: it does not exist. */
export type ApplicationRules = {
	/** Whether there can be live streams, so that a player may wait for one. Default true. */
	readonly hasLive?: boolean;
	/** The protocols by which clients may connect; `undefined`: any. */
	readonly protocols?: readonly string[] | undefined;
	/** Settings of its live streams. */
	readonly live: LiveStreamOptions;
	/** What its clients may send and are sent. Default: `DEFAULT_BANDWIDTH_RULES`. */
	readonly bandwidth?: BandwidthRules;
	/** Counts the clients of its virtual host. Default: they are not counted. */
	readonly allowance?: ClientAllowance | undefined;
	/** Which SWF files may connect; `undefined`: nobody is asked. */
	readonly swf?: SwfPolicy | undefined;
	/** The static policy: may somebody from that address publish with that key? */
	mayPublish(remoteAddress: string, key: string | undefined): PublishDecision;
	/** The virtual key of a client that says it is `flashVer`. Default: none has one. */
	readonly virtualKeyOf?: ((flashVer: string) => string | undefined) | undefined;
	/** How its files are played. Default: `DEFAULT_FILE_PLAYER`. */
	readonly files?: FilePlayerOptions;
};

/** How a client's bytes come. */
export type ClientTransport = {
	/** `rtmp`, `rtmps`, `ws`, `wss`, … */
	readonly protocol: string;
	/** Whether TLS protects it. */
	readonly secure: boolean;
};

/** What all RTMP peers of a server share. */
export type PeerContext = {
	readonly hub: Hub;
	readonly instances: InstanceDirectory;
	readonly log: EventLog;
	/** Settings of each connection, but for its name. */
	readonly connection: Omit<ServerConnectionOptions, "clientId">;
	/** Recordings and on-demand files. Without it only what is live can be played. */
	readonly catalog?: MediaCatalog;
	/**
	 * What wakes those who play by the time; needed with a catalog and for limits of bandwidth. Default: lengths of live
	 * items do not count.
	 */
	readonly schedule?: PlayerSchedule;
	/** Memory for what one client alone is sent: blocks of files, encrypted copies. Default: each block has memory of its own. */
	readonly blocks?: MemoryPool;
	/** What clients need that go to other servers. Default: they are refused. */
	readonly edge?: EdgeContext;
	/** Records what is published. Default: nothing is, and publishers that ask for it are told nothing. */
	readonly recorder?: PublishRecorder;
	/** How long a client may do nothing, in milliseconds. Default, and 0: for ever. */
	readonly idleClientMillis?: number;
	/** Whether RTMPE is offered. */
	readonly encryption: boolean;
	/** Monotonic milliseconds. */
	now(): number;
	random(bytes: number): Uint8Array;
	application(name: string): ApplicationRules | undefined;
	/** Under which name the server keeps the application that a client asks for. Default: the one that it names. */
	applicationOf?(request: ConnectRequest): string;
	/** The status with which every `connect` is rejected at present; `undefined`: none. */
	rejection(): NetStatus | undefined;
	/** Facts for the log line of a publisher whose media has begun: codecs and size. */
	describe(name: StreamName): string;
};
