/** Lines that an application may write in a second. */
const LINES_PER_SECOND = 100;

/** Keeps an application that writes without end from filling the log. */
export class LineAllowance {
	readonly #onDropped: (count: number) => void;
	#second = Number.NEGATIVE_INFINITY;
	#count = 0;

	/** `onDropped` is told how many lines of a second were too many, when a later one begins. */
	constructor(onDropped: (count: number) => void) {
		this.#onDropped = onDropped;
	}

	/** Whether one more line may be written; `now` in monotonic milliseconds. */
	take(now: number): boolean {
		const second = Math.floor(now / 1000);
		if (second !== this.#second) {
			const dropped = this.#count - LINES_PER_SECOND;
			this.#second = second;
			this.#count = 0;
			if (dropped > 0) this.#onDropped(dropped);
		}
		this.#count++;
		return this.#count <= LINES_PER_SECOND;
	}
}
