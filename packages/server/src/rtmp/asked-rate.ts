/** The rate of two counts between the times when somebody asks; nothing is done meanwhile. */
export class AskedRate {
	#before = { at: 0, in: 0, out: 0 };
	#last = { at: 0, in: 0, out: 0 };

	constructor(now: number) {
		this.#before.at = now;
		this.#last.at = now;
	}

	/** Bytes a second in and out, up to now. Those who ask within the same second do not disturb each other. */
	measure(bytesIn: number, bytesOut: number, now: number): { in: number; out: number } {
		if (now - this.#last.at >= 1000) {
			this.#before = this.#last;
			this.#last = { at: now, in: bytesIn, out: bytesOut };
		}
		const seconds = (now - this.#before.at) / 1000;
		if (seconds <= 0) return { in: 0, out: 0 };
		return {
			in: Math.round((bytesIn - this.#before.in) / seconds),
			out: Math.round((bytesOut - this.#before.out) / seconds),
		};
	}
}
