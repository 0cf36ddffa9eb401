import { chmod, copyFile, type FileHandle, link, lstat, open, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { FileError } from "@millrace/core/fault";
import { isAbsence } from "../media-file.ts";

/** How a file that is complete gets its name. */
export type CommitOptions = {
	/** What has the name, or that of the backup, is replaced. Default `false`: then it is a fault. */
	readonly overwrite?: boolean;
	/** What has the name is kept under this one. Default: it is not kept. */
	readonly backup?: string;
};

/** Small writes are gathered into larger ones. */
const GATHERED_BYTES = 1024 * 1024;

/**
 * A file that appears under its name when it is complete, and not at all where it does not get so far. Until then it
 * stands beside, under a hidden name.
 */
export class OutputFile {
	readonly path: string;
	readonly #partial: string;
	readonly #file: FileHandle;
	/** Where the next write goes, in bytes. */
	#position = 0;
	#waiting: Uint8Array[] = [];
	#waitingBytes = 0;
	#isOpen = true;

	private constructor(path: string, partial: string, file: FileHandle) {
		this.path = path;
		this.#partial = partial;
		this.#file = file;
	}

	/** @throws {FileError} `FILE_UNREADABLE` */
	static async create(path: string): Promise<OutputFile> {
		const whole = resolve(path);
		const partial = join(dirname(whole), `.${basename(whole)}.${process.pid}.part`);
		return explained(path, async () => new OutputFile(path, partial, await open(partial, "w")));
	}

	/** Bytes that were appended. */
	get bytes(): number {
		return this.#position + this.#waitingBytes;
	}

	/**
	 * Adds bytes at the end; they must not be changed any more.
	 *
	 * @throws {FileError} `FILE_UNREADABLE`
	 */
	async append(bytes: Uint8Array): Promise<void> {
		this.#waiting.push(bytes);
		this.#waitingBytes += bytes.length;
		if (this.#waitingBytes >= GATHERED_BYTES) await this.#flush();
	}

	/**
	 * Writes over bytes that were appended.
	 *
	 * @throws {FileError} `FILE_UNREADABLE`
	 */
	async patch(position: number, bytes: Uint8Array): Promise<void> {
		await this.#flush();
		await explained(this.path, () => this.#writeAll(bytes, position));
	}

	/**
	 * Brings everything to the disk and gives the file its name, in one step where nothing is kept.
	 *
	 * @throws {FileError} `FILE_UNREADABLE`, also where something has the name and is not to be replaced; what was
	 *   written stays until `discard`
	 */
	async commit({ overwrite = false, backup }: CommitOptions = {}): Promise<void> {
		await this.#flush();
		await explained(this.path, async () => {
			await this.#file.datasync();
			await this.#close();
			if (!overwrite && backup === undefined) {
				await nameAlso(this.#partial, this.path);
				await rm(this.#partial, { force: true });
				return;
			}
			// Whoever may read the old file may read the new one.
			if (await isTaken(this.path)) await chmod(this.#partial, (await stat(this.path)).mode & 0o7777);
			if (backup !== undefined && overwrite) await rm(backup, { force: true });
			if (backup !== undefined) await nameAlso(this.path, backup);
			await rename(this.#partial, this.path);
		});
	}

	/** Removes what was written, unless it has its name already. It never rejects: there is nothing more to do. */
	async discard(): Promise<void> {
		await this.#close().catch(() => undefined);
		await rm(this.#partial, { force: true }).catch(() => undefined);
	}

	async #flush(): Promise<void> {
		if (this.#waitingBytes === 0) return;
		const bytes = this.#waiting.length === 1 ? this.#waiting[0]! : Buffer.concat(this.#waiting, this.#waitingBytes);
		this.#waiting = [];
		this.#waitingBytes = 0;
		const position = this.#position;
		this.#position += bytes.length;
		await explained(this.path, () => this.#writeAll(bytes, position));
	}

	async #writeAll(bytes: Uint8Array, position: number): Promise<void> {
		for (let at = 0; at < bytes.length; ) {
			at += (await this.#file.write(bytes, at, bytes.length - at, position + at)).bytesWritten;
		}
	}

	async #close(): Promise<void> {
		if (!this.#isOpen) return;
		this.#isOpen = false;
		await this.#file.close();
	}
}

/** Whether there is anything of that name. */
export async function isTaken(path: string): Promise<boolean> {
	try {
		await lstat(path);
		return true;
	} catch (error) {
		if (isAbsence(error)) return false;
		throw error;
	}
}

/** Gives a file a second name that must be free. File systems without links get a copy. */
async function nameAlso(from: string, to: string): Promise<void> {
	try {
		await link(from, to);
	} catch (error) {
		if (!NO_LINKS.has((error as NodeJS.ErrnoException).code ?? "")) throw error;
		await copyFile(from, to, COPY_EXCLUSIVELY);
	}
}

/** What file systems say that know no second names. */
const NO_LINKS: ReadonlySet<string> = new Set(["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK"]);
/** `COPYFILE_EXCL`. */
const COPY_EXCLUSIVELY = 1;

async function explained<Result>(path: string, action: () => Promise<Result>): Promise<Result> {
	try {
		return await action();
	} catch (cause) {
		const { code, message } = cause as NodeJS.ErrnoException;
		const reason = code === "EEXIST" ? "there is a file of that name already." : message;
		throw new FileError("FILE_UNREADABLE", `${path} cannot be written: ${reason}`, { cause });
	}
}
