import { encodeValues } from "@millrace/core/amf";
import {
	encodeControlValue,
	encodeUserControl,
	TYPE_ABORT,
	TYPE_ACKNOWLEDGEMENT,
	TYPE_AUDIO,
	TYPE_SET_CHUNK_SIZE,
	TYPE_SET_PEER_BANDWIDTH,
	TYPE_USER_CONTROL,
	TYPE_VIDEO,
	TYPE_WINDOW_ACKNOWLEDGEMENT_SIZE,
} from "@millrace/core/rtmp";
import { expect } from "vitest";
import type { AbuseCase } from "../abuse-case.ts";
import { join, repeat, u16, u24, u32 } from "../bytes.ts";
import type { RawClient } from "../raw-client.ts";

/** A type-0 header; ids from 64 on in the long form. */
function head(id: number, length: number, type: number, timestamp = 0, streamId = 0): Uint8Array {
	const basic = id < 64 ? [id] : [1, (id - 64) & 255, (id - 64) >>> 8];
	const field = Math.min(timestamp, 0xffffff);
	const extended = timestamp >= 0xffffff ? u32(timestamp) : [];
	return join(basic, u24(field), u24(length), type, [streamId, 0, 0, 0], extended);
}

function control(type: number, ...payload: readonly (number | Uint8Array)[]): Uint8Array {
	const body = join(...payload);
	return join(head(2, body.length, type), body);
}

/** A `createStream` with this transaction, as a payload. */
function call(transactionId: number, padding = 0): Uint8Array {
	return encodeValues(["createStream", transactionId, null, "x".repeat(padding)], 0);
}

/** A payload in chunks whose continuation headers are given. */
function chunked(first: Uint8Array, payload: Uint8Array, size: number, continuation: Uint8Array): Uint8Array {
	const parts: Uint8Array[] = [first, payload.subarray(0, size)];
	for (let at = size; at < payload.length; at += size) parts.push(continuation, payload.subarray(at, at + size));
	return join(...parts);
}

function answered(...transactions: readonly number[]) {
	return async (client: RawClient): Promise<void> => {
		for (const transaction of transactions) await client.waitForCommand("_result", transaction);
		expect(await client.call("createStream")).toBeTypeOf("number");
	};
}

const chunkSizes: AbuseCase[] = [
	...[0, 0x80000000].map(
		(size): AbuseCase => ({
			row: 11,
			behaviour: `chunk size ${size} is closed`,
			stage: "connected",
			attack: () => control(TYPE_SET_CHUNK_SIZE, u32(size)),
			outcome: "CHUNK_BAD_SIZE",
		}),
	),
	...[1, 127, 65_536, 0x7fffffff, 0xffffffff].map(
		(size): AbuseCase => ({
			row: 11,
			behaviour: `chunk size ${size} is taken at its word`,
			stage: "connected",
			attack(client) {
				client.writer.chunkSize = Math.min(size, 0xffffff);
				return join(
					control(TYPE_SET_CHUNK_SIZE, u32(size)),
					client.command("createStream", 7, null, ["x".repeat(200)]),
				);
			},
			outcome: "served",
			confirm: answered(7),
		}),
	),
	{
		row: 11,
		behaviour: "a Set Chunk Size without its number is closed",
		stage: "connected",
		attack: () => control(TYPE_SET_CHUNK_SIZE, 1, 2),
		outcome: "CHUNK_BAD_SIZE",
	},
	{
		row: 13,
		behaviour: "a chunk size that changes within a message counts from the next chunk on",
		stage: "connected",
		attack(client) {
			client.writer.chunkSize = 4096;
			const payload = call(7, 500);
			const rest = payload.subarray(128);
			return join(
				...[head(8, payload.length, 20), payload.subarray(0, 128)],
				...[control(TYPE_SET_CHUNK_SIZE, u32(4096)), 0xc8, rest],
			);
		},
		outcome: "served",
		confirm: answered(7),
	},
];

