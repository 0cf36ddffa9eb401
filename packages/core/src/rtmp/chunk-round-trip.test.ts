import { randomSplit, type Split, splits } from "@millrace/testkit";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { MillraceError } from "../fault/index.ts";
import { bytesOf, CASE_LIMITS, CHUNK_CASES, type ChunkMessage, patternOf } from "./chunk-case.ts";
import { framedLength, frameInto } from "./chunk-frame.ts";
import { ChunkReader } from "./chunk-reader.ts";
import { ChunkWriter } from "./chunk-writer.ts";

const SET_CHUNK_SIZE = 1;

type Sent = ChunkMessage & { readonly chunkStreamId: number };
/** Messages under one chunk size; `order` says whose chunk goes next. */
type Phase = { readonly chunkSize: number; readonly messages: readonly Sent[]; readonly order: readonly number[] };

const timestamps = fc.oneof(
	fc.nat(0xffffffff),
	fc.nat(100),
	fc.integer({ min: 0xfffff0, max: 0x100000f }),
	fc.integer({ min: 0xfffffff0, max: 0xffffffff }),
);
const sent: fc.Arbitrary<Sent> = fc.record({
	chunkStreamId: fc.oneof(fc.integer({ min: 2, max: 8 }), fc.constantFrom(63, 64, 319, 320, 65_599)),
	type: fc.constantFrom(3, 8, 9, 18, 20),
	timestamp: timestamps,
	streamId: fc.constantFrom(0, 1, 2, 0xffffff),
	payload: fc
		.tuple(fc.oneof(fc.nat(3), fc.constantFrom(127, 128, 129, 256), fc.nat(600)), fc.nat(255))
		.map(([length, start]) => patternOf(length, start)),
});
const phases = fc.array(
	fc.record({
		chunkSize: fc.oneof(fc.integer({ min: 1, max: 10 }), fc.constantFrom(127, 128, 4096, 0xffffff)),
		messages: fc.array(sent, { maxLength: 12 }),
		order: fc.array(fc.nat(100), { minLength: 1, maxLength: 30 }),
	}),
	{ minLength: 1, maxLength: 4 },
);

function readWith(split: Split, bytes: Uint8Array, limits = CASE_LIMITS): ChunkMessage[] {
	const messages: ChunkMessage[] = [];
	const reader = new ChunkReader(
		{ onMessage: (type, timestamp, streamId, payload) => messages.push({ type, timestamp, streamId, payload }) },
		limits,
	);
	split.feed(bytes, piece => {
		reader.receive(piece);
		if (reader.heldBytes > 3 * limits.partialBytes) throw new Error("More is held than the limit allows.");
	});
	return messages;
}

/** A whole-stream reader with none of the reader's cleverness, for valid input that repeats extended timestamps. */
function readNaively(bytes: Uint8Array): ChunkMessage[] {
	const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
	const streams = new Map<number, { time: number; delta: number; wide: boolean; head: number[]; data: number[] }>();
	const messages: ChunkMessage[] = [];
	let chunkSize = 128;
	let at = 0;
	while (at < bytes.length) {
		const format = bytes[at]! >> 6;
		let id = bytes[at++]! & 63;
		if (id === 0) id = bytes[at++]! + 64;
		else if (id === 1) {
			id = view.getUint16(at, true) + 64;
			at += 2;
		}
		const stream = streams.get(id) ?? { time: 0, delta: 0, wide: false, head: [0, 0, 0], data: [] };
		streams.set(id, stream);
		if (format < 3) {
			let field = view.getUint32(at) >>> 8;
			stream.wide = field === 0xffffff;
			const short = at + 3;
			if (format < 2) stream.head = [view.getUint32(short) >>> 8, bytes[short + 3]!, stream.head[2]!];
			if (format === 0) stream.head[2] = view.getUint32(short + 4, true);
			at += [11, 7, 3][format]!;
			if (stream.wide) field = view.getUint32(at);
			stream.delta = field;
			if (format === 0) stream.time = 0;
		}
		if (stream.wide) at += 4;
		if (stream.data.length === 0) stream.time = (stream.time + stream.delta) % 2 ** 32;
		const [length, type, streamId] = stream.head as [number, number, number];
		const count = Math.min(chunkSize, length - stream.data.length);
		stream.data.push(...bytes.subarray(at, at + count));
		at += count;
		if (stream.data.length < length) continue;
		const payload = Uint8Array.from(stream.data);
		messages.push({ type, timestamp: stream.time, streamId, payload });
		stream.data = [];
		if (type === SET_CHUNK_SIZE) chunkSize = Math.min(new DataView(payload.buffer).getUint32(0), 0xffffff);
	}
	return messages;
}

/** Cuts what a writer made of one message into its chunks. */
function chunksOf(slice: Uint8Array, length: number, chunkSize: number): Uint8Array[] {
	const basic = [2, 3][slice[0]! & 63] ?? 1;
	const format = slice[0]! >> 6;
	const continuations = Math.max(0, Math.ceil(length / chunkSize) - 1);
	const plain = basic + [11, 7, 3, 0][format]! + length + continuations * basic;
	const extension = (slice.length - plain) / (continuations + 1);
	const chunks: Uint8Array[] = [];
	let at = 0;
	for (let left = length; left > 0 || at === 0; left -= chunkSize) {
		const head = basic + (at === 0 ? [11, 7, 3, 0][format]! : 0) + extension;
		const end = at + head + Math.min(left, chunkSize);
		chunks.push(slice.subarray(at, end));
		at = end;
	}
	return chunks;
}

