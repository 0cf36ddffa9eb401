import { EVENT_STREAM_BEGIN, EVENT_STREAM_EOF, netStatus, type ServerStream } from "@millrace/core/rtmp";
import type { Framer, LiveStream, Viewer, ViewerEnd, ViewerSink, ViewerStats } from "../hub/index.ts";
import type { Sleeper } from "../library/index.ts";
import type { GroupMember, Membership, WriteGroup } from "../net/index.ts";
import { type Continuation, ContinuingFramer } from "./continuing-framer.ts";
import type { PlayEnvironment, PlayItem, Playing, PlayObserver } from "./playing.ts";
import { RtmpFramer, slabMemory } from "./rtmp-framer.ts";

/** How often a player is told that it is too slow, in milliseconds. */
const SLOW_NOTICE_MILLIS = 10_000;

/** One NetStream that plays a live stream: a viewer of the hub on one side, a message stream on the other. */
export class LivePlay implements Playing, ViewerSink, Sleeper {
	readonly framer: Framer;
	readonly isRecorded = false;
	readonly item: PlayItem;
	readonly live: LiveStream;
	readonly viewer: Viewer;
	readonly #stream: ServerStream;
	readonly #environment: PlayEnvironment;
	readonly #observer: PlayObserver;
	readonly #continuing: ContinuingFramer | undefined;
	#offeredBytes = 0;
	#hasBegun = false;
	#toldSlowAt = Number.NEGATIVE_INFINITY;

	/** Attaches to the live stream; its cached start is written before the constructor returns. */
	constructor(
		stream: ServerStream,
		item: PlayItem,
		live: LiveStream,
		environment: PlayEnvironment,
		observer: PlayObserver,
		continuation?: Continuation,
	) {
		this.#stream = stream;
		this.item = item;
		this.live = live;
		this.#environment = environment;
		this.#observer = observer;
		const { connection } = stream;
		const make = (offset: number) =>
			new RtmpFramer(
				connection.link.chunkSize,
				stream.id,
				connection.objectEncoding,
				slabMemory(environment.slab),
				offset,
			);
		this.#continuing = continuation && new ContinuingFramer(live, continuation, make);
		this.framer = this.#continuing ?? make(0);
		this.viewer = live.attach(this, stream.wantsAudio, stream.wantsVideo);
		this.#continuing?.arm();
		if (stream.paused) this.viewer.setPaused(true);
		this.#limitTime();
	}

	get offsetMillis(): number {
		return this.#continuing?.offsetMillis ?? 0;
	}

	get endMillis(): number {
		return Math.max(0, this.live.newestTimestamp + this.offsetMillis);
	}

	get durationMillis(): number {
		return Math.max(0, this.item.request.lengthMillis);
	}

	get bytesSent(): number {
		return this.#offeredBytes + this.viewer.groupBytes;
	}

	get messagesSent(): number {
		return this.viewer.messages;
	}

	get isThrottled(): boolean {
		return this.#environment.transport.isThrottled;
	}

	viewerStats(now: number): ViewerStats {
		return this.viewer.stats(now);
	}

	offer(block: Uint8Array): boolean {
		if (this.isThrottled) return false;
		if (!this.#hasBegun) {
			this.#hasBegun = true;
			this.#observer.onFirstMedia(this);
		}
		const isTaken = this.#environment.transport.offer(block);
		if (isTaken) this.#offeredBytes += block.length;
		return isTaken;
	}

	joinGroup(group: WriteGroup, member: GroupMember): Membership | undefined {
		return this.#environment.transport.joinGroup(group, member);
	}

	pause(paused: boolean): void {
		const stream = this.#stream;
		if (paused) {
			this.viewer.setPaused(true);
			stream.sendStatus(stream.status("NetStream.Pause.Notify", `Pausing ${stream.name}.`));
			stream.sendEvent(EVENT_STREAM_EOF);
			return;
		}
		stream.sendEvent(EVENT_STREAM_BEGIN);
		stream.sendStatus(stream.status("NetStream.Unpause.Notify", `Unpausing ${stream.name}.`));
		this.viewer.setPaused(false);
	}

	seek(): void {
		const stream = this.#stream;
		stream.sendStatus(stream.status("NetStream.Seek.Failed", "A live stream cannot be sought."));
	}

	setFilter(): void {
		this.viewer.setFilter(this.#stream.wantsAudio, this.#stream.wantsVideo);
	}

	/** What is live is sent as it comes, whatever the client buffers. */
	setBuffer(): void {}

	onDrain(now: number): void {
		this.viewer.onDrain(now);
	}

	close(): void {
		this.#environment.schedule?.cancel(this);
		this.viewer.detach();
	}

	/** The time that was asked for is over. */
	wake(): void {
		this.#observer.onPlayed(this);
	}

	onPublished(): void {
		const stream = this.#stream;
		stream.sendEvent(EVENT_STREAM_BEGIN);
		stream.sendStatus(stream.status("NetStream.Play.PublishNotify", `${stream.name} is now published.`));
		this.#limitTime();
		this.#environment.transport.flush();
	}

	onUnpublished(): void {
		if (this.#observer.onUnpublished(this)) return;
		const stream = this.#stream;
		stream.sendEvent(EVENT_STREAM_EOF);
		stream.sendStatus(stream.status("NetStream.Play.UnpublishNotify", `${stream.name} is now unpublished.`));
		this.#environment.transport.flush();
	}

	onSkipped(now: number): void {
		if (now - this.#toldSlowAt < SLOW_NOTICE_MILLIS) return;
		this.#toldSlowAt = now;
		this.#stream.sendStatus(this.#stream.status("NetStream.Play.InsufficientBW"));
	}

	onEnded(reason: ViewerEnd): void {
		this.#environment.schedule?.cancel(this);
		if (reason === "server-stopping") this.#stream.sendStatus(netStatus("NetStream.Play.Stop", "The server stops."));
		this.#observer.onViewerEnded(this, reason);
	}

	/** A length limits the time since the beginning, or since the wish where nobody publishes. */
	#limitTime(): void {
		const { lengthMillis } = this.item.request;
		if (lengthMillis > 0) this.#environment.schedule?.wakeAfter(this, lengthMillis);
	}
}
