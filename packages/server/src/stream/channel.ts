import type { AmfValue } from "@millrace/core/amf";
import type { MediaMessage } from "@millrace/core/flv";
import { type NetStatus, netStatus, type StatusCode } from "@millrace/core/rtmp";
import type { StreamName } from "../app/index.ts";
import type { LiveStream, Publication, PublisherEnd } from "../hub/index.ts";
import { isFrame, type MediaOpener, type OpenedMedia } from "../library/index.ts";
import type { ChannelItem, ItemObserver, PlayingItem } from "./channel-item.ts";
import { FileItem } from "./file-item.ts";
import { LiveItem } from "./live-item.ts";
import type { RelayGraph } from "./relay-graph.ts";
import { RemoteItem } from "./remote-item.ts";
import { MAX_CHANNEL_ITEMS, type StreamContext } from "./stream-context.ts";
import { Timeline } from "./timeline.ts";

/** What a channel needs of the server. */
export type ChannelEnvironment = {
	readonly context: StreamContext;
	readonly opener: MediaOpener;
	readonly relays: RelayGraph;
	/** As whom it publishes: nobody else is that. */
	readonly identity: string;
	/** How long a stream of another server that was lost with its connection is waited for, in milliseconds. */
	readonly graceMillis: number;
};

/** Whom a channel tells what happens. */
export interface ChannelObserver {
	onStatus(status: NetStatus): void;
	/** It has begun to publish; no message has been taken. */
	onPublishing(): void;
}

/** Messages that are held until the first frames of an item have told where it lies. */
const MAX_HELD = 64;

/**
 * A live stream that is made of files and other live streams, one after the other: the server publishes it. It is
 * published from its first message on until it is stopped or has had nothing to play for as long as any publisher may
 * be idle; items follow each other without a gap in time.
 */
export class Channel implements ItemObserver {
	readonly #name: StreamName;
	readonly #live: LiveStream;
	readonly #environment: ChannelEnvironment;
	readonly #observer: ChannelObserver;
	readonly #timeline = new Timeline();
	#publication: Publication | undefined;
	#list: ChannelItem[] = [];
	/** What is being looked for. */
	#wanted: ChannelItem | undefined;
	#current: PlayingItem | undefined;
	#leadMillis: number;
	#hears = true;
	#sees = true;
	/** What is added to the current item's times; `undefined` before its first frame. */
	#offset: number | undefined;
	/** Where the current item begins on the channel's clock. */
	#base = 0;
	#held: MediaMessage[] = [];
	/** The current item has sent something. */
	#hasSent = false;
	/** An item has been played since the playlist began. */
	#hasPlayed = false;
	/** There is something to be told complete. */
	#isIncomplete = false;
	#playedMillis = 0;
	#playedBytes = 0;

	constructor(
		name: StreamName,
		live: LiveStream,
		leadMillis: number,
		environment: ChannelEnvironment,
		observer: ChannelObserver,
	) {
		this.#name = name;
		this.#live = live;
		this.#leadMillis = leadMillis;
		this.#environment = environment;
		this.#observer = observer;
	}

	/** How far ahead of real time files are sent, in milliseconds. */
	get leadMillis(): number {
		return this.#leadMillis;
	}

	/** It publishes the stream. */
	get isPublishing(): boolean {
		return this.#publication !== undefined;
	}

