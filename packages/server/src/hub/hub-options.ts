import type { GopCacheOptions } from "./stream-cache.ts";
import type { TimestampRepairOptions } from "./timestamp-repair.ts";

/** How much delay is traded for fewer writes. */
export type LatencyMode = "interactive" | "default" | "scale";

/** How one stream's messages are gathered, in place of what its latency mode says. */
export type GatherWindow = {
	/** Longest time that they are gathered, in milliseconds; 0: not at all. Default: as the latency mode has it. */
	readonly maxMillis?: number | undefined;
	/** What has gathered is sent when it is so many bytes. Default: time alone counts. */
	readonly maxBytes?: number | undefined;
};

/** How much a viewer may lag. */
export type ViewerQueueOptions = {
	/** Blocks that wait for a viewer's network, in bytes; beyond it, it skips to the next keyframe. */
	readonly maxBytes: number;
	/** The age of the oldest waiting block, in milliseconds; beyond it, the viewer skips as well. */
	readonly maxMillis: number;
	/** A viewer that takes nothing for this long is closed, in milliseconds. */
	readonly closeAfterMillis: number;
};

/** Settings of one live stream, resolved. */
export type LiveStreamOptions = {
	readonly latency: LatencyMode;
	/** Longest time that messages are gathered in `default` mode, in milliseconds. */
	readonly defaultWindowMillis: number;
	/** The same in `scale` mode, and the most that the window grows to under load. */
	readonly scaleWindowMillis: number;
	/** Longest time that audio or data waits for a video message in `interactive` mode. */
	readonly audioFlushMillis: number;
	readonly gopCache: GopCacheOptions;
	readonly viewerQueue: ViewerQueueOptions;
	readonly timestamps: TimestampRepairOptions;
	/** A second publisher of the same identity takes the name over, or every second one is refused. */
	readonly duplicate: "takeover" | "refuse";
	/** How long a dropped publisher is waited for, in milliseconds. */
	readonly graceMillis: number;
	/** A publisher without media for this long is closed, in milliseconds. */
	readonly idleTimeoutMillis: number;
};

/** Time, given from outside, so that tests run on a virtual clock. */
export interface HubClock {
	/** Monotonic milliseconds. */
	now(): number;
	/** Calls `action` once after `millis`, and returns what cancels it. */
	schedule(millis: number, action: () => void): () => void;
	/** Calls `action` once after what waits on the network has been read, and returns what cancels it. */
	afterInput(action: () => void): () => void;
}
