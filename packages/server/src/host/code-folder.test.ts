import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { findMain, isCode } from "./code-folder.ts";

it.each([
	["main.ts", true],
	["main.mjs", true],
	["lib/words.json", true],
	["lib\\rules.js", true],
	["streams.ts", true],
	["main.asc", true],
	["scripts/rooms.asc", true],
	["main.far", false],
	["main.test.ts", false],
	["lib/rules.test.js", false],
	["tsconfig.json", false],
	["package-lock.json", false],
	["notes.md", false],
	["streams/film.json", false],
	["data/scores.json", false],
	["data\\scores.json", false],
	["node_modules/x/index.js", false],
	["lib/node_modules/x/index.js", false],
	[".git/x.js", false],
])("takes a change of %s for one of the code: %s", (path, expected) => {
	expect(isCode(path)).toBe(expected);
});

it("takes a module for the main file before a script of the old server", () => {
	const folder = mkdtempSync(join(tmpdir(), "application-"));
	try {
		const put = (name: string, text: string): void => writeFileSync(join(folder, name), text);
		const found = (): string | undefined => findMain(folder)?.slice(folder.length + 1);
		expect(found()).toBeUndefined();
		put("main.js", "application.onConnect = function () { return true; };");
		expect(found()).toBe("main.js");
		put("main.asc", "");
		expect(found()).toBe("main.asc");
		put("main.js", "export default {};");
		expect(found()).toBe("main.js");
		put("main.ts", "");
		expect(found()).toBe("main.ts");
	} finally {
		rmSync(folder, { recursive: true });
	}
});
