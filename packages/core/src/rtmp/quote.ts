/**
 * Text of a peer for an error's detail: quoted, in ASCII, at most 100 characters. Control characters, line separators
 * and bidirectional overrides would forge the lines of a log.
 */
export function quote(text: string): string {
	return JSON.stringify(text.slice(0, 100)).replaceAll(
		/[^ -~]/g,
		unit => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
	);
}
