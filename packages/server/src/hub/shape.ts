import type { MediaMessage } from "@millrace/core/flv";
import { type WriteBlock, WriteGroup } from "../net/index.ts";
import { FramedBlock } from "./framed-block.ts";
import type { BlockMemory, Framer } from "./framer.ts";
import { scratchMemory } from "./scratch-memory.ts";
import type { StreamCache } from "./stream-cache.ts";
import type { Viewer } from "./viewer.ts";

/**
 * The viewers of one stream that are sent the same bytes, and the blocks that were made for them: a batch is framed
 * once for each shape, whole or from its keyframe on, and so is the start for those who join.
 */
export class Shape {
	readonly key: string;
	readonly framer: Framer;
	readonly wantsAudio: boolean;
	readonly wantsVideo: boolean;
	/** Viewers that take every block, but for those in the group. */
	readonly steady = new Set<Viewer>();
	/** Viewers that take every block, and to whom it is written together. */
	readonly group: WriteGroup;
	/** Viewers of this shape that wait for a keyframe. */
	readonly waiting = new Set<Viewer>();

	#startBlock: FramedBlock | undefined;
	#startVersion = -1;

	constructor(key: string, framer: Framer, wantsAudio: boolean, wantsVideo: boolean, write: WriteBlock | undefined) {
		this.key = key;
		this.framer = framer;
		this.wantsAudio = wantsAudio;
		this.wantsVideo = wantsVideo;
		this.group = new WriteGroup(write);
	}

	/** How many viewers take every block. */
	get steadyCount(): number {
		return this.steady.size + this.group.size;
	}

	get isEmpty(): boolean {
		return this.steadyCount === 0 && this.waiting.size === 0;
	}

	/** Hands the batch to all that take every one; returns how many bytes those are together. */
	hand(batch: readonly MediaMessage[], now: number): number {
		const count = this.steadyCount;
		// Nobody but a viewer outside the group keeps the block.
		const block = this.frame(batch, this.steady.size === 0 ? scratchMemory : undefined);
		const { length } = block.bytes;
		if (length === 0) return 0;
		const joining: Viewer[] = [];
		for (const viewer of this.steady) {
			viewer.deliver(block, now);
			if (viewer.isDrained) joining.push(viewer);
		}
		// Who leaves the group now has had the block, and so have those who join it.
		this.group.write(block.bytes, block.messages);
		for (const viewer of joining) {
			if (this.steady.has(viewer) && viewer.joinGroup(this.group)) this.steady.delete(viewer);
		}
		return length * count;
	}

	/** The messages as this shape's bytes, in memory of their own unless `memory` is given. */
	frame(batch: readonly MediaMessage[], memory?: BlockMemory): FramedBlock {
		const wanted = this.wantsAudio && this.wantsVideo ? batch : batch.filter(message => this.#wants(message));
		return wanted.length === 0 ? EMPTY : new FramedBlock(this.framer.frame(wanted, memory), wanted);
	}

	/**
	 * What a viewer gets who joins now: data, configurations, and the messages since the last keyframe. Made once for
	 * all who join at the same `version` of the stream.
	 */
	start(cache: StreamCache, version: number, clock: number): FramedBlock {
		if (this.#startBlock === undefined || this.#startVersion !== version) {
			const time = cache.group[0]?.timestamp ?? clock;
			this.#startBlock = this.frame([...head(cache, time), ...cache.group]);
			this.#startVersion = version;
		}
		return this.#startBlock;
	}

	/** Data and configurations alone, for a viewer who starts or goes on with a message at `time`. */
	head(cache: StreamCache, time: number): FramedBlock {
		return this.frame(head(cache, time));
	}

	/** Drops what was made, so that an idle shape keeps no memory. */
	forget(): void {
		this.#startBlock = undefined;
	}

	#wants(message: MediaMessage): boolean {
		return message.isAudio ? this.wantsAudio : message.isVideo ? this.wantsVideo : true;
	}
}

const EMPTY = new FramedBlock(new Uint8Array(0), []);

/**
 * Data and configurations for a viewer who joins. Configurations carry the time of the message that follows them.
 * Data is stamped 0: ffmpeg takes metadata at any other time for a subtitle track.
 */
function head(cache: StreamCache, time: number): MediaMessage[] {
	const messages: MediaMessage[] = [];
	for (const message of cache.data.messages()) messages.push(message.at(0));
	for (const message of cache.configurations()) messages.push(message.at(time));
	return messages;
}
