import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join, relative } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { findScriptMain, isScript } from "./main-file.ts";

let folder: string;

beforeEach(() => {
	folder = mkdtempSync(join(tmpdir(), "chat-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

function put(files: Record<string, string>): void {
	for (const [name, text] of Object.entries(files)) {
		const path = join(folder, name.replace("NAME", basename(folder)));
		mkdirSync(dirname(path), { recursive: true });
		writeFileSync(path, text);
	}
}

describe("the main file of an old application", () => {
	const ORDER = [
		"main.asc",
		"main.js",
		"NAME.asc",
		"NAME.js",
		"scripts/main.asc",
		"scripts/main.js",
		"scripts/NAME.asc",
		"scripts/NAME.js",
	];

	it.each(ORDER.map((file, index) => [file, ORDER.slice(index)] as const))(
		"is %s before those that follow",
		(file, files) => {
			put(Object.fromEntries(files.map(name => [name, "application.onConnect = function () {};"])));
			put({ "main.far": "", "scripts/main.ase": "" });
			const found = findScriptMain(folder);
			expect(found === undefined ? found : relative(folder, found).replaceAll("\\", "/")).toBe(
				file.replace("NAME", basename(folder)),
			);
		},
	);

	it("is a compiled one where there is nothing else, which is refused by its name", () => {
		expect(findScriptMain(folder)).toBeUndefined();
		put({ "scripts/main.far": "PK" });
		const found = findScriptMain(folder);
		expect(() => isScript(found ?? "")).toThrow(/main\.far is a compiled script/);
	});

	it.each([
		["trace('import x from \"y\"'); // export default", true],
		["/* export default is\nfor modules */ var importer = 1;", true],
		["var i:int = 0; trace(i); // of no language", true],
		["import { defineApplication } from 'millrace/app';\nexport default defineApplication({});", false],
		["export default {", false],
		["module.exports = {};", false],
	])("as main.js with %j is a script: %s", (source, expected) => {
		put({ "main.js": source });
		expect(isScript(join(folder, "main.js"))).toBe(expected);
		expect(findScriptMain(folder) !== undefined).toBe(expected);
	});

	it("is no main.js in a package of modules", () => {
		put({ "main.js": "trace(1);", "package.json": '{"type":"module"}' });
		expect(findScriptMain(folder)).toBeUndefined();
		put({ "package.json": '{"type":"commonjs"}' });
		expect(findScriptMain(folder)).toBe(join(folder, "main.js"));
	});
});
