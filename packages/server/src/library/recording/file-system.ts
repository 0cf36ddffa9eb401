import { constants } from "node:fs";
import { access, type FileHandle, mkdir, open, rename, rm, stat, statfs } from "node:fs/promises";

/** What recordings need of a file system. Every method rejects with the system's error, which has a `code`. */
export interface RecordingFileSystem {
	/** `create`: the file must not exist. `update`: it must, and is read and written. */
	open(path: string, how: "create" | "update"): Promise<RecordingFileHandle>;
	/** `undefined`: there is nothing of that name. */
	stat(path: string): Promise<FileFacts | undefined>;
	/** Gives a file another name; what had that name is gone. */
	rename(from: string, to: string): Promise<void>;
	/** Removes a file; it is no fault where there is none. */
	remove(path: string): Promise<void>;
	/** Makes a folder with all that it stands in. */
	makeFolder(path: string): Promise<void>;
	/** Rejects where this process may not write there. */
	checkWritable(path: string): Promise<void>;
	/** Bytes that this process may still write to the disk of a folder. */
	freeBytes(folder: string): Promise<number>;
}

export type FileFacts = {
	/** In bytes. */
	readonly size: number;
	/** When it was last written, in milliseconds since 1970. */
	readonly modifiedAt: number;
	/** Not a folder, a socket or the like. */
	readonly isFile: boolean;
};

/** An open file. Calls may be given without waiting for those before, where they concern different bytes. */
export interface RecordingFileHandle {
	/** Writes as much as the disk takes, and resolves to how many bytes that was: at least one. */
	write(bytes: Uint8Array, position: number): Promise<number>;
	/** Fills `into` from `position` on, and resolves to how many bytes there were before the end of the file. */
	read(into: Uint8Array, position: number): Promise<number>;
	truncate(size: number): Promise<void>;
	/** Resolves when everything has reached the disk. */
	sync(): Promise<void>;
	close(): Promise<void>;
}

/** The real one. */
export const nodeFileSystem: RecordingFileSystem = {
	async open(path, how) {
		return new NodeFileHandle(await open(path, how === "create" ? "wx+" : "r+"));
	},
	async stat(path) {
		try {
			const facts = await stat(path);
			return { size: facts.size, modifiedAt: facts.mtimeMs, isFile: facts.isFile() };
		} catch (error) {
			if (codeOf(error) === "ENOENT") return undefined;
			throw error;
		}
	},
	rename,
	remove: path => rm(path, { force: true }),
	async makeFolder(path) {
		await mkdir(path, { recursive: true });
	},
	checkWritable: path => access(path, constants.W_OK),
	async freeBytes(folder) {
		const { bavail, bsize } = await statfs(folder);
		return bavail * bsize;
	},
};

/** The system's name for what went wrong, such as `ENOSPC`; empty where the error is none of the system's. */
export function codeOf(error: unknown): string {
	const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
	return typeof code === "string" ? code : "";
}

class NodeFileHandle implements RecordingFileHandle {
	readonly #file: FileHandle;

	constructor(file: FileHandle) {
		this.#file = file;
	}

	async write(bytes: Uint8Array, position: number): Promise<number> {
		return (await this.#file.write(bytes, 0, bytes.length, position)).bytesWritten;
	}

	async read(into: Uint8Array, position: number): Promise<number> {
		let filled = 0;
		while (filled < into.length) {
			const { bytesRead } = await this.#file.read(into, filled, into.length - filled, position + filled);
			if (bytesRead === 0) break;
			filled += bytesRead;
		}
		return filled;
	}

	truncate(size: number): Promise<void> {
		return this.#file.truncate(size);
	}

	sync(): Promise<void> {
		return this.#file.datasync();
	}

	close(): Promise<void> {
		return this.#file.close();
	}
}
