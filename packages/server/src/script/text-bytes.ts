import { decodeUtf8 } from "@millrace/core/bytes";
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

function decoderFor(charset: string): TextDecoder {
	try {
		return new TextDecoder(charset);
	} catch {
		return new TextDecoder("utf-8");
	}
}
