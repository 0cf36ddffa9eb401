import { FLAG_CONFIGURATION, FLAG_KEYFRAME, MEDIA_VIDEO, mediaFlags } from "@millrace/core/flv";
import type { FlvMap } from "./flv-map.ts";
import { isTagType, type ReadBudget, TAG_HEAD_BYTES, type TagView, TYPE_MASK, tagTime } from "./flv-tag-reader.ts";
import { isCoded } from "./flv-timeline.ts";
import { countUpTo, type KeyframeTable } from "./keyframe-table.ts";

/** A place in a file to go on from: where a tag's header begins, and the tag's time. */
export type FlvPlace = { readonly offset: number; readonly time: number };

/** What one search may read. Beyond it, the best place that was found by then counts. */
const MAX_SEEK_BYTES = 64 * 1024 * 1024;
/** A range that is read through instead of being halved. */
const SCAN_BYTES = 128 * 1024;
/** More steps than halving the largest file into ranges of that size takes, even when every other guess is bad. */
const MAX_STEPS = 80;
const FIRST_LOOK_BACK_BYTES = 128 * 1024;
const LAST_LOOK_BACK_BYTES = 4 * 1024 * 1024;
const PEEK_BYTES = 64;
/** After so many searches that ended at entries of the table, entries that lie no farther apart are believed. */
const AGREEMENTS_FOR_TRUST = 4;
/** How far a table's times may be off, in milliseconds. */
const TABLE_ERROR_MILLIS = 100;
/** Entries of a table that are tried: its times may be off by a frame. */
const TABLE_TRIES = 3;

/**
 * A range of the file: the tag at `low` is not after the time that is sought, and no sample from `high` on is at or
 * before it. `isOpen`: `high` is the end, so there is no sample after the time as yet.
 */
type Range = { low: number; lowTime: number; high: number; highTime: number; isOpen: boolean };

/**
 * Finds places by their time, with nothing known of the file but its first and last time: guesses where the time may
 * stand, finds a tag there, halves what is left, and reads through the rest. A table of keyframes and what earlier
 * searches found only narrow the range, so the result is the same with and without them. Once a table has proved right
 * a few times, it is enough to look whether a keyframe stands where it says: that is one small read instead of a dozen.
 */
export class FlvSeeker {
	readonly #map: FlvMap;
	readonly #table: () => KeyframeTable | undefined;
	readonly #lastTime: () => number;
	#tableIsWrong = false;
	/** Searches that ended at an entry of the table, and the longest distance to the next entry among them. */
	#agreements = 0;
	#provenGapMillis = 0;
	/** The whole file was read up to here, and there is no keyframe in it. */
	#noKeyframeBefore = 0;

	/**
	 * @param table the file's own index, if it has one
	 * @param lastTime the time of the file's end
	 */
	constructor(map: FlvMap, table: () => KeyframeTable | undefined, lastTime: () => number) {
		this.#map = map;
		this.#table = table;
		this.#lastTime = lastTime;
	}

