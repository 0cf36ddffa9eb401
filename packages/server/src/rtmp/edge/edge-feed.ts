import type { NetStream } from "@millrace/client";
import type { MediaMessage } from "@millrace/core/flv";
import type { Hub, LiveStream, LiveStreamOptions, Publication, PublisherSink } from "../../hub/index.ts";
import { relayedData } from "../../stream/index.ts";

/** As whom an edge publishes what it gets from an origin. */
const IDENTITY = "edge";

/** The live streams of origins that clients of this edge play: each comes once, however many play it. */
export class EdgeFeeds {
	readonly #hub: Hub;
	readonly #now: () => number;
	readonly #feeds = new Map<string, EdgeFeed>();

	constructor(hub: Hub, now: () => number) {
		this.#hub = hub;
		this.#now = now;
	}

	/** A client's stream plays a live stream of the origin. `key` is that of the hub. */
	join(key: string, options: LiveStreamOptions, member: NetStream): void {
		let feed = this.#feeds.get(key);
		if (feed === undefined) {
			feed = new EdgeFeed(this.#hub.open(key, options), this.#now);
			this.#feeds.set(key, feed);
		}
		feed.add(member);
	}

	/** It plays no longer: before its stream is closed. */
	leave(key: string, member: NetStream): void {
		const feed = this.#feeds.get(key);
		if (feed?.remove(member) === true) this.#feeds.delete(key);
	}

	/** What a player of the stream has got from its origin. */
	take(key: string, member: NetStream, message: MediaMessage): void {
		this.#feeds.get(key)?.take(member, message);
	}

	/** The origin says to a player that the stream is not published any more. */
	unpublished(key: string, member: NetStream): void {
		this.#feeds.get(key)?.unpublished(member);
	}

	/** A client is about to publish it: what comes back of it from the origin is left out. */
	yield(key: string): void {
		this.#feeds.get(key)?.yield();
	}
}

/** One live stream of an origin. The first who plays it brings it; when he leaves, the next does. */
class EdgeFeed implements PublisherSink {
	readonly #live: LiveStream;
	readonly #now: () => number;
	readonly #release: () => void;
	readonly #members: NetStream[] = [];
	#publication: Publication | undefined;
	#isTurnOpen = false;

	constructor(live: LiveStream, now: () => number) {
		this.#live = live;
		this.#now = now;
		this.#release = live.hold();
	}

	add(member: NetStream): void {
		this.#members.push(member);
		if (this.#members.length > 1) receive(member, false);
	}

	/** @returns whether nobody plays it any more */
	remove(member: NetStream): boolean {
		const at = this.#members.indexOf(member);
		if (at >= 0) this.#members.splice(at, 1);
		const [next] = this.#members;
		if (at === 0 && next !== undefined) receive(next, true);
		if (next !== undefined) return false;
		this.#end();
		this.#release();
		return true;
	}

	take(member: NetStream, message: MediaMessage): void {
		const relayed = member === this.#members[0] ? relayedData(message) : undefined;
		if (relayed === undefined) return;
		const publication = this.#publication ?? this.#publish();
		publication?.receive(relayed.type, relayed.timestamp >>> 0, relayed.payload, this.#now());
		if (publication === undefined || this.#isTurnOpen) return;
		this.#isTurnOpen = true;
		queueMicrotask(() => {
			this.#isTurnOpen = false;
			this.#publication?.endTurn();
		});
	}

	unpublished(member: NetStream): void {
		if (member === this.#members[0]) this.#end();
	}

	yield(): void {
		this.#end();
	}

	onPublicationEnded(): void {
		this.#publication = undefined;
	}

	/** `undefined`: a client of this edge publishes it. */
	#publish(): Publication | undefined {
		if (this.#live.isPublishing) return undefined;
		const answer = this.#live.publish(IDENTITY, this);
		if ("publication" in answer) this.#publication = answer.publication;
		return this.#publication;
	}

	#end(): void {
		this.#publication?.end("stopped");
		this.#publication = undefined;
	}
}

function receive(member: NetStream, wanted: boolean): void {
	member.receiveAudio(wanted);
	member.receiveVideo(wanted);
}