const headers: AbuseCase[] = [
	...[2, 3].map(
		(format): AbuseCase => ({
			row: 14,
			behaviour: `header type ${format} first on a fresh chunk stream is closed`,
			stage: "connected",
			attack: () => join((format << 6) | 9, [0, 0, 0, 0, 0, 0, 0]),
			outcome: "CHUNK_NO_PREVIOUS_HEADER",
		}),
	),
	{
		row: 14,
		behaviour: "header type 1 first on a fresh chunk stream is read as one of message stream 0, as encoders mean it",
		stage: "connected",
		attack: () => join(0x40 | 9, u24(0), u24(call(7).length), 20, call(7)),
		outcome: "served",
		confirm: answered(7),
	},
	...[0, 1].map(
		(format): AbuseCase => ({
			row: 15,
			behaviour: `a new type-${format} header within a message begins it anew`,
			stage: "connected",
			attack: () =>
				join(
					...[head(9, 5000, 20), new Uint8Array(128)],
					...(format === 0 ? [head(9, call(7).length, 20)] : [0x40 | 9, u24(0), u24(call(7).length), 20]),
					call(7),
				),
			outcome: "served",
			confirm: answered(7),
		}),
	),
	{
		row: 18,
		behaviour: "the two- and three-byte forms of an id name the same chunk stream",
		stage: "connected",
		attack: () => {
			const payload = call(7, 150);
			const first = join(0, 100 - 64, u24(0), u24(payload.length), 20, [0, 0, 0, 0]);
			return chunked(first, payload, 128, join(0xc1, 100 - 64, 0));
		},
		outcome: "served",
		confirm: answered(7),
	},
	{
		row: 20,
		behaviour: "extended timestamps are understood with and without their repetition",
		stage: "connected",
		attack: () => {
			const [one, two] = [call(7, 300), call(8, 300)];
			return join(
				chunked(head(9, one.length, 20, 0x1234567), one, 128, join(0xc9, u32(0x1234567))),
				chunked(head(9, two.length, 20, 0xffffff), two, 128, join(0xc9, u32(0xffffff))),
			);
		},
		outcome: "served",
		confirm: answered(7, 8),
	},
	{
		row: 20,
		behaviour: "an extended timestamp that continuation chunks leave out is not looked for in the payload",
		stage: "connected",
		attack: () => {
			const [one, two] = [call(7, 300), call(8, 300)];
			return join(
				chunked(head(9, one.length, 20, 0x1234567), one, 128, join(0xc9)),
				// The second message's payload is all `x` there, which is this timestamp.
				chunked(head(9, two.length, 20, 0x78787878), two, 128, join(0xc9)),
			);
		},
		outcome: "served",
		confirm: answered(7, 8),
	},
];

const partials: AbuseCase[] = [
	{
		row: 16,
		behaviour: "16 MiB announced before connect are closed at the header",
		stage: "shaken",
		attack: () => head(3, 0xffffff, 20),
		outcome: "MESSAGE_TOO_LARGE",
	},
	{
		row: 16,
		behaviour: "unfinished messages before connect are closed past 256 KiB in total",
		stage: "shaken",
		attack: () => {
			const parts: Uint8Array[] = [control(TYPE_SET_CHUNK_SIZE, u32(65_535))];
			for (let id = 3; id < 9; id++) parts.push(head(id, 65_536, 20), new Uint8Array(65_535));
			return join(...parts);
		},
		outcome: "CHUNK_TOO_MUCH_PARTIAL",
	},
	{
		row: 16,
		behaviour: "a message of 64 KiB that is announced and never sent ends with the wait for connect",
		stage: "shaken",
		attack: () => join(head(3, 65_536, 20), new Uint8Array(100)),
		outcome: "CONNECT_TIMEOUT",
	},
	{
		row: 16,
		behaviour: "a message of 16 MiB that is announced after connect and never sent ends with the peer's silence",
		stage: "connected",
		attack: () => join(head(4, 0xffffff, 9), new Uint8Array(100)),
		outcome: "PEER_SILENT",
		withinMillis: 5000,
	},
	{
		row: 16,
		behaviour: "messages of length 0 are taken",
		stage: "connected",
		attack: () => join(...[8, 9, 18, 15, 19, 0, 255].map(type => head(10, 0, type))),
		outcome: "served",
	},
	{
		row: 16,
		behaviour: "a command of length 0 is closed",
		stage: "connected",
		attack: () => head(10, 0, 20),
		outcome: "MESSAGE_MALFORMED",
	},
	{
		row: 17,
		behaviour: "65,599 chunk streams with a partial message each are closed with CHUNK_TOO_MANY_STREAMS",
		stage: "shaken",
		attack: () => {
			const parts: Uint8Array[] = [];
			for (let id = 2; id < 65_600; id++) parts.push(head(id, 300, 20), new Uint8Array(128));
			return Buffer.concat(parts);
		},
		outcome: "CHUNK_TOO_MANY_STREAMS",
	},
	{
		row: 19,
		behaviour: "Abort of an unknown chunk stream, of the wrong length, or of one at rest changes nothing",
		stage: "connected",
		attack: () =>
			join(
				control(TYPE_ABORT, u32(40_000)),
				control(TYPE_ABORT, 1, 2),
				control(TYPE_ABORT),
				control(TYPE_ABORT, u32(2)),
				control(TYPE_ABORT, u32(0xffffffff), 1),
			),
		outcome: "served",
	},
	{
		row: 19,
		behaviour: "Abort of the chunk stream in use drops its message and the next one is read",
		stage: "connected",
		attack: () =>
			join(
				...[head(9, 5000, 20), new Uint8Array(128), control(TYPE_ABORT, u32(9))],
				...[head(9, call(7).length, 20), call(7)],
			),
		outcome: "served",
		confirm: answered(7),
	},
	{
		row: 23,
		behaviour: "messages interleaved on every chunk stream that is allowed all arrive",
		stage: "connected",
		attack: () => {
			// Chunk streams 2 and 3 are open already, by the handshake's end and by connect.
			const ids = Array.from({ length: 60 }, (_, i) => i + 4);
			const payloads = ids.map(id => call(100 + id, 200));
			const parts: Uint8Array[] = [];
			for (const [i, id] of ids.entries()) {
				parts.push(head(id, payloads[i]!.length, 20), payloads[i]!.subarray(0, 128));
			}
			for (const [i, id] of ids.entries()) parts.push(join(0xc0 | id), payloads[i]!.subarray(128));
			return join(...parts);
		},
		outcome: "served",
		confirm: answered(...Array.from({ length: 60 }, (_, i) => 104 + i)),
	},
];

