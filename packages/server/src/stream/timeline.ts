import { MEDIA_AUDIO, MEDIA_VIDEO, type MediaMessage } from "@millrace/core/flv";
import { FileClock } from "../library/index.ts";

/** What was sent further ahead than wanted is waited for so long at most, in milliseconds. */
const MAX_AHEAD_MILLIS = 10_000;
/** So much of an item may lie beside the end of the one before, where no medium overlaps itself, in milliseconds. */
const MAX_OVERLAP_MILLIS = 250;

/** The clock of a stream that is put together from items: where each lies on it, and when that is due. */
export class Timeline {
	readonly #audio = new FileClock();
	readonly #video = new FileClock();
	/** When the clock's zero is due, on the wall clock. */
	#origin = Number.NaN;

	/** Behind the last frame, in milliseconds. */
	get endMillis(): number {
		return Math.max(this.#audio.nextMillis, this.#video.nextMillis);
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

	/**
	 * Where an item lies that begins with these frames: as close to what is there as no medium overlaps itself. Files do
	 * not begin, nor end, with sound and picture at one time: both go on behind each other, as they are shown.
	 *
	 * @returns what is added to the item's times
	 */
	place(frames: readonly MediaMessage[]): number {
		const first = firstOf(frames);
		if (first === Number.POSITIVE_INFINITY) return this.endMillis;
		const audio = frames.filter(({ type }) => type === MEDIA_AUDIO);
		const video = frames.filter(({ type }) => type === MEDIA_VIDEO);
		// A medium that has not shown itself may begin at any time from now on.
		const isEmpty = this.endMillis === 0;
		return Math.max(
			this.endMillis - first - (isEmpty ? 0 : MAX_OVERLAP_MILLIS),
			this.#audio.nextMillis - (audio.length > 0 ? firstOf(audio) : first),
			this.#video.nextMillis - (video.length > 0 ? firstOf(video) : first),
		);
	}

	/** A frame has been sent at its time. */
	add(message: MediaMessage, millis: number): void {
		(message.type === MEDIA_AUDIO ? this.#audio : this.#video).add(message, millis);
	}
}

function firstOf(messages: readonly MediaMessage[]): number {
	let first = Number.POSITIVE_INFINITY;
	for (const { timestamp } of messages) first = Math.min(first, timestamp);
	return first;
}
