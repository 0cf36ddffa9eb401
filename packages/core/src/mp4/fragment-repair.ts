import type { ByteSource } from "./byte-source.ts";
import { durationPatches, type FilePatch } from "./fragment-init.ts";
import { type FragmentScan, scanFragments } from "./fragment-scan.ts";
import { walkFragments } from "./fragment-walk.ts";
import { openMovie } from "./movie.ts";
import { MP4_LIMITS, type Mp4Limits } from "./mp4-limits.ts";
import { carryOut } from "./reading.ts";

/** What makes a torn or unfinished file of fragments a complete one. */
export type FragmentRepair = {
	/** The file is to be cut here, in bytes: behind its last whole fragment. */
	readonly keptBytes: number;
	/** The random access index (`mfra`), to be appended; empty where the file ends in one. */
	readonly index: Uint8Array;
	/** The durations, to be written over what the file has there; empty where it has no room for them. */
	readonly patches: readonly FilePatch[];
	/** Of what is kept, in milliseconds. */
	readonly durationMillis: number;
};

/**
 * Finds what completes a file of fragments, whoever wrote it: where to cut it, its index and its duration. Reads `moov`
 * and each `moof`. `scan` is what `scanFragments` said of the file, if it was asked before.
 *
 * @throws {FileError} as `openMovie`, of what would be kept
 */
export async function repairFragments(
	source: ByteSource,
	scan?: FragmentScan,
	limits: Mp4Limits = MP4_LIMITS,
): Promise<FragmentRepair> {
	const { completeBytes, hasIndex } = scan ?? (await scanFragments(source));
	const kept: ByteSource = { size: completeBytes, read: (offset, length) => source.read(offset, length) };
	const { durationMillis } = await openMovie(kept, { limits });
	const { fields, index } = await carryOut(walkFragments(completeBytes, limits), source, () => Promise.resolve());
	return {
		keptBytes: completeBytes,
		index: hasIndex ? NO_BYTES : index.finish(),
		patches: durationPatches(fields, durationMillis),
		durationMillis,
	};
}

const NO_BYTES = new Uint8Array(0);
