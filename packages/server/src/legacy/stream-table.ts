import { parseStreamName } from "@millrace/core/rtmp";
import type { Stream, StreamCollection, StreamGatherOptions, StreamUse } from "../application/index.ts";
import type { ScriptObject, ScriptValue } from "../script/index.ts";

/** A name of a stream in a script, taken apart. */
export type ScriptStreamName = {
	/** `mp4`, `f4f`, …; empty for none, and for `flv`, which says nothing more. */
	readonly prefix: string;
	/** Without prefix and query. */
	readonly bareName: string;
};

/** What stands behind a script's object of the class `Stream`. */
export class StreamHost implements ScriptStreamName {
	readonly prefix: string;
	readonly bareName: string;
	readonly stream: Stream;
	/** The query with which a client publishes it. */
	query = "";
	/** It is published, by a client or the script. */
	isPublished = false;
	/** The script has it play, or record. */
	plays = false;
	records = false;
	isDestroyed = false;
	/** No longer hears of the end of the connection by which it plays another server's stream. */
	leave: (() => void) | undefined;
	/** What is sent ahead, in seconds, as the server does it where the script says nothing. */
	bufferSeconds = 2;
	syncWrite = false;
	hears = true;
	sees = true;
	liveEvent: ScriptValue = "";
	/** How the script has it gathered. */
	gather: StreamGatherOptions = {};

	constructor({ prefix, bareName }: ScriptStreamName, stream: Stream) {
		this.prefix = prefix;
		this.bareName = bareName;
		this.stream = stream;
	}

	/** Whether the object must stay although the script may have forgotten it. */
	get isUsed(): boolean {
		return this.isPublished || this.plays || this.records;
	}
}

/** Objects that are kept although nothing happens to their streams: whoever asks for one again gets the same. */
const MAX_IDLE = 1000;
/** Longer names are none. */
const MAX_NAME_LENGTH = 1024;

/** The objects of the class `Stream` in an instance, by their names. */
export class StreamTable {
	readonly #streams: StreamCollection;
	readonly #make: (host: StreamHost) => ScriptObject;
	/** Those that were asked for last stand last. */
	readonly #hosts = new Map<string, StreamHost>();
	readonly #objects = new Map<StreamHost, ScriptObject>();
	/** Those that stand for what a client has published, by their names without prefix. */
	readonly #given = new Map<string, StreamHost>();

	/** `make` makes the object for a stream that has none. */
	constructor(streams: StreamCollection, make: (host: StreamHost) => ScriptObject) {
		this.#streams = streams;
		this.#make = make;
	}

	/**
	 * The object of that name, which is made where there is none. A name without prefix means what a client publishes
	 * with one, too.
	 */
	get(name: ScriptStreamName): ScriptObject {
		const { prefix, bareName } = name;
		const published = prefix === "" ? this.#given.get(bareName) : undefined;
		const known = this.#hosts.get(keyOf(name)) ?? (published?.isPublished ? published : undefined);
		return this.#objectOf(known ?? this.#add(name));
	}

	/** The object for what a client publishes from now on: the one that the script has made for it, with prefix or without. */
	publish({ name, prefix = "", query }: StreamUse): ScriptObject {
		const address = { prefix: prefix === "flv" ? "" : prefix, bareName: name };
		const known = this.#hosts.get(keyOf({ prefix: "", bareName: name })) ?? this.#hosts.get(keyOf(address));
		const host = known ?? this.#add(address);
		host.isPublished = true;
		host.query = query;
		this.#given.set(name, host);
		return this.#objectOf(host);
	}

	/** What is published under that name has begun: after the end of the one before it, which may have been told late. */
	begun(bareName: string): void {
		const host = this.#given.get(bareName);
		if (host !== undefined) host.isPublished = true;
	}

	/** The client no longer publishes it. Answers the object, which stays as it is until something else is published. */
	unpublish(use: StreamUse): ScriptObject {
		const host = this.#given.get(use.name);
		if (host === undefined) return this.get({ prefix: use.prefix ?? "", bareName: use.name });
		host.isPublished = false;
		return this.#objectOf(host);
	}

	/** Whether the stream of that name, which a client has published, is so now, with whatever prefix. */
	isPublished(bareName: string): boolean {
		return this.#given.get(bareName)?.isPublished === true;
	}

	/** Forgets an object: its stream ends, unless another object has the same. */
	remove(host: StreamHost): void {
		this.#hosts.delete(keyOf(host));
		this.#objects.delete(host);
		if (this.#given.get(host.bareName) === host) this.#given.delete(host.bareName);
		host.isDestroyed = true;
		host.leave?.();
		if (this.sharing(host.stream).length === 0) host.stream.close();
	}

	/** All objects whose stream it is: what packages a stream, is the stream itself here. */
	sharing(stream: Stream): readonly (readonly [StreamHost, ScriptObject])[] {
		return [...this.#objects].filter(([host]) => host.stream === stream);
	}

	#objectOf(host: StreamHost): ScriptObject {
		const key = keyOf(host);
		this.#hosts.delete(key);
		this.#hosts.set(key, host);
		return this.#objects.get(host)!;
	}

	#add(name: ScriptStreamName): StreamHost {
		const host = new StreamHost(name, this.#streams.get(serverName(name)));
		this.#hosts.set(keyOf(host), host);
		this.#objects.set(host, this.#make(host));
		this.#forget();
		return host;
	}

	#forget(): void {
		if (this.#hosts.size <= MAX_IDLE) return;
		const newest = [...this.#hosts.values()].at(-1);
		for (const host of this.#hosts.values()) {
			if (host.isUsed || host === newest) continue;
			this.remove(host);
			return;
		}
	}
}

/** Takes a name apart: `f4f:mp4:cam?x=1` is `f4f` and `cam`. `undefined`: no stream can be called so. */
export function parseScriptName(text: ScriptValue): ScriptStreamName | undefined {
	if (typeof text !== "string") return undefined;
	// Scripts put a prefix in front of names that have one.
	const [, segmented, rest = ""] =
		/^\/*(f4f:)?(?:(?:mp4|flv|mp3|raw):(?=(?:mp4|flv|mp3|raw):))*(.*)$/s.exec(text) ?? [];
	try {
		const { prefix, name } = parseStreamName(rest, MAX_NAME_LENGTH);
		if (name === "") return undefined;
		return { prefix: segmented === undefined ? (prefix === "flv" ? "" : prefix) : "f4f", bareName: name };
	} catch {
		// Whatever is wrong with it, there is no such stream.
		return undefined;
	}
}

/** As the server has it: without what means nothing here. */
export function serverName({ prefix, bareName }: ScriptStreamName): string {
	return isPlain(prefix) ? bareName : `${prefix}:${bareName}`;
}

function keyOf({ prefix, bareName }: ScriptStreamName): string {
	return `${prefix}:${bareName}`;
}

/** Whether a stream of that prefix is the one without it: segments are made of that. */
function isPlain(prefix: string): boolean {
	return prefix === "" || prefix === "f4f";
}
