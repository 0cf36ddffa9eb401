import { decodeUtf8, encodeUtf8 } from "@millrace/core/bytes";
import { decodeSource } from "./source-text.ts";

/**
 * Text of an answer of that time. What says to be UTF-8 or says nothing is read as scripts are, which need not be
 * UTF-8. Never throws.
 */
export function decodeText(bytes: Uint8Array, charset = "utf-8"): string {
	const decoder = decoderFor(charset);
	return decoder.encoding === "utf-8" ? decodeSource(bytes) : decoder.decode(bytes);
}

/** Text of a named character set; an unknown name counts as UTF-8. A byte order mark is left out. */
export function decodeCharset(bytes: Uint8Array, charset: string): string {
	const decoder = decoderFor(charset);
	return decoder.encoding === "utf-8" ? decodeUtf8(bytes).replace(/^\ufeff/, "") : decoder.decode(bytes);
}

/** Text in a named character set, of one or two bytes a character; what it lacks becomes `?`, an unknown name is UTF-8. */
export function encodeCharset(text: string, charset: string): Uint8Array {
	const { encoding } = decoderFor(charset);
	if (encoding === "utf-8") return encodeUtf8(text);
	const table = tableOf(encoding);
	// The decoder takes its name for that of a larger set.
	const isAscii = /^(us-)?ascii$/i.test(charset);
	const known = (character: string) => (isAscii && character > "\x7f" ? undefined : table.get(character));
	return Uint8Array.from(Array.from(text, character => known(character) ?? QUESTION_MARK).flat());
}

const QUESTION_MARK = [0x3f];
const BYTE_COUNT = 0x100;
const tables = new Map<string, ReadonlyMap<string, readonly number[]>>();

/** The bytes of each character of a set, found out by reading them all. */
function tableOf(encoding: string): ReadonlyMap<string, readonly number[]> {
	const known = tables.get(encoding);
	if (known !== undefined) return known;
	const decoder = new TextDecoder(encoding, { fatal: true, ignoreBOM: true });
	const table = new Map<string, readonly number[]>();
	const add = (...bytes: number[]): boolean => {
		try {
			const character = decoder.decode(Uint8Array.from(bytes));
			if (!table.has(character)) table.set(character, bytes);
			return true;
		} catch {
			// The bytes are none, or not all, of a character.
			return false;
		}
	};
	for (let lead = 0; lead < BYTE_COUNT; lead++) {
		if (add(lead)) continue;
		for (let trail = 0; trail < BYTE_COUNT; trail++) add(lead, trail);
	}
	tables.set(encoding, table);
	return table;
}

function decoderFor(charset: string): TextDecoder {
	try {
		return new TextDecoder(charset);
	} catch {
		return new TextDecoder("utf-8");
	}
}
