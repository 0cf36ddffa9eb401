/** Entries that are kept while a file grows: 1 MiB. */
const CAPACITY = 65_536;
const FIRST_ENTRIES = 64;

/**
 * Where in a file which time is: keyframes, or where there is no video frames of sound. It stays within a number of
 * entries by keeping only every second, fourth, eighth … from then on, so an entry's number may change when one is
 * added; the arrays are then others.
 */
export class KeyframeIndex {
	readonly #capacity: number;
	#times: Float64Array;
	#positions: Float64Array;
	#count = 0;
	/** One of so many is kept. */
	#stride = 1;
	/** How many come before the next that is kept. */
	#toSkip = 0;

	/** @param capacity the most entries that are kept */
	constructor(capacity = CAPACITY) {
		this.#capacity = capacity;
		const first = Math.min(capacity, FIRST_ENTRIES);
		this.#times = new Float64Array(first);
		this.#positions = new Float64Array(first);
	}

	get count(): number {
		return this.#count;
	}

	/** Milliseconds in the file; the first `count` are valid. */
	get times(): Float64Array {
		return this.#times;
	}

	/** Where each entry's tag, or fragment, begins in the file. */
	get positions(): Float64Array {
		return this.#positions;
	}

	/** Adds an entry; times and positions never go back. */
	add(millis: number, position: number): void {
		if (this.#toSkip > 0) {
			this.#toSkip--;
			return;
		}
		if (this.#count === this.#capacity) this.#thin();
		if (this.#count === this.#times.length) this.#resize(Math.min(this.#capacity, this.#count * 2), 1);
		this.#times[this.#count] = millis;
		this.#positions[this.#count] = position;
		this.#count++;
		this.#toSkip = this.#stride - 1;
	}

	/** Forgets all entries. */
	clear(): void {
		this.#count = 0;
		this.#stride = 1;
		this.#toSkip = 0;
	}

	/** How many entries, from the first on, lie before a position. */
	countBefore(position: number): number {
		let count = this.#count;
		while (count > 0 && this.#positions[count - 1]! >= position) count--;
		return count;
	}

	/** Numbers of at most `slots` entries, evenly spread. */
	thinned(slots: number): number[] {
		if (slots <= 0) return [];
		let step = 1;
		while (Math.ceil(this.#count / step) > slots) step *= 2;
		const kept: number[] = [];
		for (let i = 0; i < this.#count; i += step) kept.push(i);
		return kept;
	}

	#thin(): void {
		this.#resize(this.#capacity, 2);
		this.#stride *= 2;
	}

	/** Takes new arrays, since readers may hold the old ones, and keeps every `step`th entry. */
	#resize(length: number, step: number): void {
		const times = new Float64Array(length);
		const positions = new Float64Array(length);
		let kept = 0;
		for (let i = 0; i < this.#count; i += step) {
			times[kept] = this.#times[i]!;
			positions[kept++] = this.#positions[i]!;
		}
		this.#times = times;
		this.#positions = positions;
		this.#count = kept;
	}
}
