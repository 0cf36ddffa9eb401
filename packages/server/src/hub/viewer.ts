import type { GroupMember, Membership, WriteGroup } from "../net/index.ts";
import type { Audience } from "./audience.ts";
import type { FramedBlock } from "./framed-block.ts";
import type { ViewerEnd, ViewerSink } from "./framer.ts";
import type { ViewerQueueOptions } from "./hub-options.ts";
import { addTally, emptyTally, type MediaTally } from "./media-tally.ts";
import type { ViewerStats } from "./stream-stats.ts";

/** Gets every block as it is made. */
export const VIEWER_STEADY = 0;
/** Waits for a keyframe to start from: it has just joined, or has skipped. */
export const VIEWER_WAITING = 1;
/** Wants nothing for now. */
export const VIEWER_PAUSED = 2;
/** Has been let go of. */
export const VIEWER_GONE = 3;

/** What a viewer is told of its stream, in its place between the blocks. */
export type ViewerNotice = "published" | "unpublished";

type QueuedBlock = {
	readonly block: FramedBlock;
	readonly tally: Readonly<MediaTally>;
	readonly queuedAt: number;
};

type QueuedNotice = { readonly notice: ViewerNotice; readonly queuedAt: number };

/**
 * One viewer of a live stream, with the queue of what its network has not taken. The queue is bounded in bytes and in
 * time: past either, the viewer loses what waits and goes on at the next keyframe; if its network takes nothing at all
 * for too long it is closed.
 */
export class Viewer implements GroupMember {
	readonly sink: ViewerSink;
	state = VIEWER_WAITING;
	wantsAudio = true;
	wantsVideo = true;
	/** While paused: number of the next message that it has not been given; messages count from 0 in each stream. */
	position = -1;
	/** While paused or without video: number of the message from which on it has been given no video; −1: it had none. */
	videoPosition = -1;
	/** It waited for a keyframe when it paused. */
	waitedAtPause = false;
	/** It has been without a medium since it last got the configurations, and may have missed one. */
	lacksAudio = false;
	lacksVideo = false;
	/** Version of the data and configurations that it got last; −1: none. */
	headVersion = -1;
	/** How often it lost messages, and how many blocks. */
	skips = 0;
	droppedBlocks = 0;
	/** Number of the first message that it missed when it skipped; −1 while it misses none. */
	missedFrom = -1;
	missedMessages = 0;

	readonly #audience: Audience;
	readonly #limits: ViewerQueueOptions;
	#queue: (QueuedBlock | QueuedNotice)[] = [];
	#queuedBytes = 0;
	#messages = 0;
	/** Its place among those to whom blocks are written together; `undefined`: each block is offered to it. */
	#membership: Membership | undefined;
	/** Bytes that it was sent in groups that it has left. */
	#groupBytes = 0;
	/** What it lost; made when it first does. */
	#dropped: MediaTally | undefined;
	/** Since when its network has taken nothing; −1 while it keeps up. */
	#stalledAt = -1;

	constructor(audience: Audience, sink: ViewerSink, limits: ViewerQueueOptions) {
		this.#audience = audience;
		this.sink = sink;
		this.#limits = limits;
	}

	/** Its network has taken everything that it was given. */
	get isDrained(): boolean {
		return this.#stalledAt < 0;
	}

	/** Messages that it was given, those that still wait among them. */
	get messages(): number {
		return this.#messages + (this.#membership?.messages ?? 0);
	}

	/** Bytes that it was sent in groups, and not by its sink. */
	get groupBytes(): number {
		return this.#groupBytes + (this.#membership?.bytes ?? 0);
	}

