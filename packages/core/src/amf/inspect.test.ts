import { expect, test } from "vitest";
import { AmfEcmaArray, type AmfObject, AmfTypedObject, type AmfValue, AmfVector, AmfXml, inspectAmf } from "./index.ts";

const cycle: AmfObject = { name: "n" };
cycle["self"] = [cycle];

test.each<[AmfValue, string]>([
	[{ app: "live", n: 3, "odd key": null }, '{app: "live", n: 3, "odd key": null}'],
	[[1, -0, Number.NaN, undefined, true], "[1, -0, NaN, undefined, true]"],
	[new Date(0), "1970-01-01T00:00:00.000Z"],
	[new Date(Number.NaN), "Invalid Date"],
	[new AmfXml("<a/>"), 'xml "<a/>"'],
	[Uint8Array.of(1, 255), "bytes(2) 01ff"],
	[new Uint8Array(0), "bytes(0)"],
	[new Uint8Array(20), `bytes(20) ${"00".repeat(16)}…`],
	[Int32Array.of(1, -1), "Int32Array(2)[1, -1]"],
	[new AmfVector("P", [1]), "vector<P>[1]"],
	[new AmfEcmaArray([["k", 1]]), "ecma [k: 1]"],
	[new AmfEcmaArray([["k", 1]], [2, 3]), "ecma [k: 1; 2, 3]"],
	[new AmfTypedObject("a.B", { x: 1 }), "a.B {x: 1}"],
	[new Map<AmfValue, AmfValue>([[{ a: 1 }, 2]]), "map {{a: 1}: 2}"],
	[cycle, '{name: "n", self: [<cycle>]}'],
	["a\r\n\u0000\u009b\u202e\ud800", '"a\\r\\n\\u0000\\u009b\\u202e\\ud800"'],
	["x".repeat(101), `"${"x".repeat(100)}"…`],
	[[[[[[[["deep"]]]]]]], "[[[[[[…]]]]]]"],
])("shows %#", (value, text) => {
	expect(inspectAmf(value)).toBe(text);
});

test("a shared object is shown each time; only being inside itself is a cycle", () => {
	const shared = { a: 1 };
	expect(inspectAmf([shared, shared])).toBe("[{a: 1}, {a: 1}]");
});

test("long lists, many members and long lines are cut off visibly", () => {
	expect(inspectAmf([1, 2, 3], { members: 2 })).toBe("[1, 2, …]");
	expect(inspectAmf({ a: 1, b: 2, c: 3 }, { members: 2 })).toBe("{a: 1, b: 2, …}");
	expect(inspectAmf(Float64Array.of(1, 2, 3), { members: 2 })).toBe("Float64Array(3)[1, 2, …]");
	expect(inspectAmf(["abcdefgh"], { maxLength: 6 })).toBe('["abc…');
});

test("a graph that doubles at each level takes no more work than its line is long", () => {
	let value: AmfValue[] = [];
	for (let level = 0; level < 1000; level++) value = [value, value];
	expect(inspectAmf(value, { depth: 900, maxLength: 300 }).length).toBe(300);
});
