import { type Box, invalid } from "./box.ts";
import { locateStretch, type Place, STEP_SAMPLES, stretchOf } from "./edit-list.ts";
import type { MovieFlaw } from "./movie-flaw.ts";
import type { Reading } from "./reading.ts";
import { type SampleBudget, SampleIndex } from "./sample-index.ts";
import { leastCompositionOf, SampleTimes } from "./sample-times.ts";
import type { TrackHead } from "./track-head.ts";

/** What is known around a track when its tables are read. */
export type TableSetting = {
	readonly movieTimescale: number;
	/** The file's bytes: samples behind its end are left out. */
	readonly fileBytes: number;
	readonly budget: SampleBudget;
	/** Fragments follow, whose times an edit only moves. */
	readonly isFragmented: boolean;
	/** The picture's first decode time in the presentation; `Infinity` where there is none. */
	readonly pictureMillis: number;
};

/** The samples of a track, as far as the tables of `moov` tell them. */
export type IndexedTable = {
	readonly index: SampleIndex;
	/** Samples are missing because the file ends before them. */
	readonly isTruncated: boolean;
	/** What else is wrong with the tables; the samples are those that can be had all the same. */
	readonly flaws: readonly MovieFlaw[];
};

/** Indexes a track in bounded steps (ISO/IEC 14496-12 §8.6, §8.7). Throws as `SampleIndex.add`. */
export function* indexTable(head: TrackHead, setting: TableSetting): Reading<IndexedTable> {
	const { fileBytes, budget } = setting;
	const sizes = new SampleSizes(head.table);
	const samples = sizes.countWithin(fileBytes);
	const leastComposition = leastCompositionOf(head.table);
	const stretch = stretchOf(head, setting.movieTimescale);
	let place: Place = { firstSample: 0, offset: 0 };
	let end = Number.POSITIVE_INFINITY;
	const flaws: MovieFlaw[] = [];
	if (stretch !== undefined && setting.isFragmented) {
		place = { firstSample: 0, offset: stretch.delay - stretch.start };
	} else if (stretch !== undefined) {
		const times = new SampleTimes(head, leastComposition);
		const located = yield* locateStretch(head, stretch, times, samples, setting.pictureMillis);
		if (located === undefined) {
			const text = `The edit list of track ${head.id} begins where the track has ended, and is not followed.`;
			flaws.push({ kind: "wrong-edit-list", text });
		} else {
			place = located;
			end = stretch.end;
		}
	}
	const time = { timescale: head.timescale, offset: place.offset };
	const index = new SampleIndex(time, budget, fileBytes, Math.max(samples - place.firstSample, 0));
	index.expectComposition(leastComposition);
	const times = new SampleTimes(head, leastComposition);
	const walk = new TableWalk(head, times, sizes, samples, index, place.firstSample, end, fileBytes);
	while (walk.step(STEP_SAMPLES)) yield undefined;
	if (walk.isOutOfChunks || samples < sizes.count) {
		const text = `Track ${head.id} tells of ${sizes.count} samples, but has room for ${Math.min(walk.samples, samples)}.`;
		flaws.push({ kind: "wrong-tables", text });
	}
	return { index, isTruncated: walk.isTruncated, flaws };
}

/** How many samples the tables of a track tell of, and their bytes, without an index of them. */
export function* measureTable(table: Box): Reading<{ samples: number; bytes: number }> {
	const sizes = new SampleSizes(table);
	if (sizes.constant > 0) return { samples: sizes.count, bytes: sizes.count * sizes.constant };
	let bytes = 0;
	for (let sample = 0; sample < sizes.count; sample++) {
		if (sample % STEP_SAMPLES === STEP_SAMPLES - 1) yield undefined;
		bytes += sizes.of(sample);
	}
	return { samples: sizes.count, bytes };
}

/** Goes through chunks and samples, a step at a time. */
class TableWalk {
	isTruncated = false;
	/** There are more samples than the chunks hold. */
	isOutOfChunks = false;
	readonly #times: SampleTimes;
	readonly #sizes: SampleSizes;
	readonly #chunks: ChunkTable;
	readonly #index: SampleIndex;
	readonly #isPlayable: readonly boolean[];
	readonly #samples: number;
	readonly #firstSample: number;
	readonly #end: number;
	readonly #fileBytes: number;
	#sample = 0;
	/** Samples left in the chunk, and where the next one is. */
	#left = 0;
	#offset = 0;
	/** How many samples of the index are shown before the stretch ends, or needed by one that is. */
	#kept = 0;

	constructor(
		head: TrackHead,
		times: SampleTimes,
		sizes: SampleSizes,
		samples: number,
		index: SampleIndex,
		firstSample: number,
		end: number,
		fileBytes: number,
	) {
		this.#times = times;
		this.#sizes = sizes;
		this.#chunks = new ChunkTable(head.table);
		this.#index = index;
		this.#isPlayable = head.descriptions.map(description => description.carriage !== undefined);
		this.#samples = samples;
		this.#firstSample = firstSample;
		this.#end = end;
		this.#fileBytes = fileBytes;
	}

