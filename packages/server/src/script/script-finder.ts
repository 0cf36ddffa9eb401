import { type Dirent, readdirSync } from "node:fs";
import { isAbsolute, join, relative, resolve, sep } from "node:path";

/**
 * Finds the file that a script names: in the first of the folders that has it. Old scripts were written on Windows:
 * backslashes part folders, and a name in another case is found too. Names that lead out of the folders find nothing.
 */
export function findScript(name: string, folders: readonly string[]): string | undefined {
	const wanted = name.replaceAll("\\", "/").trim();
	for (const folder of folders) {
		const path = relative(folder, resolve(folder, isAbsolute(wanted) ? wanted : join(".", wanted)));
		if (path === "" || path === ".." || path.startsWith(`..${sep}`) || isAbsolute(path)) continue;
		const found = findIn(folder, path.split(sep));
		if (found !== undefined) return found;
	}
	return undefined;
}

function findIn(folder: string, [first = "", ...rest]: readonly string[]): string | undefined {
	const entries = listed(folder);
	const entry =
		entries.find(({ name }) => name === first) ??
		entries.find(({ name }) => name.toLowerCase() === first.toLowerCase());
	if (entry === undefined) return undefined;
	const path = join(folder, entry.name);
	if (rest.length > 0) return findIn(path, rest);
	return entry.isDirectory() ? undefined : path;
}

function listed(folder: string): Dirent[] {
	try {
		return readdirSync(folder, { withFileTypes: true });
	} catch {
		// A folder that is not there, or that may not be read, has nothing.
		return [];
	}
}
