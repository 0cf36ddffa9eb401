import type { FaultCode } from "../fault/index.ts";

/** A message as it comes out of a chunk reader. */
export type ChunkMessage = {
	readonly type: number;
	readonly timestamp: number;
	readonly streamId: number;
	readonly payload: Uint8Array;
};

/** Bytes of a chunk stream and what must come of them; the fault follows the messages. */
export type ChunkCase = {
	readonly name: string;
	readonly bytes: Uint8Array;
	readonly messages: readonly ChunkMessage[];
	readonly fault?: FaultCode;
	/** The chunk stream on which `ChunkWriter` makes these very bytes of the messages. */
	readonly writtenOn?: number;
};

/** The limits under which the cases hold. */
export const CASE_LIMITS = { messageBytes: 65_536, partialBytes: 262_144, chunkStreams: 64 };

export function bytesOf(...parts: readonly (string | Uint8Array)[]): Uint8Array {
	return Uint8Array.from(
		parts.flatMap(part =>
			typeof part === "string"
				? (part.replaceAll(/\s/g, "").match(/../g) ?? []).map(pair => Number.parseInt(pair, 16))
				: [...part],
		),
	);
}

/** A payload in which each byte differs from its neighbours. */
export function patternOf(length: number, start = 1): Uint8Array {
	return Uint8Array.from({ length }, (_, index) => index * 7 + start);
}

const message = (type: number, timestamp: number, streamId: number, payload: Uint8Array): ChunkMessage => ({
	type,
	timestamp,
	streamId,
	payload,
});

const hex = (value: number, digits: number) => value.toString(16).padStart(digits, "0");
const P2 = patternOf(2);
const P3 = patternOf(3);
const P130 = patternOf(130);
const P200 = patternOf(200);
const HEAD_128 = P200.subarray(0, 128);
const TAIL_72 = P200.subarray(128);
const RESULT = bytesOf("0200075f726573756c7400401000000000000005003ff0000000000000");
const setChunkSize = (size: number) => bytesOf("02 000000 000004 01 00000000", hex(size, 8));
const chunkSizeMessage = (size: number) => message(1, 0, 0, bytesOf(hex(size, 8)));
const abort = (id: number) => bytesOf("02 000000 000004 02 00000000", hex(id, 8));
const abortMessage = (id: number) => message(2, 0, 0, bytesOf(hex(id, 8)));

const VECTORS: readonly ChunkCase[] = [
	{
		name: "a createStream result in one chunk",
		bytes: bytesOf("03 000000 00001d 14 00000000", RESULT),
		messages: [message(20, 0, 0, RESULT)],
		writtenOn: 3,
	},
	{
		name: "an extended timestamp that is repeated on the continuation chunk",
		bytes: bytesOf("04 ffffff 000082 09 01000000 01000000", P130.subarray(0, 128), "c4 01000000", P130.subarray(128)),
		messages: [message(9, 0x1000000, 1, P130)],
		writtenOn: 4,
	},
	{
		name: "the timestamp 0xffffff, which needs the extended field",
		bytes: bytesOf("04 ffffff 000002 09 01000000 00ffffff", P2),
		messages: [message(9, 0xffffff, 1, P2)],
		writtenOn: 4,
	},
	{
		name: "the timestamp 0xfffffe, which does not",
		bytes: bytesOf("04 fffffe 000002 09 01000000", P2),
		messages: [message(9, 0xfffffe, 1, P2)],
		writtenOn: 4,
	},
	...[
		[2, "02"],
		[63, "3f"],
		[64, "0000"],
		[319, "00ff"],
		[320, "010001"],
		[65_599, "01ffff"],
	].map(([id, header]) => ({
		name: `chunk stream ${id} in its shortest form`,
		bytes: bytesOf(`${header} 000005 000002 08 01000000`, P2),
		messages: [message(8, 5, 1, P2)],
		writtenOn: id as number,
	})),
	{
		name: "the headers that shorten as messages repeat: types 0, 2, 3, 1",
		bytes: bytesOf("04 0003e8 000002 08 01000000", P2, "84 000014", P2, "c4", P2, "44 000014 000003 08", P3),
		messages: [1000, 1020, 1040].map(time => message(8, time, 1, P2)).concat(message(8, 1060, 1, P3)),
		writtenOn: 4,
	},
];

