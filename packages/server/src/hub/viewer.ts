import type { ViewerEnd, ViewerSink } from "./framer.ts";
import type { ViewerQueueOptions } from "./hub-options.ts";
import type { LiveStream } from "./live-stream.ts";

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

type Queued = { readonly what: Uint8Array | ViewerNotice; readonly queuedAt: number };

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

	readonly #limits: ViewerQueueOptions;
	#queue: Queued[] = [];
	#queuedBytes = 0;
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
	deliver(block: Uint8Array, now: number): void {
		if (this.#queue.length === 0) {
			if (this.sink.offer(block)) return;
			if (this.#stalledAt < 0) this.#stalledAt = now;
		}
		this.#queue.push({ what: block, queuedAt: now });
		this.#queuedBytes += block.length;
		const { maxBytes, maxMillis } = this.#limits;
		if (this.#queuedBytes > maxBytes || now - this.#queue[0]!.queuedAt > maxMillis) this.#skip(now);
	}

	/** Tells it, behind what waits: a player that heard of the end first would leave without the last frames. */
	tell(notice: ViewerNotice, now: number): void {
		if (this.#queue.length === 0) this.#hand(notice);
		else this.#queue.push({ what: notice, queuedAt: now });
	}

	/** The sink's network has taken what was written: sends what waits. */
	onDrain(now: number): void {
		for (;;) {
			const [first] = this.#queue;
			if (first === undefined) {
				this.#stalledAt = -1;
				return;
			}
			const { what } = first;
			if (typeof what !== "string") {
				if (!this.sink.offer(what)) return;
				this.#queuedBytes -= what.length;
			}
			this.#stalledAt = now;
			this.#queue.shift();
			if (typeof what === "string") this.#hand(what);
		}
	}

	/** Whether its network has taken nothing for longer than is allowed. */
	isStuck(now: number): boolean {
		return this.#stalledAt >= 0 && now - this.#stalledAt > this.#limits.closeAfterMillis;
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
		const lost = this.#queue;
		this.skips++;
		this.#queue = [];
		this.#queuedBytes = 0;
		this.stream.onViewerSkipped(this);
		this.sink.onSkipped(now);
		for (const { what } of lost) {
			if (typeof what !== "string") this.droppedBlocks++;
			else if (this.state !== VIEWER_GONE) this.#hand(what);
		}
	}

	#hand(notice: ViewerNotice): void {
		if (notice === "published") this.sink.onPublished();
		else this.sink.onUnpublished();
	}
}
