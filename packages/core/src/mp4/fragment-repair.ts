import type { Box } from "./box.ts";
import type { ByteSource } from "./byte-source.ts";
import { FragmentIndex } from "./fragment-index.ts";
import { type DurationField, durationPatches, type FilePatch } from "./fragment-init.ts";
import { type FragmentScan, scanFragments } from "./fragment-scan.ts";
import { openMovie } from "./movie.ts";
import { type FragmentedTrack, syncPlaces, takeFragment } from "./movie-fragment.ts";
import { MP4_LIMITS, type Mp4Limits } from "./mp4-limits.ts";
import { carryOut, type Reading } from "./reading.ts";
import { TopLevelWalk } from "./top-level.ts";
import { durationPlaces, movieTimescale, readMovieHead } from "./track-head.ts";

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

type Fragments = { readonly fields: readonly DurationField[]; readonly index: FragmentIndex };

function* walkFragments(fileBytes: number, limits: Mp4Limits): Reading<Fragments> {
	const walk = new TopLevelWalk(fileBytes, limits);
	const index = new FragmentIndex();
	let fields: readonly DurationField[] = [];
	let tracks: ReadonlyMap<number, FragmentedTrack> | undefined;
	for (;;) {
		const box = yield* walk.next();
		if (box === undefined) return { fields, index };
		if (box.type === "moov" && tracks === undefined) {
			const moov = yield* walk.load(box, limits.movieBoxBytes);
			if (moov === undefined) return { fields, index };
			fields = fieldsOf(moov, box.offset + box.headBytes);
			tracks = tracksOf(moov, limits);
		} else if (box.type === "moof" && tracks !== undefined) {
			const moof = yield* walk.load(box, limits.fragmentBoxBytes);
			if (moof === undefined) return { fields, index };
			const places = syncPlaces(moof, box.offset, tracks);
			// What `openMovie` does not play, the index must not name.
			if (!takeFragment(moof, box.offset, tracks, fileBytes)) return { fields, index };
			for (const { trackId, time, part, sample } of places) index.add(trackId, time, box.offset, part, sample);
		}
	}
}

/** `bodyOffset`: where the body of `moov` begins in the file. */
function fieldsOf(moov: Box, bodyOffset: number): DurationField[] {
	const timescale = movieTimescale(moov);
	return durationPlaces(moov).map(({ box, at, byteLength }) => {
		const offset = bodyOffset + box.view.byteOffset - moov.view.byteOffset + at;
		return { offset, byteLength, timescale };
	});
}

function tracksOf(moov: Box, limits: Mp4Limits): Map<number, FragmentedTrack> {
	const { tracks, fragmentDefaults } = readMovieHead(moov, limits);
	return new Map(
		tracks.map(head => {
			const defaults = fragmentDefaults?.get(head.id) ?? { description: 1, duration: 0, bytes: 0, flags: 0 };
			return [head.id, { head, defaults, index: undefined, samples: 0, bytes: 0, nextTime: 0 }];
		}),
	);
}
