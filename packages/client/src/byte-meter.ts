/** The span over which a rate is measured, in milliseconds, and the number of parts that it has. */
const SPAN_MILLIS = 1000;
const PARTS = 10;
const PART_MILLIS = SPAN_MILLIS / PARTS;

/** Counts bytes and knows how many there were within the last second. */
export class ByteMeter {
	/** All bytes. */
	total = 0;
	/** The highest rate so far, in bytes a second. */
	highest = 0;
	readonly #parts = new Array<number>(PARTS).fill(0);
	#recent = 0;
	#part = -1;

	/** @param now milliseconds on a clock that never goes back */
	add(bytes: number, now: number): void {
		this.#moveTo(now);
		this.total += bytes;
		this.#recent += bytes;
		this.#parts[this.#part % PARTS]! += bytes;
		if (this.#recent > this.highest) this.highest = this.#recent;
	}

	/** Bytes within the second before `now`, to a tenth of a second. */
	rate(now: number): number {
		this.#moveTo(now);
		return this.#recent;
	}

	#moveTo(now: number): void {
		const part = Math.floor(now / PART_MILLIS);
		if (this.#part < 0) this.#part = part;
		for (let steps = Math.min(part - this.#part, PARTS); steps > 0; steps--) {
			const index = (part - steps + 1) % PARTS;
			this.#recent -= this.#parts[index]!;
			this.#parts[index] = 0;
		}
		if (part > this.#part) this.#part = part;
	}
}
