/** How a rate is kept. */
export type TokenBucketOptions = {
	/** How many a second. */
	readonly perSecond: number;
	/** What may be saved up, as a time of the rate, in milliseconds. */
	readonly burstMillis: number;
	/** Whether it is full at first. Default false. */
	readonly isFull?: boolean;
};

/** Keeps what is spent, bytes or calls, to a rate: time fills the bucket, to its rim. Times are arguments, in milliseconds. */
export class TokenBucket {
	readonly #perMilli: number;
	readonly #most: number;
	#tokens: number;
	#filledAt: number;

	constructor({ perSecond, burstMillis, isFull = false }: TokenBucketOptions, now: number) {
		this.#perMilli = perSecond / 1000;
		this.#most = burstMillis * this.#perMilli;
		this.#tokens = isFull ? this.#most : 0;
		this.#filledAt = now;
	}

	/**
	 * Spends, beyond what is there too: that is a debt, which time pays. Returns how long nothing more is to be spent, in
	 * milliseconds.
	 */
	spend(count: number, now: number): number {
		this.#fill(now);
		this.#tokens -= count;
		return this.#tokens >= 0 ? 0 : -this.#tokens / this.#perMilli;
	}

	/** Spends one, where it is there. False: it is not. */
	take(now: number): boolean {
		this.#fill(now);
		if (this.#tokens < 1) return false;
		this.#tokens--;
		return true;
	}

	#fill(now: number): void {
		this.#tokens = Math.min(this.#most, this.#tokens + (now - this.#filledAt) * this.#perMilli);
		this.#filledAt = now;
	}
}
