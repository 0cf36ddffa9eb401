import { AmfEcmaArray, type AmfObject, AmfTypedObject, type AmfValue, AmfVector, AmfXml } from "./amf-types.ts";

/**
 * One value and its bytes. The table drives the tests of both directions and of truncation, and seeds the fuzzers; it
 * is no part of the library.
 */
export type AmfCase = {
	readonly name: string;
	readonly encoding: 0 | 3;
	/** In hexadecimal, blanks for the eye. */
	readonly bytes: string;
	readonly value: AmfValue;
	/** Only read: we write the value in another form. */
	readonly decodeOnly?: true;
};

/** The bytes that a text of hexadecimal digits and blanks says. */
export function bytesOf(hex: string): Uint8Array {
	const digits = hex.replaceAll(/\s/g, "");
	return Uint8Array.from({ length: digits.length / 2 }, (_, index) =>
		Number.parseInt(digits.slice(index * 2, index * 2 + 2), 16),
	);
}

const DATE = new Date(1_700_000_000_000);
const shared: AmfObject = { a: 1 };
const selfObject: AmfObject = {};
selfObject["self"] = selfObject;
const selfArray: AmfValue[] = [];
selfArray.push(selfArray);
const selfMap = new Map<AmfValue, AmfValue>();
selfMap.set(selfMap, selfMap);
const sparse: AmfValue[] = [1];
sparse[2] = 3;
const guarded: AmfObject = JSON.parse('{"__proto__":true,"constructor":false}');

