import { closeSync, fstatSync, openSync, readSync, writeSync } from "node:fs";

/** What `File.open` was told, once understood. */
export type FileMode = {
	readonly canRead: boolean;
	readonly canWrite: boolean;
	/** What is written goes to the end. */
	readonly isAppend: boolean;
	/** The file is made, and emptied where there is one. */
	readonly isCreate: boolean;
	/** As scripts read it back. */
	readonly text: string;
};

/** What is read from the disk at once. */
const WINDOW_BYTES = 64 * 1024;
/** No descriptor: whatever is done with it fails. */
const CLOSED = -1;
const NEW_LINE = 0x0a;
const CARRIAGE_RETURN = 0x0d;

/**
 * What the modes of `File.open` mean, several of them separated by commas; `undefined`: one is none, or there is none.
 * `readWrite` takes a file that is there, `append` and `create` make one.
 */
export function parseFileMode(text: string): FileMode | undefined {
	const modes = new Set(text.split(",").map(mode => mode.trim()));
	for (const mode of modes) if (!["read", "readWrite", "append", "create"].includes(mode)) return undefined;
	const isAppend = modes.has("append");
	const isCreate = modes.has("create");
	const canWrite = isAppend || isCreate || modes.has("readWrite");
	return {
		canRead: modes.has("read") || modes.has("readWrite"),
		canWrite,
		isAppend,
		isCreate,
		text: [...modes].join(","),
	};
}

/** A file that a script has open. Its methods throw what the disk says. What is written goes to the disk at once. */
export class OpenFile {
	readonly mode: FileMode;
	#descriptor: number;
	/** A piece of the file as it was read, and where it begins. */
	#window: Uint8Array = new Uint8Array();
	#windowStart = 0;
	#position = 0;

	/** Throws what the disk says. */
	constructor(path: string, mode: FileMode) {
		this.mode = mode;
		this.#descriptor = openSync(path, flagsOf(mode));
		if (mode.isAppend) this.#position = this.length;
	}

	/** Bytes from the start. */
	get position(): number {
		return this.#position;
	}

	/** Bytes. */
	get length(): number {
		return fstatSync(this.#descriptor).size;
	}

	get atEnd(): boolean {
		return this.#position >= this.length;
	}

	/** Moves by so many bytes, back where they are negative, but not before the start. Returns the new position. */
	skip(bytes: number): number {
		this.#position = Math.max(0, this.#position + Math.trunc(bytes));
		return this.#position;
	}

	/** The next byte; `undefined`: the end. */
	readByte(): number | undefined {
		const byte = this.#view()[0];
		if (byte !== undefined) this.#position++;
		return byte;
	}

	/** So many characters of UTF-8 as are left, at most `count`; a byte that is none counts as one. */
	readCharacters(count: number): Uint8Array {
		const start = this.#position;
		for (let characters = 0; characters < count; characters++) {
			const lead = this.readByte();
			if (lead === undefined) break;
			for (let rest = trailingBytes(lead); rest > 0 && isTrailing(this.#view()[0]); rest--) this.#position++;
		}
		return this.#read(start, this.#position);
	}

	/** The next line, without its end (LF, with or without CR before it); `undefined`: the end of the file. */
	readLine(): Uint8Array | undefined {
		const start = this.#position;
		for (;;) {
			const view = this.#view();
			if (view.length === 0) return this.#position === start ? undefined : this.#read(start, this.#position);
			const end = view.indexOf(NEW_LINE);
			if (end < 0) {
				this.#position += view.length;
				continue;
			}
			const stop = this.#position + end;
			const line = this.#read(start, stop);
			this.#position = stop + 1;
			return line.at(-1) === CARRIAGE_RETURN ? line.subarray(0, -1) : line;
		}
	}

	/** Writes at the position, or at the end in append mode, and moves behind it. */
	write(bytes: Uint8Array): void {
		const start = this.mode.isAppend ? this.length : this.#position;
		// On some systems a file that is open for appending takes no position.
		for (let done = 0; done < bytes.length; ) {
			done += writeSync(this.#descriptor, bytes, done, bytes.length - done, this.mode.isAppend ? null : start + done);
		}
		this.#position = start + bytes.length;
		this.#window = new Uint8Array();
	}

	close(): void {
		const descriptor = this.#descriptor;
		// The system gives the number to the next file.
		this.#descriptor = CLOSED;
		closeSync(descriptor);
	}

	/** What follows the position, as far as it was read; empty at the end of the file. */
	#view(): Uint8Array {
		const offset = this.#position - this.#windowStart;
		if (offset >= 0 && offset < this.#window.length) return this.#window.subarray(offset);
		this.#window = this.#read(this.#position, this.#position + WINDOW_BYTES);
		this.#windowStart = this.#position;
		return this.#window;
	}

	#read(start: number, end: number): Uint8Array {
		const offset = start - this.#windowStart;
		if (offset >= 0 && end <= this.#windowStart + this.#window.length) {
			return this.#window.subarray(offset, end - this.#windowStart);
		}
		const bytes = new Uint8Array(end - start);
		let filled = 0;
		while (filled < bytes.length) {
			const count = readSync(this.#descriptor, bytes, filled, bytes.length - filled, start + filled);
			if (count === 0) break;
			filled += count;
		}
		return bytes.subarray(0, filled);
	}
}

function flagsOf({ canRead, isAppend, isCreate, canWrite }: FileMode): string {
	if (isCreate) return "w+";
	if (isAppend) return canRead ? "a+" : "a";
	return canWrite ? "r+" : "r";
}

/** Bytes of a character of UTF-8 behind its first. */
function trailingBytes(lead: number): number {
	if (lead >= 0xf0 && lead < 0xf8) return 3;
	if (lead >= 0xe0) return lead < 0xf0 ? 2 : 0;
	return lead >= 0xc0 ? 1 : 0;
}

function isTrailing(byte: number | undefined): boolean {
	return byte !== undefined && (byte & 0xc0) === 0x80;
}
