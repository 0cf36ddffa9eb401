import type { MediaMessage } from "@millrace/core/flv";
import type { WriteBlock } from "../net/index.ts";
import { missedMessages } from "./catch-up.ts";
import type { FramedBlock } from "./framed-block.ts";
import type { ViewerEnd, ViewerSink } from "./framer.ts";
import type { HubClock, ViewerQueueOptions } from "./hub-options.ts";
import { resumeIndex } from "./resume-gate.ts";
import { Shape } from "./shape.ts";
import type { StreamCache } from "./stream-cache.ts";
import { VIEWER_GONE, VIEWER_PAUSED, VIEWER_STEADY, VIEWER_WAITING, Viewer } from "./viewer.ts";

/** The stream that an audience has. */
export interface AudienceStream {
	/** Somebody publishes, or is waited for within the grace time. */
	readonly isLive: boolean;
	/** Time of the message that follows what viewers have been handed, on the stream's clock in milliseconds. */
	readonly nextTimestamp: number;
	/** A viewer skipped to the next keyframe because it was too slow. */
	onViewerSkipped(viewer: Viewer): void;
	/** A viewer has left, or was let go of. */
	onViewerGone(): void;
}

/**
 * The viewers of one live stream. Each batch is framed once for each shape of viewer, and written to each as one block.
 * Those that join, go on after a pause or choose another medium are given of the cache what they have missed, or wait
 * for a keyframe.
 */
export class Audience {
	/** Framed bytes that viewers were sent, or had queued. */
	bytesOut = 0;
	/** How often viewers skipped, and how many were closed because they took nothing. */
	skips = 0;
	closedSlow = 0;

	readonly #stream: AudienceStream;
	readonly #cache: StreamCache;
	readonly #queue: ViewerQueueOptions;
	readonly #clock: HubClock;
	readonly #write: WriteBlock | undefined;
	readonly #shapes = new Map<string, Shape>();
	readonly #viewers = new Set<Viewer>();
	/** Messages handed on so far, which is the number of the next batch's first. */
	#handed = 0;
	/** The same, with the batch that is being handed on. */
	#given = 0;
	/** Rises whenever what those who join are sent changes. */
	#version = 0;

	/**
	 * @param queue how much each viewer may lag
	 * @param write how those are written to that are written to together; default: by the operating system
	 */
	constructor(
		stream: AudienceStream,
		cache: StreamCache,
		queue: ViewerQueueOptions,
		clock: HubClock,
		write?: WriteBlock,
	) {
		this.#stream = stream;
		this.#cache = cache;
		this.#queue = queue;
		this.#clock = clock;
		this.#write = write;
	}

	get viewers(): ReadonlySet<Viewer> {
		return this.#viewers;
	}