	/** Puts an item at the end of the playlist, or begins a new one with it. False: it is refused, which is told. */
	play(item: ChannelItem, reset: boolean): boolean {
		if (this.#publication === undefined && this.#live.isPublishing) {
			this.#tellTaken();
			return false;
		}
		if (!reset && this.#list.length >= MAX_CHANNEL_ITEMS) {
			this.#tellItem("NetStream.Play.Failed", item, `The playlist holds ${MAX_CHANNEL_ITEMS} items already.`);
			return false;
		}
		if (reset) {
			this.#clear();
			this.#tellItem("NetStream.Play.Reset", item, `Playing and resetting ${item.title}.`);
		}
		this.#list.push(item);
		if (this.#current === undefined && this.#wanted === undefined) this.#next();
		return true;
	}

	/** Ends what plays, the playlist, and the publication. */
	stop(): void {
		const isPlaying = this.#current !== undefined || this.#wanted !== undefined || this.#list.length > 0;
		this.#clear();
		if (isPlaying) this.#tell("NetStream.Play.Stop", `Stopped playing ${this.#name.name}.`);
		this.#unpublish();
	}

	/** How far ahead of real time is sent: by another server at once, of files from the next item on. */
	setLead(millis: number): void {
		this.#leadMillis = millis;
		this.#current?.setLead?.(millis);
	}

	/** Which media of the items are played. */
	setReceive(audio: boolean, video: boolean): void {
		this.#hears = audio;
		this.#sees = video;
		this.#current?.setReceive(audio, video);
	}

	// ── what plays ──

	onMessages(playing: PlayingItem, batch: readonly MediaMessage[]): void {
		if (playing !== this.#current) return;
		if (this.#offset !== undefined) {
			this.#publish(batch);
			return;
		}
		this.#held.push(...batch);
		if (this.#held.length >= MAX_HELD || hasFirstFrames(playing, this.#held)) this.#place();
	}

	onPlayed(playing: PlayingItem): void {
		if (playing !== this.#current) return;
		// It may be one without frames.
		if (this.#held.length > 0) this.#place();
		if (playing !== this.#current) return;
		const { item } = playing;
		// A live stream that was waited for in vain has had its time; a file without anything in it has taken none.
		if (!(playing instanceof FileItem)) this.#isIncomplete = true;
		else if (!this.#hasSent) {
			this.#tellItem("NetStream.Play.Failed", item, `${item.title} holds nothing that can be played.`);
		}
		this.#endItem();
		this.#goOn();
	}

	onFailed(playing: PlayingItem, error: unknown): void {
		if (playing !== this.#current) return;
		this.onRefused(playing, this.#environment.opener.faultStatus(playing.item.wish.name, error));
	}

	onRefused(playing: PlayingItem, status: NetStatus): void {
		if (playing !== this.#current) return;
		this.#tellOf(playing.item, status);
		this.#endItem();
		this.#goOn();
	}

	onStatus(playing: PlayingItem, status: NetStatus): void {
		if (playing === this.#current) this.#tellOf(playing.item, status);
	}

	onSourceLost(playing: PlayingItem): void {
		if (playing !== this.#current) return;
		const { item } = playing;
		// Another server's that has not come (back) has told why.
		if (this.isPublishing || playing instanceof LiveItem) {
			this.#tellItem("NetStream.Play.UnpublishNotify", item, `${item.title} is now unpublished.`);
		}
		if (this.#list.length > 0) {
			this.#endItem();
			this.#goOn();
			return;
		}
		// Its publisher has had the time to come back: this stream's viewers are told as those of the source are.
		this.#unpublish();
	}

	onSourceBegins(playing: PlayingItem): void {
		if (playing !== this.#current) return;
		const { item } = playing;
		this.#tellItem("NetStream.Play.PublishNotify", item, `${item.title} is now published.`);
		this.#leavePlace();
	}

	// ── the playlist ──

	/** Behind an end that may have come from within an item, and that may be followed by many at once. */
	#goOn(): void {
		queueMicrotask(() => {
			if (this.#current === undefined && this.#wanted === undefined) this.#next();
		});
	}

	#next(): void {
		const item = this.#list.shift();
		if (item === undefined) {
			this.#complete();
			return;
		}
		if (item.remote !== undefined) {
			const { graceMillis, context } = this.#environment;
			const { schedule, log } = context;
			const options = { remote: item.remote, leadMillis: this.leadMillis, graceMillis, schedule, log };
			this.#begin(item, new RemoteItem(item, options, this));
			return;
		}
		this.#wanted = item;
		this.#environment.opener.open(item.wish, opened => {
			if (this.#wanted !== item) {
				if (opened.kind === "file") opened.source.release();
				return;
			}
			this.#wanted = undefined;
			const playing = this.#make(item, opened);
			if (playing === undefined) this.#goOn();
			else this.#begin(item, playing);
		});
	}

	#begin(item: ChannelItem, playing: PlayingItem): void {
		if (this.#hasPlayed) this.#tellItem("NetStream.Play.Switch", item, `Playing ${item.title}.`);
		this.#tellItem("NetStream.Play.Start", item, `Started playing ${item.title}.`);
		this.#hasPlayed = true;
		this.#current = playing;
		playing.setReceive(this.#hears, this.#sees);
		playing.start();
	}

	/** `undefined`: the item cannot be played, which is told. */
	#make(item: ChannelItem, opened: OpenedMedia): PlayingItem | undefined {
		const { context, relays } = this.#environment;
		const { schedule } = context;
		if (opened.kind === "refused") {
			this.#tellOf(item, opened.status);
			return undefined;
		}
		if (opened.kind === "file") {
			const channel = { timeline: this.#timeline, leadMillis: this.leadMillis, schedule };
			return new FileItem(item, opened.source, channel, this);
		}
		const { key, application } = item.wish.name;
		// The opener has found the application.
		const live = context.hub.open(key, context.application(application)!.live);
		if (relays.begin(this, this.#name.key, key)) return new LiveItem(item, live, schedule, this);
		this.#tellItem("NetStream.Play.Failed", item, `${item.title} is made of ${this.#name.name}.`);
		return undefined;
	}

	#complete(): void {
		if (!this.#isIncomplete) return;
		this.#isIncomplete = false;
		const more = { duration: this.#playedMillis / 1000, bytes: this.#playedBytes };
		this.#playedMillis = 0;
		this.#playedBytes = 0;
		this.#tell("NetStream.Play.Complete", undefined, more);
		this.#tell("NetStream.Play.Stop", `Stopped playing ${this.#name.name}.`);
	}

	#clear(): void {
		this.#list = [];
		this.#wanted = undefined;
		this.#endItem();
		this.#hasPlayed = false;
		this.#isIncomplete = false;
		this.#playedMillis = 0;
		this.#playedBytes = 0;
	}

	#endItem(): void {
		this.#current?.close();
		this.#current = undefined;
		this.#environment.relays.end(this);
		this.#leavePlace();
		this.#hasSent = false;
	}

	/** What follows has a clock of its own. */
	#leavePlace(): void {
		if (this.#offset !== undefined) this.#playedMillis += this.#timeline.endMillis - this.#base;
		this.#offset = undefined;
		this.#held = [];
	}

	// ── the publication ──

	/** Finds out where the item lies, and sends what was held for it. */
	#place(): void {
		const held = this.#held;
		this.#held = [];
		const frames = held.filter(isFrame);
		const placed = frames.length > 0 ? frames : held;
		this.#offset = this.#timeline.place(placed);
		this.#base = Math.min(...placed.map(({ timestamp }) => timestamp)) + this.#offset;
		this.#publish(held);
	}

	#publish(batch: readonly MediaMessage[]): void {
		const publication = this.#publication ?? this.#beginPublication();
		if (publication === undefined) return;
		const now = this.#environment.context.clock.now();
		const offset = this.#offset!;
		for (const message of batch) {
			const { type, payload } = message;
			// What stands in front of the first frame must not lie behind it, nor in the item before.
			const time = Math.max(this.#base, message.timestamp + offset);
			publication.receive(type, time >>> 0, payload, now);
			if (isFrame(message)) this.#timeline.add(message, time);
			this.#playedBytes += payload.length;
		}
		this.#hasSent = true;
		this.#isIncomplete = true;
		publication.endTurn();
	}

	/** `undefined`: somebody else has taken the name; everything that was to be played is forgotten. */
	#beginPublication(): Publication | undefined {
		const answer = this.#live.publish(this.#environment.identity, {
			onPublicationEnded: reason => this.#onPublicationEnded(reason),
		});
		if (!("publication" in answer)) {
			this.#clear();
			this.#tellTaken();
			return undefined;
		}
		this.#publication = answer.publication;
		this.#observer.onPublishing();
		this.#tell("NetStream.Publish.Start", `${this.#name.name} is now published.`);
		this.#environment.context.log.info("publish", { stream: String(this.#name), by: "application" });
		return answer.publication;
	}

	#unpublish(): void {
		const publication = this.#publication;
		if (publication === undefined) return;
		publication.end("stopped");
		this.#onUnpublished("stopped");
	}

	#onPublicationEnded(reason: PublisherEnd): void {
		if (reason === "idle") this.#tell("NetStream.Publish.Idle", `Nothing has been played for too long.`);
		else this.#clear();
		this.#onUnpublished(reason);
	}

	#onUnpublished(reason: PublisherEnd): void {
		this.#publication = undefined;
		this.#tell("NetStream.Unpublish.Success", `${this.#name.name} is now unpublished.`);
		this.#environment.context.log.info("unpublish", { stream: String(this.#name), by: "application", reason });
	}

	#tellTaken(): void {
		const text = `${this.#name.name} is already being published.`;
		this.#environment.context.log.warn("refuse-publish", { stream: String(this.#name), by: "application", text });
		this.#tell("NetStream.Publish.BadName", text);
	}

	#tellItem(code: StatusCode, item: ChannelItem, description: string): void {
		this.#observer.onStatus(netStatus(code, description, { details: item.title }));
	}

	#tellOf(item: ChannelItem, status: NetStatus): void {
		this.#observer.onStatus({ ...status, details: item.title });
	}

	#tell(code: StatusCode, description?: string, more?: Record<string, AmfValue>): void {
		this.#observer.onStatus(netStatus(code, description, { details: this.#name.name, ...more }));
	}
}

/** Whether each medium that is known to come has had its first frame, and at least one has. */
function hasFirstFrames({ hasAudio, hasVideo }: PlayingItem, messages: readonly MediaMessage[]): boolean {
	const frames = messages.filter(isFrame);
	const lacksAudio = hasAudio && !frames.some(({ isAudio }) => isAudio);
	const lacksVideo = hasVideo && !frames.some(({ isVideo }) => isVideo);
	return frames.length > 0 && !lacksAudio && !lacksVideo;
}
