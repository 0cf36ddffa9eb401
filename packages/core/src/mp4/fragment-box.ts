import { BoxWriter } from "./box-writer.ts";
import { FLAGS_DEPENDENT, FLAGS_SYNC } from "./fragment-init.ts";
import type { FragmentTrack } from "./fragment-track.ts";

/** What of a track goes into a fragment: its first `count` samples. */
export type FragmentPart = {
	readonly track: FragmentTrack;
	readonly count: number;
	/** When the sample after the last one begins, in ticks; `undefined`: not known, its length is guessed. */
	readonly nextTicks: number | undefined;
};

/**
 * Writes one `moof` and its `mdat` (ISO/IEC 14496-12 §8.8.4): for each part a track fragment with its own decode time,
 * so that the fragment can be read without those before. The samples of a part lie together. `sequence` counts from 1.
 */
export function writeFragment(sequence: number, parts: readonly FragmentPart[]): Uint8Array {
	let samples = 0;
	let dataBytes = 0;
	for (const { track, count } of parts) {
		samples += count;
		for (let index = 0; index < count; index++) dataBytes += track.bodies[index]!.length;
	}
	const box = new BoxWriter(128 + parts.length * 128 + samples * 16);
	/** Where the runs say how far their data is, and how far it is in the data. */
	const offsets: { readonly field: number; readonly inData: number }[] = [];
	box.begin("moof");
	box.beginFull("mfhd", 0, 0);
	box.fields.u32(sequence);
	box.end();
	let inData = 0;
	for (const part of parts) {
		const field = writeTrackFragment(box, part);
		offsets.push({ field, inData });
		for (let index = 0; index < part.count; index++) inData += part.track.bodies[index]!.length;
	}
	box.end();
	const headBytes = box.fields.length + MDAT_HEAD_BYTES;
	for (const { field, inData } of offsets) box.fields.patchU32(field, headBytes + inData);
	box.fields.u32(MDAT_HEAD_BYTES + dataBytes);
	box.fields.utf8("mdat");
	const head = box.finish();
	const bytes = new Uint8Array(head.length + dataBytes);
	bytes.set(head);
	let at = head.length;
	for (const { track, count } of parts) {
		for (let index = 0; index < count; index++) {
			const body = track.bodies[index]!;
			bytes.set(body, at);
			at += body.length;
		}
	}
	return bytes;
}

const MDAT_HEAD_BYTES = 8;

const TFHD_DURATION = 0x08;
const TFHD_SIZE = 0x10;
const TFHD_BASE_IS_MOOF = 0x02_0000;
const TRUN_DATA_OFFSET = 0x001;
const TRUN_FIRST_FLAGS = 0x004;
const TRUN_DURATION = 0x100;
const TRUN_SIZE = 0x200;
const TRUN_FLAGS = 0x400;
const TRUN_COMPOSITION = 0x800;

/** Answers where the offset of the run's data stands. Fields that are equal for all samples are written once. */
function writeTrackFragment(box: BoxWriter, { track, count, nextTicks }: FragmentPart): number {
	const { fields } = box;
	const facts = runFacts(track, count, nextTicks);
	const { hasDurations, hasSizes, hasFlags, hasFirstFlags, hasCompositions } = facts;
	box.begin("traf");
	box.beginFull("tfhd", 0, TFHD_BASE_IS_MOOF | (hasDurations ? 0 : TFHD_DURATION) | (hasSizes ? 0 : TFHD_SIZE));
	fields.u32(track.fileTrackId);
	if (!hasDurations) fields.u32(facts.duration);
	if (!hasSizes) fields.u32(track.bodies[0]!.length);
	box.end();
	box.beginFull("tfdt", 1, 0);
	box.u64(track.ticks[0]!);
	box.end();
	let runFlags = TRUN_DATA_OFFSET;
	if (hasFirstFlags) runFlags |= TRUN_FIRST_FLAGS;
	if (hasDurations) runFlags |= TRUN_DURATION;
	if (hasSizes) runFlags |= TRUN_SIZE;
	if (hasFlags) runFlags |= TRUN_FLAGS;
	if (hasCompositions) runFlags |= TRUN_COMPOSITION;
	box.beginFull("trun", 1, runFlags);
	fields.u32(count);
	const offsetField = fields.length;
	fields.u32(0);
	if (hasFirstFlags) fields.u32(FLAGS_SYNC);
	for (let index = 0; index < count; index++) {
		if (hasDurations) fields.u32(durationOf(track, index, count, nextTicks));
		if (hasSizes) fields.u32(track.bodies[index]!.length);
		if (hasFlags) fields.u32(track.syncs[index] ? FLAGS_SYNC : FLAGS_DEPENDENT);
		if (hasCompositions) fields.i32(track.compositions[index]!);
	}
	box.end();
	box.end();
	return offsetField;
}

type RunFacts = {
	/** Of the first sample, in ticks. */
	readonly duration: number;
	readonly hasDurations: boolean;
	readonly hasSizes: boolean;
	readonly hasFlags: boolean;
	readonly hasFirstFlags: boolean;
	readonly hasCompositions: boolean;
};

function runFacts(track: FragmentTrack, count: number, nextTicks: number | undefined): RunFacts {
	const duration = durationOf(track, 0, count, nextTicks);
	const size = track.bodies[0]!.length;
	let hasDurations = false;
	let hasSizes = false;
	let hasCompositions = false;
	let syncsBehindFirst = 0;
	for (let index = 0; index < count; index++) {
		hasDurations ||= durationOf(track, index, count, nextTicks) !== duration;
		hasSizes ||= track.bodies[index]!.length !== size;
		hasCompositions ||= track.compositions[index] !== 0;
		if (index > 0) syncsBehindFirst += track.syncs[index]!;
	}
	const isVideo = track.kind === "video";
	const hasFlags = isVideo && syncsBehindFirst > 0;
	const hasFirstFlags = isVideo && !hasFlags && track.syncs[0] === 1;
	return { duration, hasDurations, hasSizes, hasFlags, hasFirstFlags, hasCompositions };
}

/** In ticks, as much as the field holds: a sample of more than half a day is told shorter, the next decode time is right. */
function durationOf(track: FragmentTrack, index: number, count: number, nextTicks: number | undefined): number {
	return Math.min(track.durationAt(index, index + 1 === count ? nextTicks : undefined), 0xffff_ffff);
}
