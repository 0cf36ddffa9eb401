import type { MediaMessage } from "@millrace/core/flv";

/** Holds at most this many bytes for a reader that does not read. */
const DEFAULT_MAX_BYTES = 32 * 1024 * 1024;

/** So many times the limit is held where the network does not wait. */
const UNHELD_FACTOR = 8;

/**
 * What stands between a stream and one reader of `media()`. A reader that falls behind further than the limit loses
 * messages up to the next keyframe that has room (or, without video, until there is room again); configurations and
 * data are kept.
 */
export class MediaQueue implements AsyncIterableIterator<MediaMessage, undefined> {
	droppedMessages = 0;
	readonly #maxBytes: number;
	readonly #onReturn: (queue: MediaQueue) => void;
	#messages: MediaMessage[] = [];
	/** Where the first message stands; the array is cut when it has been read. */
	#first = 0;
	#bytes = 0;
	#skipsVideo = false;
	readonly #onHold: ((isHeld: boolean) => void) | undefined;
	#isHeld = false;
	#ended = false;
	#error: Error | undefined;
	#readers: { resolve(result: IteratorResult<MediaMessage, undefined>): void; reject(error: Error): void }[] = [];

	/**
	 * @param onReturn called when the reader has had enough
	 * @param onHold called when the limit is passed, and when half of it has been read: the network then waits or goes on
	 */
	constructor(
		onReturn: (queue: MediaQueue) => void,
		maxBytes: number = DEFAULT_MAX_BYTES,
		onHold?: (isHeld: boolean) => void,
	) {
		this.#onReturn = onReturn;
		this.#onHold = onHold;
		this.#maxBytes = maxBytes;
	}

	push(message: MediaMessage): void {
		if (this.#ended) return;
		const reader = this.#readers.shift();
		if (reader !== undefined) {
			reader.resolve({ value: message, done: false });
			return;
		}
		if (this.#mustDrop(message)) {
			this.droppedMessages++;
			return;
		}
		this.#messages.push(message);
		this.#bytes += message.payload.length;
		this.#hold();
	}

	/** Drops audio and video that wait, as a player does that seeks; configurations and data stay. */
	clear(): void {
		this.#messages = this.#messages
			.slice(this.#first)
			.filter(message => message.isConfiguration || !(message.isAudio || message.isVideo));
		this.#first = 0;
		this.#bytes = this.#messages.reduce((sum, message) => sum + message.payload.length, 0);
		this.#skipsVideo = false;
		this.#hold();
	}

	/** The reader gets what is there, then the end, or the error. */
	end(error?: Error): void {
		if (this.#ended) return;
		this.#ended = true;
		this.#hold();
		const readers = this.#readers;
		this.#readers = [];
		if (error !== undefined && readers.length > 0) {
			readers.shift()!.reject(error);
		} else this.#error = error;
		for (const reader of readers) reader.resolve({ value: undefined, done: true });
	}

	/** Bytes that wait, by kind. */
	buffered(kind: "audio" | "video" | "data"): number {
		let bytes = 0;
		for (let index = this.#first; index < this.#messages.length; index++) {
			const message = this.#messages[index]!;
			if ((message.isAudio ? "audio" : message.isVideo ? "video" : "data") === kind) bytes += message.payload.length;
		}
		return bytes;
	}

	next(): Promise<IteratorResult<MediaMessage, undefined>> {
		const message = this.#messages[this.#first];
		if (message !== undefined) {
			this.#first++;
			this.#bytes -= message.payload.length;
			this.#hold();
			if (this.#first === this.#messages.length || this.#first > 1024) {
				this.#messages = this.#messages.slice(this.#first);
				this.#first = 0;
			}
			return Promise.resolve({ value: message, done: false });
		}
		const error = this.#error;
		if (error !== undefined) {
			this.#error = undefined;
			return Promise.reject(error);
		}
		if (this.#ended) return Promise.resolve({ value: undefined, done: true });
		return new Promise((resolve, reject) => {
			this.#readers.push({ resolve, reject });
		});
	}

	return(): Promise<IteratorResult<MediaMessage, undefined>> {
		this.#messages = [];
		this.#first = 0;
		this.#bytes = 0;
		this.#error = undefined;
		this.end();
		this.#onReturn(this);
		return Promise.resolve({ value: undefined, done: true });
	}

	[Symbol.asyncIterator](): this {
		return this;
	}

	async [Symbol.asyncDispose](): Promise<void> {
		await this.return();
	}

	#hold(): void {
		if (this.#onHold === undefined) return;
		const isHeld = !this.#ended && this.#bytes > (this.#isHeld ? this.#maxBytes / 2 : this.#maxBytes);
		if (isHeld === this.#isHeld) return;
		this.#isHeld = isHeld;
		this.#onHold(isHeld);
	}

	#mustDrop(message: MediaMessage): boolean {
		if (message.isConfiguration || !(message.isAudio || message.isVideo)) return false;
		const most = this.#onHold === undefined ? this.#maxBytes : this.#maxBytes * UNHELD_FACTOR;
		const isFull = this.#bytes + message.payload.length > most;
		if (!message.isVideo) return isFull;
		if (isFull) this.#skipsVideo = true;
		else if (message.isKeyframe) this.#skipsVideo = false;
		return this.#skipsVideo;
	}
}
