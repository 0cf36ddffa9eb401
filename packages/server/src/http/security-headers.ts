import { UsageError } from "@millrace/core/fault";

/**
 * Makes the function that gives the headers which go with every answer. The pages load nothing from elsewhere, so the
 * policy allows only this host, media made by the script (`blob:`), and WebSockets to the host that the request names:
 * not every browser counts `ws:` as `'self'`. The page that tests ports may connect to all ports of that host.
 *
 * `frameAncestors` are sources of the CSP directive of that name; throws `UsageError` for what cannot be one.
 */
export function createSecurityHeaders(
	frameAncestors: readonly string[],
): (host: string | undefined, reach?: ConnectReach) => HeaderSet {
	for (const source of frameAncestors) {
		if (!/^[^\s;,]+$/.test(source)) {
			throw new UsageError("USAGE", `frameAncestors holds ${JSON.stringify(source)}, which is no CSP source.`);
		}
	}
	const ancestors = frameAncestors.length === 0 ? "'none'" : frameAncestors.join(" ");
	return (host, reach = "same-port") => {
		return {
			"content-security-policy": [
				"default-src 'none'",
				"script-src 'self'",
				"style-src 'self'",
				"img-src 'self'",
				"media-src 'self' blob:",
				`connect-src 'self'${connectSources(host, reach)}`,
				"base-uri 'none'",
				"form-action 'none'",
				`frame-ancestors ${ancestors}`,
			].join("; "),
			"x-content-type-options": "nosniff",
			"referrer-policy": "same-origin",
			"cross-origin-resource-policy": "same-origin",
		};
	};
}

/** How far a page's script may connect. */
export type ConnectReach = "same-port" | "all-ports";

export type HeaderSet = Readonly<Record<string, string>>;

/** A host as it may stand in a policy: what a client sends as Host is not trusted to be one. */
const HOST = /^([A-Za-z0-9_.-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?$/;

function connectSources(host: string | undefined, reach: ConnectReach): string {
	const found = host === undefined ? null : HOST.exec(host);
	if (found === null) return "";
	if (reach === "same-port") return ` ws://${host} wss://${host}`;
	const name = found[1]!;
	// The grammar of sources (CSP3 §2.3.1) has no addresses of IPv6.
	const sources = SCHEMES.map(scheme => (name.startsWith("[") ? `${scheme}:` : `${scheme}://${name}:*`));
	return ` ${sources.join(" ")}`;
}

const SCHEMES = ["http", "https", "ws", "wss"];
