import type { ServerConnectionOptions } from "@millrace/core/rtmp";
import type { PublishDecision } from "../access/index.ts";
import type { InstanceDirectory, StreamName } from "../app/index.ts";
import type { Hub, LiveStreamOptions } from "../hub/index.ts";
import type { EventLog } from "../log/index.ts";

/** What an application is allowed and how its streams behave; `undefined` from `application()`: it does not exist. */
export type ApplicationRules = {
	/** Settings of its live streams. */
	readonly live: LiveStreamOptions;
	/** The static policy: may somebody from that address publish with that key? */
	mayPublish(remoteAddress: string, key: string | undefined): PublishDecision;
};

/** What all RTMP peers of a server share. */
export type PeerContext = {
	readonly hub: Hub;
	readonly instances: InstanceDirectory;
	readonly log: EventLog;
	/** Settings of each connection, but for its name. */
	readonly connection: Omit<ServerConnectionOptions, "clientId">;
	/** Whether RTMPE is offered. */
	readonly encryption: boolean;
	/** Monotonic milliseconds. */
	now(): number;
	random(bytes: number): Uint8Array;
	application(name: string): ApplicationRules | undefined;
	/** Facts for the log line of a publisher whose media has begun: codecs and size. */
	describe(name: StreamName): string;
};
