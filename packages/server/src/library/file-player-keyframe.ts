import type { MediaSource } from "./media-source.ts";

/** Keyframes that are farther away are not waited for. */
const MAX_AHEAD_MILLIS = 60_000;
const FIRST_STEP_MILLIS = 500;

/**
 * The time of the first keyframe at or after a time, in milliseconds of the file; in a file without video, of a message.
 * `undefined`: none comes within a minute. It takes some ten seeks, which read little.
 *
 * @throws {FileError} as `MediaCursor.seek`
 */
export async function findKeyframe(source: MediaSource, millis: number): Promise<number | undefined> {
	const cursor = source.cursor();
	// Seeks go to the keyframe before: the smallest time is looked for from which on they go to one that is late enough.
	let low = millis;
	let high = millis;
	let found = await cursor.seek(millis);
	for (let step = FIRST_STEP_MILLIS; found < millis; step *= 2) {
		if (step > MAX_AHEAD_MILLIS || low > source.durationMillis) return undefined;
		low = high;
		high = millis + step;
		found = await cursor.seek(high);
	}
	while (found > low + 1) {
		const middle = Math.floor((low + Math.min(high, found)) / 2);
		if (middle <= low) break;
		const at = await cursor.seek(middle);
		if (at >= millis) {
			found = at;
			high = at;
		} else {
			low = middle;
		}
	}
	return found;
}
