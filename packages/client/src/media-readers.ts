import type { MediaMessage } from "@millrace/core/flv";
import { MediaQueue } from "./media-queue.ts";

/** How `media()` reads. */
export type MediaOptions = {
	/** Go on when the publisher stops, and wait for the next one. Default `false`: that is the end, as in ffmpeg. */
	readonly follow?: boolean;
	/** What is held for a reader that falls behind, in bytes. Default 32 MiB. */
	readonly maxBufferBytes?: number;
};

/** The readers of one stream's `media()`. */
export class MediaReaders {
	readonly #queues = new Map<MediaQueue, MediaOptions>();

	/** Whether somebody reads. */
	get any(): boolean {
		return this.#queues.size > 0;
	}

	get queues(): Iterable<MediaQueue> {
		return this.#queues.keys();
	}

	open(options: MediaOptions): MediaQueue {
		const queue = new MediaQueue(done => this.#queues.delete(done), options.maxBufferBytes);
		this.#queues.set(queue, options);
		return queue;
	}

	push(message: MediaMessage): void {
		for (const queue of this.#queues.keys()) queue.push(message);
	}

	/** Drops what waits, but for configurations and data. */
	clear(): void {
		for (const queue of this.#queues.keys()) queue.clear();
	}

	/** Ends all readers, or those that do not follow. */
	end(error?: Error, onlyIfNotFollowing = false): void {
		for (const [queue, options] of [...this.#queues]) {
			if (onlyIfNotFollowing && options.follow === true) continue;
			this.#queues.delete(queue);
			queue.end(error);
		}
	}
}
