import { expect, test } from "vitest";
import { LimitError, PeerError, UsageError } from "../fault/index.ts";
import { bytesOf } from "./amf-case.ts";
import {
	AMF_LIMITS,
	AMF_LIMITS_BEFORE_CONNECT,
	type AmfObject,
	type AmfValue,
	decodeAmf0,
	decodeAmf3,
	encodeAmf0,
	encodeAmf3,
	encodeValues,
} from "./index.ts";

const fault = (code: string) => expect.objectContaining({ code });
const hex = (bytes: Uint8Array) => Array.from(bytes, byte => byte.toString(16).padStart(2, "0")).join("");

test.each([
	["AMF0 objects", 0, "03 000161"],
	["AMF0 strict arrays", 0, "0a 00000001"],
	["AMF0 ECMA arrays", 0, "08 00000000 000161"],
	["AMF0 typed objects", 0, "10 000150 000161"],
	["AMF3 arrays", 3, "09 03 01"],
	["AMF3 objects", 3, "0a 0b 01 0361"],
	["AMF3 dictionaries by value", 3, "11 03 00 01"],
	["AMF3 dictionaries by key", 3, "11 03 00"],
	["AMF3 vectors", 3, "10 03 00 01"],
	["AMF3 associative arrays", 3, "09 01 0361"],
	["AMF3 externalizable objects", 3, "0a 07 3b 666c65782e6d6573736167696e672e696f2e4f626a65637450726f7879"],
] as const)("10 000 %s inside each other are too deep, not a stack overflow", (_name, encoding, opening) => {
	const decode = encoding === 0 ? decodeAmf0 : decodeAmf3;
	// Enough bytes behind, so that no count is too large before the depth is.
	const bytes = bytesOf(opening.repeat(10_000) + "00".repeat(100));
	expect(() => decode(bytes)).toThrow(fault("AMF_TOO_DEEP"));
});

test("as many containers as the limit says are read, and one more is not", () => {
	const nested = (depth: number) => bytesOf(`${"0a 00000001".repeat(depth)} 05`);
	const limits = AMF_LIMITS_BEFORE_CONNECT;
	expect(decodeAmf0(nested(limits.depth), { limits }).length).toBe(1);
	expect(() => decodeAmf0(nested(limits.depth + 1), { limits })).toThrow(fault("AMF_TOO_DEEP"));
	expect(decodeAmf0(nested(AMF_LIMITS.depth)).length).toBe(1);
});

test("AMF3 inside AMF0 draws on the same depth and number of values", () => {
	const limits = { depth: 2, values: 4, keyBytes: 10 };
	expect(() => decodeAmf0(bytesOf("0a00000001 11 090301 090101"), { limits })).toThrow(fault("AMF_TOO_DEEP"));
	expect(() => decodeAmf0(bytesOf("05 05 0a00000001 11 0a0b01 036101 01"), { limits })).toThrow(
		fault("AMF_TOO_MANY_VALUES"),
	);
});

test("values are counted over the whole message", () => {
	expect(decodeAmf0(new Uint8Array(AMF_LIMITS.values).fill(5)).length).toBe(AMF_LIMITS.values);
	expect(() => decodeAmf0(new Uint8Array(AMF_LIMITS.values + 1).fill(5))).toThrow(fault("AMF_TOO_MANY_VALUES"));
	expect(() => decodeAmf3(new Uint8Array(AMF_LIMITS.values + 1).fill(1))).toThrow(fault("AMF_TOO_MANY_VALUES"));
});

