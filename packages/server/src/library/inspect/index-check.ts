import type { AmfObject } from "@millrace/core/amf";
import { MAX_REGRESSION_MILLIS } from "../flv/flv-timeline.ts";
import { type KeyframeTable, keyframeTableOf } from "../flv/keyframe-table.ts";

/** Holds the keyframe index of an FLV file's metadata against the tags as they come. */
export class IndexCheck {
	readonly #table: KeyframeTable | undefined;
	/** The times of the places that no tag was seen at as yet. */
	readonly #open = new Map<number, number>();
	#wrongTimes = 0;

	constructor(metadata: AmfObject | undefined) {
		this.#table = metadata === undefined ? undefined : keyframeTableOf(metadata);
		if (this.#table === undefined) return;
		const { count, positions, times } = this.#table;
		for (let entry = 0; entry < count; entry++) this.#open.set(positions[entry]!, times[entry]!);
	}

	get isThere(): boolean {
		return this.#table !== undefined;
	}

	/** How many entries name a place where there is no keyframe, or one of another time. */
	get wrongEntries(): number {
		return this.#open.size + this.#wrongTimes;
	}

	/** A keyframe, or a configuration of the pictures, at its place and time; `base` is the time of the first tag. */
	see(offset: number, millis: number, base: number): void {
		const told = this.#open.get(offset);
		if (told === undefined) return;
		this.#open.delete(offset);
		// Index times count from zero or from the first tag.
		const distance = Math.min(Math.abs(told - millis), Math.abs(told - base - millis));
		if (distance > MAX_REGRESSION_MILLIS) this.#wrongTimes++;
	}
}
