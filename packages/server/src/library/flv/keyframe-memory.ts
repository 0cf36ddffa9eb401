/** A keyframe that was found in a file. */
export type FoundKeyframe = {
	/** Where its tag's header begins. */
	readonly offset: number;
	/** In milliseconds on the file's timeline. */
	readonly time: number;
	/** No other keyframe has a time between this one's and this, inclusive. */
	readonly until: number;
};

const CAPACITY = 4096;

/**
 * The keyframes of a file that searches and viewers came upon, and how far it is known that there is none in between.
 * Bounded: when it is full, every second one is forgotten.
 */
export class KeyframeMemory {
	/** Ascending by offset, and so by time. */
	#found: FoundKeyframe[] = [];

	/** Remembers a keyframe, or that more is known about it. */
	note(offset: number, time: number, until = time): void {
		const index = this.#countUpTo("offset", offset);
		const before = this.#found[index - 1];
		if (before?.offset === offset) {
			if (until > before.until || time !== before.time) this.#found[index - 1] = { offset, time, until };
			return;
		}
		// A keyframe that is out of order would break the search for the others.
		if ((before !== undefined && before.time > time) || (this.#found[index]?.time ?? Infinity) < time) return;
		this.#found.splice(index, 0, { offset, time, until });
		if (this.#found.length > CAPACITY) this.#found = this.#found.filter((_, place) => place % 2 === 0);
	}

	/** The last one that is known at or before `time`. */
	floor(time: number): FoundKeyframe | undefined {
		return this.#found[this.#countUpTo("time", time) - 1];
	}

	/** The first one that is known after `time`. */
	above(time: number): FoundKeyframe | undefined {
		return this.#found[this.#countUpTo("time", time)];
	}

	clear(): void {
		this.#found = [];
	}

	/** How many lie at a place or before. */
	#countUpTo(place: "time" | "offset", last: number): number {
		let low = 0;
		let high = this.#found.length;
		while (low < high) {
			const middle = (low + high) >> 1;
			if (this.#found[middle]![place] <= last) low = middle + 1;
			else high = middle;
		}
		return low;
	}
}
