import { constants, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { mkdir, open, readdir, readFile, rename, rm, statfs } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { FileError, type MillraceError } from "@millrace/core/fault";
import type { SharedObjectState } from "@millrace/core/shared-object";
import { decodeObjectFile, encodeObjectFile } from "./object-file.ts";
import { matchesObject, objectNameOf, objectPath } from "./object-name.ts";
import { ObjectWriter, type WrittenObject } from "./object-writer.ts";

export type SharedObjectStoreOptions = {
	/** How long after a change an object is written, in milliseconds. Default 2,000. */
	readonly writeDelayMillis?: number;
	/** Nothing is written that would leave less room on the disk than this, in bytes. Default 64 MiB. */
	readonly minFreeBytes?: number;
};

const DEFAULT_WRITE_DELAY = 2000;
const DEFAULT_MIN_FREE = 64 * 1024 * 1024;
/** Files that are written at once; more wait, for a process may have only so many open. */
const MAX_WRITES = 8;

/** The folder of an application instance's persistent shared objects, as Flash Media Server has it. */
export function sharedObjectFolder(applicationFolder: string, instance: string): string {
	// An instance is checked as an object is: its name makes folders too.
	return join(applicationFolder, "sharedobjects", objectPath(instance).slice(0, -".fso".length));
}

/**
 * The persistent shared objects of one application instance: a file for each. A file is written beside the old one,
 * brought to the disk and put in its place: whoever reads it, after a crash too, finds the one or the other whole.
 *
 * There must be one store for a folder at a time. It may be kept while rooms are closed and opened: a new room is given
 * what the one before has not written yet.
 */
export class SharedObjectStore {
	readonly folder: string;
	readonly #delayMillis: number;
	readonly #minFreeBytes: number;
	readonly #writers = new Map<string, ObjectWriter>();
	/** Names of objects in use, by path in small letters: some file systems do not tell them apart. */
	readonly #names = new Map<string, string>();
	#isFolding: boolean | undefined;
	#writes = 0;
	#waiting: (() => void)[] = [];

	/** @param folder see `sharedObjectFolder`; it is made when something is written */
	constructor(folder: string, options: SharedObjectStoreOptions = {}) {
		this.folder = folder;
		this.#delayMillis = options.writeDelayMillis ?? DEFAULT_WRITE_DELAY;
		this.#minFreeBytes = options.minFreeBytes ?? DEFAULT_MIN_FREE;
	}

	/** Throws a `UsageError` (`SHARED_OBJECT_NAME`) for a name that no file can have. */
	check(name: string): void {
		objectPath(name);
	}

	/**
	 * What is kept of an object; `undefined` where there is nothing.
	 *
	 * @throws UsageError SHARED_OBJECT_NAME; FileError SHARED_OBJECT_FILE for a file that is damaged, cannot be read, or
	 * belongs to an object whose name the file system does not tell from this one
	 */
	async load(name: string): Promise<SharedObjectState | undefined> {
		const path = this.#claim(name);
		const pending = this.#writers.get(name)?.pending;
		if (pending !== undefined) return pending;
		try {
			return this.#decode(name, path, await readFile(path));
		} catch (error) {
			return missing(path, error);
		}
	}

	/** The same at once, for code that cannot wait. */
	loadNow(name: string): SharedObjectState | undefined {
		const path = this.#claim(name);
		const pending = this.#writers.get(name)?.pending;
		if (pending !== undefined) return pending;
		try {
			return this.#decode(name, path, readFileSync(path));
		} catch (error) {
			return missing(path, error);
		}
	}

	/** The object has changed: it is written soon, with what has changed by then. */
	save(name: string, object: WrittenObject): void {
		let writer = this.#writers.get(name);
		if (writer === undefined) {
			writer = new ObjectWriter(object, state => this.#write(name, state), this.#delayMillis);
			this.#writers.set(name, writer);
		}
		writer.object = object;
		writer.mark();
	}

	/**
	 * Resolves when all changes so far are on the disk.
	 *
	 * @throws FileError SHARED_OBJECT_FILE
	 */
	async flush(name: string): Promise<void> {
		await this.#writers.get(name)?.flush();
	}

	/**
	 * The object leaves the memory; what of it has not been written never will be. Does nothing where another has taken
	 * its place.
	 */
	release(name: string, object: WrittenObject): void {
		const writer = this.#writers.get(name);
		if (writer !== undefined && writer.object !== object) return;
		void writer?.cancel();
		this.#writers.delete(name);
		const key = foldedPath(name);
		if (this.#names.get(key) === name) this.#names.delete(key);
	}

	/** Removes what is kept of an object, and writes nothing of it before the next `save`. */
	async remove(name: string): Promise<void> {
		const path = this.#file(name);
		await this.#writers.get(name)?.cancel();
		try {
			await rm(path, { force: true });
			await rm(besideOf(path), { force: true });
		} catch (error) {
			throw unusable(path, error);
		}
	}

	/** The names of the objects that are kept and match a pattern (`matchesObject`). */
	async list(pattern: string): Promise<string[]> {
		let entries: string[];
		try {
			entries = await readdir(this.folder, { recursive: true });
		} catch (error) {
			if (isMissing(error)) return [];
			throw unusable(this.folder, error);
		}
		return matching(entries, pattern);
	}

	/** `list`, at once. */
	listNow(pattern: string): string[] {
		try {
			return matching(readdirSync(this.folder, { recursive: true, encoding: "utf8" }), pattern);
		} catch (error) {
			if (isMissing(error)) return [];
			throw unusable(this.folder, error);
		}
	}

	async #write(name: string, state: SharedObjectState): Promise<void> {
		const path = this.#file(name);
		if (this.#writes >= MAX_WRITES) await new Promise<void>(resolve => this.#waiting.push(resolve));
		else this.#writes++;
		try {
			await replaceFile(path, encodeObjectFile(state), this.#minFreeBytes);
		} catch (error) {
			throw unusable(path, error);
		} finally {
			const next = this.#waiting.shift();
			if (next === undefined) this.#writes--;
			else next();
		}
	}

	/** The file of an object that is used from now on. */
	#claim(name: string): string {
		const path = this.#file(name);
		const key = foldedPath(name);
		const other = this.#names.get(key);
		if (other !== undefined && other !== name && this.#foldsCase()) throw indistinct(path, other);
		this.#names.set(key, name);
		return path;
	}

	/** Whether the file system takes two names for one that differ in large and small letters only. */
	#foldsCase(): boolean {
		if (this.#isFolding === undefined) {
			const probe = join(this.folder, `case-probe-${process.pid}.new`);
			mkdirSync(this.folder, { recursive: true });
			writeFileSync(probe, "");
			this.#isFolding = existsSync(join(this.folder, basename(probe).toUpperCase()));
			rmSync(probe, { force: true });
		}
		return this.#isFolding;
	}

	#file(name: string): string {
		return join(this.folder, ...objectPath(name).split("/"));
	}

	#decode(name: string, path: string, bytes: Uint8Array): SharedObjectState {
		const state = decodeObjectFile(path, bytes);
		if (state.name === name) return state;
		throw indistinct(path, state.name);
	}
}

/** The names of objects among files. */
function matching(entries: readonly string[], pattern: string): string[] {
	return entries.flatMap(path => {
		const name = objectNameOf(path.replaceAll("\\", "/"));
		return name !== undefined && matchesObject(pattern, name) ? [name] : [];
	});
}

function indistinct(path: string, other: string): FileError {
	const detail = `${path} belongs to ${JSON.stringify(other)}, which this file system does not tell from the name asked for.`;
	return new FileError("SHARED_OBJECT_FILE", detail);
}

function foldedPath(name: string): string {
	return objectPath(name).normalize("NFC").toLowerCase();
}

/** Beside the old one, to the disk, then in its place. A crash leaves the one beside it, which the next write uses. */
async function replaceFile(path: string, bytes: Uint8Array, minFreeBytes: number): Promise<void> {
	const folder = dirname(path);
	const made = await mkdir(folder, { recursive: true });
	const { bavail, bsize } = await statfs(folder);
	if (bavail * bsize - bytes.length < minFreeBytes) {
		throw new Error(`${bavail * bsize} bytes are free on its disk, of which ${minFreeBytes} must stay free.`);
	}
	const beside = besideOf(path);
	// Each write waits for the disk: Node's permission model, which keeps applications to their folders, has no fsync.
	const file = await open(beside, SYNCHRONOUS);
	try {
		await file.writeFile(bytes);
	} finally {
		await file.close();
	}
	await rename(beside, path);
	await syncFolder(folder);
	// A folder that is new must be in the one above, and so on.
	for (let at = folder; made !== undefined && at.length >= made.length; at = dirname(at)) await syncFolder(dirname(at));
}

/** `O_SYNC` is not there on every system. */
const SYNCHRONOUS = constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | (constants.O_SYNC ?? 0);

/**
 * Without it a new name may be lost with the power, though not with the process. Some systems cannot, and need not; in
 * an application's process it is not allowed.
 */
async function syncFolder(path: string): Promise<void> {
	if (process.platform === "win32" || process.permission !== undefined) return;
	const folder = await open(path, "r");
	try {
		await folder.sync();
	} finally {
		await folder.close();
	}
}

function besideOf(path: string): string {
	return `${path}.new`;
}

function missing(path: string, error: unknown): undefined {
	if (isMissing(error)) return undefined;
	throw unusable(path, error);
}

function unusable(path: string, error: unknown): MillraceError {
	if (error instanceof FileError) return error;
	const detail = error instanceof Error ? error.message : String(error);
	return new FileError("SHARED_OBJECT_FILE", `${path}: ${detail}`, { cause: error });
}

function isMissing(error: unknown): boolean {
	const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
	return code === "ENOENT" || code === "ENOTDIR";
}
