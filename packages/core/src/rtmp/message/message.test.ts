import { describe, expect, test } from "vitest";
import { AmfEcmaArray, encodeAmf0, encodeAmf3 } from "../../amf/index.ts";
import { bytesOf, patternOf } from "../chunk-case.ts";
import { splitAggregate } from "./aggregate.ts";
import { commandType, decodeCommand, encodeCommand, encodeData } from "./command.ts";
import { TYPE_COMMAND, TYPE_COMMAND_AMF3 } from "./message-type.ts";
import {
	BANDWIDTH_DYNAMIC,
	decodeControlValue,
	encodeControlValue,
	encodeSetPeerBandwidth,
} from "./protocol-control.ts";
import {
	decodeUserControl,
	EVENT_PING_REQUEST,
	EVENT_SET_BUFFER_LENGTH,
	EVENT_STREAM_BEGIN,
	encodeUserControl,
} from "./user-control.ts";

describe("user control", () => {
	test.each([
		["a ping", EVENT_PING_REQUEST, 0x1234, undefined, "0006 00001234"],
		["a buffer of 3000 ms on stream 1", EVENT_SET_BUFFER_LENGTH, 1, 3000, "0003 00000001 00000bb8"],
		["the beginning of stream 0", EVENT_STREAM_BEGIN, 0, undefined, "0000 00000000"],
		["the largest values", 0xffff, 0xffffffff, 0xffffffff, "ffff ffffffff ffffffff"],
	])("%s is written and read", (_name, event, value, extra, hex) => {
		expect(encodeUserControl(event, value, extra)).toEqual(bytesOf(hex));
		expect(decodeUserControl(bytesOf(hex))).toEqual({ event, value, extra: extra ?? 0 });
	});

	test.each([
		["", undefined],
		["00", undefined],
		["0003", { event: 3, value: 0, extra: 0 }],
		["0003 000000", { event: 3, value: 0, extra: 0 }],
		["0003 00000001", { event: 3, value: 1, extra: 0 }],
		["0003 00000001 000000", { event: 3, value: 1, extra: 0 }],
		["0003 00000001 00000bb8 ff", { event: 3, value: 1, extra: 3000 }],
		["001a 01", { event: 26, value: 0, extra: 0 }],
	])("of %j bytes is read as far as it goes", (hex, expected) => {
		expect(decodeUserControl(bytesOf(hex))).toEqual(expected);
	});
});

describe("protocol control", () => {
	test("values of 32 bits are written and read; shorter payloads have none", () => {
		for (const value of [0, 1, 2_500_000, 0x7fffffff, 0x80000000, 0xffffffff]) {
			expect(decodeControlValue(encodeControlValue(value))).toBe(value);
		}
		expect(encodeControlValue(2_500_000)).toEqual(bytesOf("002625a0"));
		expect(decodeControlValue(bytesOf("002625"))).toBe(undefined);
		expect(decodeControlValue(bytesOf("002625a0 02"))).toBe(2_500_000);
	});

	test("Set Peer Bandwidth is a window and a limit", () => {
		expect(encodeSetPeerBandwidth(2_500_000, BANDWIDTH_DYNAMIC)).toEqual(bytesOf("002625a0 02"));
	});
});

describe("a command", () => {
	const createStream = bytesOf("02000c63726561746553747265616d00401000000000000005");

	test("is written as ffmpeg and Flash write it", () => {
		expect(encodeCommand(0, "createStream", 4, null, [])).toEqual(createStream);
		expect(encodeCommand(0, "_result", 4, null, [1])).toEqual(
			bytesOf("0200075f726573756c7400401000000000000005003ff0000000000000"),
		);
	});

	test.each([
		["type 20", TYPE_COMMAND, createStream],
		["type 17 with its selector", TYPE_COMMAND_AMF3, bytesOf("00", createStream)],
		["type 17 without its selector", TYPE_COMMAND_AMF3, createStream],
	])("is read in %s", (_name, type, payload) => {
		expect(decodeCommand(type, payload)).toEqual({ name: "createStream", transactionId: 4, object: null, args: [] });
	});

	test("of an ffmpeg publisher and player is read from its bytes", () => {
		const publish = "0200077075626c6973680040180000000000000502000c73747265616d3f6b65793d310200046c697665";
		const play = "020004706c61790040140000000000000502000e6d70343a73616d706c652e6d703400c09f400000000000";
		expect(decodeCommand(TYPE_COMMAND, bytesOf(publish))).toMatchObject({
			name: "publish",
			transactionId: 6,
			args: ["stream?key=1", "live"],
		});
		expect(decodeCommand(TYPE_COMMAND, bytesOf(play))).toMatchObject({
			name: "play",
			transactionId: 5,
			args: ["mp4:sample.mp4", -2000],
		});
	});

	test("of encoding 3 has a selector, and objects as AMF3 behind the switch", () => {
		const payload = encodeCommand(3, "f", 1, null, [{ a: 1 }, "x"]);
		expect(payload).toEqual(bytesOf("00", encodeAmf0("f", 1, null), "11", encodeAmf3({ a: 1 }), encodeAmf0("x")));
		expect(decodeCommand(TYPE_COMMAND_AMF3, payload)).toMatchObject({ name: "f", args: [{ a: 1 }, "x"] });
		expect([commandType(0), commandType(3)]).toEqual([TYPE_COMMAND, TYPE_COMMAND_AMF3]);
	});

	test.each([
		["a name alone", ["f"], { transactionId: 0, object: null, args: [] }],
		["no object", ["f", 2], { transactionId: 2, object: null, args: [] }],
		["a transaction that is no number", ["f", "2", null], { transactionId: 0, object: null, args: [] }],
		["the transaction NaN", ["f", Number.NaN, null], { transactionId: 0 }],
		["the transaction Infinity", ["f", Number.POSITIVE_INFINITY, null], { transactionId: 0 }],
		["an undefined object", ["f", 1, undefined, 5], { object: undefined, args: [5] }],
	])("with %s is read", (_name, values, expected) => {
		expect(decodeCommand(TYPE_COMMAND, encodeAmf0(...values))).toMatchObject({ name: "f", ...expected });
	});

	test.each([
		["nothing", new Uint8Array(0)],
		["a number in place of the name", encodeAmf0(1, 2)],
		["null in place of the name", encodeAmf0(null)],
	])("is refused for %s", (_name, payload) => {
		for (const type of [TYPE_COMMAND, TYPE_COMMAND_AMF3]) {
			expect(() => decodeCommand(type, payload)).toThrow(expect.objectContaining({ code: expect.any(String) }));
		}
		expect(() => decodeCommand(TYPE_COMMAND, payload)).toThrow(expect.objectContaining({ code: "MESSAGE_MALFORMED" }));
	});

	test("cut short anywhere inside a value is a fault of the peer", () => {
		const payload = encodeCommand(0, "connect", 1, { app: "live", list: new AmfEcmaArray([["a", 1]]) }, ["x"]);
		for (let length = 0; length < payload.length; length++) {
			try {
				expect(decodeCommand(TYPE_COMMAND, payload.subarray(0, length)).name).toBe("connect");
			} catch (error) {
				expect(error).toMatchObject({ code: expect.stringMatching(/^(AMF_TRUNCATED|MESSAGE_MALFORMED)$/) });
			}
		}
	});
});

