import type { ViewerEnd, ViewerSink } from "./framer.ts";
import type { ViewerQueueOptions } from "./hub-options.ts";
import type { LiveStream } from "./live-stream.ts";
import { addTally, emptyTally, type MediaTally, messagesOf } from "./media-tally.ts";
import type { FramedBlock } from "./shape.ts";
import type { ViewerStats } from "./stream-stats.ts";

/** Gets every block as it is made. */
export const VIEWER_STEADY = 0;
/** Waits for a keyframe to start from: it has just joined, or has skipped. */
export const VIEWER_WAITING = 1;
/** Wants nothing for now. */
export const VIEWER_PAUSED = 2;
/** Has been let go of. */
export const VIEWER_GONE = 3;

type QueuedBlock = { readonly block: FramedBlock; readonly queuedAt: number };

/**
 * One viewer of a live stream, with the queue of what its network has not taken. The queue is bounded in bytes and in
 * time: past either, the viewer loses what waits and goes on at the next keyframe; if its network takes nothing at all
 * for too long it is closed.
 */
export class Viewer {
	readonly stream: LiveStream;
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
	/** Messages that it was given, those that still wait among them. */
	messages = 0;
	/** Number of the first message that it missed when it skipped; −1 while it misses none. */
	missedFrom = -1;
	missedMessages = 0;

	readonly #limits: ViewerQueueOptions;
	#queue: QueuedBlock[] = [];
	#queuedBytes = 0;
	/** What it lost; made when it first does. */
	#dropped: MediaTally | undefined;
	/** Since when its network has taken nothing; −1 while it keeps up. */
	#stalledAt = -1;

	constructor(stream: LiveStream, sink: ViewerSink, limits: ViewerQueueOptions) {
		this.stream = stream;
		this.sink = sink;
		this.#limits = limits;
	}

	/** Its network has taken everything that it was given. */
	get isDrained(): boolean {
		return this.#stalledAt < 0;
	}

	/** Hands over a block, or queues it behind what waits. */
	deliver(block: FramedBlock, now: number): void {
		this.messages += messagesOf(block.tally);
		if (this.#queue.length === 0) {
			if (this.sink.offer(block.bytes)) return;
			if (this.#stalledAt < 0) this.#stalledAt = now;
		}
		this.#queue.push({ block, queuedAt: now });
		this.#queuedBytes += block.bytes.length;
		const { maxBytes, maxMillis } = this.#limits;
		if (this.#queuedBytes > maxBytes || now - this.#queue[0]!.queuedAt > maxMillis) this.#skip(now);
	}

	/** The sink's network has taken what was written: sends what waits. */
	onDrain(now: number): void {
		let sent = 0;
		while (sent < this.#queue.length && this.sink.offer(this.#queue[sent]!.block.bytes)) {
			this.#queuedBytes -= this.#queue[sent]!.block.bytes.length;
			sent++;
		}
		if (sent === this.#queue.length) this.#stalledAt = -1;
		else if (sent > 0) this.#stalledAt = now;
		this.#queue.splice(0, sent);
	}

	/** Whether its network has taken nothing for longer than is allowed. */
	isStuck(now: number): boolean {
		if (this.#stalledAt < 0 || this.sink.isThrottled === true) return false;
		return now - this.#stalledAt > this.#limits.closeAfterMillis;
	}

	/** Measures at this moment. */
	stats(now: number): ViewerStats {
		const queued = emptyTally();
		for (const { block } of this.#queue) addTally(queued, block.tally);
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
		if (paused !== (this.state === VIEWER_PAUSED) && this.state !== VIEWER_GONE) this.stream.pauseViewer(this, paused);
	}

	/** Chooses what it gets. Video comes back at a keyframe. */
	setFilter(wantsAudio: boolean, wantsVideo: boolean): void {
		if (this.state !== VIEWER_GONE) this.stream.filterViewer(this, wantsAudio, wantsVideo);
	}

	/** Leaves its stream. */
	detach(): void {
		this.stream.detach(this);
	}

	/** Forgets what waits; called when the viewer leaves. */
	end(reason?: ViewerEnd): void {
		this.state = VIEWER_GONE;
		this.#queue = [];
		this.#queuedBytes = 0;
		if (reason !== undefined) this.sink.onEnded(reason);
	}

	#skip(now: number): void {
		this.skips++;
		this.droppedBlocks += this.#queue.length;
		this.#dropped ??= emptyTally();
		for (const { block } of this.#queue) {
			addTally(this.#dropped, block.tally);
			this.messages -= messagesOf(block.tally);
		}
		this.#queue = [];
		this.#queuedBytes = 0;
		this.stream.onViewerSkipped(this);
		this.sink.onSkipped(now);
	}
}

const STATE_NAMES = ["steady", "waiting", "paused", "gone"] as const;
