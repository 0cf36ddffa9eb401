import {
	FLAG_KEYFRAME,
	MEDIA_DATA,
	MEDIA_DATA_AMF3,
	MEDIA_VIDEO,
	MediaMessage,
	type MediaType,
	mediaFlags,
} from "@millrace/core/flv";
import type { ViewerSink } from "./framer.ts";
import type { HubClock, LiveStreamOptions } from "./hub-options.ts";
import { Publication, type PublisherEnd, type PublisherSink } from "./publication.ts";
import { Shape } from "./shape.ts";
import { StreamCache } from "./stream-cache.ts";
import { TimestampRepair } from "./timestamp-repair.ts";
import { VIEWER_GONE, VIEWER_PAUSED, VIEWER_STEADY, VIEWER_WAITING, Viewer } from "./viewer.ts";

/** What a stream tells the hub. */
export interface LiveStreamOwner {
	/** Nobody publishes, watches or is waited for any more. */
	onStreamIdle(stream: LiveStream): void;
	/** A viewer skipped to the next keyframe because it was too slow. */
	onViewerSkipped(stream: LiveStream, viewer: Viewer): void;
}

/** Answer to a publisher who wants a name. */
export type PublishAnswer = { readonly publication: Publication } | { readonly refused: "already-published" };

/** Without a keyframe for this long after a publisher came back, its frames are passed on as they are. */
const KEYFRAME_WAIT_MILLIS = 10_000;
/** A batch of so many messages or bytes is flushed at once: no window may gather a flood. */
const MAX_BATCH_MESSAGES = 512;
const MAX_BATCH_BYTES = 4 * 1024 * 1024;
/** Windows shorter than this under load are not worth a timer. */
const MIN_LOAD_WINDOW_MILLIS = 10;

/**
 * One live stream: a publisher at most, and its viewers. Messages gather in a batch, which is flushed by the latency
 * mode: framed once for each shape of viewer, and written to each as one block.
 */
export class LiveStream {
	readonly key: string;
	readonly cache: StreamCache;
	/** Totals of the stream, over all its publishers. */
	bytesIn = 0;
	bytesOut = 0;
	messagesIn = 0;
	viewerSkips = 0;
	viewersClosedSlow = 0;

	readonly #owner: LiveStreamOwner;
	readonly #options: LiveStreamOptions;
	readonly #clock: HubClock;
	readonly #repair: TimestampRepair;
	readonly #shapes = new Map<string, Shape>();
	readonly #viewers = new Set<Viewer>();

	#publication: Publication | undefined;
	#publishedSince = 0;
	#cancelGrace: (() => void) | undefined;
	/** After a publisher has come back: frames are dropped until this time, or until a keyframe. −1: none are. */
	#keyframeWaitUntil = -1;

	#batch: MediaMessage[] = [];
	#batchBytes = 0;
	/** Messages flushed so far, which is the number of the batch's first. */
	#flushed = 0;
	#version = 0;
	#flushNow = false;
	#cancelFlush: (() => void) | undefined;
	#flushDueAt = 0;
	/** How long flushes take and how late they come, in milliseconds, smoothed: the window follows it. */
	#load = 0;
	#bitrate = 0;
	#measuredBytes = 0;
	#measuredAt = 0;

