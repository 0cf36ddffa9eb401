/**
 * Turns times in milliseconds into times of an audio track, which are counted in samples. As long as the milliseconds
 * agree with the samples that the frames hold, times follow the samples, so that frames join without gaps; but never so
 * far that rounding to milliseconds would not give back the very number that came in. Rounded and cut off milliseconds
 * are both met: the clock moves within its half millisecond until it fits.
 */
export class SampleClock {
	readonly #rate: number;
	/** Where the next frame is expected, in samples; −1 before the first and where the last did not tell its samples. */
	#next = -1;
	#last = 0;

	/** `rate`: samples a second, which is the track's timescale. */
	constructor(rate: number) {
		this.#rate = rate;
	}

	/** The time in samples of a frame that came at `millis` and holds `samples`, or 0 where that is unknown. */
	at(millis: number, samples: number): number {
		const centre = Math.round((millis * this.#rate) / 1000);
		const time = Math.max(this.#last, this.#next < 0 ? centre : this.#bound(millis, centre));
		this.#expect(time, samples);
		return time;
	}

	/** The time of a frame that follows the last one at once, because both came in one message. */
	following(samples: number): number {
		const time = Math.max(this.#last, this.#next);
		this.#expect(time, samples);
		return time;
	}

	#bound(millis: number, centre: number): number {
		const expected = this.#next;
		if (Math.abs(expected - centre) > (JUMP_MILLIS * this.#rate) / 1000) return centre;
		const lowest = Math.floor(((millis - 0.5) * this.#rate) / 1000) + 1;
		const highest = Math.ceil(((millis + 0.5) * this.#rate) / 1000) - 1;
		return Math.min(Math.max(expected, lowest), highest);
	}

	#expect(time: number, samples: number): void {
		this.#last = time;
		this.#next = samples > 0 ? time + samples : -1;
	}
}

/** Milliseconds that are further off than rounding and a sender's clock explain: a gap, or another frame length. */
const JUMP_MILLIS = 2;