	/** A viewer joins. It gets the cached start at once where there is one: of both media, or of what it wants. */
	attach(sink: ViewerSink, wantsAudio: boolean, wantsVideo: boolean): Viewer {
		const viewer = new Viewer(this, sink, this.#queue);
		viewer.wantsAudio = wantsAudio;
		viewer.wantsVideo = wantsVideo;
		this.#viewers.add(viewer);
		this.#join(viewer);
		return viewer;
	}

	/** Hands a batch to every viewer, and takes it into the cache. */
	take(batch: readonly MediaMessage[], now: number): void {
		this.#given = this.#handed + batch.length;
		for (const shape of this.#shapes.values()) {
			if (shape.steadyCount === 0) continue;
			// Not in one statement: what it sets off may count, too.
			const bytes = shape.hand(batch, now);
			this.bytesOut += bytes;
		}
		this.#resumeWaiting(batch, now);
		this.#handed += batch.length;
		this.#version++;
	}

	/** The cache has changed otherwise than by a batch. */
	onCacheChanged(): void {
		this.#version++;
	}

	/** A publisher has come to a stream that was not live. */
	onPublished(now: number): void {
		for (const viewer of [...this.#viewers]) viewer.tell("published", now);
	}

	/** The stream is not live any more. Whoever stays waits for the next publisher's keyframe, data and configurations. */
	onUnpublished(now: number): void {
		this.#version++;
		for (const shape of this.#shapes.values()) shape.group.dissolve();
		for (const viewer of [...this.#viewers]) viewer.tell("unpublished", now);
		for (const viewer of this.#viewers) {
			viewer.headVersion = -1;
			viewer.videoPosition = -1;
			viewer.position = -1;
			if (viewer.state === VIEWER_STEADY) viewer.state = VIEWER_WAITING;
		}
		for (const shape of this.#shapes.values()) {
			for (const viewer of shape.steady) shape.waiting.add(viewer);
			shape.steady.clear();
			shape.forget();
		}
	}

	/** Closes viewers whose network takes nothing. */
	closeStuck(now: number): void {
		for (const viewer of [...this.#viewers]) {
			if (!viewer.isStuck(now)) continue;
			this.closedSlow++;
			this.#end(viewer, "too-slow");
			this.#forget(viewer);
		}
	}

	/** The server stops. */
	stop(): void {
		for (const viewer of [...this.#viewers]) this.#end(viewer, "server-stopping");
		this.#viewers.clear();
	}

	// ── called by viewers ──

	detach(viewer: Viewer): void {
		if (viewer.state === VIEWER_GONE) return;
		this.#end(viewer);
		this.#forget(viewer);
	}

	pause(viewer: Viewer, paused: boolean): void {
		if (paused) {
			this.#leaveShape(viewer);
			viewer.waitedAtPause = viewer.state === VIEWER_WAITING;
			viewer.state = VIEWER_PAUSED;
			viewer.position = this.#handed;
			if (viewer.wantsVideo) viewer.videoPosition = this.#handed;
			return;
		}
		// Nothing of the group is sent twice: a pause shorter than the group goes on where it stopped.
		const { group } = this.#cache;
		const groupStart = this.#handed - group.length;
		const mayJoin = viewer.waitedAtPause && group.length > 0 ? viewer.position <= groupStart : false;
		if (viewer.position < groupStart || mayJoin) this.#join(viewer);
		else if (viewer.waitedAtPause) this.#wait(viewer);
		else this.#goOn(viewer, viewer.position, viewer.videoPosition);
	}

	filter(viewer: Viewer, wantsAudio: boolean, wantsVideo: boolean): void {
		const gainsAudio = wantsAudio && !viewer.wantsAudio;
		const gainsVideo = wantsVideo && !viewer.wantsVideo;
		this.#leaveShape(viewer);
		if (viewer.wantsVideo && !wantsVideo && viewer.state !== VIEWER_PAUSED) {
			viewer.videoPosition = viewer.state === VIEWER_STEADY ? this.#handed : -1;
		}
		viewer.lacksAudio ||= !wantsAudio;
		viewer.lacksVideo ||= !wantsVideo;
		viewer.wantsAudio = wantsAudio;
		viewer.wantsVideo = wantsVideo;
		if (viewer.state === VIEWER_WAITING) this.#wait(viewer);
		else if (viewer.state !== VIEWER_STEADY) return;
		else if (gainsAudio || gainsVideo)
			this.#goOn(viewer, this.#handed, gainsVideo ? viewer.videoPosition : this.#handed);
		else this.#shapeOf(viewer).steady.add(viewer);
	}

	/** It is not written to together with others any more. */
	onLeftGroup(viewer: Viewer): void {
		this.#shapeOf(viewer).steady.add(viewer);
	}

	/** It lost messages and goes on at the next keyframe. */
	onSkipped(viewer: Viewer): void {
		this.skips++;
		const shape = this.#shapeOf(viewer);
		shape.steady.delete(viewer);
		viewer.state = VIEWER_WAITING;
		// What was dropped may have held data and configurations.
		viewer.headVersion = -1;
		if (viewer.missedFrom < 0) viewer.missedFrom = this.#given;
		shape.waiting.add(viewer);
		this.#stream.onViewerSkipped(viewer);
	}

	// ── where a viewer begins, and goes on ──

	#join(viewer: Viewer): void {
		if (!this.#stream.isLive) {
			this.#wait(viewer);
			return;
		}
		const cache = this.#cache;
		const shape = this.#shapeOf(viewer);
		const start = shape.start(cache, this.#version, this.#stream.nextTimestamp);
		viewer.headVersion = cache.headVersion;
		// Without video any message is a start; where keyframes are too rare to be kept, waiting could take forever.
		const isAudio = !viewer.wantsVideo || (cache.hasAudio && !cache.hasVideo);
		const mayStart = cache.group.length > 0 || cache.overflowed || isAudio;
		viewer.state = mayStart ? VIEWER_STEADY : VIEWER_WAITING;
		(mayStart ? shape.steady : shape.waiting).add(viewer);
		// Last, for the viewer may have no room for it and be sent to the waiting ones.
		if (start.bytes.length > 0) this.#give(viewer, start);
	}

	#wait(viewer: Viewer): void {
		viewer.state = VIEWER_WAITING;
		viewer.headVersion = -1;
		this.#shapeOf(viewer).waiting.add(viewer);
	}

	/**
	 * Makes a viewer steady that has had everything before number `from`, and of the video what was before `videoFrom`:
	 * it gets from the group what it has missed. Where the group does not reach back to its video, that begins with the
	 * group's keyframe.
	 */
	#goOn(viewer: Viewer, from: number, videoFrom: number): void {
		const cache = this.#cache;
		const groupStart = this.#handed - cache.group.length;
		if (
			viewer.wantsVideo &&
			cache.hasVideo &&
			videoFrom < groupStart &&
			cache.group.length === 0 &&
			!cache.overflowed
		) {
			this.#wait(viewer);
			return;
		}
		const missed = missedMessages(viewer, cache, groupStart, from, videoFrom, this.#stream.nextTimestamp);
		const shape = this.#shapeOf(viewer);
		viewer.state = VIEWER_STEADY;
		shape.steady.add(viewer);
		const block = shape.frame(missed);
		if (block.bytes.length > 0) this.#give(viewer, block);
	}

	#give(viewer: Viewer, block: FramedBlock): void {
		this.bytesOut += block.bytes.length;
		viewer.deliver(block, this.#clock.now());
	}

	// ── a batch ──

	/**
	 * Takes the batch into the cache, and lets viewers that wait start at its first keyframe, with the data and
	 * configurations that hold there where they have not had them.
	 */
	#resumeWaiting(batch: readonly MediaMessage[], now: number): void {
		const cache = this.#cache;
		const from = resumeIndex(batch, cache);
		for (let i = 0; i < from; i++) cache.add(batch[i]!);
		const start = Math.max(from, 0);
		for (const shape of this.#shapes.values()) {
			// Without video any message is a start.
			if (from >= 0 || !shape.wantsVideo) this.#resumeShape(shape, batch, start, now);
		}
		for (let i = start; i < batch.length; i++) cache.add(batch[i]!);
	}

	#resumeShape(shape: Shape, batch: readonly MediaMessage[], from: number, now: number): void {
		if (shape.waiting.size === 0) return;
		const block = shape.frame(batch.slice(from));
		if (block.bytes.length === 0) return;
		const { headVersion } = this.#cache;
		let head: FramedBlock | undefined;
		for (const viewer of [...shape.waiting]) {
			// Another viewer's end may have taken this one with it.
			if (viewer.state !== VIEWER_WAITING || !viewer.isDrained) continue;
			shape.waiting.delete(viewer);
			shape.steady.add(viewer);
			viewer.state = VIEWER_STEADY;
			if (viewer.headVersion !== headVersion) {
				head ??= shape.head(this.#cache, batch[from]!.timestamp);
				viewer.headVersion = headVersion;
				if (head.bytes.length > 0) this.#give(viewer, head);
				if (!shape.steady.has(viewer)) continue;
			}
			if (viewer.missedFrom >= 0) {
				viewer.missedMessages += Math.max(0, this.#handed + from - viewer.missedFrom);
				viewer.missedFrom = -1;
			}
			this.bytesOut += block.bytes.length;
			viewer.deliver(block, now);
		}
	}

	// ── shapes ──

	#shapeOf(viewer: Viewer): Shape {
		const { framer } = viewer.sink;
		const key = `${framer.key}${viewer.wantsAudio ? "a" : ""}${viewer.wantsVideo ? "v" : ""}`;
		let shape = this.#shapes.get(key);
		if (shape === undefined) {
			shape = new Shape(key, framer, viewer.wantsAudio, viewer.wantsVideo, this.#write);
			this.#shapes.set(key, shape);
		}
		return shape;
	}

	#leaveShape(viewer: Viewer): void {
		const shape = this.#shapeOf(viewer);
		viewer.leaveGroup();
		shape.steady.delete(viewer);
		shape.waiting.delete(viewer);
		if (shape.isEmpty) this.#shapes.delete(shape.key);
	}

	#end(viewer: Viewer, reason?: ViewerEnd): void {
		this.#leaveShape(viewer);
		viewer.end(reason);
	}

	#forget(viewer: Viewer): void {
		this.#viewers.delete(viewer);
		this.#stream.onViewerGone();
	}
}
