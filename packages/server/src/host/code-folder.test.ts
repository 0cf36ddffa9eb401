import { expect, it } from "vitest";
import { isCode } from "./code-folder.ts";

it.each([
	["main.ts", true],
	["main.mjs", true],
	["lib/words.json", true],
	["lib\\rules.js", true],
	["streams.ts", true],
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
