import { describe, expect, test } from "vitest";
import { bytesOf, CHUNK_CASES, patternOf } from "./chunk-case.ts";
import { framedLength, frameInto } from "./chunk-frame.ts";
import { ChunkWriter } from "./chunk-writer.ts";

const WRITTEN = CHUNK_CASES.flatMap(each => (each.writtenOn === undefined ? [] : [[each.name, each] as const]));

describe("a chunk writer", () => {
	test.each(WRITTEN)("writes %s", (_name, { messages, bytes, writtenOn }) => {
		const writer = new ChunkWriter();
		const slices = messages.map(({ type, timestamp, streamId, payload }) =>
			writer.write(writtenOn!, type, timestamp, streamId, payload),
		);
		expect(bytesOf(...slices)).toEqual(bytes);
	});

	test("never begins a message with type 3 after type 0, where receivers disagree about the delta", () => {
		const writer = new ChunkWriter();
		writer.write(4, 8, 20, 1, patternOf(2));
		expect(writer.write(4, 8, 40, 1, patternOf(2))).toEqual(bytesOf("84 000014", patternOf(2)));
		expect(writer.write(4, 8, 60, 1, patternOf(2))).toEqual(bytesOf("c4", patternOf(2)));
	});

	test.each([
		["a clock that goes back", 5000, 4999],
		["a jump of more than 0xfffffe, whose extended delta is read in two ways", 20, 20 + 0xffffff],
		["the wrap at 2^32 seen backwards", 10, 0xfffffff0],
	])("writes an absolute time for %s", (_name, first, second) => {
		const writer = new ChunkWriter();
		writer.write(4, 8, first, 1, patternOf(2));
		expect(writer.write(4, 8, second, 1, patternOf(2))[0]).toBe(0x04);
	});

	test("writes a small delta across the wrap at 2^32", () => {
		const writer = new ChunkWriter();
		writer.write(4, 8, 0xfffffff0, 1, patternOf(2));
		expect(writer.write(4, 8, 0x10, 1, patternOf(2))).toEqual(bytesOf("84 000020", patternOf(2)));
	});

	test("writes a full header for another message stream", () => {
		const writer = new ChunkWriter();
		writer.write(4, 8, 20, 1, patternOf(2));
		expect(writer.write(4, 8, 20, 2, patternOf(2))).toEqual(bytesOf("04 000014 000002 08 02000000", patternOf(2)));
	});

	test("repeats long basic headers on continuation chunks", () => {
		const writer = new ChunkWriter();
		writer.chunkSize = 2;
		expect(writer.write(400, 8, 0, 1, bytesOf("0102030405"))).toEqual(
			bytesOf("01 5001 000000 000005 08 01000000 0102 c1 5001 0304 c1 5001 05"),
		);
	});

	test("refuses a message that no header can announce", () => {
		expect(() => new ChunkWriter().write(4, 9, 0, 1, new Uint8Array(0x1000000))).toThrow("16,777,215");
	});
});

describe("framing without state", () => {
	test.each([
		[0, 128],
		[1, 128],
		[128, 128],
		[129, 128],
		[256, 128],
		[257, 128],
		[3000, 1],
	])("announces the length that it writes: %i bytes in chunks of %i", (length, chunkSize) => {
		for (const timestamp of [0, 0xfffffe, 0xffffff, 0xffffffff]) {
			const target = new Uint8Array(length * 7 + 40);
			const end = frameInto(target, 5, 6, 9, timestamp, 1, patternOf(length), chunkSize);
			expect(end - 5).toBe(framedLength(length, timestamp, chunkSize));
			expect(target.subarray(end).every(byte => byte === 0)).toBe(true);
			expect(target.subarray(0, 5)).toEqual(new Uint8Array(5));
		}
	});

	test("gives the bytes of a chunk writer's first message", () => {
		for (const timestamp of [0, 0xfffffe, 0xffffff, 0x80000000]) {
			const target = new Uint8Array(framedLength(300, timestamp, 128));
			frameInto(target, 0, 6, 9, timestamp, 0x01020304, patternOf(300), 128);
			expect(target).toEqual(new ChunkWriter().write(6, 9, timestamp, 0x01020304, patternOf(300)));
		}
	});
});
