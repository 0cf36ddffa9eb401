import { type NetStatus, netStatus, type StreamAddress } from "@millrace/core/rtmp";

/** Where a client wants to go through this server. */
export type EdgeTarget = {
	/** The address of the next server: `rtmp://origin/app/inst`, or an edge again with the rest behind `?`. */
	readonly address: string;
	readonly host: string;
	readonly port: number;
};

/** Tunnels are legal only in the first address of a chain (Using Flash Media Server Edge Servers). */
const PORTS: Readonly<Record<string, number>> = { rtmp: 1935, rtmpe: 1935, rtmps: 443 };
const FORM = /^\/*\?((rtmp[es]?):\/\/(\[[0-9a-f:.]+\]|[^:[\]/?#@\s]+)(?::(\d{1,5}))?\/.+)$/is;

/**
 * Reads the `app` of a client whose address was `rtmp://edge/?rtmp://origin/app`: the origin's address stands behind
 * the question mark. `undefined`: it is an address of this server.
 */
export function edgeTarget(app: string): EdgeTarget | undefined {
	const [, address, protocol, host, port] = FORM.exec(app) ?? [];
	if (address === undefined || protocol === undefined || host === undefined) return undefined;
	return {
		address,
		host: host.replace(/^\[|\]$/g, "").toLowerCase(),
		port: port === undefined ? PORTS[protocol.toLowerCase()]! : Number(port),
	};
}

/** Whether one of `origins` (`origin.example.org`, `10.0.0.7:1936`, `*.example.org`) is the target's server. */
export function isAllowedOrigin({ address, host, port }: EdgeTarget, origins: readonly string[]): boolean {
	const usual = PORTS[/^[a-z]+/i.exec(address)![0].toLowerCase()]!;
	return origins.some(origin => {
		const [, named = "", allowedPort] = /^(.*?)(?::(\d+))?$/.exec(bare(origin)) ?? [];
		if (port !== (allowedPort === undefined ? usual : Number(allowedPort))) return false;
		const allowed = named.replace(/^\[|\]$/g, "").toLowerCase();
		return allowed.startsWith("*.") ? host.endsWith(allowed.slice(1)) : host === allowed;
	});
}

/** Why a client does not get there; `undefined`: it does. What may be reached is not told. */
export function edgeRefusal(target: EdgeTarget, origins: readonly string[]): NetStatus | undefined {
	if (isAllowedOrigin(target, origins)) return undefined;
	const text = "[ Server.Reject ] : The origin cannot be reached through this server.";
	return netStatus("NetConnection.Connect.Rejected", text);
}

/** A stream's name as clients write it: with its prefix in front and its query behind. */
export function streamTitle({ name, prefix, query }: Pick<StreamAddress, "name" | "prefix" | "query">): string {
	return `${prefix === "" ? "" : `${prefix}:`}${name}${query === "" ? "" : `?${query}`}`;
}

/** An IPv6 address without brackets has no port. */
function bare(origin: string): string {
	return origin.split(":").length > 2 && !origin.startsWith("[") ? `[${origin}]` : origin;
}
