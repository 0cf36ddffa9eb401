import { ArgumentError } from "../errors.ts";

/** What an address begins with. */
export type AddressProtocol = RoadProtocol | "rtmfp";

/** How bytes get to a server: plain, by TLS, in HTTP, in HTTPS, encrypted, encrypted in HTTP, by WebSocket, by secure WebSocket. */
export type RoadProtocol = keyof typeof ROAD_PROTOCOLS;

/** The default port of each, whether it is a tunnel through HTTP, by TLS, with RTMP's own encryption. */
export const ROAD_PROTOCOLS = {
	rtmp: { port: 1935, isTunnel: false, isSecure: false, isEncrypted: false },
	rtmps: { port: 443, isTunnel: false, isSecure: true, isEncrypted: false },
	rtmpt: { port: 80, isTunnel: true, isSecure: false, isEncrypted: false },
	rtmpts: { port: 443, isTunnel: true, isSecure: true, isEncrypted: false },
	rtmpe: { port: 1935, isTunnel: false, isSecure: false, isEncrypted: true },
	rtmpte: { port: 80, isTunnel: true, isSecure: false, isEncrypted: true },
	ws: { port: 80, isTunnel: false, isSecure: false, isEncrypted: false },
	wss: { port: 443, isTunnel: false, isSecure: true, isEncrypted: false },
} as const satisfies Record<string, { port: number; isTunnel: boolean; isSecure: boolean; isEncrypted: boolean }>;

/** Where `connect` goes and what it says there. */
export type ConnectAddress = {
	readonly protocol: AddressProtocol;
	/** Name or address, IPv6 without brackets. */
	readonly host: string;
	/** The port, where the address names one. */
	readonly port: number | undefined;
	/** The path without its first slash, with the query. */
	readonly app: string;
	/** The parts of `user:password@`, decoded: the first arguments of `connect` (RTMP Family URI Schemes). */
	readonly args: readonly string[];
	/** Behind `#`: the name of a stream; empty where there is none. */
	readonly streamName: string;
};

/** How addresses are read. */
export type AddressOptions = {
	/** The host of addresses without one (`rtmp:/app`). Default `localhost`. */
	readonly defaultHost?: string;
	/**
	 * Takes `rtmp:/example.com:80/app`, which some old documents write, as if it had two slashes. Default false: by the
	 * grammar it means an application `example.com:80` on the default host.
	 */
	readonly lenientHost?: boolean;
};

