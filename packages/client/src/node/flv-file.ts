import { createReadStream } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import type { PeerError } from "@millrace/core/fault";
import { FlvDemuxer, type MediaMessage } from "@millrace/core/flv";
import { type FlvResumePoint, FlvScan } from "../flv-resume.ts";
import type { FlvSink } from "../player.ts";

const GATHERED_BYTES = 65_536;

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

/**
 * Where a file that was broken off can be gone on with; `undefined` where there is no file, or no frame in it. The whole
 * file is read.
 *
 * @throws the system's error; PeerError FLV_BAD_SIGNATURE, LimitError FLV_TAG_TOO_LARGE
 */
export async function findResumePoint(path: string): Promise<FlvResumePoint | undefined> {
	const scan = new FlvScan();
	try {
		for await (const bytes of createReadStream(path) as AsyncIterable<Uint8Array>) scan.push(bytes);
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
		throw error;
	}
	return scan.point();
}

/** A file that `playToFlv` writes. Small writes are gathered: one of 64 KiB costs little more than one of a frame. */
export class FlvFileSink implements FlvSink, AsyncDisposable {
	readonly #file: FileHandle;
	#offset: number;
	#waiting: Uint8Array[] = [];
	#waitingBytes = 0;

	private constructor(file: FileHandle, offset: number) {
		this.#file = file;
		this.#offset = offset;
	}

	/**
	 * What stood there is replaced.
	 *
	 * @throws the system's error
	 */
	static async create(path: string): Promise<FlvFileSink> {
		return new FlvFileSink(await open(path, "w"), 0);
	}

	/**
	 * Cuts a file and goes on behind.
	 *
	 * @throws the system's error
	 */
	static async goOn(path: string, bytes: number): Promise<FlvFileSink> {
		const file = await open(path, "r+");
		try {
			await file.truncate(bytes);
		} catch (error) {
			await file.close();
			throw error;
		}
		return new FlvFileSink(file, bytes);
	}

	async write(bytes: Uint8Array): Promise<void> {
		this.#waiting.push(bytes);
		this.#waitingBytes += bytes.length;
		if (this.#waitingBytes >= GATHERED_BYTES) await this.flush();
	}

	/** Hands to the system what was gathered. */
	async flush(): Promise<void> {
		const bytes = Buffer.concat(this.#waiting, this.#waitingBytes);
		this.#waiting = [];
		this.#waitingBytes = 0;
		let from = 0;
		while (from < bytes.length) {
			const { bytesWritten } = await this.#file.write(bytes, from, bytes.length - from, this.#offset);
			from += bytesWritten;
			this.#offset += bytesWritten;
		}
	}

	async patch(offset: number, bytes: Uint8Array): Promise<void> {
		await this.flush();
		await this.#file.write(bytes, 0, bytes.length, offset);
	}

	async close(): Promise<void> {
		try {
			await this.flush();
		} finally {
			await this.#file.close();
		}
	}

	async [Symbol.asyncDispose](): Promise<void> {
		await this.close();
	}
}
