import type { NetStatus } from "@millrace/core/rtmp";
import type { Hub, HubClock, LiveStreamOptions } from "../hub/index.ts";
import type { MediaLibrary, PlayerSchedule, Recorder, RecordSettings } from "../library/index.ts";
import type { EventLog } from "../log/index.ts";

/** What the settings say of an application whose streams are used by its code. */
export type StreamRules = {
	/** Settings of its live streams. */
	readonly live: LiveStreamOptions;
	/** Whether there can be live streams, so that one may be waited for. Default true. */
	readonly hasLive?: boolean;
	/** How its streams are recorded. */
	readonly record: RecordSettings;
	/** Whether its code may have streams from and to other servers. Default true. */
	readonly hasNetwork?: boolean;
};

/** What the streams of a server's applications stand on. */
export type StreamContext = {
	readonly hub: Hub;
	readonly clock: HubClock;
	readonly schedule: PlayerSchedule;
	readonly library: Pick<MediaLibrary, "open" | "lengthMillis" | "describe" | "list" | "addDirectory">;
	readonly recorder: Recorder;
	readonly log: EventLog;
	/** What the settings say of an application; `undefined`: there is none of that name. */
	application(name: string): StreamRules | undefined;
};

/**
 * Takes what an application's code is told of a stream, in order. Called in a turn of its own, never within a call to
 * the stream.
 *
 * @param stream the name as it was given to `get`
 */
export type StreamStatusListener = (stream: string, status: NetStatus) => void;

/** Streams that one instance may have at a time. */
export const MAX_STREAMS = 1000;
/** The longest name of a stream, in characters. */
export const MAX_STREAM_NAME = 1024;
/** Other servers to which the streams of one instance are published at a time. */
export const MAX_PUSHES = 256;
/** Items that wait in one playlist. */
export const MAX_CHANNEL_ITEMS = 4096;
/** The most that is sent ahead of real time, in seconds. */
export const MAX_BUFFER_SECONDS = 60;
/** The longest time that an application may have a stream's messages gathered, in milliseconds. */
export const MAX_GATHER_MILLIS = 5000;
/** What is sent ahead where nothing is set, in seconds: as much as to a viewer of a file. */
export const DEFAULT_BUFFER_SECONDS = 2;
/** The largest data message that is sent to a stream, in bytes. */
export const MAX_SEND_BYTES = 1024 * 1024;
