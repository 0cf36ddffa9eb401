import { ArgumentError } from "../errors.ts";

/** Where `connect` goes and what it says there. */
export type ConnectAddress = {
	readonly protocol: "rtmp";
	/** Name or address, IPv6 without brackets. */
	readonly host: string;
	readonly port: number;
	/** The path without its first slash, with the query. */
	readonly app: string;
	/** The address without user and fragment. */
	readonly tcUrl: string;
};

const RTMP_PORT = 1935;
const FORM = /^([a-z][a-z0-9+.-]*):(?:\/\/([^/?#]*))?([^?#]*)(\?[^#]*)?(?:#.*)?$/is;
const AUTHORITY = /^(?:[^@]*@)?(\[[0-9a-f:.%]+\]|[^:[\]@]*)(?::(\d{1,5}))?$/i;

/**
 * Reads the address that `NetConnection.connect` takes: `rtmp://host[:port]/app[/instance][?query]`. Without a host
 * (`rtmp:/app`) this machine is meant, as it was where the server lent the movie.
 *
 * @throws ArgumentError
 */
export function parseConnectAddress(text: string): ConnectAddress {
	const form = FORM.exec(text.trim());
	if (form === null) throw new ArgumentError(`${quote(text)} is no address of the form rtmp://host/application.`);
	const protocol = form[1]!.toLowerCase();
	if (protocol !== "rtmp") {
		throw new ArgumentError(`${quote(text)}: the protocol ${protocol} is not offered; rtmp is.`);
	}
	const authority = AUTHORITY.exec(form[2] ?? "");
	const port = authority?.[2] === undefined ? RTMP_PORT : Number(authority[2]);
	const path = form[3]!;
	if (authority === null || port < 1 || port > 65_535 || (path !== "" && !path.startsWith("/"))) {
		throw new ArgumentError(`${quote(text)}: the part behind rtmp: is no host, port and path.`);
	}
	const named = authority[1]!;
	if (named === "" && form[2] !== undefined) throw new ArgumentError(`${quote(text)} has no host.`);
	const host = named === "" ? "localhost" : named;
	const query = form[4] ?? "";
	const app = path.replace(/^\//, "").replace(/\/+$/, "") + query;
	const shownPort = authority[2] === undefined ? "" : `:${port}`;
	return {
		protocol,
		host: host.startsWith("[") ? host.slice(1, -1) : host,
		port,
		app,
		tcUrl: `${protocol}://${host}${shownPort}/${app}`,
	};
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
 * A name with a prefix (`mp4:folder/film.mp4`) begins where the prefix does.
 *
 * @throws ArgumentError where there are not at least an application and a name
 */
export function splitStreamUrl(text: string): StreamUrl {
	const { tcUrl, app } = parseConnectAddress(text);
	const base = tcUrl.slice(0, tcUrl.length - app.length);
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

function quote(text: string): string {
	return JSON.stringify(text.length > 200 ? `${text.slice(0, 200)}…` : text);
}
