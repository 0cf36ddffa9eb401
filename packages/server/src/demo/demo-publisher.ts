import { FlvDemuxer, MEDIA_AUDIO, MEDIA_VIDEO, type MediaMessage } from "@millrace/core/flv";
import type { HubClock, LiveStream, Publication } from "../hub/index.ts";

/** How often due messages are sent: below the distance of two frames. */
const TICK_MILLIS = 15;

/** Publishes a clip in an endless loop, in real time and with a clock that runs on: the demonstration stream. */
export class DemoPublisher {
	readonly #messages: readonly MediaMessage[];
	/** From one turn of the loop to the next, in milliseconds. */
	readonly #loopMillis: number;
	readonly #clock: HubClock;
	#publication: Publication | undefined;
	#startedAt = 0;
	#turn = 0;
	#next = 0;
	#cancel: (() => void) | undefined;

	/** @throws PeerError where the clip is not FLV */
	constructor(clip: Uint8Array, clock: HubClock) {
		const messages: MediaMessage[] = [];
		const demuxer = new FlvDemuxer({ onTag: message => messages.push(message) });
		demuxer.push(clip);
		this.#messages = messages;
		this.#loopMillis = durationOf(messages);
		this.#clock = clock;
	}

	/** Begins to publish, unless somebody does already or the clip holds nothing; it ends by `stop`. */
	start(live: LiveStream): void {
		if (this.#messages.length === 0) return;
		const answer = live.publish("demo", { onPublicationEnded: () => this.stop() });
		if (!("publication" in answer)) return;
		this.#publication = answer.publication;
		this.#startedAt = this.#clock.now();
		this.#tick();
	}

	stop(): void {
		this.#cancel?.();
		this.#cancel = undefined;
		this.#publication?.end("stopped");
		this.#publication = undefined;
	}

	#tick(): void {
		const publication = this.#publication;
		if (publication === undefined) return;
		const now = this.#clock.now();
		const position = now - this.#startedAt;
		for (;;) {
			const message = this.#messages[this.#next];
			if (message === undefined) {
				this.#next = 0;
				this.#turn++;
				continue;
			}
			const time = message.timestamp + this.#turn * this.#loopMillis;
			if (time > position) break;
			this.#next++;
			publication.receive(message.type, time >>> 0, message.payload, now);
		}
		publication.endTurn();
		this.#cancel = this.#clock.schedule(TICK_MILLIS, () => this.#tick());
	}
}

/** The clip's length: the last frame's time and the distance of the two last video frames. */
function durationOf(messages: readonly MediaMessage[]): number {
	let last = 0;
	let step = 40;
	let lastVideo = -1;
	for (const message of messages) {
		if (message.type !== MEDIA_AUDIO && message.type !== MEDIA_VIDEO) continue;
		last = Math.max(last, message.timestamp);
		if (message.type !== MEDIA_VIDEO || message.isConfiguration) continue;
		if (lastVideo >= 0 && message.timestamp > lastVideo) step = message.timestamp - lastVideo;
		lastVideo = message.timestamp;
	}
	return last + step;
}
