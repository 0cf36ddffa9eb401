import type { Box } from "./box.ts";
import type { TrackHead } from "./track-head.ts";

/**
 * The times of a track's samples as its tables tell them (`stts`, `ctts`, `stss`), one sample after the other. Tables
 * that end too soon go on as they ended: the last duration, no composition offset.
 */
export class SampleTimes {
	/** Of the sample that `next` moved to, in units of the track's time scale. */
	decodeTime = 0;
	duration = 0;
	composition = 0;
	isSync = false;
	/** As given: no composition offset is smaller. */
	readonly leastComposition: number;
	readonly #durations: Runs;
	readonly #compositions: Runs;
	readonly #sync: SyncTable;
	#sample = -1;

	/** Throws `FILE_INVALID` where a table announces more entries than it has. */
	constructor({ kind, table }: TrackHead, leastComposition: number) {
		this.#durations = new Runs(entriesOf(table.child("stts")));
		this.#compositions = new Runs(entriesOf(table.child("ctts")));
		this.#sync = new SyncTable(kind === "video" ? table : undefined);
		this.leastComposition = leastComposition;
	}

	/** Moves to the next sample; at first to sample 0. */
	next(): void {
		this.#sample++;
		if (this.#sample > 0) this.decodeTime += this.duration;
		if (this.#durations.advance()) this.duration = durationOf(this.#durations.value);
		this.composition = this.#compositions.advance() ? compositionOf(this.#compositions.value) : 0;
		this.isSync = this.#sync.next(this.#sample);
	}
}

/** The smallest composition offset of a track, at most 0. Throws `FILE_INVALID` where `ctts` is shorter than it says. */
export function leastCompositionOf(table: Box): number {
	const entries = entriesOf(table.child("ctts"));
	let least = 0;
	for (let at = 4; at < entries.byteLength; at += 8) {
		const composition = compositionOf(entries.getUint32(at));
		if (composition < least) least = composition;
	}
	return least;
}

/** Table entries of a count of samples and their value (`stts`, `ctts`, `sbgp`). */
class Runs {
	readonly #count: number;
	/** Of the run that `advance` is in. */
	value = 0;
	readonly #entries: DataView;
	#run = -1;
	#left = 0;

	constructor(entries: DataView) {
		this.#count = entries.byteLength / 8;
		this.#entries = entries;
	}

	/** One sample further; false where the table has ended. Empty runs are passed over. */
	advance(): boolean {
		while (this.#left === 0) {
			if (this.#run + 1 >= this.#count) return false;
			this.#run++;
			this.#left = this.#entries.getUint32(this.#run * 8);
			this.value = this.#entries.getUint32(this.#run * 8 + 4);
		}
		this.#left--;
		return true;
	}
}

/** Which samples can be decoded without those before (`stss`, QuickTime's `stps`, the sample group `rap `). */
class SyncTable {
	readonly #areAllSync: boolean;
	readonly #full: SampleNumbers;
	readonly #partial: SampleNumbers;
	readonly #groups: Runs;
	readonly #dependencies: DataView;
	/** Nothing names a sync sample: then a decoder can begin at the first at least. */
	readonly #isUnknown: boolean;

	/** Without tables every sample is one, as in sound. */
	constructor(table: Box | undefined) {
		const stss = table?.child("stss");
		const sbgp = table?.children().find(box => box.type === "sbgp" && box.length >= 8 && box.name(4) === "rap ");
		this.#areAllSync = stss === undefined;
		this.#full = new SampleNumbers(stss);
		this.#partial = new SampleNumbers(table?.child("stps"));
		const groupsAt = sbgp?.version === 1 ? 12 : 8;
		this.#groups = new Runs(sbgp === undefined ? NO_ENTRIES : sbgp.table(groupsAt + 4, sbgp.u32(groupsAt), 8));
		// A track that names no sync sample may say in `sdtp` which samples depend on no other.
		const hasNone = this.#full.isEmpty && this.#partial.isEmpty && sbgp === undefined;
		const sdtp = hasNone ? table?.child("sdtp") : undefined;
		this.#dependencies = sdtp === undefined ? NO_ENTRIES : sdtp.table(4, Math.max(sdtp.length - 4, 0), 1);
		this.#isUnknown = hasNone && this.#dependencies.byteLength === 0;
	}

	/** To be called for each sample in order, from 0. */
	next(sample: number): boolean {
		if (this.#areAllSync) return true;
		const isFull = this.#full.has(sample);
		const isPartial = this.#partial.has(sample);
		const isInGroup = this.#groups.advance() && this.#groups.value !== 0;
		if (isFull || isPartial || isInGroup) return true;
		if (sample < this.#dependencies.byteLength) return ((this.#dependencies.getUint8(sample) >> 4) & 3) === 2;
		return this.#isUnknown && sample === 0;
	}
}

/** Numbers of samples in rising order, counted from 1 (`stss`). */
class SampleNumbers {
	readonly #numbers: DataView;
	#at = 0;

	constructor(box: Box | undefined) {
		this.#numbers = box === undefined ? NO_ENTRIES : box.table(8, box.u32(4), 4);
	}

	get isEmpty(): boolean {
		return this.#numbers.byteLength === 0;
	}

	/** Whether a sample, counted from 0, is among them; to be asked in rising order. Numbers out of order are lost. */
	has(sample: number): boolean {
		const end = this.#numbers.byteLength;
		while (this.#at < end && this.#numbers.getUint32(this.#at) <= sample) this.#at += 4;
		return this.#at < end && this.#numbers.getUint32(this.#at) === sample + 1;
	}
}

const NO_ENTRIES = new DataView(new ArrayBuffer(0));

function entriesOf(box: Box | undefined): DataView {
	return box === undefined ? NO_ENTRIES : box.table(8, box.u32(4), 8);
}

/** Durations of 2^31 and more are negative ones, with which some muxers correct a delay: time does not go back. */
function durationOf(value: number): number {
	return value > 0x7fff_ffff ? 1 : value;
}

/** Version 0 of `ctts` is unsigned by the standard, but many muxers write negative offsets in it. */
function compositionOf(value: number): number {
	return value | 0;
}
