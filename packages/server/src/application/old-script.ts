import { readFileSync } from "node:fs";

/** What only a module says: of JavaScript itself, or of Node before it had them. */
const MODULE = /^[\t ]*(import\b|export\b)|\bmodule\.exports\b|\bexports\.default\b/m;

/**
 * Whether a main file is a script of the old server rather than a module: `main.asc`, and a `main.js` that exports
 * nothing. Throws where the file cannot be read.
 */
export function isOldScript(path: string): boolean {
	if (/\.asc$/i.test(path)) return true;
	return /\.js$/.test(path) && !MODULE.test(readFileSync(path, "latin1").replaceAll("\r", "\n"));
}
