import { FileError } from "../fault/index.ts";
import { invalid } from "./box.ts";
import type { Mp4Limits } from "./mp4-limits.ts";

/** How many samples and bytes may still be taken; shared by all tracks of a file. */
export class SampleBudget {
	readonly limits: Mp4Limits;
	samples: number;

	constructor(limits: Mp4Limits) {
		this.limits = limits;
		this.samples = limits.samples;
	}
}

/** How the times of a track become milliseconds of presentation. */
export type TimeMap = {
	/** Units of time in a second. */
	readonly timescale: number;
	/** Added to each decode time. */
	readonly offset: number;
};

/**
 * The samples of a track in decode order: ten bytes each, four more where pictures are shown in another order than they
 * are decoded in, four more in files past 4 GiB, two more where samples are far apart. The arrays grow with the samples
 * that are really there. Times are rounded to milliseconds one by one from the exact ones, so that they do not drift.
 */
export class SampleIndex {
	/** Samples so far. */
	count = 0;
	/** Their bytes together. */
	bytes = 0;
	/** The decode time of the first, in milliseconds; negative where decoding begins before the presentation. */
	originMillis = 0;
	readonly #time: TimeMap;
	readonly #budget: SampleBudget;
	readonly #mostBytes: number;
	/** Added to each composition offset, in units of the time scale. */
	#compositionShift = 0;
	#firstTicks = 0;
	#lastTicks = 0;
	/** Where the presentation of all samples ends, without the shift of compositions. */
	#endTicks = Number.NEGATIVE_INFINITY;
	#shiftMillis = 0;
	#offsets: Offsets;
	/** Size in 24 bits, number of the description in seven, and whether it is a sync sample. */
	#heads: Uint32Array;
	/** Of the first sample of each block, milliseconds after the first of all. */
	#blockTimes: Int32Array;
	/** Milliseconds after the first of the block; 32 bits from the first block on that takes more than 65 s. */
	#times: Uint16Array | Uint32Array;
	/** Milliseconds from decoding to presentation; `undefined`: 0 for all. */
	#compositions: Int32Array | undefined;

	/**
	 * `capacity` is how many samples are expected: the caller has seen that the file has bytes for them. The samples
	 * may take `mostBytes` together, which no file passes unless samples overlap.
	 */
	constructor(time: TimeMap, budget: SampleBudget, mostBytes: number, capacity = 0) {
		const length = Math.min(capacity, budget.samples);
		this.#time = time;
		this.#budget = budget;
		this.#mostBytes = mostBytes;
		this.#offsets = this.#newOffsets(length);
		this.#heads = new Uint32Array(length);
		this.#blockTimes = new Int32Array(blocksOf(length));
		this.#times = new Uint16Array(length);
	}