const BASIC_HEADERS: readonly (readonly [name: string, header: (format: number) => string])[] = [
	["1-byte", format => hex((format << 6) | 5, 2)],
	["2-byte", format => `${hex(format << 6, 2)} 10`],
	["3-byte", format => `${hex((format << 6) | 1, 2)} 10 01`],
	["needlessly long 3-byte", format => `${hex((format << 6) | 1, 2)} 10 00`],
];

const MESSAGE_HEADERS: readonly (readonly [fields: (time: string) => string, timestamp: (value: number) => number])[] =
	[
		[time => `${time} 0000c8 08 02000000`, value => value],
		[time => `${time} 0000c8 08`, value => 1000 + value],
		[time => time, value => 1000 + value],
	];

/** Header types 0 to 2, over each basic header, with a plain and an extended time; two chunks a message. */
const HEADER_FORMS: readonly ChunkCase[] = BASIC_HEADERS.flatMap(([basicName, basic]) =>
	MESSAGE_HEADERS.flatMap(([fields, timestamp], format) =>
		(["plain", "extended and repeated", "extended and not repeated"] as const).map((time): ChunkCase => {
			const value = time === "plain" ? 40 : 0x01000040;
			const extension = time === "plain" ? "" : hex(value, 8);
			const again = time === "extended and repeated" ? extension : "";
			const field = time === "plain" ? "000028" : "ffffff";
			const next = timestamp(value);
			return {
				name: `header type ${format} with a ${basicName} basic header, its time ${time}`,
				bytes: bytesOf(
					...[basic(0), "0003e8 0000c8 08 02000000", HEAD_128, basic(3), TAIL_72],
					...[basic(format), fields(field), extension, HEAD_128, basic(3), again, TAIL_72],
					// Type 3 begins one more message with everything kept, its time included.
					...[basic(3), again, HEAD_128, basic(3), again, TAIL_72],
				),
				messages: [1000, next, next + value].map(at => message(8, at, 2, P200)),
			};
		}),
	),
);

/** A peer that never repeats, whose payload begins like the extended timestamp. */
const CHANCE: readonly ChunkCase[] = [1, 2, 3].map((equal): ChunkCase => {
	const rest = patternOf(72, 0x60);
	rest.set(bytesOf("01000040").subarray(0, equal));
	return {
		name: `a continuation chunk whose first ${equal} bytes equal the extended timestamp by chance`,
		bytes: bytesOf("04 ffffff 0000c8 08 01000000 01000040", HEAD_128, "c4", rest, "04 000001 000002 08 01000000", P2),
		messages: [message(8, 0x1000040, 1, bytesOf(HEAD_128, rest)), message(8, 1, 1, P2)],
	};
});

