import { expect, test } from "vitest";
import type { AmfValue } from "../amf/index.ts";
import { lengthMillis, positionMillis, startMillis } from "./play-time.ts";

test.each<[value: AmfValue, start: number, length: number, position: number]>([
	[undefined, -2000, -1000, 0],
	[null, -2000, -1000, 0],
	["5", -2000, -1000, 0],
	[Number.NaN, -2000, -1000, 0],
	[-2000, -2000, -1000, 0],
	[-2, -2000, -1000, 0],
	[-1000, -1000, -1000, 0],
	[-1, -1000, -1000, 0],
	[-5, -2000, -1000, 0],
	[-1e300, -2000, -1000, 0],
	[Number.NEGATIVE_INFINITY, -2000, -1000, 0],
	[0, 0, 0, 0],
	[1500.5, 1500.5, 1500.5, 1500.5],
	[0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
	[1e300, 0xffffffff, 0xffffffff, 0xffffffff],
	[Number.POSITIVE_INFINITY, 0xffffffff, 0xffffffff, 0xffffffff],
])("%j is a start of %d ms, a length of %d ms and a position of %d ms", (value, start, length, position) => {
	expect([startMillis(value), lengthMillis(value), positionMillis(value)]).toEqual([start, length, position]);
});