const AMF0_CASES: readonly Omit<AmfCase, "encoding">[] = [
	{ name: "number", bytes: "00 3ff8000000000000", value: 1.5 },
	{ name: "negative zero", bytes: "00 8000000000000000", value: -0 },
	{ name: "infinity", bytes: "00 7ff0000000000000", value: Number.POSITIVE_INFINITY },
	{ name: "not a number", bytes: "00 7ff8000000000000", value: Number.NaN },
	{ name: "false", bytes: "01 00", value: false },
	{ name: "true", bytes: "01 01", value: true },
	{ name: "true as any byte but zero", bytes: "01 ff", value: true, decodeOnly: true },
	{ name: "string", bytes: "02 0004 6c697665", value: "live" },
	{ name: "empty string", bytes: "02 0000", value: "" },
	{ name: "string of four-byte characters", bytes: "02 0004 f09f9880", value: "😀" },
	{ name: "lone surrogate", bytes: "02 0003 eda080", value: "\ud800" },
	{ name: "invalid UTF-8", bytes: "02 0002 ff41", value: "\ufffdA", decodeOnly: true },
	{
		name: "object",
		bytes: "03 0003617070 0200046c697665 00016e 004008000000000000 000009",
		value: { app: "live", n: 3 },
	},
	{ name: "empty object", bytes: "03 000009", value: {} },
	{ name: "member with an empty name", bytes: "03 0000 05 00016101 01 000009", value: { "": null, a: true } },
	{
		name: "members named like those of Object.prototype",
		bytes: "03 0009 5f5f70726f746f5f5f 0101 000b 636f6e7374727563746f72 0100 000009",
		value: guarded,
	},
	{ name: "null", bytes: "05", value: null },
	{ name: "undefined", bytes: "06", value: undefined },
	{ name: "unsupported", bytes: "0d", value: undefined, decodeOnly: true },
	{
		name: "reference to an object before",
		bytes: "0a 00000002 03 000161 003ff0000000000000 000009 07 0001",
		value: [shared, shared],
	},
	{ name: "object inside itself", bytes: "03 0004 73656c66 07 0000 000009", value: selfObject },
	{ name: "strict array inside itself", bytes: "0a 00000001 07 0000", value: selfArray },
	{
		name: "ECMA array",
		bytes: "08 00000002 0008 6475726174696f6e 000000000000000000 0005 7769647468 004094000000000000 000009",
		value: new AmfEcmaArray([
			["duration", 0],
			["width", 1280],
		]),
	},
	{
		name: "ECMA array with a count of garbage (librtmp)",
		bytes: "08 ffffffff 000161 05 000009",
		value: new AmfEcmaArray([["a", null]]),
		decodeOnly: true,
	},
	{
		name: "ECMA array without end marker (old FLV writers)",
		bytes: "08 00000001 000161 05",
		value: new AmfEcmaArray([["a", null]]),
		decodeOnly: true,
	},
	{
		name: "object whose end marker has lost its last byte",
		bytes: "03 000161 05 0000",
		value: { a: null },
		decodeOnly: true,
	},
	{
		name: "array with a hole",
		bytes: "08 00000003 000130 003ff0000000000000 000132 004008000000000000 000009",
		value: new AmfEcmaArray([
			["0", 1],
			["2", 3],
		]),
		decodeOnly: true,
	},
	{ name: "strict array", bytes: "0a 00000002 020004 61763031 020004 68766331", value: ["av01", "hvc1"] },
	{ name: "date", bytes: "0b 4278bcfe56800000 0000", value: DATE },
	{ name: "date with a time zone", bytes: "0b 4278bcfe56800000 ffc4", value: DATE, decodeOnly: true },
	{ name: "invalid date", bytes: "0b 7ff8000000000000 0000", value: new Date(Number.NaN) },
	{ name: "long string that would fit a short one", bytes: "0c 00000001 61", value: "a", decodeOnly: true },
	{ name: "XML document", bytes: "0f 00000004 3c612f3e", value: new AmfXml("<a/>", true) },
	{
		name: "typed object",
		bytes: "10 0001 50 000178 003ff0000000000000 000009",
		value: new AmfTypedObject("P", { x: 1 }),
	},
	{ name: "typed object of no name", bytes: "10 0000 000178 05 000009", value: { x: null }, decodeOnly: true },
	{ name: "switch to AMF3", bytes: "11 0a 0b 01 0361 0401 01", value: { a: 1 }, decodeOnly: true },
	{
		name: "byte array behind the switch to AMF3",
		bytes: "11 0c 05 0102",
		value: Uint8Array.of(1, 2),
		decodeOnly: true,
	},
	{
		name: "AMF3 tables that go on from one switch to the next",
		bytes: "0a 00000002 11 0a 0b 01 0361 0401 01 11 0a 00",
		value: [shared, shared],
		decodeOnly: true,
	},
];

