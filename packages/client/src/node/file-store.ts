import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, writeSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import type { SharedObjectStore } from "../shared-object-place.ts";

/** Files in a folder that only their owner may read. */
export class FileStore implements SharedObjectStore {
	readonly #folder: string;

	constructor(folder: string) {
		this.#folder = folder;
	}

	read(path: string): Uint8Array | undefined {
		try {
			return new Uint8Array(readFileSync(this.#file(path)));
		} catch (error) {
			if (isMissing(error)) return undefined;
			throw error;
		}
	}

	/** Beside the old one, to the disk, then in its place: whoever reads gets the one or the other. */
	write(path: string, bytes: Uint8Array): void {
		const file = this.#file(path);
		mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
		const beside = `${file}.${process.pid}.new`;
		try {
			const handle = openSync(beside, "w", 0o600);
			try {
				for (let at = 0; at < bytes.length; ) at += writeSync(handle, bytes, at);
				fsyncSync(handle);
			} finally {
				closeSync(handle);
			}
			renameSync(beside, file);
		} catch (error) {
			rmSync(beside, { force: true });
			throw error;
		}
	}

	remove(path: string): void {
		try {
			rmSync(this.#file(path));
		} catch (error) {
			if (!isMissing(error)) throw error;
		}
	}

	#file(path: string): string {
		return join(this.#folder, ...path.split("/"));
	}
}

/** `millrace/SharedObjects` where the system keeps data of programs. */
export function defaultObjectFolder(
	platform: string,
	environment: Readonly<Record<string, string | undefined>>,
): string {
	const home = homedir();
	const base =
		platform === "win32"
			? (environment["APPDATA"] ?? join(home, "AppData", "Roaming"))
			: platform === "darwin"
				? join(home, "Library", "Application Support")
				: environment["XDG_DATA_HOME"] || join(home, ".local", "share");
	return join(base, "millrace", "SharedObjects");
}

function isMissing(error: unknown): boolean {
	const { code } = error as NodeJS.ErrnoException;
	return code === "ENOENT" || code === "ENOTDIR";
}
