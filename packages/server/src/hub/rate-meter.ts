/** The rate of a growing count, measured at intervals of about a second and smoothed over the last few. */
export class RateMeter {
	#perSecond = 0;
	#count = 0;
	#measuredAt = -1;

	/** Per second; 0 before the second measurement. */
	get perSecond(): number {
		return this.#perSecond;
	}

	/** @param now milliseconds; measurements at the same moment count once */
	measure(count: number, now: number): void {
		if (now <= this.#measuredAt) return;
		const rate = ((count - this.#count) * 1000) / (now - this.#measuredAt);
		if (this.#measuredAt >= 0) this.#perSecond = this.#perSecond === 0 ? rate : this.#perSecond * 0.6 + rate * 0.4;
		this.#measuredAt = now;
		this.#count = count;
	}
}
