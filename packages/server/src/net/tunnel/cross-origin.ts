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
