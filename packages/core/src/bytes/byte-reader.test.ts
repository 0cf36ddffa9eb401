import { expect, test } from "vitest";
import { PeerError } from "../fault/index.ts";
import { ByteReader } from "./byte-reader.ts";
import { ByteWriter } from "./byte-writer.ts";

/** Each method of the reader, the same of the writer, a value, and its bytes. */
const CASES = [
	["u8", 0xfe, [0xfe]],
	["u16", 0xfedc, [0xfe, 0xdc]],
	["u16le", 0xfedc, [0xdc, 0xfe]],
	["i16", -2, [0xff, 0xfe]],
	["u24", 0xfedcba, [0xfe, 0xdc, 0xba]],
	["i24", -2, [0xff, 0xff, 0xfe]],
	["i24", 0x7fffff, [0x7f, 0xff, 0xff]],
	["u32", 0xfedcba98, [0xfe, 0xdc, 0xba, 0x98]],
	["u32le", 0xfedcba98, [0x98, 0xba, 0xdc, 0xfe]],
	["i32", -2, [0xff, 0xff, 0xff, 0xfe]],
	["f64", 1.5, [0x3f, 0xf8, 0, 0, 0, 0, 0, 0]],
	["f64", -0, [0x80, 0, 0, 0, 0, 0, 0, 0]],
	["f64", Number.NEGATIVE_INFINITY, [0xff, 0xf0, 0, 0, 0, 0, 0, 0]],
] as const;

test.each(CASES)("%s of %d is read and written with its bytes in order", (method, value, bytes) => {
	const reader = new ByteReader(Uint8Array.of(7, ...bytes), "FLV_TRUNCATED");
	reader.skip(1);
	expect(reader[method]()).toBe(value);
	expect(reader.remaining).toBe(0);
	const writer = new ByteWriter();
	writer[method](value);
	expect(writer.toBytes()).toEqual(Uint8Array.from(bytes));
});

test.each(CASES)("%s of %d with bytes missing throws the caller's fault and moves nothing", (method, _value, bytes) => {
	for (let length = 0; length < bytes.length; length++) {
		const reader = new ByteReader(Uint8Array.from(bytes.slice(0, length)), "FLV_TRUNCATED");
		expect(() => reader[method]()).toThrow(expect.objectContaining({ code: "FLV_TRUNCATED", offset: 0 }));
		expect(reader.position).toBe(0);
	}
});

test("bytes are a view into the input, not a copy", () => {
	const input = Uint8Array.of(1, 2, 3, 4);
	const view = new ByteReader(input, "FLV_TRUNCATED").bytes(3);
	input[1] = 9;
	expect(view).toEqual(Uint8Array.of(1, 9, 3));
});

test("a reader of a view stays inside it", () => {
	const inner = Uint8Array.of(1, 2, 3, 4).subarray(1, 3);
	const reader = new ByteReader(inner, "FLV_TRUNCATED");
	expect(reader.u16()).toBe(0x0203);
	expect(() => reader.u8()).toThrow(PeerError);
});

test("peeking reads nothing and answers −1 at the end", () => {
	const reader = new ByteReader(Uint8Array.of(5), "FLV_TRUNCATED");
	expect([reader.peekU8(), reader.peekU8(), reader.u8(), reader.peekU8()]).toEqual([5, 5, 5, -1]);
});

test.each([-1, Number.NaN, 4, 2 ** 32])("a length of %d is refused", length => {
	const reader = new ByteReader(Uint8Array.of(1, 2, 3), "FLV_TRUNCATED");
	expect(() => reader.skip(length)).toThrow(PeerError);
	expect(() => reader.bytes(length)).toThrow(PeerError);
	expect(() => reader.utf8(length)).toThrow(PeerError);
	expect(reader.position).toBe(0);
});
