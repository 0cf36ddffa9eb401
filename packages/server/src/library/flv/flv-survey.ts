import { FLAG_KEYFRAME, MEDIA_VIDEO } from "@millrace/core/flv";
import type { FlvMap } from "./flv-map.ts";
import type { ReadBudget } from "./flv-tag-reader.ts";
import { isCoded, MAX_REGRESSION_MILLIS } from "./flv-timeline.ts";

/** A smaller file is read through. */
const WHOLE_BYTES = 1024 * 1024;
const PROBES = 16;
const SCAN_BYTES = 256 * 1024;
const BUDGET_BYTES = 32 * 1024 * 1024;
/** What is read of the start of a part, for its configurations. */
const PART_START_BYTES = 64 * 1024;
/** Parts that are looked for between two probes. */
const MAX_PARTS_BETWEEN = 4;

type Sample = { readonly offset: number; readonly rawTime: number };

/**
 * Looks whether the file was joined from several, whose times begin anew in the middle: at some places, evenly spread,
 * and where times go back from one place to the next, for the place where they do. Of a part that lies between two
 * places nothing is learnt; it is found when it is read.
 */
export async function surveyParts(map: FlvMap): Promise<void> {
	const { firstTag, mediaEnd } = map;
	const budget = { bytes: BUDGET_BYTES };
	if (mediaEnd - firstTag <= WHOLE_BYTES) {
		await map.scan(firstTag, mediaEnd, budget, (tag, time) => {
			if (tag.isVideo && (tag.flags & FLAG_KEYFRAME) !== 0) map.memory.note(tag.offset, time);
			return true;
		});
		return;
	}
	let before: Sample | undefined = await sampleAt(map, firstTag, mediaEnd, budget);
	for (let probe = 1; probe <= PROBES && before !== undefined && budget.bytes > 0; probe++) {
		const from = firstTag + Math.floor(((mediaEnd - firstTag) * probe) / PROBES);
		const sample = await sampleAt(map, probe === PROBES ? from - SCAN_BYTES : from, mediaEnd, budget);
		if (sample === undefined) continue;
		for (let part = 0; part < MAX_PARTS_BETWEEN && goesBack(before, sample); part++) {
			const found = await beginningOfPart(map, before, sample, budget);
			if (found === undefined || found.offset >= sample.offset) break;
			before = found;
		}
		before = sample;
	}
}

function goesBack(before: Sample, after: Sample): boolean {
	return after.rawTime < before.rawTime - MAX_REGRESSION_MILLIS;
}

/** Narrows down where times go back, and reads through what is left: the timeline then knows of the part. */
async function beginningOfPart(
	map: FlvMap,
	before: Sample,
	after: Sample,
	budget: ReadBudget,
): Promise<Sample | undefined> {
	let low = before;
	let high = after.offset;
	while (high - low.offset > SCAN_BYTES && budget.bytes > 0) {
		const middle = Math.floor((low.offset + high) / 2);
		const sample = await sampleAt(map, middle, high, budget);
		if (sample === undefined || goesBack(low, sample)) high = middle;
		else low = sample;
	}
	const known = map.timeline.partOffsets.length;
	let found: Sample | undefined;
	await map.scan(low.offset, after.offset + 1, budget, tag => {
		if (map.timeline.partOffsets.length > known && found === undefined) {
			found = { offset: tag.offset, rawTime: tag.rawTime & 0x7fff_ffff };
		}
		return tag.offset < (found?.offset ?? high) + PART_START_BYTES;
	});
	return found;
}

async function sampleAt(map: FlvMap, from: number, to: number, budget: ReadBudget): Promise<Sample | undefined> {
	const start = from === map.firstTag ? from : await map.reader.find(from, to, budget);
	if (start < 0) return undefined;
	let found: Sample | undefined;
	await map.reader.walk(start, to, budget, tag => {
		if (!tag.isMedia || !isCoded(tag.flags) || (map.hasVideo && tag.type !== MEDIA_VIDEO)) return true;
		found = { offset: tag.offset, rawTime: tag.rawTime & 0x7fff_ffff };
		return false;
	});
	return found;
}
