import { expect, it } from "vitest";
import { parseRange } from "./byte-range.ts";

it.each([
	[undefined, undefined],
	["bytes=0-", { start: 0, end: 100 }],
	["bytes=0-0", { start: 0, end: 1 }],
	["bytes=10-19", { start: 10, end: 20 }],
	["bytes= 10-19 ", { start: 10, end: 20 }],
	["Bytes=99-", { start: 99, end: 100 }],
	["bytes=90-1000", { start: 90, end: 100 }],
	["bytes=90-99999999999999999999999", { start: 90, end: 100 }],
	["bytes=-1", { start: 99, end: 100 }],
	["bytes=-500", { start: 0, end: 100 }],
	["bytes=100-", "unsatisfiable"],
	["bytes=100-200", "unsatisfiable"],
	["bytes=-0", "unsatisfiable"],
	["bytes=20-10", undefined],
	["bytes=-", undefined],
	["bytes=", undefined],
	["bytes=1-2,5-6", undefined],
	["bytes=a-b", undefined],
	["bytes=-1-2", undefined],
	["seconds=1-2", undefined],
	["", undefined],
])("of a file of 100 bytes, %j is %j", (header, range) => {
	expect(parseRange(header, 100)).toEqual(range);
});

it.each(["bytes=0-", "bytes=0-0", "bytes=-1"])("an empty file has no bytes for %j", header => {
	expect(parseRange(header, 0)).toBe("unsatisfiable");
});
