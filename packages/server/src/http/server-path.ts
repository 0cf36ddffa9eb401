/** First segments of paths that are the server's own, whatever else it answers for. */
const OWN_SEGMENTS = new Set(["api", "assets", "files", "port-test"]);

/**
 * Whether a path is the server's where another site has the rest: its API, the files of its pages, recordings, the port
 * test, and the watch pages of applications.
 *
 * @param url as it was sent, with its query
 */
export function isServerPath(url: string, isApplication: (name: string) => boolean): boolean {
	const [, first = "", more] = url.split(/[?#]/, 1)[0]!.split("/", 3);
	return OWN_SEGMENTS.has(first) || (more !== undefined && isApplication(first));
}
