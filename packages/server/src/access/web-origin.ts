/**
 * Whether a page of that web origin may use a WebSocket or a tunnel here. Programs send no origin; pages of this server send its
 * own.
 *
 * @param cors web origins that may; `*` stands for all
 * @param host the request's `Host`
 */
export function isOriginAllowed(
	cors: readonly string[],
	origin: string | undefined,
	host: string | undefined,
): boolean {
	if (origin === undefined || cors.includes("*") || cors.includes(origin)) return true;
	return URL.canParse(origin) && new URL(origin).host === host;
}

/** The headers that let pages of a request's origin read an answer. `cors` names the origins; `*` is all. */
export function corsHeaders(cors: readonly string[], origin: string | undefined): Record<string, string> {
	if (cors.includes("*")) return { "access-control-allow-origin": "*" };
	return origin !== undefined && cors.includes(origin) ? { "access-control-allow-origin": origin, vary: "origin" } : {};
}
