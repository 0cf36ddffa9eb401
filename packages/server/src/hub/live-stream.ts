import { MEDIA_DATA, MEDIA_DATA_AMF3, MEDIA_VIDEO, MediaMessage, type MediaType, mediaFlags } from "@millrace/core/flv";
import { missedMessages } from "./catch-up.ts";
import { FlushSchedule } from "./flush-schedule.ts";
import type { FramedBlock } from "./framed-block.ts";
import type { ViewerSink } from "./framer.ts";
import type { GatherWindow, HubClock, LiveStreamOptions } from "./hub-options.ts";
import { Publication, type PublisherEnd, type PublisherSink } from "./publication.ts";
import { ResumeGate, resumeIndex } from "./resume-gate.ts";
import { Shape } from "./shape.ts";
import { StreamCache } from "./stream-cache.ts";
import { StreamMeter } from "./stream-meter.ts";
import { type StreamStats, streamStats } from "./stream-stats.ts";
import type { StreamTap } from "./stream-tap.ts";
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

/** A batch of so many messages or bytes is flushed at once: no window may gather a flood. */
const MAX_BATCH_MESSAGES = 512;
const MAX_BATCH_BYTES = 4 * 1024 * 1024;
/**
 * One live stream: a publisher at most, and its viewers. Messages gather in a batch, which is flushed by the latency
 * mode: framed once for each shape of viewer, and written to each as one block.
 */
export class LiveStream {
	readonly key: string;
	readonly cache: StreamCache;
	/** Totals of the stream, over all its publishers. */
	bytesOut = 0;
	viewerSkips = 0;
	viewersClosedSlow = 0;
	/** What comes in. */
	readonly meter = new StreamMeter();

	readonly #owner: LiveStreamOwner;
	readonly #options: LiveStreamOptions;
	readonly #clock: HubClock;
	readonly #repair: TimestampRepair;
	readonly #shapes = new Map<string, Shape>();
	readonly #viewers = new Set<Viewer>();
	readonly #taps = new Set<StreamTap>();

	#publication: Publication | undefined;
	#publishedSince = 0;
	#cancelGrace: (() => void) | undefined;
	readonly #resumeGate = new ResumeGate();
	/** Who keeps the stream though nobody publishes or watches it. */
	#holders = 0;

	#batch: MediaMessage[] = [];
	#batchBytes = 0;
	/** Messages flushed so far, which is the number of the batch's first. */
	#flushed = 0;
	/** The same, with the batch that is being flushed. */
	#given = 0;
	#version = 0;
	readonly #schedule: FlushSchedule;

