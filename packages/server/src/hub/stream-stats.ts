import type { LiveStream } from "./live-stream.ts";
import type { MediaTally } from "./media-tally.ts";
import type { MediaRate } from "./stream-meter.ts";

/** Measures of a live stream at one moment: plain data. Times are in milliseconds, rates those of the last seconds. */
export type StreamStats = {
	readonly isPublishing: boolean;
	/** When it became live, on the hub's clock. */
	readonly publishedSince: number;
	/** Totals over all its publishers; bytes in are payloads, bytes out what viewers were sent or had queued. */
	readonly messagesIn: number;
	readonly bytesIn: number;
	readonly bytesOut: number;
	readonly bytesPerSecondIn: number;
	readonly bytesPerSecondOut: number;
	readonly audio: MediaRate;
	readonly video: MediaRate;
	readonly data: MediaRate;
	/** Frames of a publisher that came back which were dropped before its first keyframe. */
	readonly droppedMessages: number;
	readonly timestampRepairs: number;
	/** How unevenly media arrives, the server's own rests included (RFC 3550 §6.4.1). */
	readonly jitterMillis: number;
	/** Since the last media came; 0 where nobody publishes. */
	readonly silentMillis: number;
	readonly viewers: number;
	readonly viewerSkips: number;
	readonly viewersClosedSlow: number;
};

/** Measures of one viewer of a live stream at one moment: plain data. */
export type ViewerStats = {
	/** `steady` gets everything; `waiting` waits for a publisher or a keyframe. */
	readonly state: "steady" | "waiting" | "paused" | "gone";
	/** Messages that its network took or that wait for it. */
	readonly messages: number;
	/** What waits for its network: framed bytes, and messages by kind. */
	readonly queuedBytes: number;
	readonly queued: MediaTally;
	/** What it lost of what waited, because it was too slow, and how often. */
	readonly dropped: MediaTally;
	readonly skips: number;
	/** Messages of any kind that passed before it could go on at a keyframe. */
	readonly missedMessages: number;
	/** Age of the oldest that waits. */
	readonly lagMillis: number;
};

/** @param silentMillis since the last media came */
export function streamStats(live: LiveStream, silentMillis: number): StreamStats {
	const { meter } = live;
	return {
		isPublishing: live.isPublishing,
		publishedSince: live.publishedSince,
		messagesIn: meter.messagesIn,
		bytesIn: meter.bytesIn,
		bytesOut: live.bytesOut,
		bytesPerSecondIn: Math.round(meter.bytesPerSecond),
		bytesPerSecondOut: Math.round(meter.bytesPerSecondOut),
		...meter.rates(),
		droppedMessages: meter.droppedMessages,
		timestampRepairs: live.timestampRepairs,
		jitterMillis: Math.round(meter.jitterMillis * 10) / 10,
		silentMillis: Math.round(silentMillis),
		viewers: live.viewerCount,
		viewerSkips: live.viewerSkips,
		viewersClosedSlow: live.viewersClosedSlow,
	};
}
