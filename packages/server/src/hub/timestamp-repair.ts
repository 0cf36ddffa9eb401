import { FLAG_CONFIGURATION, FLAG_SEQUENCE_END, MEDIA_AUDIO, MEDIA_VIDEO, type MediaType } from "@millrace/core/flv";

/** What counts as a fault in a publisher's clock, in milliseconds. */
export type TimestampRepairOptions = {
	/** A step forward by more than this, and by more than time has passed, is a fault. Default 10 s. */
	readonly jumpMillis: number;
	/** A step back by more than this is a restart. Smaller ones are frames out of order. Default 1 s. */
	readonly backwardMillis: number;
};

export const DEFAULT_TIMESTAMP_REPAIR: TimestampRepairOptions = { jumpMillis: 10_000, backwardMillis: 1_000 };

/** A publisher whose first time is below this is taken to start at zero, as nearly all do; its times stay untouched. */
const STARTS_AT_ZERO = 10_000;
/** The step over a gap of unknown length. */
const NOMINAL_STEP = 40;

/**
 * Turns a publisher's timestamps into the stream's clock: it starts at about zero, never jumps, never goes back within
 * audio, within video or within data, and runs on through wraps at 2^32 and through publishers that come back.
 * Distances between sound timestamps are kept exactly, also between audio and video.
 */
export class TimestampRepair {
	/** Times that were moved because a step was no step of a running clock. */
	repairs = 0;

	readonly #options: TimestampRepairOptions;
	readonly #audio = new Track();
	readonly #video = new Track();
	#lastData = 0;
	#newest = 0;
	/** When media came last; negative before the first. */
	#wallClock = -1;

	constructor(options: TimestampRepairOptions = DEFAULT_TIMESTAMP_REPAIR) {
		this.#options = options;
	}

	/** The newest time that was given out, in milliseconds. */
	get newest(): number {
		return this.#newest;
	}

	/** A publisher begins anew: its first time is joined to the stream's clock, whatever it is. */
	restart(): void {
		this.#audio.started = false;
		this.#video.started = false;
	}

	/**
	 * @param timestamp as the publisher sent it, modulo 2^32
	 * @param flags `FLAG_…` bits of the message
	 * @param now wall clock in milliseconds
	 */
	repair(type: MediaType, timestamp: number, flags: number, now: number): number {
		if (type !== MEDIA_AUDIO && type !== MEDIA_VIDEO) return this.#repairData(timestamp);
		const track = type === MEDIA_AUDIO ? this.#audio : this.#video;
		const other = type === MEDIA_AUDIO ? this.#video : this.#audio;
		// Configurations are often stamped 0, or wrongly (OBS before 30): they follow the clock, not move it.
		if ((flags & (FLAG_CONFIGURATION | FLAG_SEQUENCE_END)) !== 0) {
			return Math.max(this.#follow(track.started ? track : other, timestamp), track.given);
		}
		this.#advance(track, other, timestamp, now);
		this.#wallClock = now;
		const time = Math.max(track.lastOut, track.given);
		track.given = time;
		if (time > this.#newest) this.#newest = time;
		return time;
	}

	/** The time of a data message that comes from no publisher: the newest one. */
	repairInserted(): number {
		this.#lastData = Math.max(this.#lastData, this.#newest);
		return this.#lastData;
	}

	#advance(track: Track, other: Track, timestamp: number, now: number): void {
		const step = (timestamp - track.lastIn) | 0;
		if (track.started && this.#isSound(step, now - track.at)) {
			track.lastOut += step;
		} else {
			// The other's clock comes first, so that both stay as far apart as they were sent. A track of its own clock,
			// as some cameras have it, is joined at the newest time.
			const distance = (timestamp - other.lastIn) | 0;
			if (other.started && this.#isSound(distance, now - other.at)) track.lastOut = other.lastOut + distance;
			else track.lastOut = this.#joinAt(track, other, timestamp, now);
			track.started = true;
		}
		track.lastIn = timestamp;
		track.at = now;
	}

	#joinAt(track: Track, other: Track, timestamp: number, now: number): number {
		if (track.started) this.repairs++;
		if (this.#wallClock < 0) return timestamp < STARTS_AT_ZERO ? timestamp : 0;
		if (!track.started && other.started) return this.#newest;
		// As much as really passed.
		return this.#newest + Math.max(NOMINAL_STEP, Math.round(now - this.#wallClock));
	}

	#isSound(step: number, elapsed: number): boolean {
		const { jumpMillis, backwardMillis } = this.#options;
		return step >= -backwardMillis && (step <= jumpMillis || step <= elapsed * 1.5 + jumpMillis);
	}

	#repairData(timestamp: number): number {
		const track = this.#video.started ? this.#video : this.#audio;
		this.#lastData = Math.max(this.#lastData, this.#follow(track, timestamp));
		return this.#lastData;
	}

	/** The time of what follows a track's clock, or the newest one where its own is far from it. */
	#follow(track: Track, timestamp: number): number {
		if (!track.started) return this.#newest;
		const step = (timestamp - track.lastIn) | 0;
		const { backwardMillis } = this.#options;
		return step < -backwardMillis || step > backwardMillis ? this.#newest : Math.max(0, track.lastOut + step);
	}
}

/** One medium's clock. */
class Track {
	started = false;
	/** The last time as it came. */
	lastIn = 0;
	/** The stream's time of `lastIn`, which may go back a little. */
	lastOut = 0;
	/** The highest time that was given out. */
	given = 0;
	/** Wall clock at `lastIn`. */
	at = 0;
}
