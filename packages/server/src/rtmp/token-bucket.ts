/** What may be saved up, as a time of the rate, in milliseconds. */
const BURST_MILLIS = 200;

/** Keeps bytes to a rate: what is spent beyond it is a debt, which time pays. Times are arguments, in milliseconds. */
export class TokenBucket {
	readonly #bytesPerMilli: number;
	#tokens = 0;
	#filledAt: number;

	constructor(bytesPerSecond: number, now: number) {
		this.#bytesPerMilli = bytesPerSecond / 1000;
		this.#filledAt = now;
	}

	/** Spends bytes, and returns how long nothing more is to be spent, in milliseconds. */
	spend(bytes: number, now: number): number {
		const filled = this.#tokens + (now - this.#filledAt) * this.#bytesPerMilli;
		this.#filledAt = now;
		this.#tokens = Math.min(filled, BURST_MILLIS * this.#bytesPerMilli) - bytes;
		return this.#tokens >= 0 ? 0 : -this.#tokens / this.#bytesPerMilli;
	}
}
