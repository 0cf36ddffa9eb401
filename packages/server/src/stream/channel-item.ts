import type { MediaMessage } from "@millrace/core/flv";
import type { NetStatus } from "@millrace/core/rtmp";
import type { MediaWish } from "../library/index.ts";
import type { RemoteOptions } from "./remote-server.ts";

/** One item of a channel's playlist. */
export type ChannelItem = {
	readonly wish: MediaWish;
	/** The name as it was asked for, with its prefix. */
	readonly title: string;
	/** Negative: all; 0: one picture. */
	readonly lengthMillis: number;
	/** Whether it is sent in time, or all at once. */
	readonly isPaced: boolean;
	/** The server that has it; `undefined`: this one. */
	readonly remote?: RemoteOptions;
};

/** An item that plays: a file or a live stream, of this server or another. */
export interface PlayingItem {
	readonly item: ChannelItem;
	/** Whether frames of a medium are known to come; not: they may. */
	readonly hasAudio: boolean;
	readonly hasVideo: boolean;
	start(): void;
	/** Which media are played. Video that comes back begins with a keyframe. */
	setReceive(audio: boolean, video: boolean): void;
	/** How far ahead of real time another server is to send, in milliseconds; what is read here goes on as it began. */
	setLead?(millis: number): void;
	/** Ends; nothing is told any more. */
	close(): void;
}

/** What a playing item tells its channel. */
export interface ItemObserver {
	/** Messages on the item's own clock, in order; payloads may be kept. */
	onMessages(playing: PlayingItem, batch: readonly MediaMessage[]): void;
	/** All of it has been sent, or its time is over. */
	onPlayed(playing: PlayingItem): void;
	/** It cannot go on. */
	onFailed(playing: PlayingItem, error: unknown): void;
	/** Another server refuses it. */
	onRefused(playing: PlayingItem, status: NetStatus): void;
	/** What happens to the connection to another server. */
	onStatus(playing: PlayingItem, status: NetStatus): void;
	/** The live stream has ended; it may come back. */
	onSourceLost(playing: PlayingItem): void;
	/** The live stream that was waited for is published. Its messages follow, on a clock that has nothing to do with the one before. */
	onSourceBegins(playing: PlayingItem): void;
}
