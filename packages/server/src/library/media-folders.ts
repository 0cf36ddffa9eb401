import { realpath, stat } from "node:fs/promises";
import { join, resolve, sep } from "node:path";
import { DEFAULT_INSTANCE } from "@millrace/core/rtmp";
import { type FileIdentity, identityOf, isAbsence, unreadable } from "./media-file.ts";
import { isSafePath } from "./media-name.ts";

/** A folder somewhere else whose files an application plays under names that begin with a prefix. */
export type MediaDirectory = {
	/** Whole parts of the name, such as `films/old`; empty: all names. */
	readonly prefix: string;
	readonly path: string;
	/** Only clients with this virtual key find it. Default, and empty: everybody does. */
	readonly virtualKey?: string;
};

/** Where an application's files are. */
export type ApplicationFolders = {
	/** Beside the application's own folders, longest prefix first: those with a virtual key before them, others after them. */
	readonly directories: readonly MediaDirectory[];
	/** Whether symbolic links may lead out of the folders. */
	readonly followLinks: boolean;
};

/** A regular file: its path, real where links are not followed, and what the system says of it. */
export type FoundFile = { readonly path: string; readonly identity: FileIdentity };

/**
 * The folders in which an instance's names are looked up, in order (Vhost.xml and Application.xml of the old servers):
 * the directories that have the virtual key; `streams/<instance>` of the application's folder; `media` there, for the
 * default instance; the directories that have no key. Of directories the longest prefix comes first. Empty where
 * application or instance cannot be names of folders.
 *
 * @param virtualKey the client's. Default, and empty: it has none
 */
export function foldersOf(
	applicationsFolder: string,
	application: string,
	instance: string,
	directories: readonly MediaDirectory[],
	virtualKey = "",
): readonly { readonly prefix: string; readonly folder: string }[] {
	if (!isSafePath(application) || application.includes("/") || !isSafePath(instance)) return [];
	const own = resolve(applicationsFolder, application);
	const directoriesOf = (key: string) =>
		directories
			.filter(directory => (directory.virtualKey ?? "") === key)
			.map(({ prefix, path }) => ({ prefix: trimmed(prefix), folder: resolve(path) }))
			.toSorted((a, b) => b.prefix.length - a.prefix.length);
	return [
		...(virtualKey === "" ? [] : directoriesOf(virtualKey)),
		{ prefix: "", folder: join(own, "streams", ...instance.split("/")) },
		...(instance === DEFAULT_INSTANCE ? [{ prefix: "", folder: join(own, "media") }] : []),
		...directoriesOf(""),
	];
}

/** What is left of a relative path behind a prefix of whole parts; `undefined`: it does not begin with it. */
export function behindPrefix(path: string, prefix: string): string | undefined {
	if (prefix === "") return path;
	return path.startsWith(`${prefix}/`) ? path.slice(prefix.length + 1) : undefined;
}

/**
 * A regular file in a folder; `undefined`: there is none, or a link leads out of the folder, or it is a folder, a device
 * or a pipe.
 *
 * @throws {FileError} `FILE_UNREADABLE` where the system does not let us look
 */
export async function findFile(folder: string, path: string, followLinks: boolean): Promise<FoundFile | undefined> {
	const wanted = join(folder, ...path.split("/"));
	try {
		const stats = await stat(wanted);
		if (!stats.isFile()) return undefined;
		if (followLinks) return { path: wanted, identity: identityOf(stats) };
		const [realFolder, realFile] = await Promise.all([realpath(folder), realpath(wanted)]);
		return isWithin(realFile, realFolder) ? { path: realFile, identity: identityOf(stats) } : undefined;
	} catch (error) {
		if (isAbsence(error)) return undefined;
		throw unreadable(wanted, error);
	}
}

/**
 * Whether there is a folder, at the end of links too.
 *
 * @throws {FileError} `FILE_UNREADABLE` where the system does not let us look
 */
export async function isFolder(path: string): Promise<boolean> {
	try {
		return (await stat(path)).isDirectory();
	} catch (error) {
		if (isAbsence(error)) return false;
		throw unreadable(path, error);
	}
}

/** Whether a real path lies below a real folder. */
export function isWithin(path: string, folder: string): boolean {
	return path.startsWith(folder.endsWith(sep) ? folder : folder + sep);
}

function trimmed(prefix: string): string {
	return prefix.replace(/^\/+|\/+$/g, "");
}
