import type { IncomingMessage, ServerResponse } from "node:http";
import { FileError } from "@millrace/core/fault";
import { encodeMetadata, MEDIA_DATA, MediaMessage } from "@millrace/core/flv";
import type { StreamName } from "../app/index.ts";
import { type MediaCatalog, type MediaCursor, type MediaSource, ReadTurns } from "../library/index.ts";
import type { EventLog } from "../log/index.ts";
import { flvFramer, flvHeaderOf, joined } from "./flv-framer.ts";
import { sendBlocks } from "./send-blocks.ts";
import { sendText } from "./text-answer.ts";

export type FlvFileOutputOptions = {
	readonly catalog: MediaCatalog;
	readonly log: EventLog;
	/** Whether there is such an application. */
	hasApplication(name: string): boolean;
	/** Whether one more viewer may come. */
	hasRoom(): boolean;
	/** Makes a connection's name for the log. */
	nextId(): string;
	/** The client's address, for the log. */
	addressOf(request: IncomingMessage): string;
};

/** What is asked for. */
export type FlvFileRequest = {
	readonly name: StreamName;
	/** Where to begin, in seconds; `undefined`: at the start. */
	readonly start: number | undefined;
	/** For the answer, whatever it is. */
	readonly headers: Readonly<Record<string, string>>;
};

/** What is read and sent at once. */
const READ_BYTES = 128 * 1024;

/**
 * Recordings and on-demand files of any container as FLV over HTTP: header, `onMetaData`, configurations, then the
 * messages with their times in the file, as fast as the client takes them. A file that is being recorded is followed
 * to its end.
 */
export class FlvFileOutput {
	readonly #options: FlvFileOutputOptions;
	readonly #responses = new Set<ServerResponse>();
	readonly #turns = new ReadTurns();

	constructor(options: FlvFileOutputOptions) {
		this.#options = options;
	}

	/** Answers that are being sent. */
	get viewerCount(): number {
		return this.#responses.size;
	}

	/** Answers a `GET` or `HEAD`. Resolves at the end of the answer; to false at once, unanswered, where there is no file. */
	async handle(asked: FlvFileRequest, request: IncomingMessage, response: ServerResponse): Promise<boolean> {
		const { catalog, hasApplication, log } = this.#options;
		if (!hasApplication(asked.name.application)) return false;
		let source: MediaSource | undefined;
		try {
			source = await catalog.open(asked.name);
			if (source === undefined) return false;
			await this.#answer(source, asked, request, response);
		} catch (error) {
			log[error instanceof FileError ? "warn" : "error"]("file-error", { stream: String(asked.name), error });
			if (response.headersSent) response.destroy();
			else sendText(response, 500, "The file cannot be played. The server's log says more.", asked.headers);
		} finally {
			source?.release();
		}
		return true;
	}

	/** Breaks off all answers. */
	stop(): void {
		for (const response of this.#responses) response.destroy();
	}

	async #answer(
		source: MediaSource,
		asked: FlvFileRequest,
		request: IncomingMessage,
		response: ServerResponse,
	): Promise<void> {
		const { log, nextId, hasRoom, addressOf } = this.#options;
		const fields = { "content-type": "video/x-flv", "cache-control": "no-store", ...asked.headers };
		if (request.method === "HEAD") {
			response.writeHead(200, fields).end();
			return;
		}
		if (!hasRoom()) {
			response.writeHead(503, { ...asked.headers, "retry-after": "10" }).end();
			return;
		}
		const from = addressOf(request);
		const child = log.child({ connection: nextId(), from, stream: String(asked.name), via: "http-flv-file" });
		this.#responses.add(response);
		try {
			const blocks = new FlvBlocks(source, asked.start, this.#turns);
			response.once("close", () => blocks.stop());
			let block = await blocks.next();
			child.info("play", { start: asked.start });
			const { path, flaws = [] } = source;
			if (flaws.length > 0) child.warn("file-damaged", { path, text: flaws.join(" ") });
			response.writeHead(200, fields);
			let bytes = 0;
			const next = async (): Promise<Uint8Array | undefined> => {
				const sent = block ?? (await blocks.next());
				block = undefined;
				bytes += sent?.length ?? 0;
				return sent;
			};
			await sendBlocks(response, next).finally(() => child.info("stop", { bytes }));
		} finally {
			this.#responses.delete(response);
		}
	}
}

/** A file from a place on as blocks of FLV. */
class FlvBlocks {
	readonly #source: MediaSource;
	readonly #start: number | undefined;
	readonly #cursor: MediaCursor;
	readonly #turns: ReadTurns;
	#hasBegun = false;
	#isStopped = false;
	#wake: (() => void) | undefined;

	constructor(source: MediaSource, start: number | undefined, turns: ReadTurns) {
		this.#source = source;
		this.#start = start;
		this.#turns = turns;
		this.#cursor = source.cursor();
	}

	/** Nobody waits any more for a file to grow. */
	stop(): void {
		this.#isStopped = true;
		this.#wake?.();
	}

	/** The block that follows; `undefined` at the end. */
	async next(): Promise<Uint8Array | undefined> {
		if (!this.#hasBegun) return this.#begin();
		for (;;) {
			// Asked before reading: a file may grow for the last time in between.
			const { isGrowing } = this.#source;
			const block = await this.#read([]);
			if (block !== undefined) {
				if (block.length > 0) return block;
			} else if (!isGrowing || this.#isStopped) {
				return undefined;
			} else {
				await this.#grown();
			}
		}
	}

	async #begin(): Promise<Uint8Array> {
		this.#hasBegun = true;
		const source = this.#source;
		const time = await this.#cursor.seek((this.#start ?? 0) * 1000);
		const metadata = new MediaMessage(MEDIA_DATA, time, encodeMetadata(source.metadata));
		// Asked before reading, which goes past changes.
		const head = [metadata, ...this.#cursor.configurations()];
		const tags = (await this.#read(head))!;
		return joined(flvHeaderOf(source), tags);
	}

	/** What follows, with what is to stand in front of it; `undefined`: there is neither. */
	async #read(head: readonly MediaMessage[]): Promise<Uint8Array | undefined> {
		const memory = await this.#turns.begin();
		try {
			const batch = await this.#cursor.read(READ_BYTES, Number.POSITIVE_INFINITY, memory);
			// Framing copies, within the turn.
			return head.length + batch.length === 0 ? undefined : flvFramer.frame([...head, ...batch]);
		} finally {
			this.#turns.end(memory);
		}
	}

	#grown(): Promise<void> {
		return new Promise(resolve => {
			const stop = this.#source.onGrowth(() => this.#wake?.());
			this.#wake = () => {
				stop();
				this.#wake = undefined;
				resolve();
			};
			// It was finished, or the client left, before anybody listened.
			if (!this.#source.isGrowing || this.#isStopped) this.#wake();
		});
	}
}
