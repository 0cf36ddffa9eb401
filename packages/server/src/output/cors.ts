/** The headers that let pages of a request's origin read an answer. `cors` names the origins; `*` is all. */
export function corsHeaders(cors: readonly string[], origin: string | undefined): Record<string, string> {
	if (cors.includes("*")) return { "access-control-allow-origin": "*" };
	return origin !== undefined && cors.includes(origin) ? { "access-control-allow-origin": origin, vary: "origin" } : {};
}

/** What answers `OPTIONS`, beside `corsHeaders`: any header may be sent, and that holds for a day. */
export const PREFLIGHT_HEADERS = { "access-control-allow-headers": "*", "access-control-max-age": "86400" };
