import type { IncomingMessage, ServerResponse } from "node:http";
import { corsHeaders } from "../access/index.ts";

/** What answers `OPTIONS`, beside `corsHeaders`: any header may be sent, and that holds for a day. */
export const PREFLIGHT_HEADERS = { "access-control-allow-headers": "*", "access-control-max-age": "86400" };

/**
 * Answers what does not read: `OPTIONS` for pages of the origins that `cors` names, other methods with 405.
 *
 * @returns for `GET` and `HEAD`, which are not answered, the headers that let such pages read the answer
 */
export function readersHeaders(
	cors: readonly string[],
	request: IncomingMessage,
	response: ServerResponse,
): Readonly<Record<string, string>> | undefined {
	const headers = corsHeaders(cors, request.headers.origin);
	if (request.method === "GET" || request.method === "HEAD") return headers;
	if (request.method === "OPTIONS") response.writeHead(204, { ...headers, ...PREFLIGHT_HEADERS }).end();
	else response.writeHead(405, { ...headers, allow: "GET, HEAD, OPTIONS" }).end();
	return undefined;
}