	/**
	 * The last keyframe at or before `millis`; without video, or where it has no keyframes, the last message at or before
	 * it; before the first of them, the first.
	 */
	async seek(millis: number): Promise<FlvPlace | undefined> {
		const map = this.#map;
		const isPicture = map.hasVideo && map.reader.end > this.#noKeyframeBefore;
		if (isPicture) {
			const known = map.memory.floor(millis);
			if (known !== undefined && millis <= known.until) return known;
		}
		const budget = { bytes: MAX_SEEK_BYTES };
		const listed = isPicture ? await this.#listed(millis, budget) : undefined;
		if (listed !== undefined) return listed;
		const range = await this.#startRange(millis, isPicture, budget);
		await this.#narrow(range, millis, isPicture, budget);
		const found = isPicture
			? await this.#keyframeIn(range, millis, budget)
			: await this.#messageIn(range, millis, budget);
		if (found !== undefined && isPicture) this.#judgeTable(found);
		if (found !== undefined || !isPicture) return found;
		// No keyframe at or before it: the first one, or where there is none at all, any message.
		const first = map.memory.above(millis) ?? (await this.#firstKeyframe(budget));
		if (first !== undefined) return first;
		if (budget.bytes > 0) this.#noKeyframeBefore = map.reader.end;
		return this.#messageIn(range, millis, { bytes: MAX_SEEK_BYTES });
	}

	/** The keyframe that a table names which has proved right so far; `undefined`: it has to be searched for. */
	async #listed(millis: number, budget: ReadBudget): Promise<FlvPlace | undefined> {
		const table = this.#table();
		if (table === undefined || this.#tableIsWrong || this.#agreements < AGREEMENTS_FOR_TRUST) return undefined;
		const index = countUpTo(table, millis) - 1;
		if (index < 0 || index + 1 >= table.count) return undefined;
		const next = table.times[index + 1]!;
		const isClear = millis - table.times[index]! > TABLE_ERROR_MILLIS && next - millis > TABLE_ERROR_MILLIS;
		if (!isClear || next - table.times[index]! > this.#provenGapMillis) return undefined;
		const place = await this.#check(table.positions[index]!, budget);
		return place !== undefined && place.time <= millis ? place : undefined;
	}

	/** Notes whether a keyframe that was searched for is one that the table lists. */
	#judgeTable({ offset }: FlvPlace): void {
		const table = this.#table();
		if (table === undefined || this.#tableIsWrong) return;
		const index = table.positions.subarray(0, table.count).indexOf(offset);
		if (index < 0) {
			this.#agreements = 0;
			this.#provenGapMillis = 0;
			return;
		}
		this.#agreements++;
		if (index + 1 >= table.count) return;
		this.#provenGapMillis = Math.max(this.#provenGapMillis, table.times[index + 1]! - table.times[index]!);
	}

	/** What is known before anything is read, and what the table says, checked. */
	async #startRange(millis: number, isPicture: boolean, budget: ReadBudget): Promise<Range> {
		const map = this.#map;
		const high = Math.min(map.reader.end, Math.max(map.mediaEnd, map.firstTag));
		const range = { low: map.firstTag, lowTime: 0, high, highTime: this.#lastTime(), isOpen: true };
		if (!isPicture) return range;
		const below = map.memory.floor(millis);
		if (below !== undefined) lift(range, below);
		const above = map.memory.above(millis);
		if (above !== undefined) cut(range, above);
		const table = this.#table();
		if (table === undefined || this.#tableIsWrong) return range;
		const count = countUpTo(table, millis);
		for (let index = count; index < Math.min(count + TABLE_TRIES, table.count); index++) {
			if (table.positions[index]! >= range.high) break;
			const place = await this.#check(table.positions[index]!, budget);
			if (place === undefined) return range;
			if (place.time <= millis) lift(range, place);
			else {
				cut(range, place);
				break;
			}
		}
		for (let index = Math.min(count, table.count) - 1; index >= 0 && index >= count - TABLE_TRIES; index--) {
			if (table.positions[index]! <= range.low) break;
			const place = await this.#check(table.positions[index]!, budget);
			if (place === undefined) return range;
			if (place.time <= millis) {
				lift(range, place);
				break;
			}
			cut(range, place);
		}
		return range;
	}

	/** The tag that the table names, or `undefined` and no more trust where there is none. */
	async #check(offset: number, budget: ReadBudget): Promise<FlvPlace | undefined> {
		const { reader, timeline, memory } = this.#map;
		const bytes = await reader.read(offset, TAG_HEAD_BYTES + PEEK_BYTES);
		budget.bytes -= bytes.length;
		const isVideo = bytes.length > TAG_HEAD_BYTES && isTagType(bytes[0]!) && (bytes[0]! & TYPE_MASK) === MEDIA_VIDEO;
		const flags = isVideo ? mediaFlags(MEDIA_VIDEO, bytes.subarray(TAG_HEAD_BYTES)) : 0;
		if ((flags & (FLAG_KEYFRAME | FLAG_CONFIGURATION)) === 0 || !(await reader.isTagAt(offset, false))) {
			this.#tableIsWrong = true;
			return undefined;
		}
		const time = timeline.timeAt(offset, tagTime(bytes, 0));
		if ((flags & FLAG_KEYFRAME) !== 0) memory.note(offset, time);
		return { offset, time };
	}

	async #narrow(range: Range, millis: number, isPicture: boolean, budget: ReadBudget): Promise<void> {
		if (range.isOpen && millis >= range.highTime) {
			range.low = range.high;
			return;
		}
		let raised = false;
		for (let step = 0; step < MAX_STEPS && range.high - range.low > SCAN_BYTES && budget.bytes > 0; step++) {
			const middle = guess(range, millis, step, raised);
			const place = await this.#nextSample(middle, range.high, isPicture, budget);
			if (place === undefined) {
				if (budget.bytes <= 0) return;
				range.high = middle;
				raised = false;
			} else if (place.time > millis) {
				range.high = middle;
				range.highTime = place.time;
				range.isOpen = false;
				raised = false;
			} else {
				lift(range, place);
				raised = true;
			}
		}
	}

	/** The first sample that begins at or after `from`: of the pictures, whose times alone ascend for certain. */
	async #nextSample(from: number, to: number, isPicture: boolean, budget: ReadBudget): Promise<FlvPlace | undefined> {
		const start = await this.#map.reader.find(from, to, budget);
		if (start < 0) return undefined;
		let place: FlvPlace | undefined;
		await this.#map.scan(start, to, budget, (tag, time) => {
			if (!counts(tag, isPicture)) return true;
			place = { offset: tag.offset, time };
			if ((tag.flags & FLAG_KEYFRAME) !== 0) this.#map.memory.note(tag.offset, time);
			return false;
		});
		return place;
	}

	async #keyframeIn(range: Range, millis: number, budget: ReadBudget): Promise<FlvPlace | undefined> {
		const map = this.#map;
		let best: FlvPlace | undefined;
		let until = -1;
		const look = (tag: TagView, time: number): boolean => {
			if (!counts(tag, true)) return true;
			if (time > millis) {
				until = time - 1;
				return false;
			}
			if (range.isOpen) until = Math.max(until, time);
			if ((tag.flags & FLAG_KEYFRAME) !== 0) best = { offset: tag.offset, time };
			return true;
		};
		const { why } = await map.scan(range.low, range.high, budget, look);
		if (why !== "stopped" && !range.isOpen) until = range.highTime - 1;
		await this.#lookBack(range.low, budget, look, () => best !== undefined);
		if (best === undefined) return budget.bytes > 0 ? undefined : map.memory.floor(millis);
		map.memory.note(best.offset, best.time, Math.max(best.time, until));
		return best;
	}

	async #messageIn(range: Range, millis: number, budget: ReadBudget): Promise<FlvPlace | undefined> {
		const map = this.#map;
		let best: FlvPlace | undefined;
		let first: FlvPlace | undefined;
		const look = (tag: TagView, time: number): boolean => {
			if (!counts(tag, false)) return true;
			if (first === undefined || tag.offset < first.offset) first = { offset: tag.offset, time };
			if (time <= millis) best = { offset: tag.offset, time };
			return time <= millis;
		};
		await map.scan(range.low, range.high, budget, look);
		const isFound = () => best !== undefined;
		await this.#lookBack(range.low, budget, look, isFound);
		return best ?? first;
	}

	/** Shows the tags before `top` in windows that go backwards and grow, until one holds what is sought. */
	async #lookBack(
		before: number,
		budget: ReadBudget,
		look: (tag: TagView, time: number) => boolean,
		isFound: () => boolean,
	): Promise<void> {
		const { reader, firstTag } = this.#map;
		let top = before;
		let width = FIRST_LOOK_BACK_BYTES;
		while (!isFound() && top > firstTag && budget.bytes > 0) {
			const from = Math.max(firstTag, top - width);
			const start = from === firstTag ? from : await reader.find(from, top, budget);
			if (start >= 0) await this.#map.scan(start, top, budget, look);
			top = start >= 0 ? start : from;
			width = Math.min(width * 2, LAST_LOOK_BACK_BYTES);
		}
	}

	async #firstKeyframe(budget: ReadBudget): Promise<FlvPlace | undefined> {
		const map = this.#map;
		let found: FlvPlace | undefined;
		await map.scan(map.firstTag, map.reader.end, budget, (tag, time) => {
			if (!counts(tag, true) || (tag.flags & FLAG_KEYFRAME) === 0) return true;
			found = { offset: tag.offset, time };
			map.memory.note(tag.offset, time);
			return false;
		});
		return found;
	}
}

