import { close, constants, fstat, open, read, type Stats, stat } from "node:fs";
import { promisify } from "node:util";
import { FileError } from "@millrace/core/fault";

/** A file that is open for reading at any place, by any number of readers at once. */
export interface OpenFile {
	readonly path: string;
	/** In bytes, as of the opening or the last `refresh`. */
	readonly size: number;
	/** When it was last written, in milliseconds since 1970, as of the opening or the last `refresh`. */
	readonly modifiedMillis: number;
	/**
	 * The bytes from `offset` on; fewer than `length` only where the file ends.
	 *
	 * @param into memory for them, at least `length` bytes. Default: memory of their own.
	 * @throws {FileError} `FILE_UNREADABLE`
	 */
	read(offset: number, length: number, into?: Uint8Array): Promise<Uint8Array>;
	/**
	 * Asks the system again for `size` and `modifiedMillis`.
	 *
	 * @throws {FileError} `FILE_UNREADABLE`
	 */
	refresh(): Promise<void>;
	/** Closes it once the reads under way have ended; reading fails from now on. */
	close(): void;
}

/** Which file it is and in which state: it changes when the file is replaced or written. */
export type FileIdentity = {
	/** The same as long as it is the same file, whatever is written into it. */
	readonly file: string;
	readonly size: number;
	readonly modifiedMillis: number;
};

/** An `OpenFile` of the file system. */
export class MediaFile implements OpenFile {
	readonly path: string;
	readonly identity: FileIdentity;
	#size: number;
	#modifiedMillis: number;
	readonly #descriptor: number;
	#readsUnderWay = 0;
	#isClosed = false;

	/**
	 * Opens a regular file; pipes, devices and folders are refused without waiting for them.
	 *
	 * @param followLast whether the path's last part may be a symbolic link
	 * @throws {FileError} `FILE_UNREADABLE` with the system's error as `cause`; without one it is no regular file
	 */
	static async open(path: string, followLast = true): Promise<MediaFile> {
		// Asked before, because opening alone can set a device going; asked again, because it may be another one by now.
		await mustBeRegular(path, statOf(path));
		// Without O_NONBLOCK, opening a pipe waits for a writer. Windows has neither flag.
		const flags = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) | (followLast ? 0 : (constants.O_NOFOLLOW ?? 0));
		const descriptor = await orUnreadable(path, openFile(path, flags));
		try {
			return new MediaFile(path, descriptor, await mustBeRegular(path, statOfDescriptor(descriptor)));
		} catch (error) {
			close(descriptor);
			throw error;
		}
	}

	private constructor(path: string, descriptor: number, stats: Stats) {
		this.path = path;
		this.#descriptor = descriptor;
		this.identity = identityOf(stats);
		this.#size = stats.size;
		this.#modifiedMillis = stats.mtimeMs;
	}

	get size(): number {
		return this.#size;
	}

	get modifiedMillis(): number {
		return this.#modifiedMillis;
	}

	async read(offset: number, length: number, into?: Uint8Array): Promise<Uint8Array> {
		if (this.#isClosed) throw new FileError("FILE_UNREADABLE", `${this.path} was closed.`);
		const memory = into ?? Buffer.allocUnsafeSlow(length);
		const bytes = new Uint8Array(memory.buffer, memory.byteOffset, length);
		this.#readsUnderWay++;
		try {
			let filled = 0;
			while (filled < length) {
				const count = await readAt(this.#descriptor, bytes, filled, length - filled, offset + filled);
				if (count === 0) break;
				filled += count;
			}
			return filled === length ? bytes : bytes.subarray(0, filled);
		} catch (cause) {
			throw unreadable(this.path, cause);
		} finally {
			this.#readsUnderWay--;
			this.#closeIfUnused();
		}
	}

	async refresh(): Promise<void> {
		if (this.#isClosed) throw new FileError("FILE_UNREADABLE", `${this.path} was closed.`);
		this.#readsUnderWay++;
		try {
			const stats = await orUnreadable(this.path, statOfDescriptor(this.#descriptor));
			this.#size = stats.size;
			this.#modifiedMillis = stats.mtimeMs;
		} finally {
			this.#readsUnderWay--;
			this.#closeIfUnused();
		}
	}

	close(): void {
		if (this.#isClosed) return;
		this.#isClosed = true;
		this.#closeIfUnused();
	}

	/** A descriptor that is closed under a read may belong to another file when the read is carried out. */
	#closeIfUnused(): void {
		if (this.#isClosed && this.#readsUnderWay === 0) close(this.#descriptor);
	}
}

/** The identity in what `stat` tells. */
export function identityOf(stats: Stats): FileIdentity {
	return { file: `${stats.dev}:${stats.ino}`, size: stats.size, modifiedMillis: stats.mtimeMs };
}

/** Whether the system's error says that there is no such file, rather than that it cannot be read. */
export function isAbsence(error: unknown): boolean {
	const code = (error as NodeJS.ErrnoException | null)?.code;
	return code === "ENOENT" || code === "ENOTDIR" || code === "ENAMETOOLONG" || code === "ELOOP" || code === "EINVAL";
}

/** What a `FileError` of this folder was caused by is told in it, with the path. */
export function unreadable(path: string, cause: unknown): FileError {
	const reason = cause instanceof Error ? cause.message : String(cause);
	return new FileError("FILE_UNREADABLE", `${path}: ${reason}`, { cause });
}

const statOf = promisify<string, Stats>(stat);
const openFile = promisify<string, number, number>(open);
const statOfDescriptor = promisify<number, Stats>(fstat);

function readAt(fd: number, into: Uint8Array, at: number, length: number, position: number): Promise<number> {
	return new Promise((resolve, reject) => {
		read(fd, into, at, length, position, (error, count) => (error === null ? resolve(count) : reject(error)));
	});
}

async function orUnreadable<T>(path: string, work: Promise<T>): Promise<T> {
	try {
		return await work;
	} catch (cause) {
		throw unreadable(path, cause);
	}
}

async function mustBeRegular(path: string, asked: Promise<Stats>): Promise<Stats> {
	const stats = await orUnreadable(path, asked);
	if (!stats.isFile()) throw new FileError("FILE_UNREADABLE", `${path} is no regular file.`);
	return stats;
}
