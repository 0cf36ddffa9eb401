import type { Box } from "./box.ts";
import { FragmentIndex } from "./fragment-index.ts";
import type { DurationField } from "./fragment-init.ts";
import { type FragmentedTrack, syncPlaces, takeFragment } from "./movie-fragment.ts";
import type { Mp4Limits } from "./mp4-limits.ts";
import type { Reading } from "./reading.ts";
import { type TopBox, TopLevelWalk } from "./top-level.ts";
import { durationPlaces, movieTimescale, readMovieHead } from "./track-head.ts";

/** What the boxes of a file of fragments tell. */
export type WalkedFragments = {
	/** Where durations stand. */
	readonly fields: readonly DurationField[];
	/** Of all fragments. */
	readonly index: FragmentIndex;
	/** By their ids; `undefined`: the file has no whole `moov`. */
	readonly tracks: ReadonlyMap<number, FragmentedTrack> | undefined;
	readonly fragments: number;
	/** The number that the last fragment gives itself; 0: there is none. */
	readonly sequence: number;
	/** Where the data of the last whole fragment ends, or `moov` where there is none, in bytes. */
	readonly mediaEnd: number;
};

/** Reads `moov` and each `moof` of the first `fileBytes` of a file, up to a fragment that is not whole. */
export function* walkFragments(fileBytes: number, limits: Mp4Limits): Reading<WalkedFragments> {
	const walk = new TopLevelWalk(fileBytes, limits);
	const index = new FragmentIndex();
	let fields: readonly DurationField[] = [];
	let tracks: ReadonlyMap<number, FragmentedTrack> | undefined;
	let fragments = 0;
	let sequence = 0;
	let mediaEnd = 0;
	let isInFragment = false;
	for (;;) {
		const box = yield* walk.next();
		const loaded = box === undefined ? undefined : yield* loadedOf(box);
		if (box === undefined || loaded === undefined) return { fields, index, tracks, fragments, sequence, mediaEnd };
		const end = box.offset + box.bytes;
		if (loaded === OTHER) {
			if (box.type === "mdat" && isInFragment && end <= fileBytes) mediaEnd = end;
			if (box.type === "mdat") isInFragment = false;
		} else if (box.type === "moov") {
			fields = fieldsOf(loaded, box.offset + box.headBytes);
			tracks = tracksOf(loaded, limits);
			mediaEnd = end;
		} else {
			const places = syncPlaces(loaded, box.offset, tracks!);
			// What `openMovie` does not play, the index must not name.
			if (!takeFragment(loaded, box.offset, tracks!, fileBytes)) {
				return { fields, index, tracks, fragments, sequence, mediaEnd };
			}
			for (const { trackId, time, part, sample } of places) index.add(trackId, time, box.offset, part, sample);
			fragments++;
			sequence = loaded.child("mfhd")?.u32(4) ?? sequence;
			isInFragment = true;
		}
	}

	/** `undefined`: the file ends inside it. */
	function* loadedOf(box: TopBox): Reading<Box | typeof OTHER | undefined> {
		if (box.type === "moov" && tracks === undefined) return yield* walk.load(box, limits.movieBoxBytes);
		if (box.type === "moof" && tracks !== undefined) return yield* walk.load(box, limits.fragmentBoxBytes);
		return OTHER;
	}
}

const OTHER = "other";

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
