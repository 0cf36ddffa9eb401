import { existsSync, readdirSync, statSync } from "node:fs";
import { basename, dirname, join, relative, resolve } from "node:path";
import { faultAt } from "./old-file.ts";

/** The files of an old server's configuration. Paths are absolute; what is not there is `undefined`. */
export type OldTree = {
	/** The old server's folder, where its relative paths begin. */
	readonly root: string;
	readonly conf: string;
	readonly ini: string | undefined;
	readonly server: string | undefined;
	readonly users: string | undefined;
	readonly loggers: readonly string[];
	/** `_defaultRoot_` first. */
	readonly adaptors: readonly OldAdaptor[];
};

export type OldAdaptor = {
	readonly name: string;
	readonly file: string;
	/** `_defaultVHost_` first. */
	readonly hosts: readonly OldHost[];
};

export type OldHost = {
	readonly name: string;
	readonly folder: string;
	readonly file: string;
	readonly application: string | undefined;
	readonly users: string | undefined;
};

/** The names of the adaptor and the host that every old server has. */
export const DEFAULT_ADAPTOR = "_defaultRoot_";
export const DEFAULT_HOST = "_defaultVHost_";

/**
 * Finds the configuration in a folder: the old server's own, or its `conf`. Names of files are found in any case.
 *
 * @throws ConfigError where there is none
 */
export function findOldTree(folder: string): OldTree {
	const given = resolve(folder);
	if (!existsSync(given)) throw faultAt(folder, undefined, "the folder does not exist");
	if (!statSync(given).isDirectory())
		throw faultAt(folder, undefined, "this is a file: name the old server's folder, or its `conf`");
	const inside = fileIn(given, "conf");
	const conf = inside !== undefined && isConf(inside) ? inside : isConf(given) ? given : undefined;
	if (conf === undefined) {
		throw faultAt(
			folder,
			undefined,
			"no old configuration is here: there is no Server.xml, fms.ini or Adaptor.xml in it or in its `conf`",
		);
	}
	return {
		root: conf === given && basename(conf).toLowerCase() !== "conf" ? conf : dirname(conf),
		conf,
		ini: fileIn(conf, "ams.ini") ?? fileIn(conf, "fms.ini"),
		server: fileIn(conf, "Server.xml"),
		users: fileIn(conf, "Users.xml"),
		loggers: filesIn(conf).filter(path => /^logger.*\.xml$/i.test(basename(path))),
		adaptors: foldersIn(conf, "Adaptor.xml", DEFAULT_ADAPTOR).map(([name, adaptor, file]) => ({
			name,
			file,
			hosts: foldersIn(adaptor, "Vhost.xml", DEFAULT_HOST).map(([host, path, vhost]) => ({
				name: host,
				folder: path,
				file: vhost,
				application: fileIn(path, "Application.xml"),
				users: fileIn(path, "Users.xml"),
			})),
		})),
	};
}

/** The folders of applications, by name. */
export function applicationFolders(folder: string): { readonly name: string; readonly path: string }[] {
	if (!existsSync(folder) || !statSync(folder).isDirectory()) return [];
	return filesIn(folder)
		.filter(path => statSync(path).isDirectory() && !basename(path).startsWith("."))
		.map(path => ({ name: basename(path), path }));
}

/** A file or folder by its name in any case; the exact one first. */
export function fileIn(folder: string, name: string): string | undefined {
	const found = filesIn(folder).filter(path => basename(path).toLowerCase() === name.toLowerCase());
	return found.find(path => basename(path) === name) ?? found[0];
}

/** A path for people, with `/` between its parts. */
export function shownPath(root: string, path: string): string {
	return relative(root, path).replaceAll("\\", "/");
}

function isConf(folder: string): boolean {
	if (!statSync(folder).isDirectory()) return false;
	if (["Server.xml", "fms.ini", "ams.ini"].some(name => fileIn(folder, name) !== undefined)) return true;
	return foldersIn(folder, "Adaptor.xml", DEFAULT_ADAPTOR).length > 0;
}

/** Folders that hold a file of that name: name, folder and file, the default one first, the others by name. */
function foldersIn(folder: string, file: string, first: string): [name: string, folder: string, file: string][] {
	return filesIn(folder)
		.filter(path => statSync(path).isDirectory())
		.flatMap((path): [string, string, string][] => {
			const found = fileIn(path, file);
			return found === undefined ? [] : [[basename(path), path, found]];
		})
		.toSorted(([a], [b]) => Number(b === first) - Number(a === first));
}

function filesIn(folder: string): string[] {
	return namesIn(folder)
		.toSorted()
		.map(name => join(folder, name))
		.filter(path => existsSync(path));
}

function namesIn(folder: string): string[] {
	try {
		return readdirSync(folder);
	} catch (error) {
		throw faultAt(folder, undefined, `the folder cannot be read: ${(error as Error).message}`);
	}
}
