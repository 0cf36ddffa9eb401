/** A small generator of pseudo-random numbers (mulberry32): the same seed gives the same run. */
export class Random {
	#state: number;

	constructor(seed: number) {
		this.#state = seed >>> 0;
	}

	/** An integer from 0 to `limit` − 1; 0 for a limit of 0. */
	below(limit: number): number {
		this.#state = (this.#state + 0x6d2b79f5) >>> 0;
		let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
		mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
		return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * limit);
	}

	/** Whether one of `count` equally likely things happened. */
	oneIn(count: number): boolean {
		return this.below(count) === 0;
	}

	pick<T>(items: readonly T[]): T {
		return items[this.below(items.length)]!;
	}
}
