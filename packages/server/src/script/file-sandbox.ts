import { lstatSync, realpathSync } from "node:fs";
import { join, sep } from "node:path";

/** Where the paths of scripts lead. */
export type FileSandboxOptions = {
	/** The application's folder, absolute. */
	readonly folder: string;
	/** `Application.xml`'s `VirtualDirectory` of `File` objects: the folder behind each path (`/videos` → `/srv/videos`). Default: none. */
	readonly virtualDirectories?: ReadonlyMap<string, string>;
};

/** A place that a script may reach. */
export type SandboxPath = {
	/** As scripts see it: from the root, with slashes. */
	readonly name: string;
	/** Absolute, on the disk. */
	readonly path: string;
	/** It is the application's folder or the folder of a virtual directory, which stay as they are. */
	readonly isRoot: boolean;
};

/** What a script's path can have. */
const MAX_PATH_LENGTH = 1024;

/**
 * Turns the paths that scripts name into places on the disk. A place lies in the application's folder or in one of the
 * virtual directories, by its real path: a link that leads out of them is as good as missing.
 */
export class FileSandbox {
	readonly #folder: string;
	readonly #virtual: readonly { readonly segments: readonly string[]; readonly folder: string }[];

	constructor(options: FileSandboxOptions) {
		this.#folder = options.folder;
		this.#virtual = [...(options.virtualDirectories ?? [])]
			.map(([path, folder]) => ({ segments: path.split("/").filter(segment => segment !== ""), folder }))
			.sort((a, b) => b.segments.length - a.segments.length);
	}

	/**
	 * The place of a path, whether something is there or not. `undefined`: a script may not go there (it has a
	 * backslash, a segment `.` or `..`, a drive, or it leads out of the folder), or the folder itself is missing.
	 */
	resolve(path: string): SandboxPath | undefined {
		const segments = path.split("/").filter(segment => segment !== "");
		if (path === "" || path.length > MAX_PATH_LENGTH || segments.some(isForbidden)) return undefined;
		const virtual = this.#virtual.find(each => each.segments.every((segment, index) => segment === segments[index]));
		const folder = virtual?.folder ?? this.#folder;
		const below = segments.slice(virtual?.segments.length ?? 0);
		const place = join(folder, ...below);
		if (!staysInside(folder, below)) return undefined;
		return { name: `/${segments.join("/")}`, path: place, isRoot: below.length === 0 };
	}
}

function isForbidden(segment: string): boolean {
	return segment === "." || segment === ".." || /[\\\0]/.test(segment) || /^[a-z]:/i.test(segment);
}

/** Whether the real path of the last thing that is there lies in the folder. */
function staysInside(folder: string, below: readonly string[]): boolean {
	const root = realPath(folder);
	if (root === undefined) return false;
	for (let count = below.length; count > 0; count--) {
		const place = join(folder, ...below.slice(0, count));
		if (!isThere(place)) continue;
		// A link whose end is missing has no real path, and would be followed by whatever creates a file.
		const real = realPath(place);
		return real?.startsWith(root.endsWith(sep) ? root : root + sep) ?? false;
	}
	return true;
}

function isThere(path: string): boolean {
	try {
		lstatSync(path);
		return true;
	} catch {
		return false;
	}
}

function realPath(path: string): string | undefined {
	try {
		return realpathSync.native(path);
	} catch {
		return undefined;
	}
}
