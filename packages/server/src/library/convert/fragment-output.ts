import { FileError } from "@millrace/core/fault";
import type { MediaMessage } from "@millrace/core/flv";
import { type FilePatch, FragmentWriter, type InitSegment, type LeftOut } from "@millrace/core/mp4";
import type { OutputFile } from "./output-file.ts";

/** Writes messages as one fragmented MP4 file with its length and index. */
export class FragmentOutput {
	readonly #output: OutputFile;
	readonly #writer: FragmentWriter;
	#parts: Uint8Array[] = [];
	#patches: readonly FilePatch[] = [];
	#hasInit = false;
	#now = 0;

	/** @param onLeftOut is told of tracks that MP4 cannot carry, and of frames that cannot be read; it may throw */
	constructor(output: OutputFile, onLeftOut: (track: LeftOut) => void) {
		this.#output = output;
		this.#writer = new FragmentWriter({
			onInit: init => this.#begin(init),
			onFragment: ({ bytes }) => this.#parts.push(bytes),
			onFileEnd: ({ index, patches }) => {
				this.#parts.push(index);
				this.#patches = patches;
			},
			onLeftOut,
		});
	}

	/**
	 * Writes messages, which must not be changed any more.
	 *
	 * @throws {FileError} `FILE_NOT_CONVERTIBLE`: a codec's configuration changes; as `OutputFile.append`
	 */
	async write(messages: readonly MediaMessage[]): Promise<void> {
		for (const message of messages) {
			this.#now = message.timestamp;
			this.#writer.write(message);
		}
		await this.#flush();
	}

	/** Completes the file. Throws as `write`. */
	async end(): Promise<void> {
		this.#writer.end();
		if (!this.#hasInit) throw new FileError("FILE_NO_TRACK", "Nothing of it can be written as MP4.");
		await this.#flush();
		for (const { offset, bytes } of this.#patches) await this.#output.patch(offset, bytes);
	}

	#begin({ bytes, reason }: InitSegment): void {
		if (this.#hasInit) {
			const what = reason === "track-added" ? "A track begins" : "The configuration of a codec changes";
			const place = `${(this.#now / 1000).toFixed(3)} s`;
			throw new FileError("FILE_NOT_CONVERTIBLE", `${what} at ${place}, which one MP4 file cannot hold.`);
		}
		this.#hasInit = true;
		this.#parts.push(bytes);
	}

	async #flush(): Promise<void> {
		const parts = this.#parts;
		this.#parts = [];
		for (const part of parts) await this.#output.append(part);
	}
}
