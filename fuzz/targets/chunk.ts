import { MillraceError } from "@millrace/core/fault";
import { ChunkReader } from "@millrace/core/rtmp";
import { bytesOf, CHUNK_CASES, type ChunkMessage } from "../../packages/core/src/rtmp/chunk-case.ts";
import type { FuzzTarget } from "../fuzz-target.ts";

const LIMITS = { messageBytes: 4096, partialBytes: 8192, chunkStreams: 16 };
const PIECES = [1, 2, 13, 300];

/** A chunk stream: however it is cut, the same messages come out and the same fault, and memory keeps its bounds. */
export const target: FuzzTarget = {
	name: "chunk",
	seeds: () => [
		...CHUNK_CASES.map(each => each.bytes).filter(bytes => bytes.length <= 2000),
		// Several on one connection, so that what one leaves behind meets the next.
		...CHUNK_CASES.flatMap((each, i) =>
			i % 5 === 0 ? [bytesOf(each.bytes, CHUNK_CASES[(i * 7 + 3) % CHUNK_CASES.length]!.bytes).subarray(0, 2000)] : [],
		),
	],
	run(input) {
		const whole = read(input, input.length);
		for (const piece of PIECES) mustEqual(whole, read(input, piece), piece);
	},
};

type Outcome = { messages: ChunkMessage[]; fault: string | undefined; discarded: number; chunkSize: number };

function read(input: Uint8Array, pieceBytes: number): Outcome {
	const messages: ChunkMessage[] = [];
	const reader = new ChunkReader(
		{ onMessage: (type, timestamp, streamId, payload) => messages.push({ type, timestamp, streamId, payload }) },
		LIMITS,
	);
	let fault: string | undefined;
	try {
		for (let at = 0; at < input.length; at += pieceBytes) {
			const piece = input.slice(at, at + pieceBytes);
			reader.receive(piece);
			piece.fill(0xee);
			const most = 3 * LIMITS.partialBytes + 256 * LIMITS.chunkStreams;
			if (reader.heldBytes > most) throw new Error(`${reader.heldBytes} bytes are held.`);
		}
	} catch (error) {
		if (!(error instanceof MillraceError)) throw error;
		fault = error.message;
	}
	return { messages, fault, discarded: reader.discardedMessages, chunkSize: reader.chunkSize };
}

function mustEqual(expected: Outcome, actual: Outcome, piece: number): void {
	const isEqual =
		expected.fault === actual.fault &&
		expected.discarded === actual.discarded &&
		expected.chunkSize === actual.chunkSize &&
		expected.messages.length === actual.messages.length &&
		expected.messages.every((message, index) => isSame(message, actual.messages[index]!));
	if (isEqual) return;
	const text = ({ messages, fault }: Outcome) => `${messages.length} messages, ${fault ?? "no fault"}`;
	throw new Error(`In pieces of ${piece}: ${text(actual)}. Whole: ${text(expected)}.`);
}

function isSame(a: ChunkMessage, b: ChunkMessage): boolean {
	if (a.type !== b.type || a.timestamp !== b.timestamp || a.streamId !== b.streamId) return false;
	return a.payload.length === b.payload.length && a.payload.every((byte, index) => byte === b.payload[index]);
}
