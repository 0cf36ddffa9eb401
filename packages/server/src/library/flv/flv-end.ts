import { MEDIA_VIDEO } from "@millrace/core/flv";
import type { FlvMap } from "./flv-map.ts";
import { TAG_HEAD_BYTES, TAIL_BYTES, type TagView } from "./flv-tag-reader.ts";
import { isCoded } from "./flv-timeline.ts";

/** What the end of a file tells. */
export type FlvEnd = {
	/** The end of the last message, in milliseconds. */
	readonly durationMillis: number;
	/** Behind this there are no tags, in bytes. */
	readonly mediaEnd: number;
};

/** How much of the end is looked at: more, where there is nothing in less. */
const LOOKS = [64 * 1024, 1024 * 1024, 4 * 1024 * 1024];
/** A message lasts as long as the one before it in its track did, but not longer than this. */
const MAX_MESSAGE_MILLIS = 1000;
/** Steps in which the end of the tags is searched in a file whose end holds none. */
const MAX_BISECTIONS = 24;
const BISECTION_BYTES = 1024 * 1024;

/** Reads the last tags. Times are those of the map's timeline as it is now. `undefined`: no sample is found. */
export async function readFlvEnd(map: FlvMap): Promise<FlvEnd | undefined> {
	const { reader, firstTag } = map;
	const budget = { bytes: 2 * LOOKS.at(-1)! };
	for (const look of LOOKS) {
		const found = await lastSamples(map, Math.max(firstTag, reader.end - look), reader.end, budget);
		if (found !== undefined) return found;
		if (reader.end - look <= firstTag) return undefined;
	}
	return endBeforeWaste(map);
}

/** Files that were allocated in advance and never filled end in bytes that hold nothing. */
async function endBeforeWaste(map: FlvMap): Promise<FlvEnd | undefined> {
	let low = map.firstTag;
	let high = map.reader.end;
	for (let step = 0; step < MAX_BISECTIONS && high - low > BISECTION_BYTES; step++) {
		const middle = Math.floor((low + high) / 2);
		const found = await map.reader.find(middle, Math.min(high, middle + BISECTION_BYTES), { bytes: BISECTION_BYTES });
		if (found < 0) high = middle;
		else low = found;
	}
	const from = low === map.firstTag ? low : Math.max(map.firstTag, low - BISECTION_BYTES);
	return lastSamples(map, from, high, { bytes: 4 * BISECTION_BYTES });
}

async function lastSamples(
	map: FlvMap,
	from: number,
	to: number,
	budget: { bytes: number },
): Promise<FlvEnd | undefined> {
	const start = from === map.firstTag ? from : await map.reader.find(from, to, budget);
	if (start < 0) return undefined;
	const tracks = [new LastSample(), new LastSample()] as const;
	let mediaEnd = start;
	const see = (tag: TagView, time: number): boolean => {
		if (tag.isMedia && isCoded(tag.flags)) tracks[tag.type === MEDIA_VIDEO ? 1 : 0].see(time);
		mediaEnd = tag.offset + TAG_HEAD_BYTES + tag.size + TAIL_BYTES;
		return true;
	};
	await map.scan(start, to, budget, see, to);
	if (!tracks.some(track => track.time >= 0)) return undefined;
	return { durationMillis: Math.max(...tracks.map(track => track.end)), mediaEnd };
}

class LastSample {
	time = -1;
	#length = 0;

	see(time: number): void {
		if (this.time >= 0) this.#length = Math.min(Math.max(0, time - this.time), MAX_MESSAGE_MILLIS);
		this.time = time;
	}

	get end(): number {
		return this.time + this.#length;
	}
}
