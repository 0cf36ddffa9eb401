import { decodeAmf0 } from "@millrace/core/amf";
import { MEDIA_AUDIO, MEDIA_DATA, MEDIA_VIDEO, type MediaMessage, type MediaType } from "@millrace/core/flv";
import { encodeData } from "@millrace/core/rtmp";
import { VirtualClock } from "@millrace/testkit";
import type { GroupMember, GroupSocket, Membership, WriteGroup } from "../net/index.ts";
import type { BlockMemory, Framer, ViewerEnd, ViewerSink } from "./framer.ts";
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
	/** Viewers that may be written to together, by their descriptors. */
	readonly #sharing: TestViewer[] = [];

	constructor(options: Partial<LiveStreamOptions> = {}, clock = new VirtualClock(1000)) {
		this.clock = clock;
		this.hub = new Hub(this.clock, { onViewerSkipped: () => this.skipped++ }, (descriptor, block) =>
			this.#sharing[descriptor]!.takeShared(block),
		);
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

	/** The same, for a viewer that is written to together with others. */
	watchTogether(shape = "plain"): TestViewer {
		const viewer = new TestViewer(this.live, shape, this.#sharing.length);
		this.#sharing.push(viewer);
		return viewer;
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

	frame(batch: readonly MediaMessage[], memory: BlockMemory = Buffer.alloc): Uint8Array {
		this.calls++;
		const text = batch.map(message => `${nameOf(message)}\n`).join("");
		const block = memory(text.length);
		block.write(text);
		return block;
	}
}

export class TestViewer implements ViewerSink, GroupSocket {
	readonly framer: TestFramer;
	readonly viewer: Viewer;
	/** Blocks as they were written. */
	readonly blocks: Uint8Array[] = [];
	/** Everything that happened, in order. */
	readonly events: string[] = [];
	/** Messages that have come, whole. */
	received = 0;
	/** Whether its network takes nothing. */
	blocked = false;
	ended: ViewerEnd | undefined;
	membership: Membership | undefined;
	readonly #descriptor: number;
	/** What has come of a message that is not whole. */
	#part = "";
	/** What its network has not taken of a block that was written to several. */
	#rest: Uint8Array = new Uint8Array(0);

	/** @param descriptor of one that is written to together with others */
	constructor(live: LiveStream, shape: string, descriptor = -1) {
		this.framer = new TestFramer(shape);
		this.#descriptor = descriptor;
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
		if (this.blocked || this.#rest.length > 0) return false;
		this.blocks.push(block);
		this.#receive(block);
		return true;
	}

	/** Its network takes everything again. */
	drain(now: number): void {
		this.blocked = false;
		this.#receive(this.#rest);
		this.#rest = new Uint8Array(0);
		this.viewer.onDrain(now);
	}

	joinGroup(group: WriteGroup, member: GroupMember): Membership | undefined {
		if (this.#descriptor < 0 || this.blocked || this.membership !== undefined) return undefined;
		this.membership = group.admit(this.#descriptor, this, member);
		return this.membership;
	}

	/** A block is written to it and others; a blocked network still has room for a half. */
	takeShared(block: Uint8Array): number {
		this.blocks.push(block);
		const taken = this.blocked ? block.length >> 1 : block.length;
		this.#receive(block.subarray(0, taken));
		return taken;
	}

	onCutShort(block: Uint8Array, taken: number): void {
		this.#rest = block.subarray(taken);
	}

	onLeftGroup(): void {
		this.membership = undefined;
	}

	#receive(bytes: Uint8Array): void {
		const lines = (this.#part + new TextDecoder().decode(bytes)).split("\n");
		this.#part = lines.pop()!;
		this.received += lines.length;
		this.events.push(...lines);
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
