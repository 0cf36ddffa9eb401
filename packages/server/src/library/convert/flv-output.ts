import type { AmfObject } from "@millrace/core/amf";
import { FileError } from "@millrace/core/fault";
import { encodeMetadata, MEDIA_DATA, MediaMessage } from "@millrace/core/flv";
import { FlvWriter } from "../recording/flv-writer.ts";
import type { OutputFile } from "./output-file.ts";

/** What an FLV file begins with. */
export type FlvOutputHead = {
	/** Members of `onMetaData` that describe the stream; length, size and index are found out. */
	readonly metadata: AmfObject;
	readonly configurations: readonly MediaMessage[];
	/** How many keyframes come: so much room the index gets, up to a bound. */
	readonly keyframes: number;
};

/** More keyframes than this are thinned out: 180 KB. */
const MAX_INDEX_SLOTS = 10_000;
/** Beside keyframes, the index names the configuration; so many more it costs nothing to have room for. */
const SPARE_SLOTS = 2;

/** Writes messages as an FLV file with its length and an index of its keyframes in `onMetaData`. */
export class FlvOutput {
	readonly #output: OutputFile;
	readonly #writer: FlvWriter;

	constructor(output: OutputFile, { metadata, configurations, keyframes }: FlvOutputHead) {
		this.#output = output;
		const described = new MediaMessage(MEDIA_DATA, 0, encodeMetadata(metadata));
		const slots = Math.min(keyframes + SPARE_SLOTS, MAX_INDEX_SLOTS);
		this.#writer = FlvWriter.create({ metadata: described, configurations }, 0, slots);
	}

	get durationMillis(): number {
		return this.#writer.durationMillis;
	}

	/**
	 * Writes messages, which may be views that are used otherwise as soon as it has resolved.
	 *
	 * @throws {FileError} `FILE_NOT_CONVERTIBLE`: there is no such time in FLV; as `OutputFile.append`
	 */
	async write(messages: readonly MediaMessage[]): Promise<void> {
		for (const message of messages) {
			if (this.#writer.add(message)) continue;
			throw new FileError("FILE_NOT_CONVERTIBLE", "FLV has no times past 24 days.");
		}
		await this.#output.append(this.#writer.take(false));
	}

	/** Completes the file. Throws as `OutputFile.patch`. */
	async end(): Promise<void> {
		await this.#output.append(this.#writer.take(true));
		for (const { position, bytes } of this.#writer.patches()) await this.#output.patch(position, bytes);
	}
}
