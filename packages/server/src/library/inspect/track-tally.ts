import { type CodecFacts, FLAG_KEYFRAME } from "@millrace/core/flv";
import { bitrateOf, type TrackReport } from "./media-report.ts";

/** A longer distance of two frames is a pause, not a frame's length. */
const MAX_STEP_MILLIS = 1000;

/** Counts the coded frames of one track as they come. */
export class TrackTally {
	readonly kind: "video" | "audio";
	/** In multitrack messages; 0 is the default track. */
	readonly trackId: number;
	/** For people. */
	readonly codec: string;
	frames = 0;
	keyframes = 0;
	/** Frames before the first keyframe. */
	framesBeforeKey = 0;
	/** The time of the last frame in milliseconds; −1 before the first. */
	lastMillis = -1;
	#bytes = 0;
	#firstMillis = -1;
	#stepMillis = 0;
	#lastKeyMillis = -1;
	#longestDistance = 0;

	constructor(kind: "video" | "audio", trackId: number, codec: string) {
		this.kind = kind;
		this.trackId = trackId;
		this.codec = codec;
	}

	/** Where the last frame ends, in milliseconds. */
	get endMillis(): number {
		return Math.max(0, this.lastMillis + this.#stepMillis);
	}

	add(millis: number, bytes: number, flags: number): void {
		if (this.#firstMillis < 0) this.#firstMillis = millis;
		const step = millis - this.lastMillis;
		if (this.lastMillis >= 0 && step > 0 && step <= MAX_STEP_MILLIS) this.#stepMillis = step;
		this.lastMillis = Math.max(this.lastMillis, millis);
		this.frames++;
		this.#bytes += bytes;
		if (this.kind === "audio") return;
		if ((flags & FLAG_KEYFRAME) === 0) {
			if (this.keyframes === 0) this.framesBeforeKey++;
			return;
		}
		if (this.keyframes++ > 0) this.#longestDistance = Math.max(this.#longestDistance, millis - this.#lastKeyMillis);
		this.#lastKeyMillis = millis;
	}

	/** `facts` are those of the default tracks. */
	report(facts: CodecFacts): TrackReport {
		const seconds = (this.endMillis - Math.max(0, this.#firstMillis)) / 1000;
		const span = this.lastMillis - this.#firstMillis;
		const isVideo = this.kind === "video";
		const isDefault = this.trackId === 0;
		const ofVideo = isDefault && isVideo;
		const ofAudio = isDefault && !isVideo;
		return {
			kind: this.kind,
			id: this.trackId,
			codec: this.codec,
			codecString: ofVideo ? facts.videoCodecString : ofAudio ? facts.audioCodecString : undefined,
			language: undefined,
			seconds,
			frames: this.frames,
			bytes: this.#bytes,
			bitrate: bitrateOf(this.#bytes, seconds),
			width: ofVideo ? facts.width : undefined,
			height: ofVideo ? facts.height : undefined,
			framerate: isVideo && span > 0 ? ((this.frames - 1) * 1000) / span : undefined,
			sampleRate: ofAudio ? facts.sampleRate : undefined,
			channels: ofAudio ? facts.channels : undefined,
			keyframes: isVideo
				? {
						count: this.keyframes,
						longestDistance: this.keyframes > 1 ? this.#longestDistance / 1000 : undefined,
					}
				: undefined,
		};
	}
}