	readonly #onFlushTimer = (): void => {
		this.#cancelFlush = undefined;
		this.#flush(Math.max(0, this.#clock.now() - this.#flushDueAt));
	};

	constructor(key: string, owner: LiveStreamOwner, options: LiveStreamOptions, clock: HubClock) {
		this.key = key;
		this.#owner = owner;
		this.#options = options;
		this.#clock = clock;
		this.cache = new StreamCache(options.gopCache);
		this.#repair = new TimestampRepair(options.timestamps);
	}

	/** Somebody publishes, or is waited for within the grace time. */
	get isLive(): boolean {
		return this.#publication !== undefined || this.#cancelGrace !== undefined;
	}

	get isPublishing(): boolean {
		return this.#publication !== undefined;
	}

	/** When the stream became live, on the hub's clock. */
	get publishedSince(): number {
		return this.#publishedSince;
	}

	get viewerCount(): number {
		return this.#viewers.size;
	}

	get viewers(): ReadonlySet<Viewer> {
		return this.#viewers;
	}

	/** Timestamps that had to be repaired. */
	get timestampRepairs(): number {
		return this.#repair.repairs;
	}

	/**
	 * Makes somebody the publisher. Within the grace time of a dropped one, viewers notice a pause only.
	 *
	 * @param identity who publishes (a key's name, an address): a second publisher of the same identity may take over
	 */
	publish(identity: string, sink: PublisherSink): PublishAnswer {
		const before = this.#publication;
		if (before !== undefined) {
			const takesOver = this.#options.duplicate === "takeover" && before.identity === identity;
			if (!takesOver) return { refused: "already-published" };
			before.end("taken-over");
		}
		const wasLive = before !== undefined || this.#cancelGrace !== undefined;
		this.#cancelGrace?.();
		this.#cancelGrace = undefined;
		this.#flush(0);
		this.#repair.restart();
		this.cache.beginPublisher();
		this.#version++;
		const now = this.#clock.now();
		const publication = new Publication(this, identity, sink, now);
		this.#publication = publication;
		if (wasLive) {
			this.#keyframeWaitUntil = now + KEYFRAME_WAIT_MILLIS;
		} else {
			this.#keyframeWaitUntil = -1;
			this.#publishedSince = now;
			for (const viewer of [...this.#viewers]) viewer.sink.onPublished();
		}
		return { publication };
	}

	/** Takes one message of the current publication. Call `endTurn` after the last one that came together. */
	receive(type: MediaType, timestamp: number, payload: Uint8Array, now: number): void {
		const flags = mediaFlags(type, payload);
		this.bytesIn += payload.length;
		this.messagesIn++;
		const time = this.#repair.repair(type, timestamp, flags, now);
		let message: MediaMessage | undefined = new MediaMessage(type, time, payload, flags);
		if (type === MEDIA_DATA || type === MEDIA_DATA_AMF3) {
			message = this.cache.data.apply(message);
			if (message === undefined) return;
			this.#version++;
		} else if (this.#keyframeWaitUntil >= 0 && type === MEDIA_VIDEO && !this.#mayResume(message, now)) {
			return;
		}
		this.#batch.push(message);
		this.#batchBytes += payload.length;
		if (this.#batch.length >= MAX_BATCH_MESSAGES || this.#batchBytes >= MAX_BATCH_BYTES) {
			this.#flush(0);
			return;
		}
		if (type === MEDIA_VIDEO && this.#options.latency === "interactive" && this.#loadWindow() === 0) {
			this.#flushNow = true;
		} else if (this.#cancelFlush === undefined && !this.#flushNow) {
			const window = this.#window();
			this.#flushDueAt = now + window;
			this.#cancelFlush = this.#clock.schedule(window, this.#onFlushTimer);
		}
	}

	/** All that came together has been given: sends what must not wait. */
	endTurn(): void {
		if (this.#flushNow) this.#flush(0);
	}

	/** A viewer joins. It gets the cached start at once where there is one. */
	attach(sink: ViewerSink): Viewer {
		const viewer = new Viewer(this, sink, this.#options.viewerQueue);
		this.#viewers.add(viewer);
		this.#join(viewer);
		return viewer;
	}

	detach(viewer: Viewer): void {
		if (viewer.state === VIEWER_GONE) return;
		this.#leaveShape(viewer);
		viewer.end();
		this.#forget(viewer);
	}

	/** The publication ends. Called by `Publication`. */
	endPublication(publication: Publication, reason: PublisherEnd): void {
		if (this.#publication !== publication) return;
		this.#publication = undefined;
		if (reason === "taken-over") return;
		this.#flush(0);
		if (reason === "dropped" && this.#options.graceMillis > 0) {
			this.#cancelGrace = this.#clock.schedule(this.#options.graceMillis, () => {
				this.#cancelGrace = undefined;
				this.#endLive();
			});
		} else {
			this.#endLive();
		}
	}

	/** Bits per second that came in, measured over the last seconds. */
	get bitrate(): number {
		return Math.round(this.#bitrate);
	}

	/** Looks for a publisher that sends nothing and for viewers that take nothing. The hub calls it each second. */
	sweep(now: number): void {
		this.#measure(now);
		const publication = this.#publication;
		if (publication !== undefined && now - publication.lastMediaAt > this.#options.idleTimeoutMillis) {
			publication.end("idle");
		}
		for (const viewer of [...this.#viewers]) {
			if (!viewer.isStuck(now)) {
				viewer.onDrain(now);
				continue;
			}
			this.viewersClosedSlow++;
			this.#leaveShape(viewer);
			viewer.end("too-slow");
			this.#forget(viewer);
		}
	}

	/** The server stops: everybody is told. */
	stop(): void {
		this.#cancelGrace?.();
		this.#cancelGrace = undefined;
		this.#publication?.end("server-stopping");
		this.#cancelFlush?.();
		this.#cancelFlush = undefined;
		for (const viewer of [...this.#viewers]) {
			this.#leaveShape(viewer);
			viewer.end("server-stopping");
		}
		this.#viewers.clear();
	}

	/** Called by `Viewer`. */
	pauseViewer(viewer: Viewer, paused: boolean): void {
		if (paused) {
			this.#leaveShape(viewer);
			viewer.state = VIEWER_PAUSED;
			viewer.position = this.#flushed;
			return;
		}
		// Nothing of the group is sent twice: a pause shorter than the group goes on where it stopped.
		const groupStart = this.#flushed - this.#groupLength();
		if (viewer.position < groupStart || this.cache.group.length === 0) {
			this.#join(viewer);
			return;
		}
		const shape = this.#shapeOf(viewer);
		const missed = this.cache.group.slice(this.cache.group.length - (this.#flushed - viewer.position));
		const block = shape.frame(missed);
		if (block.length > 0) this.#give(viewer, block);
		viewer.state = VIEWER_STEADY;
		shape.steady.add(viewer);
	}

	/** Called by `Viewer`. */
	filterViewer(viewer: Viewer, wantsAudio: boolean, wantsVideo: boolean): void {
		const gainsVideo = wantsVideo && !viewer.wantsVideo;
		this.#leaveShape(viewer);
		viewer.wantsAudio = wantsAudio;
		viewer.wantsVideo = wantsVideo;
		if (viewer.state === VIEWER_PAUSED) return;
		const shape = this.#shapeOf(viewer);
		if (viewer.state === VIEWER_WAITING || (gainsVideo && this.cache.hasVideo)) {
			viewer.state = VIEWER_WAITING;
			viewer.configurationVersion = -1;
			shape.waiting.add(viewer);
		} else {
			shape.steady.add(viewer);
		}
	}

	/** Called by `Viewer`: it lost messages and goes on at the next keyframe. */
	onViewerSkipped(viewer: Viewer): void {
		this.viewerSkips++;
		const shape = this.#shapeOf(viewer);
		shape.steady.delete(viewer);
		viewer.state = VIEWER_WAITING;
		shape.waiting.add(viewer);
		this.#owner.onViewerSkipped(this, viewer);
	}

	#join(viewer: Viewer): void {
		const shape = this.#shapeOf(viewer);
		viewer.state = VIEWER_WAITING;
		viewer.configurationVersion = -1;
		const { cache } = this;
		if (!this.isLive) {
			shape.waiting.add(viewer);
			return;
		}
		const start = shape.start(cache, this.#version, this.#repair.newest);
		viewer.configurationVersion = cache.configurationVersion;
		if (start.length > 0) this.#give(viewer, start);
		// Without video any message is a start; where keyframes are too rare to be kept, waiting could take forever.
		const mayStart = cache.group.length > 0 || cache.overflowed || (cache.hasAudio && !cache.hasVideo);
		viewer.state = mayStart ? VIEWER_STEADY : VIEWER_WAITING;
		(mayStart ? shape.steady : shape.waiting).add(viewer);
	}

	/** Frames the batch for each shape and hands it to each viewer. */
	#flush(late: number): void {
		this.#flushNow = false;
		this.#cancelFlush?.();
		this.#cancelFlush = undefined;
		const batch = this.#batch;
		if (batch.length === 0) return;
		this.#batch = [];
		this.#batchBytes = 0;
		const startedAt = this.#clock.now();
		const resume = this.#resumeIndex(batch);
		for (const shape of this.#shapes.values()) {
			if (shape.steady.size > 0) this.#fanOut(shape, batch, startedAt);
			if (resume >= 0 && shape.waiting.size > 0) this.#resumeWaiting(shape, batch, resume, startedAt);
		}
		for (const message of batch) this.cache.add(message);
		this.#flushed += batch.length;
		this.#version++;
		this.#load = this.#load * 0.8 + (late + this.#clock.now() - startedAt) * 0.2;
	}

	#fanOut(shape: Shape, batch: readonly MediaMessage[], now: number): void {
		const block = shape.frame(batch);
		if (block.length === 0) return;
		this.bytesOut += block.length * shape.steady.size;
		for (const viewer of shape.steady) viewer.deliver(block, now);
	}

	/** Viewers that wait join the stream at the batch's keyframe. */
	#resumeWaiting(shape: Shape, batch: readonly MediaMessage[], from: number, now: number): void {
		const block = shape.frame(batch, from);
		if (block.length === 0) return;
		const { configurationVersion } = this.cache;
		let configurations: Uint8Array | undefined;
		for (const viewer of [...shape.waiting]) {
			if (!viewer.isDrained) continue;
			if (viewer.configurationVersion !== configurationVersion && !hasConfigurationBefore(batch, from)) {
				configurations ??= shape.configurations(this.cache, batch[from]!.timestamp);
				if (configurations.length > 0) viewer.deliver(configurations, now);
			}
			viewer.configurationVersion = configurationVersion;
			shape.waiting.delete(viewer);
			shape.steady.add(viewer);
			viewer.state = VIEWER_STEADY;
			this.bytesOut += block.length;
			viewer.deliver(block, now);
		}
	}

	/**
	 * Where in a batch waiting viewers may start: at its first keyframe, with the configurations and data right before
	 * it; without video, or where keyframes are too rare, at its beginning. −1: nowhere.
	 */
	#resumeIndex(batch: readonly MediaMessage[]): number {
		for (let i = 0; i < batch.length; i++) {
			if ((batch[i]!.flags & FLAG_KEYFRAME) === 0) continue;
			while (i > 0 && (batch[i - 1]!.isConfiguration || !(batch[i - 1]!.isAudio || batch[i - 1]!.isVideo))) i--;
			return i;
		}
		const { cache } = this;
		const audioOnly = !cache.hasVideo && !batch.some(message => message.isVideo);
		return audioOnly || cache.overflowed ? 0 : -1;
	}

	#mayResume(message: MediaMessage, now: number): boolean {
		if (message.isConfiguration) return true;
		if (!message.isKeyframe && now < this.#keyframeWaitUntil) return false;
		this.#keyframeWaitUntil = -1;
		return true;
	}

	/** How long a batch gathers, in milliseconds: by the mode, and longer when the machine falls behind. */
	#window(): number {
		const { latency, defaultWindowMillis, scaleWindowMillis, audioFlushMillis } = this.#options;
		const base =
			latency === "interactive" ? audioFlushMillis : latency === "scale" ? scaleWindowMillis : defaultWindowMillis;
		return Math.max(base, this.#loadWindow());
	}

	#loadWindow(): number {
		const wanted = this.#load * 2;
		return wanted < MIN_LOAD_WINDOW_MILLIS ? 0 : Math.min(wanted, this.#options.scaleWindowMillis);
	}

	#shapeOf(viewer: Viewer): Shape {
		const { framer } = viewer.sink;
		const key = `${framer.key}${viewer.wantsAudio ? "a" : ""}${viewer.wantsVideo ? "v" : ""}`;
		let shape = this.#shapes.get(key);
		if (shape === undefined) {
			shape = new Shape(key, framer, viewer.wantsAudio, viewer.wantsVideo);
			this.#shapes.set(key, shape);
		}
		return shape;
	}

	#leaveShape(viewer: Viewer): void {
		const shape = this.#shapeOf(viewer);
		shape.steady.delete(viewer);
		shape.waiting.delete(viewer);
		if (shape.isEmpty) this.#shapes.delete(shape.key);
	}

	#give(viewer: Viewer, block: Uint8Array): void {
		this.bytesOut += block.length;
		viewer.deliver(block, this.#clock.now());
	}

	#groupLength(): number {
		return this.cache.group.length;
	}

	#endLive(): void {
		this.cache.clear();
		this.#version++;
		for (const viewer of [...this.#viewers]) viewer.sink.onUnpublished();
		// Whoever stays waits for the next publisher's keyframe.
		for (const shape of this.#shapes.values()) {
			for (const viewer of shape.steady) {
				viewer.state = VIEWER_WAITING;
				viewer.configurationVersion = -1;
				shape.waiting.add(viewer);
			}
			shape.steady.clear();
			shape.forget();
		}
		this.#reportIdle();
	}

	#measure(now: number): void {
		const seconds = (now - this.#measuredAt) / 1000;
		const rate = (8 * (this.bytesIn - this.#measuredBytes)) / seconds;
		this.#bitrate = this.#measuredAt === 0 ? 0 : this.#bitrate === 0 ? rate : this.#bitrate * 0.6 + rate * 0.4;
		this.#measuredAt = now;
		this.#measuredBytes = this.bytesIn;
	}

	#forget(viewer: Viewer): void {
		this.#viewers.delete(viewer);
		this.#reportIdle();
	}

	#reportIdle(): void {
		if (!this.isLive && this.#viewers.size === 0) this.#owner.onStreamIdle(this);
	}
}

function hasConfigurationBefore(batch: readonly MediaMessage[], from: number): boolean {
	return batch[from]!.isConfiguration;
}
