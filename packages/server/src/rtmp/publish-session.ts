import { MEDIA_AUDIO, MEDIA_VIDEO, type MediaType } from "@millrace/core/flv";
import type { ServerStream } from "@millrace/core/rtmp";
import type { StreamFacts } from "../app/index.ts";
import type { LiveStream, PacedInput, Publication, PublisherEnd, PublisherSink } from "../hub/index.ts";

/** What a publishing stream tells its peer. */
export interface PublishObserver {
	/** The server ended the publication. */
	onPublicationEnded(stream: ServerStream, reason: PublisherEnd): void;
	/** The first frames have come, so that codecs are known. */
	onMediaStarted(stream: ServerStream): void;
}

/** After so much media, configurations and metadata have surely come. */
const STARTED_AFTER_MESSAGES = 12;

/** One NetStream that publishes to a live stream. */
export class PublishSession implements PublisherSink {
	readonly startedAt: number;
	/** What the application was asked to allow: it is told the same when it ends. */
	readonly facts: StreamFacts;
	readonly input: PacedInput;
	bytes = 0;
	messages = 0;
	readonly #stream: ServerStream;
	readonly #observer: PublishObserver;
	#live: LiveStream | undefined;
	#publication: Publication | undefined;
	#hasStarted = false;
	#ended = false;

	constructor(stream: ServerStream, facts: StreamFacts, observer: PublishObserver, input: PacedInput, now: number) {
		this.facts = facts;
		this.input = input;
		this.#stream = stream;
		this.#observer = observer;
		this.startedAt = now;
	}

	/** Takes the stream's name. False: somebody else publishes it. */
	begin(live: LiveStream, identity: string): boolean {
		const answer = live.publish(identity, this);
		if (!("publication" in answer)) return false;
		this.#live = live;
		this.#publication = answer.publication;
		return true;
	}

	receive(type: MediaType, timestamp: number, payload: Uint8Array, now: number): void {
		this.bytes += payload.length;
		this.#publication?.receive(type, timestamp, payload, now);
		if (type === MEDIA_AUDIO || type === MEDIA_VIDEO) this.messages++;
	}

	endTurn(): void {
		this.#publication?.endTurn();
		if (this.#hasStarted || this.messages < STARTED_AFTER_MESSAGES) return;
		// While the first window gathers, the stream does not know what is in it.
		if (!this.#live?.cache.hasVideo && !this.#live?.cache.hasAudio) return;
		this.#hasStarted = true;
		this.#observer.onMediaStarted(this.#stream);
	}

	/** The publisher's side has ended: it said so, or its connection was lost. */
	end(reason: "stopped" | "dropped"): void {
		if (this.#ended) return;
		this.#ended = true;
		this.#publication?.end(reason);
	}

	onPublicationEnded(reason: PublisherEnd): void {
		if (this.#ended) return;
		this.#ended = true;
		this.#observer.onPublicationEnded(this.#stream, reason);
	}
}