/** Whether a tag's time says on which side of the time that is sought it stands. */
function counts(tag: TagView, isPicture: boolean): boolean {
	return tag.isMedia && (!isPicture || tag.type === MEDIA_VIDEO) && isCoded(tag.flags);
}

function lift(range: Range, place: FlvPlace): void {
	if (place.offset <= range.low) return;
	range.low = place.offset;
	range.lowTime = place.time;
}

function cut(range: Range, place: FlvPlace): void {
	if (place.offset >= range.high) return;
	range.high = place.offset;
	range.highTime = place.time;
	range.isOpen = false;
}

/**
 * Where to look next: where the time stands if bytes go evenly with time, a little before it or, after a look that was
 * before it, a little behind, so that two good guesses enclose it. Every third look is in the middle, whatever the times
 * say.
 */
function guess(range: Range, millis: number, step: number, raised: boolean): number {
	const span = range.high - range.low;
	const share = (millis - range.lowTime) / Math.max(1, range.highTime - range.lowTime);
	if (step % 3 === 2 || !(share >= 0 && share <= 1)) return range.low + Math.floor(span / 2);
	const margin = SCAN_BYTES / 2;
	const at = range.low + share * span + (raised ? margin : -margin);
	const room = Math.min(span / 4, margin);
	return Math.floor(Math.min(Math.max(at, range.low + room), range.high - room));
}
