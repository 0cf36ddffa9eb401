import { decodeAmf0 } from "@millrace/core/amf";
import { MEDIA_AUDIO, MEDIA_DATA, MEDIA_VIDEO, type MediaMessage, type MediaType } from "@millrace/core/flv";
import { encodeData } from "@millrace/core/rtmp";
import { VirtualClock } from "@millrace/testkit";
import type { Framer, ViewerEnd, ViewerSink } from "./framer.ts";
import { Hub } from "./hub.ts";
import type { LiveStreamOptions } from "./hub-options.ts";
import type { LiveStream } from "./live-stream.ts";
import type { Publication, PublisherEnd } from "./publication.ts";
import { DEFAULT_TIMESTAMP_REPAIR } from "./timestamp-repair.ts";
import type { Viewer } from "./viewer.ts";

/** What tests publish: one letter a kind, with a number that is in the payload, so that each can be told apart. */
export type Sent = { readonly type: MediaType; readonly payload: Uint8Array };

export const videoConfiguration = (id: number): Sent => video([0x17, 0, 0, 0, 0], id);
export const keyframe = (id: number): Sent => video([0x17, 1, 0, 0, 0], id);
export const picture = (id: number): Sent => video([0x27, 1, 0, 0, 0], id);
export const audioConfiguration = (id: number): Sent => sent(MEDIA_AUDIO, [0xaf, 0], id);
export const sound = (id: number): Sent => sent(MEDIA_AUDIO, [0xaf, 1], id);

/** A data message, as `NetStream.send` makes it. */
export function data(...values: string[]): Sent {
	const [handler = "", ...args] = values;
	return { type: MEDIA_DATA, payload: encodeData(0, handler, args) };
}

/** Settings for tests; each test names those that it is about. */
export function liveOptions(over: Partial<LiveStreamOptions> = {}): LiveStreamOptions {
	return {
		latency: "default",
		defaultWindowMillis: 50,
		scaleWindowMillis: 350,
		audioFlushMillis: 20,
		gopCache: { enabled: true, maxBytes: 100_000, maxMillis: 30_000 },
		viewerQueue: { maxBytes: 100_000, maxMillis: 10_000, closeAfterMillis: 30_000 },
		timestamps: DEFAULT_TIMESTAMP_REPAIR,
		duplicate: "takeover",
		graceMillis: 5000,
		idleTimeoutMillis: 30_000,
		...over,
	};
}

/** A hub with one stream on a clock of its own. */
export class HubFixture {
	readonly clock: VirtualClock;
	readonly hub: Hub;
	readonly live: LiveStream;
	/** Calls of `onViewerSkipped`. */
	skipped = 0;

	constructor(options: Partial<LiveStreamOptions> = {}, clock = new VirtualClock(1000)) {
		this.clock = clock;
		this.hub = new Hub(this.clock, { onViewerSkipped: () => this.skipped++ });
		this.live = this.hub.open("app\n_definst_\ncam", liveOptions(options));
	}

	/** Publishes, and fails where that is refused. */
	publish(identity = "key"): TestPublisher {
		return new TestPublisher(this, identity);
	}

	/** A viewer with the framer of `shape`. */
	watch(shape = "plain"): TestViewer {
		return new TestViewer(this.live, shape);
	}
}

/** A publisher whose clock the test sets. */
export class TestPublisher {
	readonly publication: Publication;
	/** Why the server ended it. */
	ended: PublisherEnd | undefined;
	/** The time of the next message. */
	time = 0;
	readonly #fixture: HubFixture;

	constructor(fixture: HubFixture, identity: string) {
		this.#fixture = fixture;
		const answer = fixture.live.publish(identity, {
			onPublicationEnded: reason => {
				this.ended = reason;
			},
		});
		if (!("publication" in answer)) throw new Error(answer.refused);
		this.publication = answer.publication;
	}

	/** Sends messages that came together, all at `time`, without waiting for their flush. */
	send(...messages: Sent[]): this {
		for (const { type, payload } of messages) {
			this.publication.receive(type, this.time, payload, this.#fixture.clock.now());
		}
		this.publication.endTurn();
		return this;
	}

	/** Sends messages, then lets `millis` pass on both clocks. */
	play(millis: number, ...messages: Sent[]): this {
		this.send(...messages);
		this.time += millis;
		this.#fixture.clock.advance(millis);
		return this;
	}
}

/** One line a message, `K7@40`, so that what a viewer got is compared at a glance. */
export class TestFramer implements Framer {
	readonly key: string;
	calls = 0;

	constructor(key: string) {
		this.key = key;
	}

	frame(batch: readonly MediaMessage[]): Uint8Array {
		this.calls++;
		return new TextEncoder().encode(batch.map(message => `${nameOf(message)}\n`).join(""));
	}
}

export class TestViewer implements ViewerSink {
	readonly framer: TestFramer;
	readonly viewer: Viewer;
	/** Blocks as they were written. */
	readonly blocks: Uint8Array[] = [];
	/** Everything that happened, in order. */
	readonly events: string[] = [];
	/** Whether its network takes nothing. */
	blocked = false;
	ended: ViewerEnd | undefined;

	constructor(live: LiveStream, shape: string) {
		this.framer = new TestFramer(shape);
		this.viewer = live.attach(this);
	}

	/** Messages since the last call, without their times. */
	take(): string[] {
		return this.takeWithTimes().map(name => name.replace(/@.*/, ""));
	}

	/** Messages since the last call: `K7@40`. */
	takeWithTimes(): string[] {
		return this.events.splice(0).filter(event => event.includes("@"));
	}

	offer(block: Uint8Array): boolean {
		if (this.blocked) return false;
		this.blocks.push(block);
		for (const line of new TextDecoder().decode(block).split("\n")) if (line !== "") this.events.push(line);
		return true;
	}

	/** Its network takes everything again. */
	drain(now: number): void {
		this.blocked = false;
		this.viewer.onDrain(now);
	}

	onPublished(): void {
		this.events.push("published");
	}

	onUnpublished(): void {
		this.events.push("unpublished");
	}

	onSkipped(): void {
		this.events.push("skipped");
	}

	onEnded(reason: ViewerEnd): void {
		this.ended = reason;
	}
}

function video(head: number[], id: number): Sent {
	return sent(MEDIA_VIDEO, head, id);
}

function sent(type: MediaType, head: number[], id: number): Sent {
	return { type, payload: new Uint8Array([...head, id >>> 8, id & 255]) };
}

function nameOf({ type, payload, timestamp, isConfiguration, isKeyframe }: MediaMessage): string {
	if (type !== MEDIA_AUDIO && type !== MEDIA_VIDEO) return `${decodeAmf0(payload).join(",")}@${timestamp}`;
	const id = (payload.at(-2)! << 8) | payload.at(-1)!;
	const letter = type === MEDIA_AUDIO ? (isConfiguration ? "a" : "A") : isConfiguration ? "v" : isKeyframe ? "K" : "P";
	return `${letter}${id}@${timestamp}`;
}
