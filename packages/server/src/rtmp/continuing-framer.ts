import type { MediaMessage } from "@millrace/core/flv";
import type { Framer, LiveStream } from "../hub/index.ts";
import { isFrame } from "../library/index.ts";
import type { RtmpFramer } from "./rtmp-framer.ts";

/** How a live stream follows what was played before it. */
export type Continuation = {
	/** Where what was played before ends, on the player's clock, asked when the new one begins. */
	readonly endMillis: () => number;
	/** Begin at the next keyframe that is published, so that nothing is shown twice; else with the last one. */
	readonly waitsForKeyframe: boolean;
	/** The offset that streams of one encoder go on with, where that leaves a small gap at most. */
	readonly offsetMillis: number;
	/** Whether the viewer wants video. */
	readonly wantsVideo: () => boolean;
};

/** Streams whose clocks are so close are of one encoder, in milliseconds. */
const SAME_CLOCK_MILLIS = 1000;

/**
 * Frames a live stream for one viewer that has played something else before: its times go on where that ended. Nothing
 * is framed before the stream has begun for this viewer.
 */
export class ContinuingFramer implements Framer {
	readonly key: string;
	readonly #live: LiveStream;
	readonly #continuation: Continuation;
	readonly #make: (offsetMillis: number) => RtmpFramer;
	#framer: RtmpFramer | undefined;
	#offset = 0;
	#base = 0;
	#isArmed: boolean;

	/** @param make frames with an offset */
	constructor(live: LiveStream, continuation: Continuation, make: (offsetMillis: number) => RtmpFramer) {
		this.key = `continuing:${nextKey++}:`;
		this.#live = live;
		this.#continuation = continuation;
		this.#make = make;
		this.#isArmed = !continuation.waitsForKeyframe;
	}

	/** What was added to the stream's times. */
	get offsetMillis(): number {
		return this.#offset;
	}

	/** From now on a keyframe is new. */
	arm(): void {
		this.#isArmed = true;
	}

	frame(batch: readonly MediaMessage[]): Uint8Array {
		if (this.#framer !== undefined) return this.#framer.frame(this.#raise(batch));
		if (!this.#isArmed) return NOTHING;
		const { waitsForKeyframe } = this.#continuation;
		const from = batch.findIndex(message => (waitsForKeyframe ? this.#isStart(message) : isFrame(message)));
		if (from < 0) return NOTHING;
		this.#begin(batch[from]!.timestamp);
		if (!waitsForKeyframe) return this.#framer!.frame(this.#raise(batch));
		const head: MediaMessage[] = [...this.#live.cache.configurations()];
		for (let i = 0; i < from; i++) if (batch[i]!.isConfiguration) head.push(batch[i]!);
		const time = batch[from]!.timestamp;
		return this.#framer!.frame([...head.map(message => message.at(time)), ...this.#raise(batch.slice(from))]);
	}

	/** Data that the hub replays has time 0, and what lies a little before the keyframe is not to lie before the end. */
	#raise(batch: readonly MediaMessage[]): readonly MediaMessage[] {
		const first = this.#base - this.#offset;
		return batch.map(message => (message.timestamp < first ? message.at(first) : message));
	}

	#begin(firstMillis: number): void {
		const { endMillis, offsetMillis } = this.#continuation;
		const end = endMillis();
		const gap = firstMillis + offsetMillis - end;
		this.#offset = gap >= 0 && gap <= SAME_CLOCK_MILLIS ? offsetMillis : end - firstMillis;
		this.#base = end;
		this.#framer = this.#make(this.#offset);
	}

	#isStart(message: MediaMessage): boolean {
		if (message.isKeyframe) return true;
		const hasPictures = this.#live.cache.hasVideo && this.#continuation.wantsVideo();
		return !hasPictures && message.isAudio && isFrame(message);
	}
}

const NOTHING = new Uint8Array(0);
let nextKey = 1;
