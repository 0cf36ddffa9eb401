import { expect, test } from "vitest";
import { PeerError, UsageError } from "../fault/index.ts";
import { BitReader } from "./bit-reader.ts";

/** Bits written as text, blanks for the eye, padded with zeros to whole bytes. */
function bitsOf(text: string): Uint8Array {
	const digits = text.replaceAll(" ", "");
	return Uint8Array.from({ length: Math.ceil(digits.length / 8) }, (_, index) =>
		Number.parseInt(digits.slice(index * 8, index * 8 + 8).padEnd(8, "0"), 2),
	);
}

test("bits come most significant first and cross bytes", () => {
	const reader = new BitReader(bitsOf("1 01 00111 11110000 1"), "MESSAGE_MALFORMED");
	expect([reader.bit(), reader.bits(2), reader.bits(9), reader.flag(), reader.bits(0)]).toEqual([1, 1, 127, false, 0]);
	expect(reader.position).toBe(13);
	expect(reader.remaining).toBe(11);
	reader.alignToByte();
	expect([reader.position, reader.flag()]).toEqual([16, true]);
});

test("32 bits are unsigned, also when they do not begin at a byte", () => {
	const reader = new BitReader(Uint8Array.of(0x7f, 0xff, 0xff, 0xff, 0x80), "MESSAGE_MALFORMED");
	reader.skip(1);
	expect(reader.bits(32)).toBe(0xffffffff);
	expect(() => reader.bits(33)).toThrow(UsageError);
});

test.each([
	["1", 0, 0],
	["010", 1, 1],
	["011", 2, -1],
	["00100", 3, 2],
	["00101", 4, -2],
	["0001000", 7, 4],
	[`${"0".repeat(31)}1${"0".repeat(31)}`, 2 ** 31 - 1, 2 ** 30],
	[`${"0".repeat(31)}1${"1".repeat(31)}`, 2 ** 32 - 2, -(2 ** 31 - 1)],
])("the Exp-Golomb code %s is %d unsigned and %d signed", (code, unsigned, signed) => {
	const reader = new BitReader(bitsOf(code), "MESSAGE_MALFORMED");
	expect(reader.ue()).toBe(unsigned);
	expect(reader.position).toBe(code.length);
	expect(new BitReader(bitsOf(code), "MESSAGE_MALFORMED").se()).toBe(signed);
});

test("an Exp-Golomb code of 32 zeros and more is refused", () => {
	const reader = new BitReader(new Uint8Array(20), "MESSAGE_MALFORMED");
	expect(() => reader.ue()).toThrow(expect.objectContaining({ code: "MESSAGE_MALFORMED" }));
});

test("reading past the end throws the caller's fault and moves nothing", () => {
	const reader = new BitReader(Uint8Array.of(0), "MESSAGE_MALFORMED");
	reader.skip(3);
	expect(() => reader.bits(6)).toThrow(PeerError);
	expect(() => reader.skip(-1)).toThrow(PeerError);
	expect(reader.position).toBe(3);
	expect(() => reader.ue()).toThrow(PeerError);
});
