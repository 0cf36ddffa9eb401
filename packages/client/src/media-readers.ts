import type { MediaMessage } from "@millrace/core/flv";
import { MediaQueue } from "./media-queue.ts";

/** How `media()` reads. */
export type MediaOptions = {
	/** Go on when the publisher stops, and wait for the next one. Default `false`: that is the end, as in ffmpeg. */
	readonly follow?: boolean;
	/** What is held for a reader that falls behind, in bytes. Default 32 MiB. */
	readonly maxBufferBytes?: number;
	/**
	 * What happens when so much is held. `drop`: frames are left out up to a keyframe. `wait`: nothing more is read from
	 * the network until the reader has read half of it, which holds back all streams of the connection; where the
	 * transport cannot wait (WebSocket, HTTP), eight times as much is held before frames are left out. Default `drop`.
	 */
	readonly whenFull?: "drop" | "wait" | undefined;
};

/** The readers of one stream's `media()`. */
export class MediaReaders {
	readonly #queues = new Map<MediaQueue, MediaOptions>();
	readonly #onHold: (queue: MediaQueue, isHeld: boolean) => void;
	/** Messages that readers lost that do not read any more. */
	#droppedBefore = 0;

	/** @param onHold a queue that is full wants nothing to be read, or is no longer */
	constructor(onHold: (queue: MediaQueue, isHeld: boolean) => void) {
		this.#onHold = onHold;
	}

	/** Whether somebody reads. */
	get any(): boolean {
		return this.#queues.size > 0;
	}

	get queues(): Iterable<MediaQueue> {
		return this.#queues.keys();
	}

	/** Messages that readers have lost, since they were too slow. */
	get droppedMessages(): number {
		let dropped = this.#droppedBefore;
		for (const queue of this.#queues.keys()) dropped += queue.droppedMessages;
		return dropped;
	}

	open(options: MediaOptions): MediaQueue {
		const queue = new MediaQueue(
			done => this.#forget(done),
			options.maxBufferBytes,
			options.whenFull === "wait" ? isHeld => this.#onHold(queue, isHeld) : undefined,
		);
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
			this.#forget(queue);
			queue.end(error);
		}
	}

	#forget(queue: MediaQueue): void {
		if (this.#queues.delete(queue)) this.#droppedBefore += queue.droppedMessages;
	}
}
