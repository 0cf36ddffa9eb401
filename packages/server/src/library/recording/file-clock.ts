import { MEDIA_VIDEO, type MediaMessage } from "@millrace/core/flv";

/** The distance of two frames where the file holds too few to tell. */
const NOMINAL_STEP = 40;
/** A longer distance of two frames is a pause, not a frame's length. */
const MAX_STEP = 1000;

/** Where a file's frames stand: the last of sound and of picture, and how long they are. */
export class FileClock {
	#audio = new Track();
	#video = new Track();

	/** Time of the last frame in milliseconds; −1: there is none. */
	get lastMillis(): number {
		return Math.max(this.#audio.last, this.#video.last);
	}

	/** To the end of the last frame. */
	get endMillis(): number {
		return Math.max(this.#audio.last + this.#audio.step, this.#video.last + this.#video.step, 0);
	}

	/** Where a frame would stand that follows the last, without a gap. */
	get nextMillis(): number {
		const { lastMillis } = this;
		if (lastMillis < 0) return 0;
		return Math.max(this.endMillis, lastMillis + (this.#audio.step || this.#video.step ? 1 : NOMINAL_STEP));
	}

	/** Takes a frame at its time in the file. */
	add({ type }: MediaMessage, millis: number): void {
		(type === MEDIA_VIDEO ? this.#video : this.#audio).add(millis);
	}
}

class Track {
	last = -1;
	step = 0;

	add(millis: number): void {
		const step = millis - this.last;
		if (this.last >= 0 && step > 0 && step <= MAX_STEP) this.step = step;
		if (millis > this.last) this.last = millis;
	}
}
