import { randomInt } from "node:crypto";
import { link, mkdir, open, readFile, rename, unlink } from "node:fs/promises";
import { join } from "node:path";
import { UsageError } from "@millrace/core/fault";

/** A key that publishers name, and where it is kept. */
export interface StreamKey {
	readonly key: string;
	/** The file that holds it. */
	readonly file: string;
	/** True for the one call that made it: then it is shown to the operator, and never again. */
	readonly madeNow: boolean;
}

/** The name of the key's file inside the data folder. */
export const STREAM_KEY_FILE = "publish-key";

/** Letters and digits that nobody takes for one another: no 0, O, o, 1, l, I. 24 of them hold 138 bits. */
const ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnpqrstuvwxyz23456789";
const KEY_LENGTH = 24;

/** What the file may hold; it matches `publish.key` of the configuration. */
const STORED_KEY = /^[A-Za-z0-9._~-]{8,128}$/;

/**
 * Reads the publish key from the data folder, or makes one there, readable by its owner alone (0600). Two servers that
 * start at once agree on one key. Throws a `UsageError` (`STREAM_KEY_UNUSABLE`) when the file cannot be read or
 * written, or holds something else.
 */
export async function readOrMakeStreamKey(dataDir: string): Promise<StreamKey> {
	const file = join(dataDir, STREAM_KEY_FILE);
	try {
		const stored = await readStored(file);
		if (stored !== undefined) return { key: stored, file, madeNow: false };
		await mkdir(dataDir, { recursive: true });
		const key = makeStreamKey();
		if (await storeNew(file, key)) return { key, file, madeNow: true };
		const others = await readStored(file);
		if (others !== undefined) return { key: others, file, madeNow: false };
		throw new Error("the file vanished while it was read");
	} catch (error) {
		if (error instanceof UsageError) throw error;
		const detail = error instanceof Error ? error.message : String(error);
		throw new UsageError("STREAM_KEY_UNUSABLE", `${file}: ${detail}`, { cause: error });
	}
}

/** A new random key. */
export function makeStreamKey(): string {
	let key = "";
	for (let index = 0; index < KEY_LENGTH; index += 1) key += ALPHABET[randomInt(ALPHABET.length)];
	return key;
}

async function readStored(file: string): Promise<string | undefined> {
	let text: string;
	try {
		text = await readFile(file, "utf8");
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
		throw error;
	}
	const key = text.trim();
	if (STORED_KEY.test(key)) return key;
	throw new UsageError(
		"STREAM_KEY_UNUSABLE",
		`${file} must hold one line of 8 to 128 letters, digits or . _ ~ - (remove it, and a new key is made).`,
	);
}

/** Puts the whole file in place at once; false when another process was faster. */
async function storeNew(file: string, key: string): Promise<boolean> {
	const draft = `${file}.${process.pid}.${makeStreamKey().slice(0, 8)}`;
	const handle = await open(draft, "wx", 0o600);
	try {
		await handle.writeFile(`${key}\n`);
		await handle.sync();
	} finally {
		await handle.close();
	}
	try {
		// A link fails where the name is taken, which a rename would overwrite.
		await link(draft, file);
	} catch (error) {
		const code = (error as NodeJS.ErrnoException).code;
		if (code === "EEXIST") return false;
		if (code !== "EPERM" && code !== "ENOTSUP" && code !== "ENOSYS" && code !== "EOPNOTSUPP") throw error;
		// A file system without links: the last of two servers that start at the same moment wins.
		await rename(draft, file);
		return true;
	} finally {
		await unlink(draft).catch(ignoreMissing);
	}
	return true;
}

function ignoreMissing(error: NodeJS.ErrnoException): void {
	if (error.code !== "ENOENT") throw error;
}
