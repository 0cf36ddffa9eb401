import { describe, expect, it } from "vitest";
import { virtualKeysBy } from "./virtual-key.ts";

const keyOf = virtualKeysBy([
	{ key: "A", from: "WIN 8,0,0,0", to: "WIN 9,0,59,0" },
	{ key: "B", from: "WIN 9,0,0,0", to: "WIN 10,0,0,0" },
	{ key: "A", from: "MAC 8", to: "mac 9,0,59" },
	{ key: "broken", from: "WIN 1,0", to: "MAC 99,0" },
]);

describe("virtual keys", () => {
	it.each([
		["WIN 8,0,0,0", "A"],
		["win 9,0,59,0", "A"],
		["WIN 9,0,59,1", "B"],
		["WIN 10,0,0,1", undefined],
		["MAC 9,0,59,0", "A"],
		["MAC 10,0,0,0", undefined],
		["LNX 9,0,0,0", undefined],
		["FMLE/3.0", undefined],
		["", undefined],
	])("%s has the key of the first rule that fits: %s", (agent, key) => {
		expect(keyOf?.(agent)).toBe(key);
	});

	it("are not looked for where there are no rules", () => {
		expect(virtualKeysBy([])).toBeUndefined();
	});
});
