/** Which stream a page or an address means. */
export type StreamName = {
	readonly application: string;
	/** `_definst_` where none is named. */
	readonly instance: string;
	readonly name: string;
};

/** Where the page itself was loaded from: all that the shown addresses are made of. */
export type PageLocation = {
	readonly protocol: string;
	/** Name or address with the port, as in `location.host`. */
	readonly host: string;
	/** Without the port; an IPv6 address stands in brackets. */
	readonly hostname: string;
};

/** The instance that a client gets when it names none (as the old server calls it). */
export const DEFAULT_INSTANCE = "_definst_";

/** The port of RTMP in addresses, until the server has told its own. */
export const DEFAULT_RTMP_PORT = 1935;

/** The path of a stream's watch page, each segment percent-encoded; `.flv` added gives the stream itself. */
export function watchPath({ application, instance, name }: StreamName): string {
	const room = instance === DEFAULT_INSTANCE ? [] : [`@${encodeURIComponent(instance)}`];
	const segments = [encodeSegment(application), ...room, ...name.split("/").map(encodeSegment)];
	return `/${segments.filter(segment => segment !== "").join("/")}`;
}

/** The stream that a watch page's path names, or `undefined` where it names none. */
export function parseWatchPath(pathname: string): StreamName | undefined {
	let segments: string[];
	try {
		segments = pathname.split("/").slice(1).map(decodeURIComponent);
	} catch {
		return undefined;
	}
	const [application, second, ...rest] = segments;
	if (!application || second === undefined) return undefined;
	const hasRoom = second.length > 1 && second.startsWith("@") && rest.length > 0;
	const name = (hasRoom ? rest : [second, ...rest]).join("/");
	if (name === "") return undefined;
	return { application, instance: hasRoom ? second.slice(1) : DEFAULT_INSTANCE, name };
}

/** The addresses that a stream is watched and published with, as other programs want them. */
export function streamAddresses(page: PageLocation, rtmpPort: number, stream: StreamName) {
	const path = watchPath(stream);
	const webSocket = page.protocol === "https:" ? "wss:" : "ws:";
	const room = stream.instance === DEFAULT_INSTANCE ? "" : `/${stream.instance}`;
	const server = `rtmp://${page.hostname}:${rtmpPort}/${stream.application}${room}`;
	return {
		page: `${page.protocol}//${page.host}${path}`,
		httpFlv: `${page.protocol}//${page.host}${path}.flv`,
		webSocketFlv: `${webSocket}//${page.host}${path}.flv`,
		/** What OBS calls "Server". */
		server,
		rtmp: `${server}/${stream.name}`,
	};
}

/** `@` and `:` stay readable: they have no meaning of their own in a path. */
function encodeSegment(segment: string): string {
	return encodeURIComponent(segment).replaceAll("%40", "@").replaceAll("%3A", ":");
}
