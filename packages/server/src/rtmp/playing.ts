import type { MemoryPool, Slab } from "@millrace/core/bytes";
import type { PlayRequest } from "@millrace/core/rtmp";
import type { StreamName } from "../app/index.ts";
import type { ViewerEnd, ViewerStats } from "../hub/index.ts";
import type { FilePlayerOptions, MediaWish, PlayerSchedule } from "../library/index.ts";
import type { GroupMember, Membership, WriteGroup } from "../net/index.ts";

/** One item of a playlist, as it was asked for and granted. */
export type PlayItem = {
	readonly name: StreamName;
	readonly request: PlayRequest;
};

/** The connection of a playing stream. */
export interface PlayTransport {
	/** Sends what the connection has queued, then the block, unless the client has not taken what was sent before. */
	offer(block: Uint8Array): boolean;
	/** As `Wire.joinGroup`; not where each block is encrypted or counted against a limit. */
	joinGroup(group: WriteGroup, member: GroupMember): Membership | undefined;
	/** Whether `offer` would take a block; where not, `onDrain` follows. */
	isReady(): boolean;
	/** As `Wire.isSpent`. */
	readonly isSpent: boolean;
	/** A limit keeps media from being sent for now; `onDrain` follows. `isReady` has that in it. */
	readonly isThrottled: boolean;
	/** Sends what the connection has queued. */
	flush(): void;
}

/** What is needed for playing, beside the stream. */
export type PlayEnvironment = {
	readonly transport: PlayTransport;
	readonly slab: Slab | undefined;
	/** Memory for blocks that one player alone is sent. */
	readonly blocks: MemoryPool;
	/** Without it nothing is done by the time, and there are no files. */
	readonly schedule: PlayerSchedule | undefined;
	readonly files: FilePlayerOptions;
};

/** What a playing item tells the playlist. */
export interface PlayObserver {
	/** The first block of it is about to be sent. */
	onFirstMedia(playing: Playing): void;
	/** All of it has been sent, or its time is over. */
	onPlayed(playing: Playing): void;
	/** It cannot go on. */
	onFailed(playing: Playing, error: unknown): void;
	/** The publisher has gone. True: something else is played, and the client is not to be told. */
	onUnpublished(playing: Playing): boolean;
	/** The hub has let go of the viewer. */
	onViewerEnded(playing: Playing, reason: ViewerEnd): void;
}

/** What a NetStream plays at a time: a live stream or a file. */
export interface Playing {
	readonly item: PlayItem;
	readonly isRecorded: boolean;
	/** Where what follows is to go on, on the player's clock, in milliseconds. */
	readonly endMillis: number;
	/** How long it is and what was sent of it, for the end of the playlist. */
	readonly durationMillis: number;
	readonly bytesSent: number;
	/** Messages of it that were sent or wait. */
	readonly messagesSent: number;
	/** Of a live stream: measures of its viewer. */
	viewerStats(now: number): ViewerStats | undefined;
	pause(paused: boolean, positionMillis: number, keepsBuffer: boolean): void;
	seek(positionMillis: number): void;
	/** The stream's wishes for audio and video, or its buffer, have changed. */
	setFilter(): void;
	setBuffer(): void;
	onDrain(now: number): void;
	/** Ends, silently. */
	close(): void;
}

/** What an item asks for. */
export function wishOf({ name, request }: PlayItem): MediaWish {
	return { name, prefix: request.prefix, startMillis: request.startMillis };
}
