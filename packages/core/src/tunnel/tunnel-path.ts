import type { TunnelCommand } from "./tunnel-exchange.ts";

/** What a request's path asks of a tunnel. */
export type TunnelPath =
	| { readonly command: "open" }
	| { readonly command: "ident" | "ident2" }
	| { readonly command: TunnelCommand; readonly id: string; readonly sequence: number };

const SESSION_PATH = /^\/(send|idle|close)\/([A-Za-z0-9_-]{1,64})\/(\d{1,10})$/;

/**
 * Reads the path of a request, without query; `undefined` where it is not a tunnel's. What follows `/open/` is a version
 * that nobody ever counted up: anything will do.
 */
export function parseTunnelPath(path: string): TunnelPath | undefined {
	if (path === "/open" || path.startsWith("/open/")) return { command: "open" };
	if (path === "/fcs/ident") return { command: "ident" };
	if (path === "/fcs/ident2") return { command: "ident2" };
	const match = SESSION_PATH.exec(path);
	if (match === null) return undefined;
	return { command: match[1] as TunnelCommand, id: match[2]!, sequence: Number(match[3]) };
}
