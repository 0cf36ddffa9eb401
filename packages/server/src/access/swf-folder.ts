import type { Dirent, Stats } from "node:fs";
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { inflateSync } from "node:zlib";
import { FileError } from "@millrace/core/fault";
import { type SwfIdentity, swfIdentity } from "@millrace/core/rtmp";
import type { EventLog } from "../log/index.ts";

export type SwfFolderOptions = {
	readonly folder: string;
	/** How often the folder is looked at, in milliseconds. */
	readonly refreshMillis: number;
	/** The largest file that is read, in bytes, uncompressed. */
	readonly fileBytes: number;
	readonly log: EventLog;
};

type KnownFile = {
	/** The instance that it may open; `undefined`: each. */
	readonly instance: string | undefined;
	/** By which a change is seen. */
	readonly mark: string;
	/** `undefined` where it could not be used; it is not read again before it changes. */
	readonly identity: SwfIdentity | undefined;
};

/** A folder of SWF files that may connect: each is read and hashed once, and again when it changes. */
export class SwfFolder {
	readonly #options: SwfFolderOptions;
	#files: ReadonlyMap<string, KnownFile> = new Map();
	#timer: NodeJS.Timeout | undefined;
	#hasFailed = false;
	#stopped = false;

	constructor(options: SwfFolderOptions) {
		this.#options = options;
	}

	/** Reads the folder, and watches it from then on. Rejects with a `FileError` where it cannot be read. */
	async start(): Promise<void> {
		const { folder, log } = this.#options;
		try {
			await this.refresh();
		} catch (error) {
			throw new FileError("FILE_UNREADABLE", `The folder of SWF files, ${folder}.`, { cause: error });
		}
		if (this.#files.size === 0) log.warn("swf-folder", { folder, text: "No SWF file is in it: nobody is let in." });
		this.#plan();
	}

	stop(): void {
		this.#stopped = true;
		clearTimeout(this.#timer);
	}

	/** The files of that uncompressed size that may open the instance. */
	withSize(size: number, instance: string): SwfIdentity[] {
		const found: SwfIdentity[] = [];
		for (const file of this.#files.values()) {
			const isMeant = file.instance === undefined || file.instance === instance;
			if (isMeant && file.identity?.size === size) found.push(file.identity);
		}
		return found;
	}

	/** Looks at the folder now. Rejects with the system's error, and forgets nothing then. */
	async refresh(): Promise<void> {
		const { folder } = this.#options;
		const files = new Map<string, KnownFile>();
		for (const entry of await readdir(folder, { withFileTypes: true })) {
			if (isSwf(entry)) {
				await this.#look(files, join(folder, entry.name), undefined);
			} else if (entry.isDirectory()) {
				const instanceFolder = join(folder, entry.name);
				for (const inner of await readdir(instanceFolder, { withFileTypes: true })) {
					if (isSwf(inner)) await this.#look(files, join(instanceFolder, inner.name), entry.name);
				}
			}
		}
		this.#files = files;
	}

	async #look(files: Map<string, KnownFile>, path: string, instance: string | undefined): Promise<void> {
		let facts: Stats;
		try {
			facts = await stat(path);
		} catch (error) {
			// Removed since the folder was read.
			if ((error as NodeJS.ErrnoException).code === "ENOENT") return;
			throw error;
		}
		const mark = `${facts.size} ${facts.mtimeMs} ${facts.ino}`;
		const known = this.#files.get(path);
		files.set(path, known?.mark === mark ? known : { instance, mark, identity: await this.#read(path, facts) });
	}

	async #read(path: string, { size }: Stats): Promise<SwfIdentity | undefined> {
		const { fileBytes, log } = this.#options;
		try {
			if (size > fileBytes) throw new FileError("FILE_TOO_COMPLEX", `The limit is ${fileBytes} bytes.`);
			const identity = swfIdentity(await readFile(path), inflate, fileBytes);
			log.debug("swf-file", { path, bytes: identity.size });
			return identity;
		} catch (error) {
			log.warn("swf-file", { path, text: "It cannot be used.", error });
			return undefined;
		}
	}

	#plan(): void {
		if (this.#stopped) return;
		this.#timer = setTimeout(() => void this.#refreshAndPlan(), this.#options.refreshMillis);
		this.#timer.unref();
	}

	async #refreshAndPlan(): Promise<void> {
		try {
			await this.refresh();
			this.#hasFailed = false;
		} catch (error) {
			const { folder, log } = this.#options;
			if (!this.#hasFailed) log.warn("swf-folder", { folder, text: "It cannot be read; what was known stays.", error });
			this.#hasFailed = true;
		}
		this.#plan();
	}
}

function inflate(bytes: Uint8Array, limit: number): Uint8Array {
	return inflateSync(bytes, { maxOutputLength: Math.max(1, limit) });
}

function isSwf(entry: Dirent): boolean {
	return (entry.isFile() || entry.isSymbolicLink()) && /\.swf$/i.test(entry.name);
}