/** The bytes of all phases with chunks interleaved, and the messages in the order of their last chunks. */
function interleave(all: readonly Phase[]): { bytes: Uint8Array; expected: ChunkMessage[] } {
	const writer = new ChunkWriter();
	const parts: Uint8Array[] = [];
	const expected: ChunkMessage[] = [];
	for (const { chunkSize, messages, order } of all) {
		const payload = new Uint8Array(4);
		new DataView(payload.buffer).setUint32(0, chunkSize);
		parts.push(writer.write(2, SET_CHUNK_SIZE, 0, 0, payload));
		writer.chunkSize = chunkSize;
		expected.push({ type: SET_CHUNK_SIZE, timestamp: 0, streamId: 0, payload });
		const queues = new Map<number, { chunk: Uint8Array; ends: ChunkMessage | undefined }[]>();
		for (const { chunkStreamId, ...message } of messages) {
			const { type, timestamp, streamId } = message;
			const slice = writer.write(chunkStreamId, type, timestamp, streamId, message.payload);
			const chunks = chunksOf(slice, message.payload.length, chunkSize);
			const queue = queues.get(chunkStreamId) ?? [];
			queue.push(...chunks.map((chunk, i) => ({ chunk, ends: i === chunks.length - 1 ? message : undefined })));
			queues.set(chunkStreamId, queue);
		}
		for (let turn = 0; queues.size > 0; turn++) {
			const ids = [...queues.keys()];
			const id = ids[order[turn % order.length]! % ids.length]!;
			const { chunk, ends } = queues.get(id)!.shift()!;
			parts.push(chunk);
			if (ends !== undefined) expected.push(ends);
			if (queues.get(id)!.length === 0) queues.delete(id);
		}
	}
	return { bytes: bytesOf(...parts), expected };
}

describe("messages that are written, interleaved chunk by chunk and read", () => {
	test("are the same, however their bytes are cut, and as a naive reader has them", () => {
		fc.assert(
			fc.property(phases, fc.nat(1000), (all, seed) => {
				const { bytes, expected } = interleave(all);
				expect(readNaively(bytes)).toEqual(expected);
				for (const split of [splits[0]!, splits[1]!, randomSplit(seed + 1)]) {
					expect(readWith(split, bytes)).toEqual(expected);
				}
			}),
			{ numRuns: 150 },
		);
	});

	test("are the same after framing without state", () => {
		const whole = fc.record({ chunkSize: fc.constantFrom(1, 128, 4096), messages: fc.array(sent, { maxLength: 8 }) });
		fc.assert(
			fc.property(whole, fc.nat(1000), ({ chunkSize, messages }, seed) => {
				const length = messages.reduce(
					(sum, { payload, timestamp }) => sum + framedLength(payload.length, timestamp, chunkSize),
					16,
				);
				const bytes = new Uint8Array(length);
				const size = bytesOf(chunkSize.toString(16).padStart(8, "0"));
				let at = frameInto(bytes, 0, 2, SET_CHUNK_SIZE, 0, 0, size, 128);
				for (const { chunkStreamId, type, timestamp, streamId, payload } of messages) {
					at = frameInto(bytes, at, (chunkStreamId % 62) + 2, type, timestamp, streamId, payload, chunkSize);
				}
				expect(at).toBe(length);
				const expected = messages.map(({ chunkStreamId: _, ...message }) => message);
				expect(readWith(randomSplit(seed + 1), bytes).slice(1)).toEqual(expected);
				expect(readNaively(bytes).slice(1)).toEqual(expected);
			}),
			{ numRuns: 80 },
		);
	});
});

describe("arbitrary bytes", () => {
	/** Bytes that begin like chunks, so that most get past the first header. */
	const anyBytes = fc
		.array(
			fc.oneof(
				fc.uint8Array({ maxLength: 40 }),
				fc.constantFrom(...CHUNK_CASES.map(({ bytes }) => bytes.subarray(0, 300))),
			),
			{ maxLength: 8 },
		)
		.map(parts => bytesOf(...parts));
	const limits = { messageBytes: 300, partialBytes: 500, chunkStreams: 8 };

	test("give the same messages and the same fault whatever the cut, and hold no more than the limits", () => {
		const outcome = (split: Split, bytes: Uint8Array) => {
			const messages: ChunkMessage[] = [];
			const reader = new ChunkReader(
				{ onMessage: (type, timestamp, streamId, payload) => messages.push({ type, timestamp, streamId, payload }) },
				limits,
			);
			try {
				split.feed(bytes, piece => {
					reader.receive(piece);
					expect(reader.heldBytes).toBeLessThanOrEqual(3 * limits.partialBytes + 256 * limits.chunkStreams);
				});
				return { messages };
			} catch (error) {
				if (!(error instanceof MillraceError)) throw error;
				return { messages, fault: error.code };
			}
		};
		fc.assert(
			fc.property(anyBytes, fc.nat(1000), (bytes, seed) => {
				const whole = outcome(splits[0]!, bytes);
				expect(outcome(splits[1]!, bytes)).toEqual(whole);
				expect(outcome(randomSplit(seed + 1), bytes)).toEqual(whole);
			}),
			{ numRuns: 300 },
		);
	});
});
