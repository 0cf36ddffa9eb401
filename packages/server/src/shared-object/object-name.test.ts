import { UsageError } from "@millrace/core/fault";
import { describe, expect, test } from "vitest";
import { checkObjectName, matchesObject, objectNameOf, objectPath } from "./object-name.ts";

describe("the name of a shared object", () => {
	test.each([
		["chat", "chat.fso"],
		["chat/room1", "chat/room1.fso"],
		["Räume/zwei 2", "Räume/zwei 2.fso"],
		[".hidden", ".hidden.fso"],
		["a.fso/b", "a%2Efso/b.fso"],
		["a.fso", "a.fso.fso"],
		["50%", "50%25.fso"],
		["a:b*c?", "a%3Ab%2Ac%3F.fso"],
		["a\\..\\b", "a%5C..%5Cb.fso"],
		["dot./blank /x", "dot%2E/blank%20/x.fso"],
		["con/NUL.x", "%63on/%4EUL.x.fso"],
		["console", "console.fso"],
	])("%s has the path %s, and is found again by it", (name, path) => {
		expect(objectPath(name)).toBe(path);
		expect(objectNameOf(path)).toBe(name);
	});

	test.each([
		"",
		"/",
		"/a",
		"a/",
		"a//b",
		".",
		"..",
		"../a",
		"a/../b",
		"a/./b",
		"a\0b",
		"a\nb",
		"\ud800",
		"x".repeat(1025),
		`${"a/".repeat(17)}b`,
	])("%j is refused", name => {
		expect(() => checkObjectName(name)).toThrow(UsageError);
		expect(() => objectPath(name)).toThrow(UsageError);
	});

	test("whose parts are too long for files is one of volatile objects only", () => {
		const name = "ü".repeat(200);
		expect(() => checkObjectName(name)).not.toThrow();
		expect(() => objectPath(name)).toThrow(UsageError);
	});

	test.each(["a.txt", "a.fso.new", "%2e.fso", "a%2Fb.fso", ".fso", "a:b.fso"])("%s is no object's path", path => {
		expect(objectNameOf(path)).toBe(undefined);
	});
});

describe("a pattern", () => {
	test.each([
		["/", "anything/at all", true],
		["/*", "a/b", true],
		["/x*", "xyz", true],
		["x*", "xyz", true],
		["/x*", "ax", false],
		["/chat/?", "chat/1", true],
		["/chat/?", "chat/12", false],
		["/a*b*c", "a--b-b--c", true],
		["/a*b*c", "a--b--c-", false],
		["/chat", "chat", true],
		["/chat", "chat/1", false],
		["/a.c", "abc", false],
		["/**", "", true],
	])("%s for %s: %s", (pattern, name, matches) => {
		expect(matchesObject(pattern, name)).toBe(matches);
	});

	test("of many stars takes no time", () => {
		expect(matchesObject(`${"*a".repeat(500)}b`, "a".repeat(1000))).toBe(false);
	});
});
