import { type FileHandle, open } from "node:fs/promises";
import { encodeMetadata, MEDIA_DATA, MediaMessage } from "@millrace/core/flv";
import { type ByteSource, type Movie, openMovie } from "@millrace/core/mp4";

/** What one read of the file asks for, about. */
const READ_BYTES = 256 * 1024;

export type Mp4FileOptions = {
	/** The number of the sound track, from 1. Default: the first that is enabled. */
	readonly audioTrack?: number;
};

/** An MP4, M4A, QuickTime or F4V file whose messages can be published: `publishMedia(stream, () => file.messages())`. */
export class Mp4File implements AsyncDisposable {
	/** What the file holds. */
	readonly movie: Movie;
	readonly #file: FileHandle;

	private constructor(file: FileHandle, movie: Movie) {
		this.#file = file;
		this.movie = movie;
	}

	/**
	 * Opens a file and indexes its samples.
	 *
	 * @throws the system's error; FileError as `openMovie`
	 */
	static async open(path: string, options: Mp4FileOptions = {}): Promise<Mp4File> {
		const file = await open(path, "r");
		try {
			const source: ByteSource = {
				size: (await file.stat()).size,
				read: (offset, length) => readFully(file, offset, length),
			};
			return new Mp4File(file, await openMovie(source, options));
		} catch (error) {
			await file.close();
			throw error;
		}
	}

	/**
	 * The file as messages in decode order, from its start: `onMetaData`, the codecs' configurations, the frames. It can
	 * be asked for again, at the end or before.
	 *
	 * @throws the system's error; FileError FILE_INVALID where the file has become shorter
	 */
	async *messages(): AsyncGenerator<MediaMessage, undefined> {
		const cursor = this.movie.cursor();
		yield new MediaMessage(MEDIA_DATA, 0, encodeMetadata(this.movie.flvMetadata()));
		yield* cursor.configurations();
		for (;;) {
			const messages = await cursor.read(READ_BYTES);
			if (messages.length === 0) return undefined;
			yield* messages;
		}
	}

	close(): Promise<void> {
		return this.#file.close();
	}

	async [Symbol.asyncDispose](): Promise<void> {
		await this.close();
	}
}

async function readFully(file: FileHandle, offset: number, length: number): Promise<Uint8Array> {
	const bytes = new Uint8Array(length);
	let filled = 0;
	while (filled < length) {
		const { bytesRead } = await file.read(bytes, filled, length - filled, offset + filled);
		if (bytesRead === 0) return bytes.subarray(0, filled);
		filled += bytesRead;
	}
	return bytes;
}
