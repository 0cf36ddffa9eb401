/** One port of an old server's `HostPort`. */
export type OldPort = {
	/** Empty for all addresses. */
	readonly host: string;
	readonly port: number;
	/** It was written with a minus sign: TLS. */
	readonly secure: boolean;
};

const DEFAULT_PORT = 1935;

/**
 * Reads `HostPort`: `:1935,80,-443`, `127.0.0.1:1935`, `127.0.0.1`, `[::1]:1935`, an IPv6 address alone; without a port
 * it is 1935. A range `1935-1940` is not part of it.
 *
 * @returns `undefined` where it cannot be read
 */
export function parseHostPort(text: string): OldPort[] | undefined {
	const match = /^(\[[0-9A-Fa-f:.]+\]|[^:[\]\s]*)(?::(.*))?$/.exec(text.trim());
	if (match === null) return undefined;
	const host = (match[1] ?? "").replace(/^\[|\]$/g, "");
	const list = (match[2] ?? "").split(",").map(part => part.trim());
	if (list.length === 1 && list[0] === "") return [{ host, port: DEFAULT_PORT, secure: false }];
	const ports = list.filter(part => part !== "");
	if (!ports.every(part => /^-?\d{1,5}$/.test(part) && Math.abs(Number(part)) <= 65_535)) return undefined;
	return ports.map(part => ({ host, port: Math.abs(Number(part)), secure: part.startsWith("-") }));
}
