import type { Reading } from "./reading.ts";
import type { SampleTimes } from "./sample-times.ts";
import type { TrackHead } from "./track-head.ts";

/** The stretch of a track that plays, in units of its own time scale. */
export type Stretch = {
	/** How long nothing plays before it. */
	readonly delay: number;
	/** Where it begins in the track's time. */
	readonly start: number;
	/** Where it ends; `Infinity`: where the track ends. */
	readonly end: number;
};

/** Where the samples of a stretch lie, and how its times become those of the presentation. */
export type Place = {
	/** The first sample that is needed. */
	readonly firstSample: number;
	/** Added to decode times. */
	readonly offset: number;
};

/**
 * The stretch of a track that is played: the first edit that is not empty, with those that continue it without a gap.
 * Edits that jump after that are not followed. `undefined`: the track has no edits.
 */
export function stretchOf({ edits, timescale }: TrackHead, movieTimescale: number): Stretch | undefined {
	const first = edits.findIndex(edit => edit.mediaTime >= 0);
	if (first < 0) return undefined;
	const ticks = (duration: number) => Math.round((duration * timescale) / movieTimescale);
	const start = edits[first]!.mediaTime;
	const delay = ticks(edits.slice(0, first).reduce((sum, edit) => sum + edit.duration, 0));
	let end = start;
	for (const edit of edits.slice(first)) {
		// The movie's units are coarser than the track's.
		if (Math.abs(edit.mediaTime - end) > Math.ceil(timescale / movieTimescale)) break;
		if (edit.duration === 0) return { delay, start, end: Number.POSITIVE_INFINITY };
		end = edit.mediaTime + ticks(edit.duration);
	}
	return { delay, start, end };
}

/**
 * Finds where a stretch of a track with sample tables begins. As ffmpeg does it, the first picture of the stretch is
 * shown at its very start, also where the edit begins between two pictures; sound is placed exactly. Decoding of
 * pictures begins at the sync sample before. Sound begins some frames before, which its decoder may need, or as early
 * as the picture, whose first decode time is `pictureMillis` of the presentation (`Infinity`: there is none). What is
 * decoded for the start is shown before it. `times` is used up. `undefined`: the track has ended before the stretch begins.
 */
export function* locateStretch(
	{ kind, timescale }: TrackHead,
	{ delay, start }: Stretch,
	times: SampleTimes,
	samples: number,
	pictureMillis: number,
): Reading<Place | undefined> {
	if (kind !== "video") {
		const offset = delay - start;
		const ticks = timescale / 1000;
		const from = Math.min(start - ROLL_IN_MILLIS * ticks, pictureMillis * ticks - offset);
		for (let sample = 0; sample < samples; sample++) {
			if (sample % STEP_SAMPLES === STEP_SAMPLES - 1) yield undefined;
			times.next();
			if (times.decodeTime + times.composition + times.duration > from) return { firstSample: sample, offset };
		}
		return samples === 0 ? { firstSample: 0, offset } : undefined;
	}
	let firstSample = 0;
	let lastEnd = 0;
	let firstShown = Number.POSITIVE_INFINITY;
	for (let sample = 0; sample < samples; sample++) {
		if (sample % STEP_SAMPLES === STEP_SAMPLES - 1) yield undefined;
		times.next();
		// No later sample can be shown before this one's earliest time.
		if (times.decodeTime + times.leastComposition > Math.max(start, firstShown)) break;
		const shown = times.decodeTime + times.composition;
		if (times.isSync && shown <= start) firstSample = sample;
		if (shown >= start && shown < firstShown) firstShown = shown;
		if (shown + times.duration > lastEnd) lastEnd = shown + times.duration;
	}
	if (firstShown === Number.POSITIVE_INFINITY && lastEnd <= start && samples > 0) return undefined;
	// The earliest composition time is negative where the offsets are: then decode times move, not pictures.
	const origin = firstShown === Number.POSITIVE_INFINITY ? start : firstShown;
	return { firstSample, offset: delay - origin + times.leastComposition };
}

/**
 * How far sound may begin before its edit. Encoders tell by the edit how much they put in front (H.264 files with AAC:
 * 23 ms, Apple's: 48 ms, HE-AAC: up to 120 ms), and decoders want that for themselves (Opus: 80 ms).
 */
const ROLL_IN_MILLIS = 150;

/** Samples between two pauses. */
export const STEP_SAMPLES = 20_000;
