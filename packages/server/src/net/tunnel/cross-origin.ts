import type { IncomingMessage } from "node:http";

/**
 * Whether a page may use a tunnel: its origin is listed, or it comes from this server. Programs, Flash Player among
 * them, send no origin.
 */
export function isOriginAllowed({ headers: { origin, host } }: IncomingMessage, cors: readonly string[]): boolean {
	if (origin === undefined || cors.includes("*") || cors.includes(origin)) return true;
	return URL.canParse(origin) && new URL(origin).host === host;
}

/** The headers that let a page read the answer. */
export function crossOriginHeaders({ headers: { origin } }: IncomingMessage, cors: readonly string[]): HeaderFields {
	if (origin === undefined) return {};
	if (cors.includes("*")) return { "Access-Control-Allow-Origin": "*" };
	return cors.includes(origin) ? { "Access-Control-Allow-Origin": origin, Vary: "Origin" } : {};
}

/**
 * The answer to a page's question before its request. Pages that send their bytes with no content type, or as
 * `text/plain`, need not ask; browsers would ask for each sequence number again.
 */
export const PREFLIGHT_HEADERS: HeaderFields = {
	"Access-Control-Allow-Methods": "POST, OPTIONS",
	"Access-Control-Allow-Headers": "content-type, cache-control",
	"Access-Control-Allow-Private-Network": "true",
	"Access-Control-Max-Age": "86400",
};

export type HeaderFields = Readonly<Record<string, string>>;