test.each([
	["AMF0 strict array", 0, "0a ffffffff 05"],
	["AMF3 array", 3, "09 ffffffff 01"],
	["AMF3 vector of integers", 3, "0d ffffffff 00"],
	["AMF3 vector of unsigned integers", 3, "0e 0d 00 00000001"],
	["AMF3 vector of numbers", 3, "0f ffffffff 00"],
	["AMF3 vector of objects", 3, "10 ffffffff 00 01"],
	["AMF3 dictionary", 3, "11 ffffffff 00"],
	["AMF3 class's sealed members", 3, "0a fffffff3 01"],
] as const)(
	"a count of elements that cannot follow is refused before anything is reserved: %s",
	(_name, encoding, bytes) => {
		expect(() => (encoding === 0 ? decodeAmf0 : decodeAmf3)(bytesOf(bytes))).toThrow(fault("AMF_COUNT_TOO_LARGE"));
	},
);

test.each([
	["AMF0 long string of 4 GB", 0, "0c ffffffff 61"],
	["AMF0 XML of 4 GB", 0, "0f ffffffff 61"],
	["AMF3 string", 3, "06 ffffffff"],
	["AMF3 XML", 3, "0b ffffffff"],
	["AMF3 byte array", 3, "0c ffffffff"],
] as const)("a length that the message does not have is truncation: %s", (_name, encoding, bytes) => {
	expect(() => (encoding === 0 ? decodeAmf0 : decodeAmf3)(bytesOf(bytes))).toThrow(fault("AMF_TRUNCATED"));
});

test("an ECMA array's count of 2^32 − 1 is only a hint", () => {
	expect(decodeAmf0(bytesOf("08 ffffffff 000009")).length).toBe(1);
});

test.each([
	["AMF0 to what is not there", 0, "07 0000"],
	["AMF0 to a later one", 0, "0a 00000001 07 0001"],
	["AMF3 string", 3, "06 00"],
	["AMF3 object", 3, "0a 00"],
	["AMF3 object of index −1 as 28 bits", 3, "0a fffffffe"],
	["AMF3 traits", 3, "0a 01"],
	["AMF3 date", 3, "08 00"],
	["AMF3 name", 3, "0a 0b 01 02"],
] as const)("a reference that names nothing is refused: %s", (_name, encoding, bytes) => {
	expect(() => (encoding === 0 ? decodeAmf0 : decodeAmf3)(bytesOf(bytes))).toThrow(fault("AMF_BAD_REFERENCE"));
});

test.each(["04", "09", "0e", "12", "ff"])("AMF0 marker %s is refused as a first value", marker => {
	expect(() => decodeAmf0(bytesOf(`${marker} 00000000`))).toThrow(fault("AMF_BAD_MARKER"));
	expect(() => decodeAmf0(bytesOf(`0a 00000001 ${marker}`))).toThrow(fault("AMF_BAD_MARKER"));
});

test("AMF3 marker 12 is refused as a first value, with its place", () => {
	expect(() => decodeAmf3(bytesOf("12"))).toThrow(expect.objectContaining({ code: "AMF_BAD_MARKER", offset: 0 }));
	expect(() => decodeAmf3(bytesOf("09 03 01 12"))).toThrow(expect.objectContaining({ offset: 3 }));
});

test.each(["00", "00 00 09", "00 00 00 00 00 00 00 00", "09", "12 34", "ff"])(
	"AMF0: trailing %s, which begins no value, is left out",
	garbage => {
		expect(decodeAmf0(bytesOf(`05 ${garbage}`))).toEqual([null]);
	},
);

test.each(["02 0004 61", "00 3f f0", "03 0001 61", "00 00 00 00 00 00 00 09"])(
	"AMF0: a last value that breaks off is truncation, not garbage: %s",
	rest => {
		expect(() => decodeAmf0(bytesOf(`05 ${rest}`))).toThrow(fault("AMF_TRUNCATED"));
	},
);

test("AMF3: trailing bytes that begin with no marker are left out", () => {
	expect(decodeAmf3(bytesOf("01 ff 00"))).toEqual([null]);
});

test("an empty message holds no values", () => {
	expect(decodeAmf0(new Uint8Array(0))).toEqual([]);
	expect(decodeAmf3(new Uint8Array(0))).toEqual([]);
});

