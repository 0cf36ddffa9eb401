import { setImmediate as nextTurn } from "node:timers/promises";
import type { AmfObject } from "@millrace/core/amf";
import { type Movie, openMovie } from "@millrace/core/mp4";
import type { OpenFile } from "./media-file.ts";
import type { MediaCursor, MediaSource } from "./media-source.ts";

/** An MP4, M4A, QuickTime or F4V file, plain or fragmented. What is added to it while it is open is not seen. */
export class Mp4Source implements MediaSource {
	readonly path: string;
	readonly bytes: number;
	readonly isGrowing = false;
	readonly #file: OpenFile;
	readonly #movie: Movie;

	/**
	 * Indexes a file, letting others have the thread meanwhile. The file then belongs to the source.
	 *
	 * @throws {FileError} `FILE_INVALID`, `FILE_NO_TRACK`, `FILE_TOO_COMPLEX`, `FILE_UNREADABLE`; the file is closed then
	 */
	static async open(file: OpenFile): Promise<Mp4Source> {
		try {
			return new Mp4Source(file, await openMovie(file, { pause: nextTurn }));
		} catch (error) {
			file.close();
			throw error;
		}
	}

	private constructor(file: OpenFile, movie: Movie) {
		this.path = file.path;
		this.bytes = file.size;
		this.#file = file;
		this.#movie = movie;
	}

	get durationMillis(): number {
		return this.#movie.durationMillis;
	}

	get hasVideo(): boolean {
		return this.#movie.hasVideo;
	}

	get hasAudio(): boolean {
		return this.#movie.hasAudio;
	}

	get metadata(): AmfObject {
		return this.#movie.metadata();
	}

	get flaws(): readonly string[] {
		return this.#movie.flaws.map(flaw => flaw.text);
	}

	cursor(): MediaCursor {
		return this.#movie.cursor();
	}

	onGrowth(): () => void {
		return () => {};
	}

	release(): void {
		this.#file.close();
	}
}