const FORM = /^([a-z][a-z0-9+.-]*):(?:\/\/([^/?#]*))?([^?#]*)(\?[^#]*)?(?:#(.*))?$/is;
const AUTHORITY = /^(?:([^@]*)@)?(\[[0-9a-f:.%]+\]|[^:[\]@\s]*)(?::(\d{1,5}))?$/i;
const HOSTLIKE_FIRST_SEGMENT = /^([a-z]+:)\/([^/?#]*[.:][^/?#]*)(\/.*)?$/is;
/** An edge's address carries the origin's behind `?` (Using Flash Media Server Edge Servers). */
const CHAINED = /^\?([a-z]+):\//i;
const CHAIN_PROTOCOLS: ReadonlySet<string> = new Set(["rtmp", "rtmps", "rtmpe"]);

/**
 * Reads the address that `NetConnection.connect` takes: `protocol:[//host][:port]/app[/instance][?query]`, and edge
 * chains `rtmp://edge/?rtmp://origin/app`. Without a host this machine is meant, or the page's host.
 *
 * @throws ArgumentError
 */
export function parseConnectAddress(text: string, options: AddressOptions = {}): ConnectAddress {
	const trimmed = text.trim();
	const form = FORM.exec(options.lenientHost === true ? withHost(trimmed) : trimmed);
	if (form === null) throw new ArgumentError(`${quote(text)} is no address of the form rtmp://host/application.`);
	const protocol = form[1]!.toLowerCase();
	if (!isAddressProtocol(protocol)) throw new ArgumentError(`${quote(text)}: ${notOffered(protocol)}`);
	const authority = AUTHORITY.exec(form[2] ?? "");
	const port = authority?.[3] === undefined ? undefined : Number(authority[3]);
	const path = form[3]!;
	const badPort = port !== undefined && (port < 1 || port > 65_535);
	if (authority === null || badPort || (path !== "" && !path.startsWith("/"))) {
		throw new ArgumentError(`${quote(text)}: the part behind ${protocol}: is no host, port and path.`);
	}
	const named = authority[2]!;
	if (named === "" && form[2] !== undefined) throw new ArgumentError(`${quote(text)} has no host.`);
	const host = named === "" ? (options.defaultHost ?? "localhost") : named;
	const query = form[4] ?? "";
	if (path.length <= 1 && CHAINED.test(query)) checkChain(text, path, query);
	return {
		protocol,
		host: host.startsWith("[") ? host.slice(1, -1) : host,
		port,
		app: path.replace(/^\//, "").replace(/\/+$/, "") + query,
		args: authority[1] === undefined ? [] : authority[1].split(/:(.*)/s, 2).map(part => decoded(text, part)),
		streamName: form[5] ?? "",
	};
}

/**
 * The address that an attempt tells the server: its own protocol, and its port unless that is the protocol's default
 * and the user named none. WebSockets carry plain RTMP, often to gateways, so they say `rtmp` and `rtmps`.
 */
export function tcUrlOf(address: ConnectAddress, protocol: RoadProtocol, port: number): string {
	const scheme = protocol === "ws" ? "rtmp" : protocol === "wss" ? "rtmps" : protocol;
	const shown = address.port !== undefined || port !== ROAD_PROTOCOLS[scheme].port ? `:${port}` : "";
	return `${scheme}://${bracketed(address.host)}${shown}/${address.app}`;
}

/** A host as it stands in an address: IPv6 in brackets. */
export function bracketed(host: string): string {
	return host.includes(":") ? `[${host}]` : host;
}

/** An application's address and the name of a stream in it. */
export type StreamUrl = {
	/** What `connect` takes. */
	readonly url: string;
	/** What `publish` and `play` take, with the query. */
	readonly name: string;
};

/**
 * Splits the address of a stream as ffmpeg does: the last segment of the path is its name, and the query goes with it.
 * A name with a prefix (`mp4:folder/film.mp4`) begins where the prefix does, and what stands behind `#` is the name.
 *
 * @throws ArgumentError where there are not at least an application and a name
 */
export function splitStreamUrl(text: string): StreamUrl {
	const address = parseConnectAddress(text);
	const { app, streamName } = address;
	if (streamName !== "") return { url: text.trim().slice(0, text.trim().indexOf("#")), name: streamName };
	const base = `${/^[^:]*:(\/\/[^/?#]*)?/.exec(text.trim())![0]}/`;
	const mark = app.indexOf("?");
	const path = mark < 0 ? app : app.slice(0, mark);
	const query = mark < 0 ? "" : app.slice(mark);
	const segments = path.split("/").filter(segment => segment !== "");
	const prefixed = segments.findIndex(segment => /^(mp4|flv|mp3|id3|raw):/.test(segment));
	const at = prefixed > 0 ? prefixed : segments.length - 1;
	if (at < 1) {
		throw new ArgumentError(`${quote(text)} needs an application and a stream's name: rtmp://host/application/name.`);
	}
	return { url: base + segments.slice(0, at).join("/"), name: segments.slice(at).join("/") + query };
}

function isAddressProtocol(protocol: string): protocol is AddressProtocol {
	return protocol === "rtmfp" || Object.hasOwn(ROAD_PROTOCOLS, protocol);
}

function notOffered(protocol: string): string {
	if (protocol === "http" || protocol === "https") return "HTTP is for remoting alone; streams come by RTMP.";
	if (protocol === "rtmpd") return "rtmpd is for the configuration of edge servers; clients say rtmp.";
	return `the protocol ${protocol} is not offered; ${Object.keys(ROAD_PROTOCOLS).join(", ")} are.`;
}

/** Every address of a chain but the last has only protocol, host and port, and only the first may be a tunnel. */
function checkChain(text: string, path: string, query: string): void {
	if (path !== "/") throw new ArgumentError(`${quote(text)}: the edge's address must end with a slash.`);
	const inner = query.slice(1);
	const { protocol } = parseConnectAddress(inner);
	if (!CHAIN_PROTOCOLS.has(protocol)) {
		throw new ArgumentError(`${quote(text)}: only the first address of a chain may be ${protocol}.`);
	}
}

function withHost(text: string): string {
	const found = HOSTLIKE_FIRST_SEGMENT.exec(text);
	return found === null ? text : `${found[1]}//${found[2]}${found[3] ?? ""}`;
}

function decoded(text: string, part: string): string {
	try {
		return decodeURIComponent(part);
	} catch {
		throw new ArgumentError(`${quote(text)}: the user or the password has a percent sign that encodes nothing.`);
	}
}

/** The password stays out of the error's text. */
function quote(text: string): string {
	const hidden = text.replace(/\/\/[^/?#]*@/, "//…@");
	return JSON.stringify(hidden.length > 200 ? `${hidden.slice(0, 200)}…` : hidden);
}
