import { DEFAULT_INSTANCE } from "@millrace/core/rtmp";

/** Which stream of which instance: the hub's key is made of it, and so are paths and log lines. */
export class StreamName {
	readonly application: string;
	readonly instance: string;
	readonly name: string;

	constructor(application: string, instance: string, name: string) {
		this.application = application;
		this.instance = instance;
		this.name = name;
	}

	/** The hub's key. Names hold no control characters, so a line feed parts them. */
	get key(): string {
		return `${this.application}\n${this.instance}\n${this.name}`;
	}

	/** As people write it: `live/cam`, `live/room/cam`. */
	toString(): string {
		const { application, instance, name } = this;
		return instance === DEFAULT_INSTANCE ? `${application}/${name}` : `${application}/${instance}/${name}`;
	}

	/** Path of the stream's pages and outputs: `/live/cam`, `/live/@room/cam`. */
	get path(): string {
		const room = this.instance === DEFAULT_INSTANCE ? [] : [`@${encodeURIComponent(this.instance)}`];
		// A colon means nothing in a path, and stays readable: `mp4:film.mp4`.
		const name = this.name.split("/").map(part => encodeURIComponent(part).replaceAll("%3A", ":"));
		// `live@chat.example.org`, an application of a virtual host, stays readable too.
		const application = encodeURIComponent(this.application).replace(/(?<=.)%40/g, "@");
		return `/${[application, ...room, ...name].join("/")}`;
	}

	static fromKey(key: string): StreamName {
		const [application = "", instance = "", name = ""] = key.split("\n");
		return new StreamName(application, instance, name);
	}

	/**
	 * Reads a path that `path` made, or that a person wrote.
	 *
	 * @returns `undefined` where it names no stream
	 */
	static fromPath(path: string): StreamName | undefined {
		const segments: string[] = [];
		for (const segment of path.split("/")) {
			if (segment === "") continue;
			try {
				segments.push(decodeURIComponent(segment));
			} catch {
				return undefined;
			}
		}
		const application = segments.shift();
		// With nothing behind it, `@…` is a name.
		const hasRoom = segments.length > 1 && segments[0]!.startsWith("@");
		const instance = hasRoom ? segments.shift()!.slice(1) : DEFAULT_INSTANCE;
		if (application === undefined || instance === "" || segments.length === 0) return undefined;
		return new StreamName(application, instance, segments.join("/"));
	}
}
