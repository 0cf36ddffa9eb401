import { MEDIA_DATA, MEDIA_DATA_AMF3, MEDIA_VIDEO, MediaMessage, type MediaType, mediaFlags } from "@millrace/core/flv";
import type { WriteBlock } from "../net/index.ts";
import { Audience, type AudienceStream } from "./audience.ts";
import { FlushSchedule } from "./flush-schedule.ts";
import type { ViewerSink } from "./framer.ts";
import type { GatherWindow, HubClock, LiveStreamOptions } from "./hub-options.ts";
import { Publication, type PublisherEnd, type PublisherSink } from "./publication.ts";
import { ResumeGate } from "./resume-gate.ts";
import { StreamCache } from "./stream-cache.ts";
import { StreamMeter } from "./stream-meter.ts";
import { type StreamStats, streamStats } from "./stream-stats.ts";
import type { StreamTap } from "./stream-tap.ts";
import { TimestampRepair } from "./timestamp-repair.ts";
import type { Viewer } from "./viewer.ts";

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
 * One live stream: a publisher at most, and an audience. Messages gather in a batch, which is flushed by the latency
 * mode: to those who take messages, and to the audience. A publisher that drops is waited for.
 */
export class LiveStream implements AudienceStream {
	readonly key: string;
	readonly cache: StreamCache;
	/** What comes in. */
	readonly meter = new StreamMeter();

	readonly #owner: LiveStreamOwner;
	readonly #options: LiveStreamOptions;
	readonly #clock: HubClock;
	readonly #repair: TimestampRepair;
	readonly #audience: Audience;
	readonly #taps = new Set<StreamTap>();

	#publication: Publication | undefined;
	#publishedSince = 0;
	#cancelGrace: (() => void) | undefined;
	readonly #resumeGate = new ResumeGate();
	/** Who keeps the stream though nobody publishes or watches it. */
	#holders = 0;

	#batch: MediaMessage[] = [];
	#batchBytes = 0;
	readonly #schedule: FlushSchedule;

	/** @param write as `Hub` has it */
	constructor(key: string, owner: LiveStreamOwner, options: LiveStreamOptions, clock: HubClock, write?: WriteBlock) {
		this.key = key;
		this.#owner = owner;
		this.#options = options;
		this.#clock = clock;
		this.cache = new StreamCache(options.gopCache);
		this.#audience = new Audience(this, this.cache, options.viewerQueue, clock, write);
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

	get nextTimestamp(): number {
		return this.#batch[0]?.timestamp ?? this.#repair.newest;
	}

	/** How messages are gathered in place of the latency mode; empty: as that has it. */
	get gather(): GatherWindow {
		return this.#schedule.gather;
	}

	set gather(window: GatherWindow) {
		this.#schedule.gather = window;
	}

	get viewers(): ReadonlySet<Viewer> {
		return this.#audience.viewers;
	}

	get viewerCount(): number {
		return this.#audience.viewers.size;
	}

	/** Framed bytes that viewers were sent, or had queued. */
	get bytesOut(): number {
		return this.#audience.bytesOut;
	}

	/** How often viewers skipped, and how many were closed because they took nothing. */
	get viewerSkips(): number {
		return this.#audience.skips;
	}

	get viewersClosedSlow(): number {
		return this.#audience.closedSlow;
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
		this.#audience.onCacheChanged();
		this.#schedule.begin(sink.input);
		const now = this.#clock.now();
		const publication = new Publication(this, identity, sink, now);
		this.#publication = publication;
		for (const tap of this.#taps) tap.onPublisher(wasLive);
		this.#resumeGate.begin(wasLive, now);
		if (!wasLive) {
			this.#publishedSince = now;
			this.#audience.onPublished(now);
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
		return this.#audience.attach(sink, wantsAudio, wantsVideo);
	}

	/**
	 * Hands on every message from now on; returns what ends that. A tap that comes before the publisher's first message
	 * misses none; a later one goes on exactly where `cache` ends.
	 */
	attachTap(tap: StreamTap): () => void {
		this.#taps.add(tap);
		return () => this.#taps.delete(tap);
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
		this.#audience.closeStuck(now);
	}

	/** The server stops: everybody is told. */
	stop(): void {
		const isWaiting = this.#cancelGrace !== undefined;
		this.#cancelGrace?.();
		this.#cancelGrace = undefined;
		this.#publication?.end("server-stopping");
		if (isWaiting) for (const tap of this.#taps) tap.onEnded("server-stopping");
		this.#schedule.end();
		this.#audience.stop();
	}

	onViewerSkipped(viewer: Viewer): void {
		this.#owner.onViewerSkipped(this, viewer);
	}

	onViewerGone(): void {
		this.#reportIdle();
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
		this.#audience.onCacheChanged();
	}

	/** Hands the batch on. Returns its bytes of payload. */
	#flush(): number {
		const batch = this.#batch;
		const bytes = this.#batchBytes;
		if (batch.length === 0) return 0;
		this.#batch = [];
		this.#batchBytes = 0;
		const startedAt = this.#clock.now();
		if (this.#taps.size > 0) for (const tap of this.#taps) tap.onMessages(batch);
		this.#audience.take(batch, startedAt);
		this.#schedule.onFlushed(startedAt, this.#clock.now(), bytes);
		return bytes;
	}

	#endLive(reason: PublisherEnd): void {
		for (const tap of this.#taps) tap.onEnded(reason);
		this.cache.clear();
		this.#audience.onUnpublished(this.#clock.now());
		this.#reportIdle();
	}

	#reportIdle(): void {
		if (!this.isLive && this.viewerCount === 0 && this.#holders === 0) this.#owner.onStreamIdle(this);
	}
}
