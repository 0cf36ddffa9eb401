import { describe, expect, it } from "vitest";
import { accessAllows } from "./access-list.ts";

describe("a list of paths", () => {
	it.each([
		["/", "cam", true],
		["/", "", true],
		["", "cam", false],
		["public", "public", true],
		["public", "public/cam", true],
		["public", "publication", false],
		["/public/", "/public/cam", true],
		["a;b/c", "b/c/d", true],
		["a;b/c", "b", false],
		[" a ; / ", "z", true],
		[";;", "z", false],
		["public/cam", "public", false],
	])("%j for %j: %s", (list, name, expected) => {
		expect(accessAllows(list, name)).toBe(expected);
	});
});
