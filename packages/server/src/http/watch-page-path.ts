/** The longest path, in characters as sent, that is looked at as a stream's. */
const MAX_PATH = 2048;

/** First segments that belong to the server itself and are no application's watch pages. */
const OWN_SEGMENTS = new Set(["admin", "api", "assets", "files", "metrics"]);

/**
 * Whether a raw request path (no query, still percent-encoded) is a stream's watch page: `/APPLICATION/NAME`,
 * `/APPLICATION/@INSTANCE/NAME`, names with slashes included. It refuses what no stream can be named: empty and dot
 * segments, also encoded ones, control characters, and broken percent-encoding.
 */
export function isWatchPagePath(path: string): boolean {
	if (path.length > MAX_PATH || !path.startsWith("/")) return false;
	let segments: string[];
	try {
		segments = decodeURIComponent(path).split("/").slice(1);
	} catch {
		return false;
	}
	if (segments.length < 2 || OWN_SEGMENTS.has(segments[0]!)) return false;
	// `.flv` is the stream itself, which others serve: here it can only be one that is not there.
	if (path.endsWith(".flv")) return false;
	return segments.every(segment => segment !== "" && segment !== "." && segment !== ".." && !hasControl(segment));
}

function hasControl(text: string): boolean {
	for (let at = 0; at < text.length; at++) {
		const code = text.charCodeAt(at);
		if (code < 0x20 || (code >= 0x7f && code < 0xa0)) return true;
	}
	return false;
}
