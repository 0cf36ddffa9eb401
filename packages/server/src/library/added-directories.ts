import { realpath, stat } from "node:fs/promises";
import { resolve } from "node:path";
import { isAbsence } from "./media-file.ts";
import { type ApplicationFolders, isWithin, type MediaDirectory } from "./media-folders.ts";
import { isSafePath } from "./media-name.ts";

/** Folders that the code of one application may add. */
export const MAX_ADDED_DIRECTORIES = 100;

/** A folder that an application adds; `virtualKey` is empty where it is for everybody. */
export type AddedDirectory = { readonly prefix: string; readonly folder: string; readonly virtualKey: string };

/** Folders that the code of applications has added to those of the settings, within their own folders. */
export class AddedDirectories {
	readonly #folderOf: (application: string) => string;
	/** By the application, then by prefix and key. */
	readonly #added = new Map<string, Map<string, MediaDirectory>>();

	/** @param folderOf the folder of an application, absolute */
	constructor(folderOf: (application: string) => string) {
		this.#folderOf = folderOf;
	}

	/**
	 * Has an application's names that begin with a prefix looked up in a folder of its own, given from there; a prefix
	 * that was added before with the same key leads to the new one from now on. False: there is no such folder in the application's, the
	 * prefix cannot be one, or there are too many. Rejects with the system's errors.
	 */
	async add(application: string, { prefix, folder, virtualKey }: AddedDirectory): Promise<boolean> {
		const name = prefix.replace(/^\/+|\/+$/g, "");
		if (name !== "" && !isSafePath(name)) return false;
		const added = this.#added.get(application) ?? new Map<string, MediaDirectory>();
		const key = `${virtualKey}:${name}`;
		if (added.size >= MAX_ADDED_DIRECTORIES && !added.has(key)) return false;
		const path = await this.#folderWithin(this.#folderOf(application), folder);
		if (path === undefined) return false;
		added.set(key, { prefix: name, path, virtualKey });
		this.#added.set(application, added);
		return true;
	}

	/** What the settings say of an application, and what was added: that comes first where prefixes are equally long. */
	joined(application: string, configured: ApplicationFolders): ApplicationFolders {
		const added = this.#added.get(application);
		if (added === undefined) return configured;
		return { ...configured, directories: [...added.values(), ...configured.directories] };
	}

	async #folderWithin(own: string, folder: string): Promise<string | undefined> {
		// Scripts of the old server begin paths with a slash, and mean their folder.
		const wanted = resolve(own, folder.replaceAll("\\", "/").replace(/^\/+/, ""));
		try {
			const [realOwn, real] = await Promise.all([realpath(own), realpath(wanted)]);
			return isWithin(real, realOwn) && (await stat(real)).isDirectory() ? real : undefined;
		} catch (error) {
			if (isAbsence(error)) return undefined;
			throw error;
		}
	}
}
