import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import { UsageError } from "../fault/index.ts";
import { bytesOf } from "./amf-case.ts";
import { equalAmf } from "./amf-equality.ts";
import {
	AmfEcmaArray,
	type AmfObject,
	AmfTypedObject,
	type AmfValue,
	AmfVector,
	AmfXml,
	decodeAmf0,
	decodeAmf3,
	encodeAmf0,
	encodeAmf3,
	encodeValues,
} from "./index.ts";

const hex = (bytes: Uint8Array) => Array.from(bytes, byte => byte.toString(16).padStart(2, "0")).join("");
const unencodable = expect.objectContaining({ code: "AMF_UNENCODABLE" });
/** What the types forbid, but scripts do. */
const untyped = (value: unknown) => value as AmfValue;

test("with encoding 3, objects of every kind are AMF3 behind the switch and the rest stays AMF0", () => {
	const bytes = encodeValues(["f", 2, null, undefined, true, { a: 1 }], 3);
	expect(hex(bytes)).toBe(hex(bytesOf("020001 66 00 4000000000000000 05 06 0101 11 0a0b01 0361 0401 01")));
	const objects: AmfValue[] = [
		[1],
		new Date(0),
		Uint8Array.of(1),
		new Map([["k", 1]]),
		new AmfXml("x"),
		new AmfVector("", []),
		new AmfEcmaArray([["k", 1]]),
		new AmfTypedObject("P", {}),
		Float64Array.of(1),
	];
	for (const object of objects) {
		const encoded = encodeValues([object], 3);
		expect(encoded[0]).toBe(0x11);
		expect(equalAmf(decodeAmf0(encoded)[0], object)).toBe(true);
	}
});

test.each([
	["a byte array", Uint8Array.of(1)],
	["a vector of integers", Int32Array.of(1)],
	["a vector of unsigned integers", Uint32Array.of(1)],
	["a vector of numbers", Float64Array.of(1)],
	["a vector of objects", new AmfVector("", [])],
	["a map with a number as key", new Map<AmfValue, AmfValue>([[1, 2]])],
])("AMF0 refuses %s and says why, unless the switch to AMF3 is allowed", (_name, value) => {
	expect(() => encodeAmf0({ value })).toThrow(unencodable);
	expect(() => encodeAmf0({ value })).toThrow(/AMF3/);
	const decoded = decodeAmf0(encodeValues([{ value }], 0, { avmPlus: true }));
	expect(equalAmf(decoded[0], { value })).toBe(true);
});

test.each([
	["a function", () => 1],
	["a symbol", Symbol("s")],
	["a large bigint", 2n ** 60n],
	["a set", new Set()],
	["an error", new Error("e")],
	["a promise", Promise.resolve()],
	["an array buffer", new ArrayBuffer(1)],
	["another typed array", Uint16Array.of(1)],
])("%s cannot be written", (_name, value) => {
	for (const each of [untyped(value), [untyped(value)]]) {
		expect(() => encodeAmf0(each)).toThrow(unencodable);
		expect(() => encodeAmf3(each)).toThrow(unencodable);
		expect(() => encodeValues([each], 3)).toThrow(unencodable);
	}
});

test("a safe bigint is a number", () => {
	expect(decodeAmf0(encodeAmf0(untyped(5n)))).toEqual([5]);
	expect(decodeAmf3(encodeAmf3(untyped(-(2n ** 40n))))).toEqual([-(2 ** 40)]);
});

test("members that are functions are left out, as Flash does", () => {
	const method = untyped(() => 1);
	for (const encode of [encodeAmf0, encodeAmf3]) {
		const decode = encode === encodeAmf0 ? decodeAmf0 : decodeAmf3;
		expect(decode(encode({ a: 1, method, b: 2 }))[0]).toEqual(decode(encode({ a: 1, b: 2 }))[0]);
		expect(encode(new AmfTypedObject("P", { a: 1, method }))).toEqual(encode(new AmfTypedObject("P", { a: 1 })));
		expect(
			decode(
				encode(
					new AmfEcmaArray([
						["m", method],
						["a", 1],
					]),
				),
			),
		).toEqual(decode(encode(new AmfEcmaArray([["a", 1]]))));
	}
});

test("arrays with holes or names become ECMA arrays in AMF0 and associative ones in AMF3", () => {
	const holes: AmfValue[] = [1];
	holes[2] = 3;
	const named: AmfValue[] = Object.assign([1, 2], { name: "n" });
	const hugeAndEmpty: AmfValue[] = [];
	hugeAndEmpty.length = 2 ** 32 - 1;
	const ecma = (entries: [string, AmfValue][], dense: AmfValue[] = []) => new AmfEcmaArray(entries, dense);
	expect(
		equalAmf(
			decodeAmf0(encodeAmf0(holes))[0],
			ecma([
				["0", 1],
				["2", 3],
			]),
		),
	).toBe(true);
	expect(equalAmf(decodeAmf3(encodeAmf3(holes))[0], ecma([["2", 3]], [1]))).toBe(true);
	expect(
		equalAmf(
			decodeAmf0(encodeAmf0(named))[0],
			ecma([
				["0", 1],
				["1", 2],
				["name", "n"],
			]),
		),
	).toBe(true);
	expect(equalAmf(decodeAmf3(encodeAmf3(named))[0], ecma([["name", "n"]], [1, 2]))).toBe(true);
	expect(hex(encodeAmf0(hugeAndEmpty))).toBe("08ffffffff000009");
	expect(hex(encodeAmf3(hugeAndEmpty))).toBe("090101");
});

