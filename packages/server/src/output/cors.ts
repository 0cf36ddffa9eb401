import type { IncomingMessage, ServerResponse } from "node:http";
import { corsHeaders } from "../access/index.ts";

/** What answers `OPTIONS`, beside `corsHeaders`: any header may be sent, and that holds for a day. */
export const PREFLIGHT_HEADERS = { "access-control-allow-headers": "*", "access-control-max-age": "86400" };

/**
 * The headers with which a request to read is answered, so that pages of `cors` may. `undefined`: it has been answered,
 * because it is none, or asks whether it may be made.
 */
export function readHeaders(
	request: IncomingMessage,
	response: ServerResponse,
	cors: readonly string[],
): Readonly<Record<string, string>> | undefined {
	const headers = corsHeaders(cors, request.headers.origin);
	if (request.method === "GET" || request.method === "HEAD") return headers;
	if (request.method === "OPTIONS") response.writeHead(204, { ...headers, ...PREFLIGHT_HEADERS }).end();
	else response.writeHead(405, { ...headers, allow: "GET, HEAD, OPTIONS" }).end();
	return undefined;
}
