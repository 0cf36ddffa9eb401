import { FLAG_CONFIGURATION, FLAG_SEQUENCE_END, MEDIA_AUDIO, MEDIA_VIDEO, type MediaType } from "@millrace/core/flv";

/** What counts as a fault in a publisher's clock, in milliseconds. */
export type TimestampRepairOptions = {
	/** A step forward by more than this, and by more than time has passed, is a fault. Default 10 s. */
	readonly jumpMillis: number;
	/** A step back by more than this is a restart. Smaller ones are audio and video out of step. Default 1 s. */
	readonly backwardMillis: number;
};

export const DEFAULT_TIMESTAMP_REPAIR: TimestampRepairOptions = { jumpMillis: 10_000, backwardMillis: 1_000 };

/** A publisher whose first time is below this is taken to start at zero, as nearly all do; its times stay untouched. */
const STARTS_AT_ZERO = 10_000;
/** The step over a gap of unknown length. */
const NOMINAL_STEP = 40;

/**
 * Turns a publisher's timestamps into the stream's clock: it starts at about zero, never jumps, never goes back within
 * audio or within video, and runs on through wraps at 2^32 and through publishers that come back. Distances between
 * sound timestamps are kept exactly.
 */
export class TimestampRepair {
	/** Times that were moved because a step was no step of a running clock. */
	repairs = 0;

	readonly #options: TimestampRepairOptions;
	#started = false;
	#lastIn = 0;
	/** The stream's time of `lastIn`, before the clamp below. */
	#lastOut = 0;
	#lastAudio = 0;
	#lastVideo = 0;
	#newest = 0;
	#wallClock = 0;

	constructor(options: TimestampRepairOptions = DEFAULT_TIMESTAMP_REPAIR) {
		this.#options = options;
	}

	/** The newest time that was given out, in milliseconds. */
	get newest(): number {
		return this.#newest;
	}

	/** A publisher begins anew: its first time is joined to the stream's clock, whatever it is. */
	restart(): void {
		this.#started = false;
	}

	/**
	 * @param timestamp as the publisher sent it, modulo 2^32
	 * @param flags `FLAG_…` bits of the message
	 * @param now wall clock in milliseconds
	 */
	repair(type: MediaType, timestamp: number, flags: number, now: number): number {
		const isMedia = type === MEDIA_AUDIO || type === MEDIA_VIDEO;
		// Data and configurations are often stamped 0, or wrongly (OBS before 30): they follow the clock, not move it.
		if (!isMedia || (flags & (FLAG_CONFIGURATION | FLAG_SEQUENCE_END)) !== 0) return this.#follow(timestamp);
		const out = this.#started ? this.#advance(timestamp, now) : this.#start(timestamp, now);
		this.#wallClock = now;
		return this.#clamp(type, out);
	}

	#start(timestamp: number, now: number): number {
		this.#started = true;
		this.#lastIn = timestamp;
		if (this.#wallClock === 0) this.#lastOut = timestamp < STARTS_AT_ZERO ? timestamp : 0;
		else this.#lastOut = this.#newest + this.#gap(now);
		return this.#lastOut;
	}

	#advance(timestamp: number, now: number): number {
		const step = (timestamp - this.#lastIn) | 0;
		this.#lastIn = timestamp;
		const { jumpMillis, backwardMillis } = this.#options;
		if (step < -backwardMillis || (step > jumpMillis && step > (now - this.#wallClock) * 1.5 + jumpMillis)) {
			this.repairs++;
			this.#lastOut = this.#newest + this.#gap(now);
		} else {
			this.#lastOut += step;
		}
		return this.#lastOut;
	}

	#follow(timestamp: number): number {
		if (!this.#started) return this.#newest;
		const step = (timestamp - this.#lastIn) | 0;
		if (step < -this.#options.backwardMillis || step > this.#options.backwardMillis) return this.#newest;
		return Math.max(0, this.#lastOut + step);
	}

	/** As much as really passed, within reason. */
	#gap(now: number): number {
		return Math.max(NOMINAL_STEP, Math.round(now - this.#wallClock));
	}

	#clamp(type: MediaType, out: number): number {
		let time = out;
		if (type === MEDIA_AUDIO) {
			if (time < this.#lastAudio) time = this.#lastAudio;
			this.#lastAudio = time;
		} else {
			if (time < this.#lastVideo) time = this.#lastVideo;
			this.#lastVideo = time;
		}
		if (time > this.#newest) this.#newest = time;
		return time;
	}
}
