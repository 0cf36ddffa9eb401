import { createReadStream } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import type { PeerError } from "@millrace/core/fault";
import { FlvDemuxer, type MediaMessage } from "@millrace/core/flv";
import type { FlvSink } from "../player.ts";

export type FlvFileOptions = {
	/** Is told that the file ends inside a tag, as recordings that were interrupted do. Default: nobody is told. */
	readonly onTorn?: (fault: PeerError) => void;
};

/**
 * The messages of an FLV file, in order, read as they are needed.
 *
 * @throws the system's error; PeerError FLV_BAD_SIGNATURE, LimitError FLV_TAG_TOO_LARGE
 */
export async function* readFlvFile(
	path: string,
	options: FlvFileOptions = {},
): AsyncGenerator<MediaMessage, undefined> {
	let found: MediaMessage[] = [];
	const demuxer = new FlvDemuxer({ onTag: message => found.push(message) });
	for await (const bytes of createReadStream(path) as AsyncIterable<Uint8Array>) {
		demuxer.push(bytes);
		const messages = found;
		found = [];
		yield* messages;
	}
	const fault = demuxer.end();
	if (fault !== undefined) options.onTorn?.(fault);
	return undefined;
}

/** A file that `playToFlv` writes; what stood there is replaced. */
export class FlvFileSink implements FlvSink, AsyncDisposable {
	readonly #file: FileHandle;
	#offset = 0;

	private constructor(file: FileHandle) {
		this.#file = file;
	}

	/** @throws the system's error */
	static async create(path: string): Promise<FlvFileSink> {
		return new FlvFileSink(await open(path, "w"));
	}

	async write(bytes: Uint8Array): Promise<void> {
		let from = 0;
		while (from < bytes.length) {
			const { bytesWritten } = await this.#file.write(bytes, from, bytes.length - from, this.#offset);
			from += bytesWritten;
			this.#offset += bytesWritten;
		}
	}

	async patch(offset: number, bytes: Uint8Array): Promise<void> {
		await this.#file.write(bytes, 0, bytes.length, offset);
	}

	async close(): Promise<void> {
		await this.#file.close();
	}

	async [Symbol.asyncDispose](): Promise<void> {
		await this.close();
	}
}
