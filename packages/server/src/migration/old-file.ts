import { readFileSync, statSync } from "node:fs";
import { ConfigError } from "../config/index.ts";

/** A file of an old server's configuration, as text with line feeds. */
export type OldFile = {
	/** Absolute. */
	readonly path: string;
	/** For people: relative to the folder that is imported. */
	readonly shownAs: string;
	readonly text: string;
};

/** A configuration file of an old server may not be larger than this; real ones have 50 KiB. */
const MAX_FILE_BYTES = 1024 * 1024;

/**
 * Reads a file in whatever encoding it is: UTF-8 or UTF-16 by its byte-order mark, what its XML declaration says, UTF-8
 * where it is that, otherwise Windows-1252, which holds Latin-1. Line ends become line feeds.
 *
 * @throws ConfigError where it cannot be read
 */
export function readOldFile(path: string, shownAs: string): OldFile {
	let bytes: Uint8Array;
	try {
		if (statSync(path).size > MAX_FILE_BYTES) throw faultAt(shownAs, undefined, "the file is larger than 1 MiB");
		bytes = readFileSync(path);
	} catch (error) {
		if (error instanceof ConfigError) throw error;
		throw faultAt(shownAs, undefined, `the file cannot be read: ${(error as Error).message}`);
	}
	return { path, shownAs, text: decodeText(bytes).replace(/\r\n?/g, "\n") };
}

/** An error of one problem, with its place. */
export function faultAt(shownAs: string, line: number | undefined, message: string): ConfigError {
	return new ConfigError([{ place: line === undefined ? shownAs : `${shownAs}:${line}`, message }]);
}

function decodeText(bytes: Uint8Array): string {
	if (bytes[0] === 0xff && bytes[1] === 0xfe) return new TextDecoder("utf-16le").decode(bytes);
	if (bytes[0] === 0xfe && bytes[1] === 0xff) return new TextDecoder("utf-16be").decode(bytes);
	const head = new TextDecoder("latin1").decode(bytes.subarray(0, 200));
	const declared = /^<\?xml[^>]*\sencoding\s*=\s*["'](iso-8859-1|latin-?1|windows-1252)["']/i.test(head);
	if (declared) return new TextDecoder("windows-1252").decode(bytes);
	try {
		return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
	} catch {
		// Not UTF-8: editors of the time wrote the encoding of their system.
		return new TextDecoder("windows-1252").decode(bytes);
	}
}
