import type { AmfObject } from "@millrace/core/amf";
import { PeerError } from "@millrace/core/fault";
import { type CodecFacts, codecFacts, type MediaMessage, metadataOf, parseData } from "@millrace/core/flv";
import { flashValue } from "./callback.ts";
import { isData } from "./media-timeline.ts";

/** What a stream is, as far as it was seen. Rates are averages over the time that was seen. */
export type StreamReport = CodecFacts & {
	/** Media time that was seen, in seconds. */
	readonly seconds: number;
	/** In bits a second; `undefined` where too little was seen. */
	readonly bitrate: number | undefined;
	readonly videoBitrate: number | undefined;
	readonly audioBitrate: number | undefined;
	/** Frames a second that came. */
	readonly measuredFramerate: number | undefined;
	/** Mean time between keyframes in seconds; `undefined` before the second. */
	readonly keyframeInterval: number | undefined;
	/** The last `onMetaData`. */
	readonly metadata: AmfObject | undefined;
};

/** The first messages of a live stream are those that the server kept: they come at once and prove no rate. */
const MIN_SECONDS = 0.5;

/** Watches a stream's messages and tells what it is. */
export class StreamProbe {
	readonly #facts: MediaMessage[] = [];
	readonly #keyframes: number[] = [];
	#metadata: AmfObject | undefined;
	#first: number | undefined;
	#last = 0;
	#videoBytes = 0;
	#audioBytes = 0;
	#frames = 0;
	#hasAudioFrame = false;
	#hasVideoFrame = false;

	add(message: MediaMessage): void {
		if (isData(message)) {
			this.#readData(message);
			return;
		}
		if (message.isConfiguration) {
			this.#facts.push(message);
			return;
		}
		if (message.payload.length === 0) return;
		this.#first ??= message.timestamp;
		this.#last = Math.max(this.#last, message.timestamp);
		if (message.isVideo) {
			this.#videoBytes += message.payload.length;
			this.#frames++;
			if (message.isKeyframe) this.#keyframes.push(message.timestamp);
			if (message.isKeyframe && !this.#hasVideoFrame) this.#facts.push(message);
			this.#hasVideoFrame ||= message.isKeyframe;
		} else {
			this.#audioBytes += message.payload.length;
			if (!this.#hasAudioFrame) this.#facts.push(message);
			this.#hasAudioFrame = true;
		}
	}

	/** What was seen so far. */
	report(): StreamReport {
		const seconds = this.#first === undefined ? 0 : (this.#last - this.#first) / 1000;
		const rate = (amount: number): number | undefined => (seconds < MIN_SECONDS ? undefined : amount / seconds);
		const keyframes = this.#keyframes;
		const intervals = keyframes.length - 1;
		return {
			...codecFacts(this.#facts),
			seconds,
			bitrate: rate((this.#videoBytes + this.#audioBytes) * 8),
			videoBitrate: this.#videoBytes === 0 ? undefined : rate(this.#videoBytes * 8),
			audioBitrate: this.#audioBytes === 0 ? undefined : rate(this.#audioBytes * 8),
			measuredFramerate: this.#frames === 0 ? undefined : rate(this.#frames),
			keyframeInterval: intervals < 1 ? undefined : (keyframes[intervals]! - keyframes[0]!) / intervals / 1000,
			metadata: this.#metadata,
		};
	}

	/** Data that cannot be read tells nothing. */
	#readData(message: MediaMessage): void {
		try {
			const metadata = metadataOf(parseData(message.payload, message.type as 18));
			if (metadata === undefined) return;
			this.#facts.push(message);
			this.#metadata = flashValue(metadata) as AmfObject;
		} catch (error) {
			if (!(error instanceof PeerError)) throw error;
		}
	}
}