	constructor(key: string, owner: LiveStreamOwner, options: LiveStreamOptions, clock: HubClock) {
		this.key = key;
		this.#owner = owner;
		this.#options = options;
		this.#clock = clock;
		this.cache = new StreamCache(options.gopCache);
		this.#repair = new TimestampRepair(options.timestamps);
		this.#schedule = new FlushSchedule(options, clock, () => this.#flush());
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

	/** Time of the newest message that has come, in milliseconds of the stream's clock. */
	get newestTimestamp(): number {
		return this.#repair.newest;
	}

	/** How messages are gathered in place of the latency mode; empty: as that has it. */
	get gather(): GatherWindow {
		return this.#schedule.gather;
	}

	set gather(window: GatherWindow) {
		this.#schedule.gather = window;
	}

	get viewerCount(): number {
		return this.#viewers.size;
	}

	get viewers(): ReadonlySet<Viewer> {
		return this.#viewers;
	}

	get bytesIn(): number {
		return this.meter.bytesIn;
	}

	get messagesIn(): number {
		return this.meter.messagesIn;
	}

	/** Timestamps that had to be repaired. */
	get timestampRepairs(): number {
		return this.#repair.repairs;
	}

	/** Measures at this moment. */
	stats(): StreamStats {
		const now = this.#clock.now();
		return streamStats(this, now - (this.#publication?.lastMediaAt ?? now));
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
		this.#flush();
		this.#repair.restart();
		this.meter.restart();
		this.cache.beginPublisher();
		this.#version++;
		this.#schedule.begin(sink.input);
		const now = this.#clock.now();
		const publication = new Publication(this, identity, sink, now);
		this.#publication = publication;
		for (const tap of this.#taps) tap.onPublisher(wasLive);
		this.#resumeGate.begin(wasLive, now);
		if (!wasLive) {
			this.#publishedSince = now;
			for (const viewer of [...this.#viewers]) viewer.tell("published", now);
		}
		return { publication };
	}

	/** Takes one message of the current publication. Call `endTurn` after the last one that came together. */
	receive(type: MediaType, timestamp: number, payload: Uint8Array, now: number): void {
		const flags = mediaFlags(type, payload);
		const time = this.#repair.repair(type, timestamp, flags, now);
		this.meter.note(type, payload.length, time, now);
		const message = new MediaMessage(type, time, payload, flags);
		if (type === MEDIA_DATA || type === MEDIA_DATA_AMF3) this.#takeData(message, now);
		else if (type !== MEDIA_VIDEO || this.#resumeGate.passes(message, now)) this.#take(message, now);
		else this.meter.droppedMessages++;
	}

	/**
	 * Takes a data message of the server's own, at the stream's newest time, whether somebody publishes or not.
	 * `@setDataFrame` and `@clearDataFrame` mean what they mean from a publisher.
	 */
	insertData(type: typeof MEDIA_DATA | typeof MEDIA_DATA_AMF3, payload: Uint8Array): void {
		const now = this.#clock.now();
		this.#takeData(new MediaMessage(type, this.#repair.repairInserted(), payload), now);
		this.#schedule.endTurn(now);
	}

	/** All that came together has been given: sends what must not wait. */
	endTurn(): void {
		this.#schedule.endTurn(this.#clock.now());
	}

	/** Keeps the stream in the hub's directory though nobody publishes or watches it; returns what ends that. */
	hold(): () => void {
		let isHeld = true;
		this.#holders++;
		return () => {
			if (!isHeld) return;
			isHeld = false;
			this.#holders--;
			this.#reportIdle();
		};
	}

	/** A viewer joins. It gets the cached start at once where there is one: of both media, or of what it wants. */
	attach(sink: ViewerSink, wantsAudio = true, wantsVideo = true): Viewer {
		const viewer = new Viewer(this, sink, this.#options.viewerQueue);
		viewer.wantsAudio = wantsAudio;
		viewer.wantsVideo = wantsVideo;
		this.#viewers.add(viewer);
		this.#join(viewer);
		return viewer;
	}

	/**
	 * Hands on every message from now on; returns what ends that. A tap that comes before the publisher's first message
	 * misses none; a later one goes on exactly where `cache` ends.
	 */
	attachTap(tap: StreamTap): () => void {
		this.#taps.add(tap);
		return () => this.#taps.delete(tap);
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
		this.#schedule.end();
		if (reason === "taken-over") return;
		this.#flush();
		if (reason === "dropped" && this.#options.graceMillis > 0) {
			for (const tap of this.#taps) tap.onPublisherLost();
			this.#cancelGrace = this.#clock.schedule(this.#options.graceMillis, () => {
				this.#cancelGrace = undefined;
				this.#endLive(reason);
			});
		} else {
			this.#endLive(reason);
		}
	}

	/** Bits per second that came in, measured over the last seconds. */
	get bitrate(): number {
		return Math.round(8 * this.meter.bytesPerSecond);
	}

	/** Looks for a publisher that sends nothing and for viewers that take nothing. The hub calls it each second. */
	sweep(now: number): void {
		this.meter.sweep(this.bytesOut, now);
		const publication = this.#publication;
		if (publication !== undefined && now - publication.lastMediaAt > this.#options.idleTimeoutMillis) {
			publication.end("idle");
		}
		for (const viewer of [...this.#viewers]) {
			if (!viewer.isStuck(now)) continue;
			this.viewersClosedSlow++;
			this.#leaveShape(viewer);
			viewer.end("too-slow");
			this.#forget(viewer);
		}
	}

	/** The server stops: everybody is told. */
	stop(): void {
		const isWaiting = this.#cancelGrace !== undefined;
		this.#cancelGrace?.();
		this.#cancelGrace = undefined;
		this.#publication?.end("server-stopping");
		if (isWaiting) for (const tap of this.#taps) tap.onEnded("server-stopping");
		this.#schedule.end();
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
			viewer.waitedAtPause = viewer.state === VIEWER_WAITING;
			viewer.state = VIEWER_PAUSED;
			viewer.position = this.#flushed;
			if (viewer.wantsVideo) viewer.videoPosition = this.#flushed;
			return;
		}
		// Nothing of the group is sent twice: a pause shorter than the group goes on where it stopped.
		const { group } = this.cache;
		const groupStart = this.#flushed - group.length;
		const mayJoin = viewer.waitedAtPause && group.length > 0 ? viewer.position <= groupStart : false;
		if (viewer.position < groupStart || mayJoin) this.#join(viewer);
		else if (viewer.waitedAtPause) this.#wait(viewer);
		else this.#goOn(viewer, viewer.position, viewer.videoPosition);
	}

	/** Called by `Viewer`. */
	filterViewer(viewer: Viewer, wantsAudio: boolean, wantsVideo: boolean): void {
		const gainsAudio = wantsAudio && !viewer.wantsAudio;
		const gainsVideo = wantsVideo && !viewer.wantsVideo;
		this.#leaveShape(viewer);
		if (viewer.wantsVideo && !wantsVideo && viewer.state !== VIEWER_PAUSED) {
			viewer.videoPosition = viewer.state === VIEWER_STEADY ? this.#flushed : -1;
		}
		viewer.lacksAudio ||= !wantsAudio;
		viewer.lacksVideo ||= !wantsVideo;
		viewer.wantsAudio = wantsAudio;
		viewer.wantsVideo = wantsVideo;
		if (viewer.state === VIEWER_WAITING) this.#wait(viewer);
		else if (viewer.state !== VIEWER_STEADY) return;
		else if (gainsAudio || gainsVideo)
			this.#goOn(viewer, this.#flushed, gainsVideo ? viewer.videoPosition : this.#flushed);
		else this.#shapeOf(viewer).steady.add(viewer);
	}

	/** Called by `Viewer`: it lost messages and goes on at the next keyframe. */
	onViewerSkipped(viewer: Viewer): void {
		this.viewerSkips++;
		const shape = this.#shapeOf(viewer);
		shape.steady.delete(viewer);
		viewer.state = VIEWER_WAITING;
		// What was dropped may have held data and configurations.
		viewer.headVersion = -1;
		if (viewer.missedFrom < 0) viewer.missedFrom = this.#given;
		shape.waiting.add(viewer);
		this.#owner.onViewerSkipped(this, viewer);
	}

	#join(viewer: Viewer): void {
		if (!this.isLive) {
			this.#wait(viewer);
			return;
		}
		const { cache } = this;
		const shape = this.#shapeOf(viewer);
		const start = shape.start(cache, this.#version, this.#batch[0]?.timestamp ?? this.#repair.newest);
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
		const { cache } = this;
		const groupStart = this.#flushed - cache.group.length;
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
		const next = this.#batch[0]?.timestamp ?? this.#repair.newest;
		const missed = missedMessages(viewer, cache, groupStart, from, videoFrom, next);
		const shape = this.#shapeOf(viewer);
		viewer.state = VIEWER_STEADY;
		shape.steady.add(viewer);
		const block = shape.frame(missed);
		if (block.bytes.length > 0) this.#give(viewer, block);
	}

	#takeData(message: MediaMessage, now: number): void {
		const read = this.cache.data.read(message);
		if (typeof read === "string") this.#forgetData(read);
		if (read instanceof MediaMessage) this.#take(read, now);
	}

	#take(message: MediaMessage, now: number): void {
		this.#batch.push(message);
		this.#batchBytes += message.payload.length;
		if (this.#batch.length >= MAX_BATCH_MESSAGES || this.#batchBytes >= MAX_BATCH_BYTES) this.#flush();
		else this.#schedule.onMessage(message.type, now, this.#batchBytes);
	}

	/** What came before the wish is still kept, and replayed to nobody after it. */
	#forgetData(name: string): void {
		this.#flush();
		this.cache.data.forget(name);
		this.#version++;
	}

	/** Frames the batch for each shape and hands it to each viewer. Returns its bytes of payload. */
	#flush(): number {
		const batch = this.#batch;
		const bytes = this.#batchBytes;
		if (batch.length === 0) return 0;
		this.#batch = [];
		this.#batchBytes = 0;
		this.#given = this.#flushed + batch.length;
		const startedAt = this.#clock.now();
		if (this.#taps.size > 0) for (const tap of this.#taps) tap.onMessages(batch);
		for (const shape of this.#shapes.values()) if (shape.steady.size > 0) this.#fanOut(shape, batch, startedAt);
		this.#resumeWaiting(batch, startedAt);
		this.#flushed += batch.length;
		this.#version++;
		this.#schedule.onFlushed(startedAt, this.#clock.now(), bytes);
		return bytes;
	}

	#fanOut(shape: Shape, batch: readonly MediaMessage[], now: number): void {
		const block = shape.frame(batch);
		if (block.bytes.length === 0) return;
		this.bytesOut += block.bytes.length * shape.steady.size;
		for (const viewer of shape.steady) viewer.deliver(block, now);
	}

	/**
	 * Takes the batch into the cache, and lets viewers that wait start at its first keyframe, with the data and
	 * configurations that hold there where they have not had them.
	 */
	#resumeWaiting(batch: readonly MediaMessage[], now: number): void {
		const { cache } = this;
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
		const block = shape.frame(batch, from);
		if (block.bytes.length === 0) return;
		const { headVersion } = this.cache;
		let head: FramedBlock | undefined;
		for (const viewer of [...shape.waiting]) {
			// Another viewer's end may have taken this one with it.
			if (viewer.state !== VIEWER_WAITING || !viewer.isDrained) continue;
			shape.waiting.delete(viewer);
			shape.steady.add(viewer);
			viewer.state = VIEWER_STEADY;
			if (viewer.headVersion !== headVersion) {
				head ??= shape.head(this.cache, batch[from]!.timestamp);
				viewer.headVersion = headVersion;
				if (head.bytes.length > 0) this.#give(viewer, head);
				if (!shape.steady.has(viewer)) continue;
			}
			if (viewer.missedFrom >= 0) {
				viewer.missedMessages += Math.max(0, this.#flushed + from - viewer.missedFrom);
				viewer.missedFrom = -1;
			}
			this.bytesOut += block.bytes.length;
			viewer.deliver(block, now);
		}
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

	#give(viewer: Viewer, block: FramedBlock): void {
		this.bytesOut += block.bytes.length;
		viewer.deliver(block, this.#clock.now());
	}

	#endLive(reason: PublisherEnd): void {
		for (const tap of this.#taps) tap.onEnded(reason);
		this.cache.clear();
		this.#version++;
		const now = this.#clock.now();
		for (const viewer of [...this.#viewers]) viewer.tell("unpublished", now);
		// Whoever stays waits for the next publisher's keyframe, with that one's data and configurations.
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
		this.#reportIdle();
	}

	#forget(viewer: Viewer): void {
		this.#viewers.delete(viewer);
		this.#reportIdle();
	}

	#reportIdle(): void {
		if (!this.isLive && this.#viewers.size === 0 && this.#holders === 0) this.#owner.onStreamIdle(this);
	}
}
