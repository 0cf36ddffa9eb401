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

/** The rate of two counts between the times when somebody asks; nothing is done meanwhile. */
export class AskedRate {
	#before = { at: 0, in: 0, out: 0 };
	#last = { at: 0, in: 0, out: 0 };

	constructor(now: number) {
		this.#before.at = now;
		this.#last.at = now;
	}

	/** Bytes a second in and out, up to now. Those who ask within the same second do not disturb each other. */
	measure(bytesIn: number, bytesOut: number, now: number): { in: number; out: number } {
		if (now - this.#last.at >= 1000) {
			this.#before = this.#last;
			this.#last = { at: now, in: bytesIn, out: bytesOut };
		}
		const seconds = (now - this.#before.at) / 1000;
		if (seconds <= 0) return { in: 0, out: 0 };
		return {
			in: Math.round((bytesIn - this.#before.in) / seconds),
			out: Math.round((bytesOut - this.#before.out) / seconds),
		};
	}
}
