import type { ObjectEncoding } from "@millrace/core/amf";
import { Slab } from "@millrace/core/bytes";
import {
	dataAsAmf0,
	MEDIA_AUDIO,
	MEDIA_DATA,
	MEDIA_DATA_AMF3,
	MEDIA_VIDEO,
	type MediaMessage,
} from "@millrace/core/flv";
import { framedLength, frameInto } from "@millrace/core/rtmp";
import type { BlockMemory, Framer } from "../hub/index.ts";

/** Chunk streams of shared blocks; the connection's own commands use others, so that a block may stand between any two. */
const AUDIO_CHUNK_STREAM = 6;
const VIDEO_CHUNK_STREAM = 7;
const DATA_CHUNK_STREAM = 4;

/** Small blocks share slabs, which the connections' payloads share too. */
export function slabMemory(slab: Slab | undefined): BlockMemory {
	return length => {
		if (slab === undefined || length > Slab.MAX_SHARED_BYTES) return Buffer.allocUnsafeSlow(length);
		const { buffer, byteOffset } = slab.allocate(length);
		return Buffer.from(buffer, byteOffset, length);
	};
}

/** Frames batches for players of one message stream id, chunk size and object encoding: nearly all share one. */
export class RtmpFramer implements Framer {
	readonly key: string;
	readonly #chunkSize: number;
	readonly #streamId: number;
	readonly #encoding: ObjectEncoding;
	readonly #memory: BlockMemory;
	readonly #offset: number;

	/**
	 * @param memory where blocks are made; default: each has memory of its own
	 * @param offsetMillis what is added to every time, where something was played before
	 */
	constructor(
		chunkSize: number,
		streamId: number,
		encoding: ObjectEncoding,
		memory: BlockMemory = Buffer.allocUnsafeSlow,
		offsetMillis = 0,
	) {
		this.#memory = memory;
		this.#offset = offsetMillis;
		this.key = `rtmp:${chunkSize}:${streamId}:${encoding}:${offsetMillis === 0 ? "" : `${offsetMillis}:`}`;
		this.#chunkSize = chunkSize;
		this.#streamId = streamId;
		this.#encoding = encoding;
	}

	frame(batch: readonly MediaMessage[], memory = this.#memory): Uint8Array {
		let length = 0;
		for (let i = 0; i < batch.length; i++) {
			const message = batch[i]!;
			const payload = this.#payload(message);
			if (payload === undefined) continue;
			length += framedLength(payload.length, (message.timestamp + this.#offset) >>> 0, this.#chunkSize);
		}
		// Every byte of it is written.
		const block = memory(length);
		let offset = 0;
		for (let i = 0; i < batch.length; i++) {
			const message = batch[i]!;
			const payload = this.#payload(message);
			if (payload === undefined) continue;
			const { type } = message;
			offset = frameInto(
				block,
				offset,
				type === MEDIA_VIDEO ? VIDEO_CHUNK_STREAM : type === MEDIA_AUDIO ? AUDIO_CHUNK_STREAM : DATA_CHUNK_STREAM,
				type === MEDIA_DATA_AMF3 && this.#encoding === 0 ? MEDIA_DATA : type,
				(message.timestamp + this.#offset) >>> 0,
				this.#streamId,
				payload,
				this.#chunkSize,
			);
		}
		return block;
	}

	/** AMF3 data is put into AMF0 for players that did not ask for AMF3; what cannot be is left out. */
	#payload(message: MediaMessage): Uint8Array | undefined {
		return message.type === MEDIA_DATA_AMF3 && this.#encoding === 0 ? dataAsAmf0(message.payload) : message.payload;
	}
}