const ODD_TIMES: readonly ChunkCase[] = [
	...CHANCE,
	{
		name: "a last chunk of two bytes that begins like the extended timestamp, which is not repeated",
		bytes: bytesOf(
			...["04 ffffff 000082 08 01000000 01000040", HEAD_128, "c4 0100", "05 000001 000002 08 01000000", P2],
		),
		messages: [message(8, 0x1000040, 1, bytesOf(HEAD_128, "0100")), message(8, 1, 1, P2)],
	},
	{
		name: "an extended timestamp that is repeated with 31 of its bits",
		bytes: bytesOf("04 ffffff 000082 08 01000000 81000040", P130.subarray(0, 128), "c4 01000040", P130.subarray(128)),
		messages: [message(8, 0x81000040, 1, P130)],
	},
	{
		name: "the first new message of type 3 that does not repeat the extended timestamp",
		bytes: bytesOf("04 ffffff 000002 08 01000000 01000040", P2, "c4", P2),
		messages: [message(8, 0x1000040, 1, P2), message(8, 0x2000080, 1, P2)],
	},
	{
		name: "a delta past the end of 32 bits",
		bytes: bytesOf("04 ffffff 000002 08 01000000 fffffff0", P2, "84 000020", P2),
		messages: [message(8, 0xfffffff0, 1, P2), message(8, 0x10, 1, P2)],
	},
	{
		name: "an absolute time in the extended field of type 1, as some encoders send it",
		bytes: bytesOf("04 ffffff 000002 08 01000000 01000000", P2, "44 ffffff 000003 08 01000014", P3, "c4 01000014", P3),
		messages: [message(8, 0x1000000, 1, P2), message(8, 0x1000014, 1, P3), message(8, 0x1000014, 1, P3)],
	},
	{
		name: "a delta below zero in the first seconds",
		bytes: bytesOf("04 001388 000002 08 01000000", P2, "84 ffffff ffffffd8", P2),
		messages: [message(8, 5000, 1, P2), message(8, 4960, 1, P2)],
	},
	{
		name: "times that go back",
		bytes: bytesOf("04 001388 000002 08 01000000", P2, "04 001000 000002 08 01000000", P2),
		messages: [message(8, 5000, 1, P2), message(8, 4096, 1, P2)],
	},
	{
		name: "type 3 for a new message after type 0, whose time counts as the delta",
		bytes: bytesOf("04 000014 000002 08 01000000", P2, "c4", P2),
		messages: [message(8, 20, 1, P2), message(8, 40, 1, P2)],
	},
	{
		name: "type 3 for a new control message (rtmpdump's second SetBufferLength)",
		bytes: bytesOf("02 000000 00000a 04 00000000", "0003 00000000 0000012c", "c2", "0003 00000001 02255100"),
		messages: [
			message(4, 0, 0, bytesOf("0003 00000000 0000012c")),
			message(4, 0, 0, bytesOf("0003 00000001 02255100")),
		],
	},
];

const CHUNK_SIZES: readonly ChunkCase[] = [
	{
		name: "another chunk size in mid-stream",
		bytes: bytesOf(setChunkSize(200), "04 000000 0000c8 08 01000000", P200),
		messages: [chunkSizeMessage(200), message(8, 0, 1, P200)],
	},
	{
		name: "another chunk size in mid-message",
		bytes: bytesOf(
			...["04 000000 0000c8 08 01000000", HEAD_128, setChunkSize(64)],
			...["c4", P200.subarray(128, 192), "c4", P200.subarray(192)],
		),
		messages: [chunkSizeMessage(64), message(8, 0, 1, P200)],
	},
	{
		name: "chunks of one byte",
		bytes: bytesOf(setChunkSize(1), "04 000000 000003 08 01000000 01 c4 08 c4 0f"),
		messages: [chunkSizeMessage(1), message(8, 0, 1, P3)],
	},
	...[0x7fffffff, 0xffffffff, 0x800000c8].map(size => ({
		name: `the chunk size ${hex(size, 8)}`,
		bytes: bytesOf(setChunkSize(size), "04 000000 0000c8 08 01000000", P200),
		messages: [chunkSizeMessage(size), message(8, 0, 1, P200)],
	})),
	...[0, 0x80000000].map(
		(size): ChunkCase => ({
			name: `the chunk size ${hex(size, 8)}, which is none`,
			bytes: setChunkSize(size),
			messages: [],
			fault: "CHUNK_BAD_SIZE",
		}),
	),
	{
		name: "a chunk size of three bytes",
		bytes: bytesOf("02 000000 000003 01 00000000 000080"),
		messages: [],
		fault: "CHUNK_BAD_SIZE",
	},
];

const ABORTS: readonly ChunkCase[] = [
	{
		name: "an abort of an unfinished message",
		bytes: bytesOf("04 000014 0000c8 08 01000000", HEAD_128, abort(4), "84 000014", HEAD_128, "c4", TAIL_72),
		messages: [abortMessage(4), message(8, 40, 1, P200)],
	},
	{
		name: "an abort after which type 3 begins anew, on the aborted message's time",
		bytes: bytesOf("04 000014 0000c8 08 01000000", HEAD_128, abort(4), "c4", HEAD_128, "c4", TAIL_72),
		messages: [abortMessage(4), message(8, 40, 1, P200)],
	},
	{
		name: "an abort of a chunk stream beyond 63",
		bytes: bytesOf("0000 000014 0000c8 08 01000000", HEAD_128, abort(64), "0000 000014 000002 08 01000000", P2),
		messages: [abortMessage(64), message(8, 20, 1, P2)],
	},
	...[5, 2, 0, 0xffffffff].map(id => ({
		name: `an abort of chunk stream ${id}, which has nothing unfinished`,
		bytes: bytesOf("04 000014 000002 08 01000000", P2, abort(id), "c4", P2),
		messages: [message(8, 20, 1, P2), abortMessage(id), message(8, 40, 1, P2)],
	})),
	{
		name: "an abort of three bytes, which aborts nothing",
		bytes: bytesOf(
			...["04 000014 0000c8 08 01000000", HEAD_128],
			...["02 000000 000003 02 00000000 000004", "c4", TAIL_72],
		),
		messages: [message(2, 0, 0, bytesOf("000004")), message(8, 20, 1, P200)],
	},
];

