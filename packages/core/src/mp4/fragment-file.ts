import { type FragmentPart, writeFragment } from "./fragment-box.ts";
import type { FileEnd, Fragment, WrittenTrack } from "./fragment-handler.ts";
import { FragmentIndex } from "./fragment-index.ts";
import { type DurationField, durationPatches, writeInit } from "./fragment-init.ts";
import type { FragmentResume, ResumedTrack } from "./fragment-resume.ts";
import type { FragmentTrack } from "./fragment-track.ts";

/** One file of fragments while it is written: its tracks, how far it is, and what its end will tell of its fragments. */
export class FragmentFile {
	/** Pictures first. Their numbers in the file are set. */
	readonly tracks: readonly FragmentTrack[];
	/** `ftyp` and `moov`; empty where the file was there already. */
	readonly init: Uint8Array;
	readonly #isWhole: boolean;
	readonly #index: FragmentIndex;
	readonly #durationFields: readonly DurationField[];
	#bytes: number;
	#startMillis: number;
	#endMillis: number;
	#sequence: number;

	private constructor(tracks: readonly FragmentTrack[], init: Uint8Array, isWhole: boolean, past: FilePast) {
		this.tracks = tracks;
		this.init = init;
		this.#isWhole = isWhole;
		this.#index = past.index;
		this.#durationFields = past.durationFields;
		this.#bytes = past.bytes;
		this.#startMillis = past.startMillis;
		this.#endMillis = past.endMillis;
		this.#sequence = past.sequence;
	}

	/**
	 * Begins a file of tracks whose formats are known.
	 *
	 * @param isWhole false for live segments: no room for the duration, and nothing is kept for an end
	 */
	static begin(tracks: readonly FragmentTrack[], isWhole: boolean): FragmentFile {
		for (const [index, track] of tracks.entries()) track.fileTrackId = index + 1;
		const { bytes, durationFields } = writeInit(tracks, isWhole);
		const past = {
			index: new FragmentIndex(),
			durationFields,
			bytes: bytes.length,
			startMillis: Number.POSITIVE_INFINITY,
			endMillis: 0,
			sequence: 0,
		};
		return new FragmentFile(tracks, bytes, isWhole, past);
	}

	/** Goes on with a file that is there, whose tracks are `matches`, each for the one at its place. */
	static resume(
		tracks: readonly FragmentTrack[],
		matches: readonly ResumedTrack[],
		{ index, durationFields, keptBytes, endMillis, sequence }: FragmentResume,
		isWhole: boolean,
	): FragmentFile {
		for (const [at, track] of tracks.entries()) track.fileTrackId = matches[at]!.fileTrackId;
		const past = { index, durationFields, bytes: keptBytes, startMillis: 0, endMillis, sequence };
		return new FragmentFile(tracks, NO_BYTES, isWhole, past);
	}

	/** The first picture, or the first sound where there is no picture: its sync samples end fragments. */
	get leader(): FragmentTrack {
		return this.tracks[0]!;
	}

	/** For who receives the file. */
	describeTracks(): WrittenTrack[] {
		return this.tracks.map(({ format, fileTrackId, trackId }) => ({ ...format!, fileTrackId, trackId }));
	}

	/** The next fragment, of the first samples of tracks of the file. It does not take them from the tracks. */
	write(parts: readonly FragmentPart[]): Fragment {
		const bytes = writeFragment(++this.#sequence, parts);
		const lead = parts.find(part => part.track === this.leader) ?? parts[0]!;
		if (this.#isWhole) this.#note(parts);
		this.#bytes += bytes.length;
		return {
			bytes,
			startMillis: lead.track.millis[0]!,
			endMillis: endMillisOf(lead),
			startsWithKeyframe: lead.track.syncs[0] === 1,
		};
	}

	/** How the file is completed; `undefined` for live segments, which have no end. */
	end(): FileEnd | undefined {
		if (!this.#isWhole) return undefined;
		const durationMillis = Math.max(0, this.#endMillis - this.#startMillis);
		const patches = durationPatches(this.#durationFields, durationMillis);
		return { index: this.#index.finish(), patches, durationMillis };
	}

	/** Keeps in mind what the end of the file will tell of a fragment that comes next. */
	#note(parts: readonly FragmentPart[]): void {
		for (const [at, part] of parts.entries()) {
			const { track, count } = part;
			this.#startMillis = Math.min(this.#startMillis, track.millis[0]!);
			this.#endMillis = Math.max(this.#endMillis, endMillisOf(part));
			const sync = track.syncs.indexOf(1);
			if (sync < 0 || sync >= count) continue;
			const time = Math.max(0, track.ticks[sync]! + track.compositions[sync]!);
			this.#index.add(track.fileTrackId, time, this.#bytes, at + 1, sync + 1);
		}
	}
}

/** What a file has when it is opened. */
type FilePast = {
	readonly index: FragmentIndex;
	readonly durationFields: readonly DurationField[];
	readonly bytes: number;
	/** The first decode time, in milliseconds. */
	readonly startMillis: number;
	/** Where the last sample ends, in milliseconds. */
	readonly endMillis: number;
	/** The number of the last fragment. */
	readonly sequence: number;
};

const NO_BYTES = new Uint8Array(0);

function endMillisOf({ track, count, nextTicks }: FragmentPart): number {
	const last = count - 1;
	if (count < track.count) return track.millis[count]!;
	const end = track.ticks[last]! + track.durationAt(last, nextTicks);
	return Math.round((end * 1000) / track.format!.timescale);
}