	/** How many samples were met. */
	get samples(): number {
		return this.#sample;
	}

	/** Takes up to `most` samples; false where there are no more. */
	step(most: number): boolean {
		const last = Math.min(this.#sample + most, this.#samples);
		while (this.#sample < last) {
			if (!this.#toSample() || !this.#take()) return this.#finish();
		}
		return this.#sample < this.#samples || this.#finish();
	}

	/** Sees to it that the next sample has a chunk. */
	#toSample(): boolean {
		while (this.#left === 0) {
			if (!this.#chunks.next()) {
				this.isOutOfChunks = true;
				return false;
			}
			this.#left = this.#chunks.samples;
			this.#offset = this.#chunks.offset;
		}
		return true;
	}

	/** False: nothing of the track follows. */
	#take(): boolean {
		const times = this.#times;
		times.next();
		const bytes = this.#sizes.of(this.#sample);
		const offset = this.#offset;
		this.#offset += bytes;
		this.#left--;
		if (this.#sample++ < this.#firstSample) return true;
		if (times.decodeTime + times.leastComposition >= this.#end) return false;
		const { description } = this.#chunks;
		if (bytes === 0 || this.#isPlayable[description] !== true) return true;
		if (offset + bytes > this.#fileBytes) {
			this.isTruncated = true;
			return false;
		}
		const { composition, decodeTime, duration, isSync } = times;
		this.#index.add(offset, bytes, description, isSync, decodeTime, composition, duration);
		if (decodeTime + composition < this.#end) this.#kept = this.#index.count;
		return true;
	}

	#finish(): false {
		this.#index.cutTo(this.#kept);
		return false;
	}
}

/** The sizes of samples (`stsz` §8.7.3.2, `stz2` §8.7.3.3). */
class SampleSizes {
	readonly count: number;
	/** Of all samples; 0: each has its own. */
	readonly constant: number;
	readonly #entries: DataView;
	readonly #bits: number;

	/** Throws `FILE_INVALID` where there are fewer sizes than announced. */
	constructor(table: Box) {
		const stsz = table.child("stsz");
		const box = stsz ?? table.mustHave("stz2");
		this.count = box.u32(8);
		this.constant = stsz === undefined ? 0 : stsz.u32(4);
		this.#bits = stsz === undefined ? box.u8(7) : 32;
		if (![4, 8, 16, 32].includes(this.#bits)) throw invalid(`The sizes of samples have ${this.#bits} bits.`);
		const tableBytes = this.constant > 0 ? 0 : Math.ceil((this.count * this.#bits) / 8);
		this.#entries = box.table(12, tableBytes, 1);
	}

	/** How many samples a file of so many bytes has room for: one size for all says nothing of how many there are. */
	countWithin(fileBytes: number): number {
		return this.constant === 0 ? this.count : Math.min(this.count, Math.floor(fileBytes / this.constant));
	}

	of(sample: number): number {
		if (this.constant > 0) return this.constant;
		switch (this.#bits) {
			case 32:
				return this.#entries.getUint32(sample * 4);
			case 16:
				return this.#entries.getUint16(sample * 2);
			case 8:
				return this.#entries.getUint8(sample);
			default: {
				const pair = this.#entries.getUint8(sample >> 1);
				return sample % 2 === 0 ? pair >> 4 : pair & 15;
			}
		}
	}
}

/** The chunks in which samples lie (`stsc` §8.7.4, `stco` and `co64` §8.7.5). */
class ChunkTable {
	/** Of the chunk that `next` moved to. */
	offset = 0;
	samples = 0;
	/** From 0. */
	description = 0;
	readonly #offsets: DataView;
	readonly #offsetBytes: number;
	readonly #runs: DataView;
	#chunk = -1;
	#run = -12;

	constructor(table: Box) {
		const stco = table.child("stco");
		const box = stco ?? table.mustHave("co64");
		this.#offsetBytes = stco === undefined ? 8 : 4;
		this.#offsets = box.table(8, box.u32(4), this.#offsetBytes);
		const stsc = table.mustHave("stsc");
		this.#runs = stsc.table(8, stsc.u32(4), 12);
	}

	/** False where there are no more chunks. */
	next(): boolean {
		const at = ++this.#chunk * this.#offsetBytes;
		if (at >= this.#offsets.byteLength) return false;
		const high = this.#offsetBytes === 8 ? this.#offsets.getUint32(at) * 2 ** 32 : 0;
		this.offset = high + this.#offsets.getUint32(at + this.#offsetBytes - 4);
		while (this.#run + 12 < this.#runs.byteLength && this.#runs.getUint32(this.#run + 12) <= this.#chunk + 1) {
			this.#run += 12;
			this.samples = this.#runs.getUint32(this.#run + 4);
			this.description = this.#runs.getUint32(this.#run + 8) - 1;
		}
		return true;
	}
}
