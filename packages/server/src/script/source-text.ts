/** What ends a line in the text of a script, as compilers count lines (ECMA-262 §12.3): CR alone too. */
const LINE_END = /\r\n?|[\n\u2028\u2029]/;

/**
 * The text of a script file. Old editors wrote UTF-8 with and without byte-order mark, UTF-16 with one, and Latin-1:
 * what is no sound UTF-8 is taken for Latin-1, as Windows extends it.
 */
export function decodeSource(bytes: Uint8Array): string {
	if (bytes[0] === 0xff && bytes[1] === 0xfe) return new TextDecoder("utf-16le").decode(bytes);
	if (bytes[0] === 0xfe && bytes[1] === 0xff) return new TextDecoder("utf-16be").decode(bytes);
	return decodeLine(bytes);
}

/** A piece of such a text, which says nothing of UTF-16. */
export function decodeLine(bytes: Uint8Array): string {
	try {
		return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
	} catch {
		return new TextDecoder("windows-1252").decode(bytes);
	}
}

/** A line of a text by its number, which counts from 1; empty where there is none. */
export function lineOf(text: string, line: number): string {
	return text.split(LINE_END)[line - 1] ?? "";
}
