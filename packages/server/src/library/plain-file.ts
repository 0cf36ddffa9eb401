import type { GrowingFile } from "./growing-file.ts";
import type { FileIdentity, MediaFile } from "./media-file.ts";

/** A media file as it lies on the disk, open for one who copies it. */
export class PlainFile {
	/** How many bytes there are to read; of a file that is being recorded, as of the opening. */
	readonly size: number;
	readonly modifiedMillis: number;
	/** The file is being recorded: it will be longer. */
	readonly isGrowing: boolean;
	readonly #file: MediaFile;

	constructor(file: MediaFile, growing: GrowingFile | undefined) {
		this.#file = file;
		this.isGrowing = growing !== undefined && !growing.isFinished;
		this.size = growing === undefined ? file.size : Math.min(growing.readableBytes, file.size);
		this.modifiedMillis = file.modifiedMillis;
	}

	/** Which file it is and in which state. */
	get identity(): FileIdentity {
		return this.#file.identity;
	}

	/**
	 * As `OpenFile.read`.
	 *
	 * @throws {FileError} `FILE_UNREADABLE`
	 */
	read(offset: number, length: number): Promise<Uint8Array> {
		return this.#file.read(offset, length);
	}

	close(): void {
		this.#file.close();
	}
}