const ORDER: readonly ChunkCase[] = [
	{
		name: "type 1 first on a chunk stream, as librtmp's pong",
		bytes: bytesOf("42 000005 000006 04 0007 00001234"),
		messages: [message(4, 5, 0, bytesOf("0007 00001234"))],
	},
	...[2, 3].map(
		(format): ChunkCase => ({
			name: `type ${format} first on a chunk stream`,
			bytes: bytesOf(hex((format << 6) | 5, 2), "000000"),
			messages: [],
			fault: "CHUNK_NO_PREVIOUS_HEADER",
		}),
	),
	...["04 000020 000002 08 01000000", "44 00000c 000002 08"].map((header, format) => ({
		name: `a new header of type ${format} in mid-message`,
		bytes: bytesOf("04 000014 0000c8 08 01000000", HEAD_128, header, P2),
		messages: [message(8, 32, 1, P2)],
	})),
	{
		name: "a new header of type 2 in mid-message",
		bytes: bytesOf("04 000014 0000c8 08 01000000", HEAD_128, "84 00000c", HEAD_128, "c4", TAIL_72),
		messages: [message(8, 32, 1, P200)],
	},
	{
		name: "messages without bytes, in types 0, 3 and 2",
		bytes: bytesOf("04 000014 000000 08 01000000 c4 84 000001"),
		messages: [20, 40, 41].map(time => message(8, time, 1, new Uint8Array(0))),
	},
	{
		name: "64 messages interleaved chunk by chunk",
		bytes: bytesOf(
			...Array.from({ length: 62 }, (_, i) => bytesOf(hex(i + 2, 2), "000000 0000c8 08 01000000", HEAD_128)),
			...[0, 1].map(i => bytesOf("00", hex(i, 2), "000000 0000c8 08 01000000", HEAD_128)),
			...Array.from({ length: 62 }, (_, i) => bytesOf(hex(0xc2 + i, 2), TAIL_72)),
			...[0, 1].map(i => bytesOf("c0", hex(i, 2), TAIL_72)),
		),
		messages: Array.from({ length: 64 }, () => message(8, 0, 1, P200)),
	},
	{
		name: "one chunk stream in all three forms of its id",
		bytes: bytesOf("0040 000014 000002 08 01000000", P2, "c1 4000", P2, "c040", P2),
		messages: [20, 40, 60].map(time => message(8, time, 1, P2)),
	},
];

const LIMITS: readonly ChunkCase[] = [
	{
		name: "the longest message that is announced within the limit",
		bytes: bytesOf("04 000000 010000 08 01000000 01"),
		messages: [],
	},
	{
		name: "a message that is announced past the limit",
		bytes: bytesOf("04 000000 010001 08 01000000"),
		messages: [],
		fault: "MESSAGE_TOO_LARGE",
	},
	{
		name: "a 65th chunk stream",
		bytes: bytesOf(
			...Array.from({ length: 65 }, (_, i) => bytesOf("01", hex(i, 2), "01 000000 000002 08 01000000", P2)),
		),
		messages: Array.from({ length: 64 }, () => message(8, 0, 1, P2)),
		fault: "CHUNK_TOO_MANY_STREAMS",
	},
];

/** What a chunk stream may hold, what encoders make of it, and what is refused. */
export const CHUNK_CASES: readonly ChunkCase[] = [
	...VECTORS,
	...HEADER_FORMS,
	...ODD_TIMES,
	...CHUNK_SIZES,
	...ABORTS,
	...ORDER,
	...LIMITS,
];