	/**
	 * Adds the next sample in decode order, at `decodeTime` with `composition` to its presentation, both in units of the
	 * time scale. Throws `FILE_TOO_COMPLEX` past a limit, `FILE_INVALID` where the samples are larger than their file.
	 */
	add(
		offset: number,
		bytes: number,
		description: number,
		isSync: boolean,
		decodeTime: number,
		composition: number,
		duration: number,
	): void {
		const { limits } = this.#budget;
		if (bytes > limits.sampleBytes || bytes > MOST_SAMPLE_BYTES) {
			throw new FileError("FILE_TOO_COMPLEX", `A sample has ${bytes} bytes; ${limits.sampleBytes} is the limit.`);
		}
		if (--this.#budget.samples < 0) {
			throw new FileError("FILE_TOO_COMPLEX", `There are more than ${limits.samples} samples.`);
		}
		this.bytes += bytes;
		if (this.bytes > this.#mostBytes) throw invalid("The samples of a track are larger than the file.");
		const at = this.count++;
		if (at === this.#offsets.length) this.#grow();
		const { timescale } = this.#time;
		const ticks = decodeTime + this.#time.offset;
		let millis = roundMillis(ticks, timescale);
		if (at === 0) {
			this.originMillis = millis;
			this.#firstTicks = ticks;
		}
		this.#lastTicks = ticks;
		const shown = composition + this.#compositionShift;
		let shownMillis = shown === 0 ? millis : roundMillis(ticks + shown, timescale);
		if (ticks + composition + duration > this.#endTicks) this.#endTicks = ticks + composition + duration;
		millis -= this.originMillis;
		shownMillis -= this.originMillis;
		// Decode times go forward, whatever a fragment says of itself.
		if (at > 0) millis = Math.max(millis, this.#millisOf(at - 1));
		if (millis > MOST_MILLIS) throw new FileError("FILE_TOO_COMPLEX", "The file is longer than 24 days.");
		this.#offsets[at] = offset;
		this.#heads[at] = (isSync ? SYNC_BIT : 0) | (description << DESCRIPTION_SHIFT) | bytes;
		this.#setMillis(at, millis);
		this.#setComposition(at, shownMillis - millis);
	}

	/**
	 * Tells of a composition offset that comes (in units of the time scale). Where it is negative, all are raised, so
	 * that nothing is presented before it is decoded.
	 */
	expectComposition(least: number): void {
		const more = -least - this.#compositionShift;
		if (more <= 0) return;
		this.#compositionShift += more;
		const millis = roundMillis(more, this.#time.timescale);
		for (let at = 0; at < this.count; at++) this.#setComposition(at, this.compositionOf(at) + millis);
	}

	/** Takes the last samples away again. */
	cutTo(count: number): void {
		while (this.count > count) this.bytes -= this.sizeOf(--this.count);
	}

	/** Gives back the memory that was taken in advance, where it is much. */
	finish(): void {
		if (this.count > this.#offsets.length * 0.9) return;
		this.#resize(this.count);
	}

	/** Moves all times by whole milliseconds. */
	shift(millis: number): void {
		this.originMillis += millis;
		this.#shiftMillis += millis;
	}

	/** Where the presentation of all samples ends, on the clock of decode times. */
	get endMillis(): number {
		return roundMillis(this.#endTicks + this.#compositionShift, this.#time.timescale) + this.#shiftMillis;
	}

	/** Where a sample begins in the file. */
	offsetOf(sample: number): number {
		return this.#offsets[sample]!;
	}

	sizeOf(sample: number): number {
		return this.#heads[sample]! & SIZE_MASK;
	}

	/** The number of a sample's description, from 0. */
	descriptionOf(sample: number): number {
		return (this.#heads[sample]! >>> DESCRIPTION_SHIFT) & 127;
	}

	isSync(sample: number): boolean {
		return this.#heads[sample]! >>> 31 === 1;
	}

	/** Decode time in milliseconds. */
	timeOf(sample: number): number {
		return this.originMillis + this.#millisOf(sample);
	}

	/** Presentation less decode time, in milliseconds. */
	compositionOf(sample: number): number {
		return this.#compositions === undefined ? 0 : this.#compositions[sample]!;
	}

	/** The last sample at or before a decode time; −1: all are later. */
	lastAt(millis: number): number {
		return this.firstAt(millis + 1) - 1;
	}

	/** The first sample at or after a decode time; `count`: all are earlier. */
	firstAt(millis: number): number {
		const wanted = millis - this.originMillis;
		let low = 0;
		let high = this.count;
		while (low < high) {
			const middle = (low + high) >>> 1;
			if (this.#millisOf(middle) < wanted) low = middle + 1;
			else high = middle;
		}
		return low;
	}

	/** The last sync sample at or before a sample; −1: there is none. */
	lastSync(sample: number): number {
		let at = sample;
		while (at >= 0 && this.#heads[at]! >>> 31 === 0) at--;
		return at;
	}

	/** How many samples need no other. */
	get syncCount(): number {
		let count = 0;
		for (let sample = 0; sample < this.count; sample++) count += this.#heads[sample]! >>> 31;
		return count;
	}

	/** Samples a second over the whole track; `undefined` where there are too few. */
	get rate(): number | undefined {
		const ticks = this.#lastTicks - this.#firstTicks;
		return ticks > 0 ? ((this.count - 1) * this.#time.timescale) / ticks : undefined;
	}

	/** Decode time in milliseconds after the first. */
	#millisOf(sample: number): number {
		return this.#blockTimes[sample >>> BLOCK_SHIFT]! + this.#times[sample]!;
	}

	#setMillis(at: number, millis: number): void {
		if ((at & BLOCK_MASK) === 0) this.#blockTimes[at >>> BLOCK_SHIFT] = millis;
		const after = millis - this.#blockTimes[at >>> BLOCK_SHIFT]!;
		if (after > 0xffff && this.#times.BYTES_PER_ELEMENT === 2) this.#times = Uint32Array.from(this.#times);
		this.#times[at] = after;
	}

	#setComposition(at: number, millis: number): void {
		if (millis === 0 && this.#compositions === undefined) return;
		this.#compositions ??= new Int32Array(this.#times.length);
		this.#compositions[at] = clampI24(millis);
	}

	#grow(): void {
		this.#resize(Math.max(1024, this.#offsets.length * 2));
	}

	#resize(length: number): void {
		this.#offsets = copied(this.#offsets, this.#newOffsets(length));
		this.#heads = copied(this.#heads, new Uint32Array(length));
		this.#blockTimes = copied(this.#blockTimes, new Int32Array(blocksOf(length)));
		const times = this.#times.BYTES_PER_ELEMENT === 2 ? new Uint16Array(length) : new Uint32Array(length);
		this.#times = copied(this.#times, times);
		if (this.#compositions !== undefined) {
			this.#compositions = copied(this.#compositions, new Int32Array(length));
		}
	}

	#newOffsets(length: number): Offsets {
		return this.#mostBytes < 2 ** 32 ? new Uint32Array(length) : new Float64Array(length);
	}
}

type Offsets = Uint32Array | Float64Array;

function blocksOf(samples: number): number {
	return (samples + BLOCK_MASK) >>> BLOCK_SHIFT;
}

/** Copies as much as there is room for. */
function copied<Numbers extends Uint16Array | Uint32Array | Int32Array | Float64Array>(
	from: Numbers,
	to: Numbers,
): Numbers {
	to.set(from.subarray(0, to.length));
	return to;
}

/** Ticks as milliseconds; halves away from zero, as ffmpeg rounds. */
export function roundMillis(ticks: number, timescale: number): number {
	const millis = (ticks * 1000) / timescale;
	return millis < 0 ? -Math.floor(0.5 - millis) : Math.floor(millis + 0.5);
}

/** Samples in a block: 32. */
const BLOCK_SHIFT = 5;
const BLOCK_MASK = (1 << BLOCK_SHIFT) - 1;
const SYNC_BIT = 0x8000_0000;
const DESCRIPTION_SHIFT = 24;
const SIZE_MASK = 0xff_ffff;
/** A message's length has 24 bits, and the tag's head needs some bytes. */
const MOST_SAMPLE_BYTES = 0xff_ffff - 16;
const MOST_MILLIS = 0x7fff_ffff;

function clampI24(value: number): number {
	return value > 0x7f_ffff ? 0x7f_ffff : value < -0x80_0000 ? -0x80_0000 : value;
}