const AMF3_CASES: readonly Omit<AmfCase, "encoding">[] = [
	{ name: "undefined", bytes: "00", value: undefined },
	{ name: "null", bytes: "01", value: null },
	{ name: "false", bytes: "02", value: false },
	{ name: "true", bytes: "03", value: true },
	{ name: "integer of one byte, least", bytes: "04 00", value: 0 },
	{ name: "integer of one byte, greatest", bytes: "04 7f", value: 127 },
	{ name: "integer of two bytes, least", bytes: "04 8100", value: 128 },
	{ name: "integer of two bytes, greatest", bytes: "04 ff7f", value: 16383 },
	{ name: "integer of three bytes, least", bytes: "04 818000", value: 16384 },
	{ name: "integer of three bytes, greatest", bytes: "04 ffff7f", value: 2097151 },
	{ name: "integer of four bytes, least", bytes: "04 80c08000", value: 2097152 },
	{ name: "greatest integer", bytes: "04 bfffffff", value: 268435455 },
	{ name: "minus one", bytes: "04 ffffffff", value: -1 },
	{ name: "least integer", bytes: "04 c0808000", value: -268435456 },
	{ name: "integer longer than needed", bytes: "04 8000", value: 0, decodeOnly: true },
	{ name: "integer much longer than needed", bytes: "04 80808001", value: 1, decodeOnly: true },
	{ name: "first number past the integers", bytes: "05 41b0000000000000", value: 268435456 },
	{ name: "last number before the integers", bytes: "05 c1b0000001000000", value: -268435457 },
	{ name: "negative zero", bytes: "05 8000000000000000", value: -0 },
	{ name: "double", bytes: "05 3ff8000000000000", value: 1.5 },
	{ name: "not a number", bytes: "05 7ff8000000000000", value: Number.NaN },
	{ name: "string", bytes: "06 05 6869", value: "hi" },
	{ name: "empty string", bytes: "06 01", value: "" },
	{ name: "lone surrogate", bytes: "06 07 edbfbf", value: "\udfff" },
	{ name: "legacy XML", bytes: "07 09 3c612f3e", value: new AmfXml("<a/>", true) },
	{ name: "XML", bytes: "0b 09 3c612f3e", value: new AmfXml("<a/>") },
	{ name: "date", bytes: "08 01 4278bcfe56800000", value: DATE },
	{ name: "date by reference", bytes: "09 05 01 08 01 4278bcfe56800000 08 02", value: [DATE, DATE] },
	{ name: "empty array", bytes: "09 01 01", value: [] },
	{ name: "string by reference", bytes: "09 05 01 06056162 0600", value: ["ab", "ab"] },
	{
		name: "empty strings, which take no place in the table",
		bytes: "09 09 01 0601 06056162 0601 0600",
		value: ["", "ab", "", "ab"],
	},
	{ name: "associative array", bytes: "09 03 036b 03 01 0405", value: new AmfEcmaArray([["k", true]], [5]) },
	{
		name: "array with a hole",
		bytes: "09 03 0332 0403 01 0401",
		value: new AmfEcmaArray([["2", 3]], [1]),
	},
	{ name: "array inside itself", bytes: "09 03 01 09 00", value: selfArray },
	{ name: "anonymous object", bytes: "0a 0b 01 0361 0401 01", value: { a: 1 } },
	{
		name: "member with an empty name, which must be sealed",
		bytes: "0a 1b 01 01 01 0361 03 01",
		value: { "": null, a: true },
	},
	{
		name: "members named like those of Object.prototype",
		bytes: "0a 0b 01 13 5f5f70726f746f5f5f 03 17 636f6e7374727563746f72 02 01",
		value: guarded,
	},
	{ name: "anonymous object with sealed members", bytes: "0a 13 01 0361 0401", value: { a: 1 }, decodeOnly: true },
	{ name: "object inside itself", bytes: "0a 0b 01 09 73656c66 0a 00 01", value: selfObject },
	{ name: "object by reference", bytes: "09 05 01 0a 0b 01 0361 0401 01 0a 02", value: [shared, shared] },
	{
		name: "traits by reference",
		bytes: "09 05 01 0a 0b 01 0361 0401 01 0a 01 0362 0402 01",
		value: [{ a: 1 }, { b: 2 }],
	},
	{ name: "sealed class", bytes: "0a 23 0350 0378 0379 0401 0402", value: new AmfTypedObject("P", { x: 1, y: 2 }) },
	{
		name: "dynamic class with a sealed member",
		bytes: "0a 1b 0350 0378 0401 0379 0402 01",
		value: new AmfTypedObject("P", { x: 1, y: 2 }, 1),
	},
	{
		name: "dynamic class whose sealed name comes twice",
		bytes: "0a 2b 0350 0378 02 0401 0402 0379 0403 01",
		value: new AmfTypedObject("P", { x: 2, y: 3 }, 1),
		decodeOnly: true,
	},
	{
		name: "sealed class by reference of its traits",
		bytes: "09 05 01 0a 13 0350 0378 0401 0a 01 0402",
		value: [new AmfTypedObject("P", { x: 1 }), new AmfTypedObject("P", { x: 2 })],
	},
	{ name: "byte array", bytes: "0c 07 010203", value: Uint8Array.of(1, 2, 3) },
	{ name: "vector of integers", bytes: "0d 05 00 00000001 ffffffff", value: Int32Array.of(1, -1) },
	{ name: "vector of unsigned integers", bytes: "0e 03 00 ffffffff", value: Uint32Array.of(0xffffffff) },
	{ name: "vector of fixed length", bytes: "0e 03 01 00000001", value: Uint32Array.of(1), decodeOnly: true },
	{ name: "vector of numbers", bytes: "0f 03 00 3ff8000000000000", value: Float64Array.of(1.5) },
	{ name: "vector of objects", bytes: "10 05 01 0350 0401 01", value: new AmfVector("P", [1, null], true) },
	{ name: "dictionary", bytes: "11 03 00 06036b 0407", value: new Map([["k", 7]]) },
	{ name: "dictionary with weak keys", bytes: "11 03 01 06036b 0407", value: new Map([["k", 7]]), decodeOnly: true },
	{ name: "dictionary inside itself, as key too", bytes: "11 03 00 11 00 11 00", value: selfMap },
	{
		name: "ArrayCollection",
		bytes: "0a 07 43 666c65782e6d6573736167696e672e696f2e4172726179436f6c6c656374696f6e 09 03 01 0401",
		value: new AmfTypedObject("flex.messaging.io.ArrayCollection", { source: [1] }),
	},
	{
		name: "ObjectProxy",
		bytes: "0a 07 3b 666c65782e6d6573736167696e672e696f2e4f626a65637450726f7879 0a 0b 01 0361 0401 01",
		value: new AmfTypedObject("flex.messaging.io.ObjectProxy", { object: { a: 1 } }),
	},
	{
		name: "small acknowledge message",
		bytes: "0a 07 07 44534b 81 02 0401 0c 0309 01 060363 00",
		value: new AmfTypedObject("DSK", { body: 1, messageIdBytes: Uint8Array.of(9), correlationId: "c" }),
	},
	{
		name: "small command message",
		bytes: "0a 07 07 445343 00 00 01 0405",
		value: new AmfTypedObject("DSC", { operation: 5 }),
	},
	{
		name: "small command message with a body that is undefined",
		bytes: "0a 07 07 445343 01 00 00 00",
		value: new AmfTypedObject("DSC", { body: undefined }),
	},
	{
		name: "class of an externalizable's name that is sent with its members by name",
		bytes: "0a 13 07445341 0361 03",
		value: new AmfTypedObject("DSA", { a: true }),
	},
	{
		name: "dynamic class of an externalizable's name",
		bytes: "0a 0b 07445341 09 626f6479 01 01",
		value: new AmfTypedObject("DSA", { body: null }, 0),
	},
	{
		name: "small message with flags that later versions added",
		bytes: "0a 07 07 445341 80 80 01 0409 00",
		value: new AmfTypedObject("DSA", {}),
		decodeOnly: true,
	},
];

/** Every kind of value in both encodings. */
export const AMF_CASES: readonly AmfCase[] = [
	...AMF0_CASES.map(each => ({ ...each, encoding: 0 as const })),
	...AMF3_CASES.map(each => ({ ...each, encoding: 3 as const })),
];

/** A connect command, two metadata tags and broken input, for the seeds of fuzzers and for measurements. */
export const AMF0_MESSAGES = {
	connect:
		"02 0007 636f6e6e656374 00 3ff0000000000000 03 0003 617070 02 0004 6c697665 0004 74797065 02 000a" +
		"6e6f6e70726976617465 0008 666c617368566572 02 0021 464d4c452f332e302028636f6d70617469626c653b204c6176663631" +
		"2e372e3129 0005 746355726c 02 0015 72746d703a2f2f3132372e302e302e312f6c697665 000009",
	command: "02 0007 7075626c697368 00 4014000000000000 05 02 0003 6b6579 02 0004 6c697665",
} as const;
