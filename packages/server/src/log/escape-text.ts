const MAX_TEXT_LENGTH = 500;

/**
 * What could move the cursor, start a line, change the reading direction or hide: control characters (C0, DEL, C1),
 * line and paragraph separators, direction marks, zero-width characters, lone surrogates.
 */
const UNSAFE = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/gu;

/** Nearly all text: printable ASCII without a backslash. */
const PLAIN = /^[ -[\]-~]*$/;

/**
 * Makes text from a peer safe to stand in a line of a log: what is unsafe becomes `\n`, `\x1b` or `\u202e`, a
 * backslash is doubled, and text beyond 500 characters is cut with a note of how much is missing.
 */
export function escapeText(text: string): string {
	if (text.length <= MAX_TEXT_LENGTH && PLAIN.test(text)) return text;
	const kept = text.length > MAX_TEXT_LENGTH ? text.slice(0, MAX_TEXT_LENGTH) : text;
	const safe = kept.replace(/\\/g, "\\\\").replace(UNSAFE, escapeCharacter);
	return kept.length === text.length ? safe : `${safe}… (${text.length - kept.length} more)`;
}

/** A field's value as text that is not escaped yet; never throws, whatever the value. */
export function textOf(value: unknown): string {
	if (value instanceof Error) return value.message === "" ? value.name : value.message;
	// An object of a peer may have no prototype, or a `toString` of its own: it is named, not asked.
	return typeof value === "object" && value !== null ? Object.prototype.toString.call(value) : String(value);
}

function escapeCharacter(character: string): string {
	if (character === "\n") return "\\n";
	if (character === "\r") return "\\r";
	if (character === "\t") return "\\t";
	const code = character.charCodeAt(0);
	return code < 0x100 ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u${code.toString(16).padStart(4, "0")}`;
}