test("long names of members are refused before connect and allowed after", () => {
	const limits = AMF_LIMITS_BEFORE_CONNECT;
	const name = "61".repeat(limits.keyBytes + 1);
	const amf0 = bytesOf(`03 1001 ${name} 05 000009`);
	const amf3 = bytesOf(`0a 0b 01 c003 ${name} 01 01`);
	expect(() => decodeAmf0(amf0, { limits })).toThrow(fault("AMF_KEY_TOO_LONG"));
	expect(() => decodeAmf3(amf3, { limits })).toThrow(fault("AMF_KEY_TOO_LONG"));
	expect(decodeAmf0(amf0).length).toBe(1);
	expect(decodeAmf3(amf3).length).toBe(1);
});

test("an externalizable class that is not registered fails with its name", () => {
	expect(() => decodeAmf3(bytesOf("0a 07 03 58 01"))).toThrow(/"X"/);
	expect(() => decodeAmf3(bytesOf("0a 07 03 58 01"))).toThrow(PeerError);
});

test("limits are a fault of their own kind", () => {
	expect(() => decodeAmf0(bytesOf("0a ffffffff"))).toThrow(LimitError);
});

test("a graph that doubles at each level is decoded and encoded once for each object", () => {
	let value: AmfValue[] = [];
	for (let level = 0; level < 60; level++) value = [value, value];
	expect(encodeAmf0(value).length).toBeLessThan(1000);
	expect(encodeAmf3(value).length).toBeLessThan(1000);
	expect(decodeAmf0(encodeAmf0(value)).length).toBe(1);
	expect(decodeAmf3(encodeAmf3(value)).length).toBe(1);
});

test("the same graph without references is stopped at the limit of bytes", () => {
	let value: AmfValue[] = [];
	for (let level = 0; level < 60; level++) value = [value, value];
	expect(() => encodeValues([value], 0, { references: false, maxBytes: 10_000 })).toThrow(/more than 10000 bytes/);
});

test.each([
	["AMF0", (value: AmfValue) => encodeAmf0(value)],
	["AMF3", (value: AmfValue) => encodeAmf3(value)],
	["AMF0 without references", (value: AmfValue) => encodeValues([value], 0, { references: false })],
])("%s: what is nested deeper than a peer would read is not written", (_name, encode) => {
	let value: AmfValue = null;
	for (let level = 0; level < AMF_LIMITS.depth; level++) value = { value };
	expect(encode(value).length).toBeGreaterThan(AMF_LIMITS.depth);
	expect(() => encode({ value })).toThrow(fault("AMF_UNENCODABLE"));
	for (let level = 0; level < 100_000; level++) value = { value };
	expect(() => encode(value)).toThrow(fault("AMF_UNENCODABLE"));
});

test("a cycle without references is refused", () => {
	const cycle: AmfObject = {};
	cycle["self"] = cycle;
	expect(() => encodeValues([cycle], 0, { references: false })).toThrow(UsageError);
});

test("a large value is written up to the limit of bytes and no further", () => {
	expect(encodeValues(["x".repeat(95)], 0, { maxBytes: 98 }).length).toBe(98);
	expect(() => encodeValues(["x".repeat(96)], 0, { maxBytes: 98 })).toThrow(fault("AMF_UNENCODABLE"));
	expect(() => encodeAmf3(new Uint8Array(17 * 1024 * 1024))).toThrow(fault("AMF_UNENCODABLE"));
	expect(() => encodeAmf3("x".repeat(17 * 1024 * 1024))).toThrow(fault("AMF_UNENCODABLE"));
});

test("AMF0 containers past the 65 536th are written again instead of referred to", () => {
	const many: AmfValue[] = Array.from({ length: 65_536 }, () => []);
	const late: AmfValue[] = [];
	const bytes = encodeAmf0([many, late, late, many]);
	expect(hex(bytes.slice(-13))).toBe("0a00000000" + "0a00000000" + "070001");
	expect(() => decodeAmf0(bytes)).not.toThrow();
});