test("a map with string keys is an ECMA array in AMF0; positional members get their index as a name there", () => {
	expect(encodeAmf0(new Map([["k", 1]]))).toEqual(encodeAmf0(new AmfEcmaArray([["k", 1]])));
	const mixed = new AmfEcmaArray([["k", 1]], ["a", "b"]);
	expect(encodeAmf0(mixed)).toEqual(
		encodeAmf0(
			new AmfEcmaArray([
				["0", "a"],
				["1", "b"],
				["k", 1],
			]),
		),
	);
});

test("strings take the long form from 65 536 bytes on, counted in bytes", () => {
	for (const [text, marker] of [
		["x".repeat(65_535), 0x02],
		["x".repeat(65_536), 0x0c],
		["é".repeat(32_767), 0x02],
		["é".repeat(32_768), 0x0c],
	] as const) {
		const bytes = encodeAmf0(text);
		expect(bytes[0]).toBe(marker);
		expect(decodeAmf0(bytes)).toEqual([text]);
		expect(decodeAmf3(encodeAmf3(text))).toEqual([text]);
	}
	expect(() => encodeAmf0({ ["é".repeat(32_768)]: 1 })).toThrow(unencodable);
});

test("an array with an empty name becomes an object in AMF3, in every place that refers to it", () => {
	const array = new AmfEcmaArray([
		["", 1],
		["a", 2],
	]);
	array.entries.set("self", array);
	const [object] = decodeAmf3(encodeAmf3(array)) as [AmfObject];
	expect(object).toMatchObject({ "": 1, a: 2 });
	expect(object.self).toBe(object);
	const sparse: AmfValue[] = [1, 2];
	(sparse as unknown as AmfObject)[""] = 3;
	expect(decodeAmf3(encodeAmf3(sparse))).toMatchObject([{ "": 3, 0: 1, 1: 2 }]);
});

test("a class may have an empty name among its members", () => {
	const typed = new AmfTypedObject("P", { a: 1, b: 2, "": 3 }, 1);
	const [decoded] = decodeAmf3(encodeAmf3(typed));
	expect(equalAmf(decoded, new AmfTypedObject("P", { a: 1, "": 3, b: 2 }, 2))).toBe(true);
});

test("no reference crosses from one top-level value to another", () => {
	const object: AmfObject = { name: "text" };
	const once0 = hex(encodeAmf0(object));
	expect(hex(encodeAmf0(object, object))).toBe(once0 + once0);
	const once3 = hex(encodeAmf3(object));
	expect(hex(encodeAmf3(object, object))).toBe(once3 + once3);
	expect(hex(encodeValues([object, object], 3))).toBe(`11${once3}11${once3}`);
});

test("references inside a later value count from the message's beginning, where the reader's table began", () => {
	const object: AmfObject = { text: "text" };
	for (const [encode, decode] of [
		[encodeAmf0, decodeAmf0],
		[encodeAmf3, decodeAmf3],
	] as const) {
		const values = decode(encode(object, [object, object, "text"], [[object, object]]));
		expect(equalAmf(values[1], [object, object, "text"])).toBe(true);
		expect(equalAmf(values[2], [[object, object]])).toBe(true);
	}
});

test("what a getter throws becomes a UsageError that keeps its cause", () => {
	const cause = new Error("mine");
	const object = {
		get bad(): number {
			throw cause;
		},
	};
	for (const encode of [encodeAmf0, encodeAmf3, (value: AmfValue) => encodeValues([value], 3)]) {
		expect(() => encode(object)).toThrow(UsageError);
		expect(() => encode(object)).toThrow(expect.objectContaining({ cause }));
	}
});

test("values of another realm, as scripts have them, are told apart like our own", () => {
	const foreign: AmfValue = runInNewContext(
		"({ date: new Date(5), list: [1, 2], map: new Map([['k', 1]]), bytes: Uint8Array.of(1), object: { a: 1 } })",
	);
	const own = {
		date: new Date(5),
		list: [1, 2],
		map: new Map([["k", 1]]),
		bytes: Uint8Array.of(1),
		object: { a: 1 },
	};
	expect(equalAmf(decodeAmf3(encodeAmf3(foreign))[0], own)).toBe(true);
	expect(encodeValues([foreign], 0, { avmPlus: true })).toEqual(encodeValues([own], 0, { avmPlus: true }));
});
