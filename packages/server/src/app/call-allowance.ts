/** How long an average is taken, in seconds: a client that was quiet may make that many seconds' calls at once. */
const BURST_SECONDS = 10;

/** How many calls a client may still make: a bucket that fills by the time. */
export class CallAllowance {
	readonly #perSecond: number;
	#left: number;
	#at: number;

	/** `now` in monotonic milliseconds. */
	constructor(perSecond: number, now: number) {
		this.#perSecond = perSecond;
		this.#left = perSecond * BURST_SECONDS;
		this.#at = now;
	}

	/** Whether one more call may be made; it is counted then. */
	take(now: number): boolean {
		const most = this.#perSecond * BURST_SECONDS;
		this.#left = Math.min(most, this.#left + ((now - this.#at) / 1000) * this.#perSecond);
		this.#at = now;
		if (this.#left < 1) return false;
		this.#left--;
		return true;
	}
}
