import { expect, test } from "vitest";
import { UsageError } from "../fault/index.ts";
import { ByteWriter } from "./byte-writer.ts";

test("the writer grows over its first capacity and keeps what was there", () => {
	const writer = new ByteWriter({ capacity: 1 });
	for (let value = 0; value < 1000; value++) writer.u16(value);
	writer.bytes(Uint8Array.of(1, 2, 3));
	expect(writer.length).toBe(2003);
	const bytes = writer.toBytes();
	expect(bytes.length).toBe(2003);
	expect([...bytes.subarray(1998)]).toEqual([999 >> 8, 999 & 255, 1, 2, 3]);
});

test("toBytes gives memory of its own", () => {
	const writer = new ByteWriter();
	writer.u8(1);
	const first = writer.toBytes();
	writer.u8(2);
	first[0] = 9;
	expect(first.buffer.byteLength).toBe(1);
	expect(writer.toBytes()).toEqual(Uint8Array.of(1, 2));
});

test("lengths are patched where they were left open", () => {
	const writer = new ByteWriter();
	writer.u16(0);
	writer.u24(0);
	writer.u32(0);
	writer.patchU16(0, 0x0102);
	writer.patchU24(2, 0x030405);
	writer.patchU32(5, 0xfedcba98);
	expect(writer.toBytes()).toEqual(Uint8Array.of(1, 2, 3, 4, 5, 0xfe, 0xdc, 0xba, 0x98));
});

test("a writer that has finished begins anew, apart from the one that took over its memory", () => {
	const first = new ByteWriter();
	first.utf8("first");
	const bytes = first.finish();
	const second = new ByteWriter();
	second.utf8("second");
	first.utf8("again");
	const nested = new ByteWriter();
	nested.utf8("nested");
	expect([bytes, second.finish(), first.finish(), nested.finish()].map(each => new TextDecoder().decode(each))).toEqual(
		["first", "second", "again", "nested"],
	);
});

test("a writer with a ceiling keeps to it whatever memory it took over", () => {
	const large = new ByteWriter({ capacity: 1000 });
	large.u8(1);
	large.finish();
	const small = new ByteWriter({ maxBytes: 2 });
	small.u16(1);
	expect(() => small.u8(1)).toThrow(UsageError);
});

test.each([-1, 1, 100])("patching four bytes at %d of four is refused", offset => {
	const writer = new ByteWriter();
	writer.u32(0);
	expect(() => writer.patchU32(offset, 1)).toThrow(UsageError);
});

test("text is written with its byte count as the answer", () => {
	const writer = new ByteWriter({ capacity: 0 });
	expect(writer.utf8("aé€😀")).toBe(10);
	expect(writer.utf8("x".repeat(1000))).toBe(1000);
	expect(writer.length).toBe(1010);
});

test("the ceiling holds for every way of writing, and up to it all fits", () => {
	const writer = new ByteWriter({ capacity: 1, maxBytes: 6, tooLarge: "AMF_UNENCODABLE" });
	writer.utf8("é€");
	writer.u8(1);
	const tooLarge = expect.objectContaining({ code: "AMF_UNENCODABLE" });
	expect(() => writer.u8(1)).toThrow(tooLarge);
	expect(() => writer.utf8("x")).toThrow(tooLarge);
	expect(() => writer.bytes(new Uint8Array(1))).toThrow(tooLarge);
	expect(writer.toBytes()).toEqual(Uint8Array.of(0xc3, 0xa9, 0xe2, 0x82, 0xac, 1));
});
