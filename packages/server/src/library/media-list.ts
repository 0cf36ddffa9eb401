import type { Dirent } from "node:fs";
import { opendir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { isAbsence, unreadable } from "./media-file.ts";
import { type FoundFile, findFile, isFolder } from "./media-folders.ts";
import { kindOfFile, type MediaKind, nameOfFile } from "./media-name.ts";

/** A file that was found in a list's folders, and the name by which it is played. */
export type ListedFile = FoundFile & {
	readonly name: string;
	/** Its path among the names of the application, with the extension. */
	readonly relative: string;
	readonly kind: Exclude<MediaKind, "id3">;
	/** Its path as a recorder knows it, links not resolved. */
	readonly joined: string;
};

/** Files that a list holds at most. */
export const MAX_LISTED_FILES = 1000;
/** Entries of folders that are looked at for one list, of whatever kind. */
const MAX_ENTRIES = 20_000;
const MAX_DEPTH = 8;

/**
 * The playable files below some folders, by name; of several with one name the first, as in playing. Hidden files and
 * folders are left out, and links to folders unless links are followed.
 *
 * @throws {FileError} `FILE_UNREADABLE` where a folder cannot be read
 */
export async function listFolders(
	folders: readonly { readonly prefix: string; readonly folder: string }[],
	followLinks: boolean,
): Promise<ListedFile[]> {
	const list = new FolderList(followLinks);
	for (const { prefix, folder } of folders) await list.add(folder, prefix);
	return [...list.files.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

/** A file of a named instance. */
export type InstanceFile = ListedFile & { readonly instance: string };

/**
 * As `listFolders`, the files of an application's named instances, of which each has a folder in `streams`. An instance
 * whose name has several parts is listed as its first one, under which its files are found as well.
 *
 * @throws {FileError} `FILE_UNREADABLE`
 */
export async function listInstances(streams: string, defaultInstance: string, links: boolean): Promise<InstanceFile[]> {
	const list = new FolderList(links);
	await list.add(streams, "", defaultInstance);
	const files = [...list.files.values()].toSorted((a, b) => (a.relative < b.relative ? -1 : 1));
	return files.flatMap(file => {
		const at = file.relative.indexOf("/");
		// What lies beside the instances' folders is nobody's.
		if (at < 0) return [];
		const relative = file.relative.slice(at + 1);
		const name = nameOfFile(relative);
		return name === undefined ? [] : [{ ...file, instance: file.relative.slice(0, at), relative, name }];
	});
}

class FolderList {
	readonly files = new Map<string, ListedFile>();
	readonly #followLinks: boolean;
	#entriesLeft = MAX_ENTRIES;

	constructor(followLinks: boolean) {
		this.#followLinks = followLinks;
	}

	/**
	 * Adds what is below a media folder, level by level, so that a limit cuts off what is deepest; but nothing of the
	 * folder `except` in it.
	 */
	async add(folder: string, prefix: string, except?: string): Promise<void> {
		let level = [""];
		for (let depth = 0; depth < MAX_DEPTH && level.length > 0; depth++) {
			const below: string[] = [];
			for (const path of level) {
				for (const entry of await this.#entriesOf(join(folder, path))) {
					if (path === "" && entry.name === except) continue;
					const inner = path === "" ? entry.name : `${path}/${entry.name}`;
					if (await this.#isFolder(entry, join(folder, inner))) below.push(inner);
					else await this.#addFile(folder, inner, prefix);
				}
			}
			level = below;
		}
	}

	async #entriesOf(folder: string): Promise<Dirent[]> {
		const entries: Dirent[] = [];
		try {
			for await (const entry of await opendir(folder)) {
				if (this.#entriesLeft-- <= 0) break;
				if (!entry.name.startsWith(".")) entries.push(entry);
			}
		} catch (error) {
			if (!isAbsence(error)) throw unreadable(folder, error);
		}
		return entries;
	}

	async #isFolder(entry: Dirent, path: string): Promise<boolean> {
		return entry.isSymbolicLink() && this.#followLinks ? isFolder(path) : entry.isDirectory();
	}

	async #addFile(folder: string, path: string, prefix: string): Promise<void> {
		const relative = prefix === "" ? path : `${prefix}/${path}`;
		const name = nameOfFile(relative);
		const kind = kindOfFile(relative);
		if (name === undefined || kind === undefined || this.files.has(name) || this.files.size >= MAX_LISTED_FILES) return;
		const found = await findFile(folder, path, this.#followLinks);
		if (found !== undefined) this.files.set(name, { ...found, name, relative, kind, joined: resolve(folder, path) });
	}
}
