import { splits } from "@millrace/testkit";
import { describe, expect, test } from "vitest";
import { MillraceError } from "../fault/index.ts";
import { bytesOf, CASE_LIMITS, CHUNK_CASES, type ChunkMessage, patternOf } from "./chunk-case.ts";
import { ChunkReader } from "./chunk-reader.ts";

type Outcome = { messages: ChunkMessage[]; fault: string | undefined };

function read(feed: (receive: (piece: Uint8Array) => void) => void, limits = CASE_LIMITS): Outcome {
	const messages: ChunkMessage[] = [];
	const reader = new ChunkReader(
		{ onMessage: (type, timestamp, streamId, payload) => messages.push({ type, timestamp, streamId, payload }) },
		limits,
	);
	try {
		feed(piece => reader.receive(piece));
		return { messages, fault: undefined };
	} catch (error) {
		if (!(error instanceof MillraceError)) throw error;
		return { messages, fault: error.code };
	}
}

describe.each(splits)("bytes that come $name", split => {
	test.each(CHUNK_CASES)("$name", ({ bytes, messages, fault }) => {
		expect(read(receive => split.feed(bytes, receive))).toEqual({ messages, fault });
	});
});

test.each(CHUNK_CASES)("$name: cut short anywhere, the finished messages have come and nothing fails", each => {
	const { bytes, messages } = each;
	const step = bytes.length > 2000 ? 37 : 1;
	for (let length = 0; length < bytes.length; length += step) {
		const outcome = read(receive => receive(bytes.subarray(0, length)));
		expect(outcome.messages).toEqual(messages.slice(0, outcome.messages.length));
		// A fault may show before the last byte of the case, but only the one that belongs to it.
		if (outcome.fault !== undefined) expect(outcome.fault).toBe(each.fault);
	}
});

test.each(CHUNK_CASES)("$name: with any byte replaced, nothing but a fault of the peer is thrown", ({ bytes }) => {
	const step = bytes.length > 600 ? 29 : 1;
	for (let index = 0; index < bytes.length; index += step) {
		for (const byte of [0, 1, 0x40, 0xc4, 0xff]) read(receive => receive(bytes.with(index, byte)));
	}
});

test("a payload is the message's own copy, exactly sized", () => {
	const [message] = read(receive =>
		splits[2]!.feed(
			bytesOf("04 000000 0000c8 08 01000000", patternOf(200).subarray(0, 128), "c4", patternOf(200).subarray(128)),
			receive,
		),
	).messages;
	expect(message!.payload.buffer.byteLength).toBe(200);
});

describe("the memory of unfinished messages", () => {
	const silent = { onMessage: () => {} };

	test("grows with what has come, not with what is announced", () => {
		const reader = new ChunkReader(silent, { ...CASE_LIMITS, messageBytes: 0xffffff, partialBytes: 1 << 30 });
		reader.receive(bytesOf("04 000000 ffffff 08 01000000"));
		expect(reader.heldBytes).toBe(0);
		reader.receive(bytesOf("01"));
		expect(reader.heldBytes).toBeLessThanOrEqual(256);
		reader.receive(patternOf(127));
		const chunk = bytesOf("c4", patternOf(128));
		for (let received = 128; received < 1 << 20; received += 128) {
			if (reader.heldBytes > 4 * received) expect(reader.heldBytes).toBe(256);
			reader.receive(chunk);
		}
	});

	test("is given back when they are finished, aborted or begun anew", () => {
		const reader = new ChunkReader(silent, CASE_LIMITS);
		const begin = bytesOf("04 000000 0000c8 08 01000000", patternOf(128));
		reader.receive(begin);
		expect(reader.heldBytes).toBe(200);
		reader.receive(begin);
		expect(reader.heldBytes).toBe(200);
		expect(reader.discardedMessages).toBe(1);
		reader.receive(bytesOf("02 000000 000004 02 00000000 00000004"));
		expect(reader.heldBytes).toBe(0);
		expect(reader.discardedMessages).toBe(2);
		reader.receive(begin);
		reader.receive(bytesOf("c4", patternOf(72)));
		expect(reader.heldBytes).toBe(0);
	});

	test("is at most three times the limit where one piece announces more than it holds, on every chunk stream", () => {
		const reader = new ChunkReader(silent, CASE_LIMITS);
		const heads = Array.from({ length: 61 }, (_, i) =>
			bytesOf((i + 2).toString(16).padStart(2, "0"), "000000 010000 08 01000000 01"),
		);
		reader.receive(bytesOf("02 000000 000004 01 00000000 00000001"));
		reader.receive(bytesOf(...heads, "3f 000000 010000 08 01000000", ...new Array(65_536).fill(bytesOf("01 ff"))));
		expect(reader.heldBytes).toBeLessThanOrEqual(3 * CASE_LIMITS.partialBytes);
	});

	test.each(splits)("is refused past the limit at the same byte, $name", split => {
		const reader = new ChunkReader(silent, { ...CASE_LIMITS, partialBytes: 1000 });
		let received = 0;
		const chunks = Array.from({ length: 9 }, (_, i) => bytesOf(`0${i + 2} 000000 000200 08 01000000`, patternOf(128)));
		const refused = () =>
			split.feed(bytesOf(...chunks), piece => {
				received += piece.length;
				reader.receive(piece);
			});
		expect(refused).toThrow(expect.objectContaining({ code: "CHUNK_TOO_MUCH_PARTIAL" }));
		expect(received).toBeGreaterThanOrEqual(7 * 140 + 12 + 105);
	});

	test("may grow when the limits are raised", () => {
		const reader = new ChunkReader(silent, { ...CASE_LIMITS, messageBytes: 100 });
		reader.setLimits(CASE_LIMITS);
		reader.receive(bytesOf("04 000000 0000c8 08 01000000", patternOf(128)));
		expect(reader.heldBytes).toBe(200);
	});
});
