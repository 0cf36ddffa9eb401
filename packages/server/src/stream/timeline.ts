import type { MediaMessage } from "@millrace/core/flv";
import { FileClock } from "../library/index.ts";

/** What was sent further ahead than wanted is waited for so long at most, in milliseconds. */
const MAX_AHEAD_MILLIS = 10_000;

/** The clock of a stream that is put together from items: where each lies on it, and when that is due. */
export class Timeline {
	readonly #frames = new FileClock();
	/** When the clock's zero is due, on the wall clock. */
	#origin = Number.NaN;

	/** Where the next item begins, in milliseconds: behind the last frame, without a gap. */
	get endMillis(): number {
		return this.#frames.nextMillis;
	}

	/**
	 * An item begins. A stream that has fallen behind goes on from here, and so does one that is much too far ahead.
	 *
	 * @param leadMillis how far ahead the stream should be
	 * @returns how far it is ahead of what is due, in milliseconds; more than the lead: the item has to wait
	 */
	begin(now: number, leadMillis: number): number {
		const end = this.endMillis;
		const ahead = end - (now - this.#origin);
		if (ahead >= 0 && ahead <= leadMillis + MAX_AHEAD_MILLIS) return ahead;
		// Also at the very first, when there is no origin.
		const corrected = ahead > 0 ? leadMillis : 0;
		this.#origin = now - end + corrected;
		return corrected;
	}

	/** A frame has been sent at its time. */
	add(message: MediaMessage, millis: number): void {
		this.#frames.add(message, millis);
	}
}
