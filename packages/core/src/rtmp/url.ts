import { LimitError, PeerError } from "../fault/index.ts";
import { quote } from "./quote.ts";

/** The instance that is meant where none is named. */
export const DEFAULT_INSTANCE = "_definst_";

/** An application's address as `connect` gives it in `app`. */
export type ApplicationAddress = {
	readonly application: string;
	/** Everything behind the first segment, which may hold slashes; `_definst_` where there is nothing. */
	readonly instance: string;
	/** Behind the first `?`, without it; empty where there is none. */
	readonly query: string;
};

/** A stream's name as `publish` and `play` give it. */
export type StreamAddress = {
	/** Without prefix, leading slashes and query. */
	readonly name: string;
	/** `mp4`, `flv`, `mp3`, `id3`, `raw` or empty. */
	readonly prefix: string;
	readonly query: string;
};

/**
 * Reads `app`: `live`, `live/`, `/live/room?x=1`. Empty segments count as nothing, so that a trailing slash, which
 * many encoders' forms add, means the same application.
 *
 * @throws PeerError NAME_FORBIDDEN, LimitError NAME_TOO_LONG
 */
export function parseApplication(app: string, maxLength: number): ApplicationAddress {
	const [path, query] = splitQuery(app);
	const segments = path.split("/").filter(segment => segment !== "");
	for (const segment of segments) checkSegment(segment, path);
	const application = segments[0] ?? "";
	const instance = segments.slice(1).join("/");
	checkLength(application, maxLength);
	checkLength(instance, maxLength);
	return { application, instance: instance === "" ? DEFAULT_INSTANCE : instance, query };
}

/**
 * Reads a stream's name: `cam`, `/cam`, `mp4:dir/movie.mp4?token=1`, `/mp4:movie.mp4`.
 *
 * @throws PeerError NAME_FORBIDDEN, LimitError NAME_TOO_LONG
 */
export function parseStreamName(text: string, maxLength: number): StreamAddress {
	const [path, query] = splitQuery(text);
	const prefixed = /^\/*(mp4|flv|mp3|id3|raw):(.*)$/s.exec(path);
	const segments = (prefixed?.[2] ?? path).split("/").filter(segment => segment !== "");
	for (const segment of segments) checkSegment(segment, path);
	const name = segments.join("/");
	checkLength(name, maxLength);
	return { name, prefix: prefixed?.[1] ?? "", query };
}

/**
 * A stream's address in the application that its connection names. An empty name means the end of the application's
 * path: people paste everything into the server's address and leave the key empty. The application's query counts
 * where the stream has none.
 */
export function addressWithin(
	application: ApplicationAddress,
	stream: StreamAddress,
): StreamAddress & { readonly instance: string } {
	const query = stream.query || application.query;
	if (stream.name !== "" || application.instance === DEFAULT_INSTANCE) {
		return { ...stream, query, instance: application.instance };
	}
	const path = application.instance.split("/");
	const name = path.pop() ?? "";
	return { ...stream, name, query, instance: path.join("/") || DEFAULT_INSTANCE };
}

function splitQuery(text: string): [path: string, query: string] {
	const mark = text.indexOf("?");
	return mark < 0 ? [text, ""] : [text.slice(0, mark), text.slice(mark + 1)];
}

function checkLength(name: string, maxLength: number): void {
	if (name.length > maxLength)
		throw new LimitError("NAME_TOO_LONG", `${name.length} characters; the limit is ${maxLength}.`);
}

/**
 * Control characters, line separators and bidirectional overrides forge log lines and pages; `..`, backslashes and
 * drive letters leave folders. Percent signs stay what they are: nothing decodes a name a second time.
 */
const FORBIDDEN = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}\\*"<>|]|^[A-Za-z]:/u;

/** The query stays out of the error's text, for it may hold a key. */
function checkSegment(segment: string, path: string): void {
	if (segment === "." || segment === ".." || FORBIDDEN.test(segment)) {
		throw new PeerError("NAME_FORBIDDEN", quote(path));
	}
}
