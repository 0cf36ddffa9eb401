import type { MediaTally, ViewerStats } from "../hub/index.ts";

/** One stream that a client plays: plain data. */
export type PlayStats = {
	readonly streamId: number;
	/** `application/stream`, or with its instance between. */
	readonly stream: string;
	readonly isRecorded: boolean;
	/** What was sent of the current item, framed. */
	readonly bytes: number;
	readonly messages: number;
	/** Of a live stream: its place among the viewers. */
	readonly viewer: ViewerStats | undefined;
};

/** One stream that a client publishes: plain data. What all its publishers did is in the stream's own measures. */
export type PublishStats = {
	readonly streamId: number;
	readonly stream: string;
	/** Payloads. */
	readonly bytes: number;
	/** Audio and video. */
	readonly messages: number;
	readonly seconds: number;
};

/** Measures of one client at one moment: plain data. `Client.getStats()` of Server-Side ActionScript is made of it. */
export type ClientStats = {
	/** Of the connection, the protocol's own among them. */
	readonly bytesIn: number;
	readonly bytesOut: number;
	readonly messagesIn: number;
	readonly messagesOut: number;
	/** Media messages that it should have got and did not, because it was too slow. */
	readonly messagesDropped: number;
	/** Bytes a second, since the measures were last taken a second or longer ago, or since the beginning. */
	readonly bytesPerSecondIn: number;
	readonly bytesPerSecondOut: number;
	/** Round trip of the last ping, and smoothed; `undefined` before the first answer. */
	readonly pingMillis: number | undefined;
	readonly smoothedPingMillis: number | undefined;
	/** All bytes that wait for its network: media, answers and what the operating system has not taken. */
	readonly queuedBytes: number;
	/** Media that waits, and media that was dropped from what waited, by kind; bytes are payloads. */
	readonly queued: MediaTally;
	readonly dropped: MediaTally;
	/** What the last bandwidth check found. */
	readonly kbitDown: number | undefined;
	readonly playing: readonly PlayStats[];
	readonly publishing: readonly PublishStats[];
};

/** The measures of a client about which nothing is known. */
export function emptyClientStats(): ClientStats {
	return {
		bytesIn: 0,
		bytesOut: 0,
		messagesIn: 0,
		messagesOut: 0,
		messagesDropped: 0,
		bytesPerSecondIn: 0,
		bytesPerSecondOut: 0,
		pingMillis: undefined,
		smoothedPingMillis: undefined,
		queuedBytes: 0,
		queued: { ...NO_MEDIA },
		dropped: { ...NO_MEDIA },
		kbitDown: undefined,
		playing: [],
		publishing: [],
	};
}

/** A value, so that the process of an application need not load the hub. */
const NO_MEDIA: MediaTally = {
	audioMessages: 0,
	audioBytes: 0,
	videoMessages: 0,
	videoBytes: 0,
	dataMessages: 0,
	dataBytes: 0,
};
