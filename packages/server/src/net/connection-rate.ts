const WINDOW_MILLIS = 60_000;
/** Addresses that are told apart at once; when more have connected within a minute, the oldest are forgotten. */
const MAX_ADDRESSES = 65_536;

type Count = { windowStart: number; current: number; previous: number };

/**
 * Limits how many connections one address opens in a minute. The minute slides: what came in the last one counts less
 * the further it is gone, so that nobody gets twice the limit around the turn of a minute.
 */
export class ConnectionRate {
	readonly #limit: number;
	readonly #maxAddresses: number;
	/** In the order in which addresses were first seen in their minute. */
	readonly #counts = new Map<string, Count>();

	/**
	 * @param perMinute connections of one address in a minute; 0: any number
	 * @param maxAddresses default 65,536
	 */
	constructor(perMinute: number, maxAddresses: number = MAX_ADDRESSES) {
		this.#limit = perMinute;
		this.#maxAddresses = maxAddresses;
	}

	/** Addresses that are remembered. */
	get addresses(): number {
		return this.#counts.size;
	}

	/** Whether an address may open one more; it is counted if so. `now` in monotonic milliseconds. */
	admit(address: string, now: number): boolean {
		if (this.#limit === 0) return true;
		const count = this.#countOf(address, now);
		const share = 1 - (now - count.windowStart) / WINDOW_MILLIS;
		if (count.current + count.previous * share >= this.#limit) return false;
		count.current++;
		return true;
	}

	#countOf(address: string, now: number): Count {
		const known = this.#counts.get(address);
		if (known !== undefined && now - known.windowStart < WINDOW_MILLIS) return known;
		const isRecent = known !== undefined && now - known.windowStart < 2 * WINDOW_MILLIS;
		const windowStart = isRecent ? known.windowStart + WINDOW_MILLIS : now;
		const count = { windowStart, current: 0, previous: isRecent ? known.current : 0 };
		this.#counts.delete(address);
		this.#forget(now);
		this.#counts.set(address, count);
		return count;
	}

	/** Drops addresses that count for nothing any more, oldest first, and where there are too many the oldest. */
	#forget(now: number): void {
		for (const [address, { windowStart }] of this.#counts) {
			if (now - windowStart < 2 * WINDOW_MILLIS && this.#counts.size < this.#maxAddresses) return;
			this.#counts.delete(address);
		}
	}
}
