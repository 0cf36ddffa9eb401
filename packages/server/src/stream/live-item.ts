import { MEDIA_AUDIO, MEDIA_VIDEO, type MediaMessage } from "@millrace/core/flv";
import type { LiveStream, StreamTap } from "../hub/index.ts";
import { isFrame, type PlayerSchedule, type Sleeper, StartGate, StreamHead } from "../library/index.ts";
import type { ChannelItem, ItemObserver, PlayingItem } from "./channel-item.ts";
import { keptData } from "./item-data.ts";

/**
 * A live stream that a channel plays: passed on as it comes, from its last keyframe on, without copying. It is waited
 * for where nobody publishes it, and again where it ends.
 */
export class LiveItem implements PlayingItem, StreamTap, Sleeper {
	readonly item: ChannelItem;
	/** What is live is passed on as it comes. */
	readonly hasAudio = false;
	readonly hasVideo = false;
	readonly #live: LiveStream;
	readonly #schedule: PlayerSchedule;
	readonly #observer: ItemObserver;
	#leave: (() => void) | undefined;
	#head = new StreamHead();
	/** Waits for a frame to begin with; `undefined`: it has begun. */
	#gate: StartGate | undefined = new StartGate(this.#head);
	#hasBegun = false;
	#hears = true;
	#sees = true;
	/** A medium that comes back needs its configuration, and video a keyframe. */
	#owesAudio = false;
	#owesVideo = false;

	constructor(item: ChannelItem, live: LiveStream, schedule: PlayerSchedule, observer: ItemObserver) {
		this.item = item;
		this.#live = live;
		this.#schedule = schedule;
		this.#observer = observer;
	}

	start(): void {
		const live = this.#live;
		const release = live.hold();
		const detach = live.attachTap(this);
		this.#leave = () => {
			detach();
			release();
		};
		const { lengthMillis } = this.item;
		if (lengthMillis > 0) this.#schedule.wakeAfter(this, lengthMillis);
		if (live.isLive) this.#offer([...live.cache.configurations(), ...live.cache.group]);
	}

	/** The time that was asked for is over. */
	wake(): void {
		this.#observer.onPlayed(this);
	}

	setReceive(audio: boolean, video: boolean): void {
		this.#owesAudio ||= audio && !this.#hears;
		this.#owesVideo ||= video && !this.#sees;
		this.#hears = audio;
		this.#sees = video;
	}

	close(): void {
		this.#schedule.cancel(this);
		this.#leave?.();
		this.#leave = undefined;
	}

	// ── the live stream ──

	onMessages(batch: readonly MediaMessage[]): void {
		if (this.#gate !== undefined) {
			this.#offer(batch);
			return;
		}
		const { data } = this.#live.cache;
		this.#send(batch.map(message => (data.willKeep(message) ? keptData(message, message.timestamp) : message)));
	}

	/** One that takes over, or is back in time, goes on with the clock of the one before. */
	onPublisher(isReturn: boolean): void {
		if (isReturn) return;
		this.#head = new StreamHead();
		this.#gate = new StartGate(this.#head);
		this.#observer.onSourceBegins(this);
	}

	onPublisherLost(): void {}

	onEnded(): void {
		this.#observer.onSourceLost(this);
	}

	/** Begins with the first frame that can be decoded, behind the data and configurations that hold there. */
	#offer(batch: readonly MediaMessage[]): void {
		const { data } = this.#live.cache;
		const coming = batch.filter(message => data.willKeep(message));
		const rest = coming.length === 0 ? batch : batch.filter(message => !data.willKeep(message));
		for (const message of rest) this.#head.note(message);
		const start = this.#gate!.offer(rest);
		if (start === undefined) return;
		this.#gate = undefined;
		const first = start.find(isFrame)!.timestamp;
		const { lengthMillis } = this.item;
		if (!this.#hasBegun && lengthMillis > 0) {
			// What the cache held has been shown to others already: it counts.
			const sent = start.at(-1)!.timestamp - first;
			this.#schedule.wakeAfter(this, lengthMillis - sent);
		}
		this.#hasBegun = true;
		this.#send([
			...[...data.messages(), ...coming].map(message => keptData(message, first)),
			...this.#head.snapshot().configurations.map(message => message.at(first)),
			...start,
		]);
	}

	#send(batch: readonly MediaMessage[]): void {
		const isWhole = this.#hears && this.#sees && !this.#owesAudio && !this.#owesVideo;
		const passed = isWhole ? batch : this.#filter(batch);
		if (this.item.lengthMillis === 0) {
			this.#sendSingle(passed);
			return;
		}
		if (passed.length > 0) this.#observer.onMessages(this, passed);
	}

	#filter(batch: readonly MediaMessage[]): MediaMessage[] {
		const passed: MediaMessage[] = [];
		for (const message of batch) {
			const { type, timestamp, isConfiguration } = message;
			if (type === MEDIA_AUDIO ? !this.#hears : type === MEDIA_VIDEO && !this.#sees) continue;
			if (type === MEDIA_VIDEO && this.#owesVideo && !isConfiguration) {
				if (!message.isKeyframe) continue;
				this.#owesVideo = false;
				this.#addConfigurations(MEDIA_VIDEO, timestamp, passed);
			} else if (type === MEDIA_AUDIO && this.#owesAudio) {
				this.#owesAudio = false;
				this.#addConfigurations(MEDIA_AUDIO, timestamp, passed);
			}
			passed.push(message);
		}
		return passed;
	}

	#addConfigurations(type: number, timestamp: number, to: MediaMessage[]): void {
		for (const message of this.#live.cache.configurations()) if (message.type === type) to.push(message.at(timestamp));
	}

	/** One picture, or sound where there are none. */
	#sendSingle(batch: readonly MediaMessage[]): void {
		const type = this.#head.hasVideo && this.#sees ? MEDIA_VIDEO : MEDIA_AUDIO;
		const index = batch.findIndex(message => message.type === type && isFrame(message));
		if (index < 0) return;
		this.#observer.onMessages(this, batch.slice(0, index + 1));
		this.#observer.onPlayed(this);
	}
}
