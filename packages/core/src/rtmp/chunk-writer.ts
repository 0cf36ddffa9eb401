import { UsageError } from "../fault/index.ts";
import { DEFAULT_CHUNK_SIZE } from "./chunk-reader.ts";
import { writeU32 } from "./u32.ts";

const EXTENDED = 0xffffff;

class ChunkStream {
	timestamp = 0;
	/** The delta that a type-3 header would repeat; −1 after a type-0 header, where peers disagree what it means. */
	delta = -1;
	length = 0;
	type = 0;
	streamId = 0;
}

/**
 * Writes messages as chunks and shortens headers against those it wrote before on the same chunk stream (types 1, 2
 * and 3, RTMP 1.0 §5.3.1.2). Its slices must therefore leave in order, and none may be left out. Blocks that are
 * shared between connections are made by `frameInto` instead, on chunk streams that this writer does not use.
 */
export class ChunkWriter {
	/** Our chunk size in bytes; the caller announces a change before it sets it. */
	chunkSize: number = DEFAULT_CHUNK_SIZE;
	readonly #streams = new Map<number, ChunkStream>();

	/**
	 * @param chunkStreamId 2 to 65,599 (RTMP 1.0 §5.3.1.1); the shortest form is written
	 * @param timestamp milliseconds, modulo 2^32
	 * @returns the message in chunks, one slice
	 */
	write(chunkStreamId: number, type: number, timestamp: number, streamId: number, payload: Uint8Array): Uint8Array {
		if (payload.length > 0xffffff) throw new UsageError("USAGE", "An RTMP message holds at most 16,777,215 bytes.");
		let stream = this.#streams.get(chunkStreamId);
		const isNew = stream === undefined;
		if (stream === undefined) {
			stream = new ChunkStream();
			this.#streams.set(chunkStreamId, stream);
		}
		const delta = (timestamp - stream.timestamp) >>> 0;
		const format = isNew ? 0 : headerFormat(stream, delta, type, streamId, payload.length);
		const value = format === 0 ? timestamp : delta;
		const extended = value >= EXTENDED;
		stream.timestamp = timestamp;
		stream.delta = format === 0 ? -1 : delta;
		stream.length = payload.length;
		stream.type = type;
		stream.streamId = streamId;

		const basic = basicHeaderLength(chunkStreamId);
		const continuations = payload.length > this.chunkSize ? Math.ceil(payload.length / this.chunkSize) - 1 : 0;
		const extendedBytes = extended ? 4 : 0;
		const head = basic + HEADER_LENGTH[format]! + extendedBytes;
		const out = new Uint8Array(head + payload.length + continuations * (basic + extendedBytes));
		let offset = writeBasicHeader(out, 0, format, chunkStreamId);
		if (format < 3) offset = writeU24(out, offset, extended ? EXTENDED : value);
		if (format < 2) {
			offset = writeU24(out, offset, payload.length);
			out[offset++] = type;
		}
		if (format === 0) {
			for (let shift = 0; shift < 32; shift += 8) out[offset++] = streamId >>> shift;
		}
		if (extended) {
			writeU32(out, offset, value);
			offset += 4;
		}
		for (let from = 0; from < payload.length; ) {
			const to = Math.min(from + this.chunkSize, payload.length);
			out.set(payload.subarray(from, to), offset);
			offset += to - from;
			from = to;
			if (from < payload.length) {
				offset = writeBasicHeader(out, offset, 3, chunkStreamId);
				if (extended) {
					writeU32(out, offset, value);
					offset += 4;
				}
			}
		}
		return out;
	}
}

/** Bytes of the message header by header type. */
const HEADER_LENGTH = [11, 7, 3, 0];

function headerFormat(last: ChunkStream, delta: number, type: number, streamId: number, length: number): number {
	// A clock that goes back needs an absolute time. So does a jump of hours: receivers disagree whether an extended
	// field of types 1 and 2 is a delta.
	if (last.streamId !== streamId || delta >= EXTENDED) return 0;
	if (last.type !== type || last.length !== length) return 1;
	return delta === last.delta ? 3 : 2;
}

function basicHeaderLength(id: number): number {
	return id < 64 ? 1 : id < 320 ? 2 : 3;
}

function writeBasicHeader(out: Uint8Array, offset: number, format: number, id: number): number {
	if (id < 64) {
		out[offset] = (format << 6) | id;
		return offset + 1;
	}
	if (id < 320) {
		out[offset] = format << 6;
		out[offset + 1] = id - 64;
		return offset + 2;
	}
	out[offset] = (format << 6) | 1;
	out[offset + 1] = id - 64;
	out[offset + 2] = (id - 64) >>> 8;
	return offset + 3;
}

function writeU24(out: Uint8Array, offset: number, value: number): number {
	out[offset] = value >>> 16;
	out[offset + 1] = value >>> 8;
	out[offset + 2] = value;
	return offset + 3;
}
