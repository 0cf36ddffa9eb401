import { describe, expect, it } from "vitest";
import { resolveOptions } from "./load-config.ts";

describe("the names of recordings", () => {
	it.each([
		"{stream}",
		"{app}/{instance}/{stream}",
		"archive/{date}/{stream}_{time}_{n}",
		"{app}/streams/{instance}/{stream}",
	])("may be `%s`", name => {
		expect(resolveOptions({ record: { name } }).record.name).toBe(name);
	});

	it.each([
		"",
		"{app}/{date}",
		"/{stream}",
		"{stream}/",
		"a//{stream}",
		"../{stream}",
		"{stream}/./x",
		"{stream}{user}",
		"{}{stream}",
	])("may not be `%s`", name => {
		expect(() => resolveOptions({ record: { name } })).toThrow();
	});
});

describe("a server without settings", () => {
	it("records what publishers ask for who are trusted, and nothing else", () => {
		const { record, publish } = resolveOptions({});
		expect([record.mode, record.anonymous, publish.from]).toEqual(["publisher", false, "loopback"]);
	});
});
