/** The part of this process's time that one application may have done work for it, on the long run. */
const SHARE = 1 / 2;
/** How much it may use at once, in milliseconds: what an application usually does in a turn takes far less. */
const BURST_MILLIS = 10;
/** The longest rest, in milliseconds: a single long piece of work may be the machine's fault. */
const MAX_REST_MILLIS = 50;

/** Keeps the work that is done for an application to its share of the time, so that sockets and streams have theirs. */
export class WorkShare {
	#credit = BURST_MILLIS;
	#countedAt = Number.NEGATIVE_INFINITY;

	/**
	 * Counts a piece of work that was begun and ended at these times, in monotonic milliseconds. Returns how long the next
	 * one must wait; 0: not at all.
	 */
	count(begun: number, ended: number): number {
		const earned = (ended - this.#countedAt) * SHARE;
		this.#countedAt = ended;
		this.#credit = Math.min(BURST_MILLIS, this.#credit + earned) - (ended - begun);
		if (this.#credit >= 0) return 0;
		return Math.min(MAX_REST_MILLIS, Math.ceil(-this.#credit / SHARE));
	}
}
