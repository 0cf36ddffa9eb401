/**
 * Whether a page of that web origin may open a WebSocket here. Programs send no origin; pages of this server send its
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
