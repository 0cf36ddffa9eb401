import { existsSync, readFileSync } from "node:fs";
import { basename, dirname, extname, join } from "node:path";
import { UsageError } from "@millrace/core/fault";
import { parse } from "acorn";
import { decodeSource } from "./source-text.ts";

/** Where the old server looked for an application's main file: in its folder, then in this one within. */
const INNER_FOLDER = "scripts";
/** What the old server's compiler made of scripts (`far`: an archive): it cannot be run. */
const COMPILED = [".far", ".ase"];
/** What only modules have at the beginning of a line. */
const MODULE_LINE = /^[ \t]*(import\s*[\w{*"']|export\s+(default|const|let|var|function|class|async|[{*]))/m;

/**
 * The main file of an old application in its folder, absolute, in the old server's order: `main.asc`, `main.js`,
 * `NAME.asc`, `NAME.js`, in the folder and then in `scripts` within. A `main.js` that is a module is none. Where only
 * compiled files are found, one of these, which `isScript` refuses. `undefined`: there is none.
 */
export function findScriptMain(folder: string): string | undefined {
	const name = basename(folder);
	const folders = [folder, join(folder, INNER_FOLDER)];
	const sources = ["main.asc", "main.js", `${name}.asc`, `${name}.js`];
	const compiled = ["main.far", `${name}.far`, "main.ase", `${name}.ase`];
	const paths = [sources, compiled].flatMap(names => folders.flatMap(inside => names.map(file => join(inside, file))));
	return paths.find(path => existsSync(path) && !(extname(path) === ".js" && !isScript(path)));
}

/**
 * Whether a main file is a script of the old server rather than a module. `.js` can be either: it is a module where
 * `package.json` in its folder says so, where it imports or exports, or sets `module.exports`.
 *
 * Throws a `UsageError` for compiled scripts.
 */
export function isScript(path: string): boolean {
	const extension = extname(path);
	if (COMPILED.includes(extension)) {
		throw new UsageError(
			"USAGE",
			`${basename(path)} is a compiled script of the old server, which cannot be run; put its source beside it as main.asc.`,
		);
	}
	if (extension === ".asc") return true;
	return extension === ".js" && !isInModulePackage(path) && !isModule(path);
}

function isInModulePackage(path: string): boolean {
	try {
		const facts: unknown = JSON.parse(readFileSync(join(dirname(path), "package.json"), "utf8"));
		return typeof facts === "object" && facts !== null && "type" in facts && facts.type === "module";
	} catch {
		// There is none, or none that Node would read either.
		return false;
	}
}

function isModule(path: string): boolean {
	let source: string;
	try {
		source = decodeSource(readFileSync(path));
	} catch {
		// Whoever loads it says why it cannot be read.
		return true;
	}
	if (/\bmodule\.exports\b/.test(source)) return true;
	if (!/\b(import|export)\b/.test(source)) return false;
	try {
		const { body } = parse(source, { ecmaVersion: "latest", sourceType: "module", allowHashBang: true });
		return body.some(({ type }) => /^(Import|Export)/.test(type));
	} catch {
		// A script, for whose words modules have other uses, or a module with a mistake.
		return MODULE_LINE.test(source);
	}
}
