import { ArgumentError } from "./errors.ts";

/** Where local shared objects are kept: bytes under a path. What fails throws the platform's error. */
export interface SharedObjectStore {
	/** `undefined` where there is nothing. */
	read(path: string): Uint8Array | undefined;
	/** Puts all of it in the place of what was there, or nothing. */
	write(path: string, bytes: Uint8Array): void;
	/** Does nothing where there is nothing. */
	remove(path: string): void;
}

/** A local shared object's name in its file, and the path of that. */
export type SharedObjectPlace = { readonly path: string; readonly fileName: string };

/** What Flash Player does not take in names, and what steers terminals. */
const FORBIDDEN = /[~%&\\;:"',<>?#\s\p{Cc}]/u;

/**
 * The place of an object in Flash Player's layout: host, local path, name with `.sol`. The folders of a name such as
 * `game/level` begin with `#`, so that they are none of a path.
 *
 * @throws ArgumentError for names that Flash Player does not take, or that lead elsewhere
 */
export function sharedObjectPlace(name: string, localPath: string | null, host: string): SharedObjectPlace {
	const names = segmentsOf(name, name);
	const fileName = names.pop();
	if (fileName === undefined) throw refused(name);
	const folders = names.map((folder, index) => (index === 0 ? `#${folder}` : folder));
	const paths = segmentsOf((localPath ?? "/").replace(/^\/|\/$/g, ""), localPath ?? "/");
	const hosts = segmentsOf(host, host);
	return { path: [...hosts, ...paths, ...folders, `${fileName}.sol`].join("/"), fileName };
}

function segmentsOf(text: string, shown: string): string[] {
	if (typeof text !== "string" || FORBIDDEN.test(text)) throw refused(shown);
	if (text === "") return [];
	const segments = text.split("/");
	if (segments.some(segment => segment === "" || /^\.+$/.test(segment))) throw refused(shown);
	return segments;
}

function refused(text: string): ArgumentError {
	return new ArgumentError(`Error #2134: ${JSON.stringify(text)} cannot name a shared object.`);
}
