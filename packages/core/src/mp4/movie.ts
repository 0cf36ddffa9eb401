import type { AmfObject } from "../amf/index.ts";
import type { ByteSource } from "./byte-source.ts";
import { MovieCursor } from "./movie-cursor.ts";
import type { MovieFlaw } from "./movie-flaw.ts";
import { type IndexedMovie, indexMovie, type MovieTrack } from "./movie-index.ts";
import { flvMetadata, movieMetadata } from "./movie-metadata.ts";
import { MP4_LIMITS, type Mp4Limits } from "./mp4-limits.ts";
import { carryOut } from "./reading.ts";

/** How a file is opened. */
export type MovieOptions = {
	/** The number of the sound track that is played, from 1 in the order of the file. Default: the first enabled one. */
	readonly audioTrack?: number;
	/**
	 * Awaited after each 20,000 samples or so while the file is indexed, to let others have the thread. Default: resolves
	 * at once.
	 */
	readonly pause?: () => Promise<void>;
	/** What the file may cost. Default: `MP4_LIMITS`. */
	readonly limits?: Partial<Mp4Limits>;
};

/**
 * Opens an MP4, M4A, QuickTime or F4V file, plain or fragmented, and indexes the samples of the video track and the
 * sound track that are played. A file that is cut off is opened as far as it goes, if its `moov` is there.
 *
 * @throws {FileError} `FILE_INVALID`: it is no such file, or contradicts itself; `FILE_NO_TRACK`: nothing in it can be
 *   played; `FILE_TOO_COMPLEX`: it goes past a limit. What `source.read` throws is passed on.
 */
export async function openMovie(source: ByteSource, options: MovieOptions = {}): Promise<Movie> {
	const limits = { ...MP4_LIMITS, ...options.limits };
	const pause = options.pause ?? (() => Promise.resolve());
	return new Movie(source, await carryOut(indexMovie(source.size, limits, options.audioTrack), source, pause));
}

/** An indexed file. It reads from its source, which it does not close, only through its cursors. */
export class Movie {
	readonly #source: ByteSource;
	readonly #index: IndexedMovie;
	#metadata: AmfObject | undefined;

	constructor(source: ByteSource, index: IndexedMovie) {
		this.#source = source;
		this.#index = index;
	}

	/** All tracks of the file, in its order, also those that are not played. */
	get tracks(): readonly MovieTrack[] {
		return this.#index.tracks;
	}

	get hasVideo(): boolean {
		return this.#index.video !== undefined;
	}

	get hasAudio(): boolean {
		return this.#index.audio !== undefined;
	}

	/** Of `tracks`, the one whose pictures are played. */
	get videoTrack(): MovieTrack | undefined {
		return this.#index.videoTrack;
	}

	/** Of `tracks`, the one whose sound is played. */
	get audioTrack(): MovieTrack | undefined {
		return this.#index.audioTrack;
	}

	/** Of `tracks`, those whose texts are sent as data messages (`onTextData`). */
	get textTracks(): readonly MovieTrack[] {
		const ids = new Set(this.#index.texts.map(({ facts }) => facts?.trackId));
		return this.tracks.filter(({ id, kind }) => kind === "other" && ids.has(id));
	}

	/** There are fragments, or room for them. */
	get isFragmented(): boolean {
		return this.#index.isFragmented;
	}

	/** How long the file's head says that it is, in milliseconds; `undefined` where it says nothing. */
	get toldMillis(): number | undefined {
		return this.#index.toldMillis;
	}

	/** From the first message to the end of what is presented last, in milliseconds. */
	get durationMillis(): number {
		return this.#index.durationMillis;
	}

	/** The file ends before the last of its samples; those that are there can be played. */
	get isTruncated(): boolean {
		return this.#index.isTruncated;
	}

	/** What is wrong with the file, as far as it is played: for a log. */
	get flaws(): readonly MovieFlaw[] {
		return this.#index.flaws;
	}

	/** What `onMetaData` tells a player, with the members that Flash Media Server gave it for MP4. */
	metadata(): AmfObject {
		this.#metadata ??= movieMetadata(this.#index);
		return this.#metadata;
	}

	/** What `onMetaData` tells in an FLV file, or from an encoder: codecs by their numbers, rates in kbit/s. */
	flvMetadata(): AmfObject {
		return flvMetadata(this.#index);
	}

	/** The decode times of the pictures that need no other, in milliseconds; empty without pictures. */
	keyframeTimes(): Float64Array {
		const index = this.#index.video?.index;
		const times = new Float64Array(index?.syncCount ?? 0);
		for (let sample = 0, at = 0; at < times.length; sample++) {
			if (index!.isSync(sample)) times[at++] = index!.timeOf(sample);
		}
		return times;
	}

	/** A place in the file, at its start. */
	cursor(): MovieCursor {
		return new MovieCursor(this.#source, this.#index);
	}
}
