import { AmfEcmaArray, type AmfObject, type AmfValue } from "@millrace/core/amf";
import type { GrowingKeyframes } from "../growing-file.ts";

/** The keyframe index that a file or its recorder tells. It may lie: each entry is checked in the file before it counts. */
export interface KeyframeTable {
	readonly count: number;
	/** Milliseconds as they stand in the tags, or from the first tag; ascending. */
	readonly times: Float64Array;
	/** Bytes from the start of the file to the header of a keyframe's tag, or of one of its configuration; ascending. */
	readonly positions: Float64Array;
}

/** The `keyframes` of `onMetaData` (`filepositions`, and `times` in seconds); `undefined` where there is no usable one. */
export function keyframeTableOf(metadata: AmfObject): KeyframeTable | undefined {
	const keyframes = metadata["keyframes"];
	const positions = numbersOf(memberOf(keyframes, "filepositions"));
	const times = numbersOf(memberOf(keyframes, "times"));
	if (positions === undefined || times === undefined) return undefined;
	const count = Math.min(positions.length, times.length);
	if (count === 0) return undefined;
	for (let index = 0; index < count; index++) {
		times[index] = times[index]! * 1000;
		if (index > 0 && !(positions[index]! > positions[index - 1]! && times[index]! >= times[index - 1]!))
			return undefined;
	}
	return { count, times, positions };
}

/** How many entries have a time at or before this. */
export function countUpTo(table: KeyframeTable | GrowingKeyframes, millis: number): number {
	let low = 0;
	let high = table.count;
	while (low < high) {
		const middle = (low + high) >> 1;
		if (table.times[middle]! <= millis) low = middle + 1;
		else high = middle;
	}
	return low;
}

function memberOf(value: AmfValue, name: string): AmfValue {
	if (value instanceof AmfEcmaArray) return value.get(name);
	if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
	const isPlain = Object.getPrototypeOf(value) === null || Object.getPrototypeOf(value) === Object.prototype;
	return isPlain ? (value as AmfObject)[name] : undefined;
}

/** Some writers make the arrays associative. */
function numbersOf(value: AmfValue): Float64Array | undefined {
	const items = value instanceof AmfEcmaArray ? [...value.dense, ...value.entries.values()] : value;
	if (!Array.isArray(items)) return undefined;
	const numbers = new Float64Array(items.length);
	for (const [index, item] of items.entries()) {
		if (typeof item !== "number" || !Number.isFinite(item) || item < 0) return undefined;
		numbers[index] = item;
	}
	return numbers;
}