	/** Has its blocks written with those of others from now on, where its sink can. */
	joinGroup(group: WriteGroup): boolean {
		if (this.#stalledAt >= 0) return false;
		this.#membership = this.sink.joinGroup?.(group, this);
		return this.#membership !== undefined;
	}

	/** Has each block offered to its sink again. */
	leaveGroup(): void {
		this.#membership?.leave();
	}

	onLeftGroup(membership: Membership): void {
		this.#messages += membership.messages;
		this.#groupBytes += membership.bytes;
		this.#membership = undefined;
		this.#audience.onLeftGroup(this);
	}

	/** Hands over a block, or queues it behind what waits. */
	deliver(block: FramedBlock, now: number): void {
		this.#messages += block.messages;
		if (this.#queue.length === 0) {
			if (this.sink.offer(block.bytes)) return;
			if (this.#stalledAt < 0) this.#stalledAt = now;
		}
		this.#queue.push({ block, tally: block.tally, queuedAt: now });
		this.#queuedBytes += block.bytes.length;
		const { maxBytes, maxMillis } = this.#limits;
		if (this.#queuedBytes > maxBytes || now - this.#queue[0]!.queuedAt > maxMillis) this.#skip(now);
	}

	/** Tells it, behind what waits: a player that heard of the end first would leave without the last frames. */
	tell(notice: ViewerNotice, now: number): void {
		if (this.#queue.length === 0) this.#hand(notice);
		else this.#queue.push({ notice, queuedAt: now });
	}

	/** The sink's network has taken what was written: sends what waits. */
	onDrain(now: number): void {
		for (;;) {
			const [first] = this.#queue;
			if (first === undefined) {
				this.#stalledAt = -1;
				return;
			}
			if ("block" in first) {
				const { bytes } = first.block;
				if (!this.sink.offer(bytes)) return;
				this.#queuedBytes -= bytes.length;
			}
			this.#stalledAt = now;
			this.#queue.shift();
			if ("notice" in first) this.#hand(first.notice);
		}
	}

	/** Whether its network has taken nothing for longer than is allowed. */
	isStuck(now: number): boolean {
		if (this.#stalledAt < 0 || this.sink.isThrottled === true) return false;
		return now - this.#stalledAt > this.#limits.closeAfterMillis;
	}

	/** Measures at this moment. */
	stats(now: number): ViewerStats {
		const queued = emptyTally();
		for (const each of this.#queue) if ("block" in each) addTally(queued, each.tally);
		return {
			state: STATE_NAMES[this.state]!,
			messages: this.messages,
			queuedBytes: this.#queuedBytes,
			queued,
			dropped: { ...(this.#dropped ?? emptyTally()) },
			skips: this.skips,
			missedMessages: this.missedMessages,
			lagMillis: Math.round(now - (this.#queue[0]?.queuedAt ?? now)),
		};
	}

	/** Stops or resumes; on resuming it goes on where it was, or at the last keyframe when that is newer. */
	setPaused(paused: boolean): void {
		if (paused !== (this.state === VIEWER_PAUSED) && this.state !== VIEWER_GONE) this.#audience.pause(this, paused);
	}

	/** Chooses what it gets. Video comes back at a keyframe. */
	setFilter(wantsAudio: boolean, wantsVideo: boolean): void {
		if (this.state !== VIEWER_GONE) this.#audience.filter(this, wantsAudio, wantsVideo);
	}

	/** Leaves the stream. */
	detach(): void {
		this.#audience.detach(this);
	}

	/** Forgets what waits; called when the viewer leaves. */
	end(reason?: ViewerEnd): void {
		this.state = VIEWER_GONE;
		this.#queue = [];
		this.#queuedBytes = 0;
		if (reason !== undefined) this.sink.onEnded(reason);
	}

	#skip(now: number): void {
		const lost = this.#queue;
		this.skips++;
		this.#dropped ??= emptyTally();
		for (const each of lost) {
			if (!("block" in each)) continue;
			this.droppedBlocks++;
			addTally(this.#dropped, each.tally);
			this.#messages -= each.block.messages;
		}
		this.#queue = [];
		this.#queuedBytes = 0;
		this.#audience.onSkipped(this);
		this.sink.onSkipped(now);
		for (const each of lost) if ("notice" in each && this.state !== VIEWER_GONE) this.#hand(each.notice);
	}

	#hand(notice: ViewerNotice): void {
		if (notice === "published") this.sink.onPublished();
		else this.sink.onUnpublished();
	}
}

const STATE_NAMES = ["steady", "waiting", "paused", "gone"] as const;