test("data is a handler's name and its arguments, with a selector in encoding 3", () => {
	expect(encodeData(0, "onX", [1])).toEqual(encodeAmf0("onX", 1));
	expect(encodeData(3, "onX", [1])).toEqual(bytesOf("00", encodeAmf0("onX", 1)));
});

describe("an aggregate", () => {
	type Part = [type: number, timestamp: number, payload: Uint8Array];
	const partsOf = (payload: Uint8Array, timestamp: number) => {
		const parts: Part[] = [];
		splitAggregate(payload, timestamp, (...part) => parts.push(part));
		return parts;
	};
	const audio = "08 000003 0003e8 00 000000 af0121 0000000e";
	const video = "09 000005 0003fc 00 000000 1702000000";
	const sound: Part = [8, 5000, bytesOf("af0121")];
	const picture: Part = [9, 5020, bytesOf("1702000000")];

	test("is split, and its parts move to the aggregate's time (rtmpdump's 5000 and 5020)", () => {
		expect(partsOf(bytesOf(audio, video, "00000010"), 5000)).toEqual([sound, picture]);
	});

	test("may lack its last back pointer, or a part of it", () => {
		for (const pointer of ["", "00", "0000", "000000"]) {
			expect(partsOf(bytesOf(audio, video, pointer), 5000)).toEqual([sound, picture]);
		}
	});

	test("keeps distances modulo 2^32, and those of parts that go back", () => {
		expect(partsOf(bytesOf(audio, video), 0xfffffff8).map(part => part[1])).toEqual([0xfffffff8, 12]);
		expect(partsOf(bytesOf(video, "00000010", audio), 10).map(part => part[1])).toEqual([10, 0xfffffff6]);
	});

	test("has its parts' times in FLV's order: the highest byte last", () => {
		const parts = partsOf(bytesOf("08 000001 fffff0 7f 000000 01 0000000c", "08 000001 000010 80 000000 02"), 0);
		expect(parts.map(part => part[1])).toEqual([0, 0x20]);
	});

	test("gives parts that are copies", () => {
		const payload = bytesOf(audio);
		const [part] = partsOf(payload, 0);
		payload.fill(0);
		expect(part![2]).toEqual(bytesOf("af0121"));
	});

	test.each([
		[4096, undefined],
		[4097, "MESSAGE_MALFORMED"],
		[1_000_000, "MESSAGE_MALFORMED"],
	])("leaves out %i parts without bytes, or refuses so many", (count, fault) => {
		const empty = bytesOf("08 000000 000000 00 000000 0000000b");
		const payload = new Uint8Array(15 * count);
		for (let at = 0; at < payload.length; at += 15) payload.set(empty, at);
		if (fault === undefined) expect(partsOf(payload, 0)).toEqual([]);
		else expect(() => partsOf(payload, 0)).toThrow(expect.objectContaining({ code: fault }));
	});

	test("of nothing, or less than a header, has no parts", () => {
		for (let length = 0; length < 11; length++) expect(partsOf(patternOf(length), 0)).toEqual([]);
	});

	test.each([
		["a part that runs past the end", bytesOf(audio, "09 000006 0003fc 00 000000 1702000000")],
		["an aggregate in it", bytesOf(audio, "16 000001 000000 00 000000 00")],
	])("is refused for %s", (_name, payload) => {
		expect(() => partsOf(payload, 0)).toThrow(expect.objectContaining({ code: "MESSAGE_MALFORMED", offset: 18 }));
	});
});
