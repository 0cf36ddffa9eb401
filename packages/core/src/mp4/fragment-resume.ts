import type { Box } from "./box.ts";
import type { ByteSource } from "./byte-source.ts";
import type { FragmentIndex } from "./fragment-index.ts";
import { type DurationField, durationPatches, type FilePatch } from "./fragment-init.ts";
import { scanFragments } from "./fragment-scan.ts";
import type { FragmentTrack } from "./fragment-track.ts";
import { walkFragments } from "./fragment-walk.ts";
import { MP4_LIMITS, type Mp4Limits } from "./mp4-limits.ts";
import { carryOut } from "./reading.ts";
import type { TrackHead } from "./track-head.ts";

/** A file of fragments to which more can be added, as far as it must be known for that. */
export type FragmentResume = {
	/** The file is to be cut here, in bytes: behind its last whole fragment. What follows is torn, or the old index. */
	readonly keptBytes: number;
	/** To be written over what stands there before anything is added: the durations, as not known. */
	readonly patches: readonly FilePatch[];
	/** Where the last frame ends, in milliseconds of the file. */
	readonly endMillis: number;
	/** In the order of the file. */
	readonly tracks: readonly ResumedTrack[];
	/** The number of the last fragment. */
	readonly sequence: number;
	/** How many there are. */
	readonly fragments: number;
	readonly index: FragmentIndex;
	readonly durationFields: readonly DurationField[];
};

/** A track of a file that is there already. */
export type ResumedTrack = {
	readonly fileTrackId: number;
	readonly kind: "video" | "audio";
	readonly timescale: number;
	/** The whole box. */
	readonly sampleEntry: Uint8Array;
};

/**
 * Looks how a file of fragments can be gone on with. Reads `moov` and each `moof`.
 *
 * @returns `undefined` where it has tracks that `FragmentWriter` does not write: with edit lists, several sample
 *   descriptions, samples in `moov`, or text
 * @throws {FileError} as `openMovie`
 */
export async function readFragmentEnd(
	source: ByteSource,
	limits: Mp4Limits = MP4_LIMITS,
): Promise<FragmentResume | undefined> {
	const { completeBytes, hasInit } = await scanFragments(source);
	if (!hasInit) return undefined;
	const reading = walkFragments(completeBytes, limits);
	const { fields, index, tracks, ...found } = await carryOut(reading, source, () => Promise.resolve());
	const resumed: ResumedTrack[] = [];
	let endMillis = 0;
	for (const { head, nextTime, samples } of tracks?.values() ?? []) {
		const track = resumedTrack(head);
		if (track === undefined) return undefined;
		resumed.push(track);
		if (samples > 0) endMillis = Math.max(endMillis, Math.ceil((nextTime * 1000) / head.timescale));
	}
	if (resumed.length === 0) return undefined;
	const { fragments, mediaEnd, sequence } = found;
	const patches = durationPatches(fields, 0);
	return {
		keptBytes: mediaEnd,
		patches,
		endMillis,
		tracks: resumed,
		sequence,
		fragments,
		index,
		durationFields: fields,
	};
}

/**
 * The tracks of a file that tracks of a stream go on with: for each the one of the same kind, in their order, with the
 * same sample entry and units of time. `undefined`: one of them has none.
 */
export function matchTracks(
	written: readonly FragmentTrack[],
	{ tracks }: FragmentResume,
): readonly ResumedTrack[] | undefined {
	const matches: ResumedTrack[] = [];
	const left = [...tracks];
	for (const { kind, format } of written) {
		const at = left.findIndex(track => track.kind === kind);
		const match = left[at];
		if (match === undefined || match.timescale !== format!.timescale) return undefined;
		if (!isSame(match.sampleEntry, format!.sampleEntry)) return undefined;
		matches.push(match);
		left.splice(at, 1);
	}
	return matches;
}

function resumedTrack({ id, kind, timescale, edits, table }: TrackHead): ResumedTrack | undefined {
	const [entry, ...more] = table.mustHave("stsd").children(8);
	const sizes = table.child("stsz");
	const isPlain = kind !== "other" && edits.length === 0 && more.length === 0 && sizes?.u32(8) === 0;
	if (!isPlain || entry === undefined) return undefined;
	return { fileTrackId: id, kind, timescale, sampleEntry: bytesOf(entry) };
}

/** A box in memory of its own, with size and type. */
function bytesOf({ type, view, length }: Box): Uint8Array {
	const bytes = new Uint8Array(8 + length);
	new DataView(bytes.buffer).setUint32(0, bytes.length);
	for (let at = 0; at < 4; at++) bytes[4 + at] = type.charCodeAt(at);
	bytes.set(new Uint8Array(view.buffer, view.byteOffset, length), 8);
	return bytes;
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
	return a.length === b.length && a.every((byte, at) => byte === b[at]);
}