const controls: AbuseCase[] = [
	{
		row: 24,
		behaviour: "windows of 0, 1 and 2^32 - 1 bytes and a peer that never acknowledges are served",
		stage: "connected",
		attack: () =>
			join(
				...[0, 1, 0xffffffff].map(size => control(TYPE_WINDOW_ACKNOWLEDGEMENT_SIZE, u32(size))),
				...[0, 1, 0xffffffff].map(size => control(TYPE_SET_PEER_BANDWIDTH, u32(size), 9)),
				...[control(TYPE_WINDOW_ACKNOWLEDGEMENT_SIZE), control(TYPE_SET_PEER_BANDWIDTH, 1)],
			),
		outcome: "served",
	},
	{
		row: 24,
		behaviour: "a flood of acknowledgements is served",
		stage: "connected",
		attack: () => repeat(control(TYPE_ACKNOWLEDGEMENT, u32(0xfffffff0)), 20_000),
		outcome: "served",
	},
	{
		row: 25,
		behaviour: "unknown user control events, events of every length and absurd buffer lengths are served",
		stage: "connected",
		attack: () =>
			join(
				...[...Array(6).keys()].map(length => control(TYPE_USER_CONTROL, new Uint8Array(length))),
				...[5, 8, 26, 99, 0xffff].map(event => control(TYPE_USER_CONTROL, u16(event), u32(1))),
				...[0, 1, 0xffffffff].map(millis => control(TYPE_USER_CONTROL, encodeUserControl(3, 1, millis))),
				control(TYPE_USER_CONTROL, u16(7)),
			),
		outcome: "served",
	},
	{
		row: 25,
		behaviour: "a flood of pings whose answers are read is answered in full",
		stage: "connected",
		async attack(client) {
			let pongs = 0;
			const { onMessage } = client;
			client.onMessage = message => {
				if (message.type === TYPE_USER_CONTROL && message.payload[1] === 7) pongs++;
				else onMessage(message);
			};
			client.send(repeat(control(TYPE_USER_CONTROL, encodeUserControl(6, 5)), 10_000));
			await client.until(() => pongs === 10_000, "all pongs");
			return undefined;
		},
		outcome: "served",
	},
];

/** A part of an aggregate, of which only the announced length may be wrong. */
function part(type: number, timestamp: number, body: Uint8Array, length = body.length): Uint8Array {
	return join(type, u24(length), u24(timestamp & 0xffffff), timestamp >>> 24, u24(0), body, u32(body.length + 11));
}

const aggregates: AbuseCase[] = [
	{
		row: 26,
		behaviour: "an aggregate with empty parts is served",
		stage: "publishing",
		attack: client => client.message(22, repeat(part(TYPE_VIDEO, 0, new Uint8Array(0)), 20), 1),
		outcome: "served",
	},
	{
		row: 26,
		behaviour: "an aggregate whose part runs past its end is closed",
		stage: "publishing",
		attack: client => client.message(22, part(TYPE_VIDEO, 0, new Uint8Array(5), 0xffffff), 1),
		outcome: "MESSAGE_MALFORMED",
	},
	{
		row: 26,
		behaviour: "an aggregate within an aggregate is closed",
		stage: "publishing",
		attack: client => client.message(22, part(22, 0, part(TYPE_AUDIO, 0, new Uint8Array(3))), 1),
		outcome: "MESSAGE_MALFORMED",
	},
	{
		row: 26,
		behaviour: "an aggregate of 1,000,000 empty parts is closed",
		stage: "publishing",
		async attack(client) {
			client.send(control(TYPE_SET_CHUNK_SIZE, encodeControlValue(0xffffff)));
			client.writer.chunkSize = 0xffffff;
			await client.sendAll(client.message(22, repeat(part(TYPE_VIDEO, 0, new Uint8Array(0)), 1_000_000), 1));
			return undefined;
		},
		outcome: "MESSAGE_MALFORMED",
	},
];

/** Offenders of the chunk layer: rows 11 to 26, but for those that are tests of their own. */
export const chunkCases: readonly AbuseCase[] = [...chunkSizes, ...headers, ...partials, ...controls, ...aggregates];
