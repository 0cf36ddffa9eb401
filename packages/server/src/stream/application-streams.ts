import type { AmfObject } from "@millrace/core/amf";
import { FileError } from "@millrace/core/fault";
import type { StreamAddress } from "@millrace/core/rtmp";
import { StreamName } from "../app/index.ts";
import { catalogName, type MediaListing } from "../library/index.ts";
import { ApplicationStream, addressOf } from "./application-stream.ts";
import type { ChannelEnvironment } from "./channel.ts";
import { fitsPattern } from "./name-pattern.ts";
import { MAX_STREAMS, type StreamRules, type StreamStatusListener } from "./stream-context.ts";

/** What a list says of a live stream. */
export type LiveStreamFacts = {
	readonly name: string;
	/** Somebody publishes it; not: it is waited for within the grace time. */
	readonly isPublishing: boolean;
	/** The application's code publishes it. */
	readonly isOwn: boolean;
	readonly viewers: number;
	/** What comes in, in bits a second. */
	readonly bitrate: number;
	readonly bytesIn: number;
	/** Its newest time, in milliseconds. */
	readonly time: number;
};

/** What a list says of a file. */
export type RecordedFileFacts = Pick<MediaListing, "name" | "kind" | "bytes" | "modifiedMillis" | "isGrowing"> & {
	/** In seconds; `undefined`: it cannot be played. */
	readonly length: number | undefined;
};

/** What became of a wish to delete recordings. */
export type Cleared = {
	/** How many are gone. */
	readonly removed: number;
	/** How many are still there, because they are being written or for a fault, which is logged. */
	readonly failed: number;
};

/** The streams of one instance of an application, as its code uses them. */
export class ApplicationStreams {
	readonly application: string;
	readonly instance: string;
	readonly #rules: StreamRules;
	readonly #environmentOf: () => ChannelEnvironment;
	readonly #environment: ChannelEnvironment;
	readonly #listener: StreamStatusListener;
	readonly #onClosed: () => void;
	/** Those that are being closed too are no longer here. */
	readonly #streams = new Map<string, ApplicationStream>();
	readonly #closing = new Set<Promise<void>>();
	#isClosed = false;

	/** Made by `StreamDirectory`. @param environmentOf gives each stream an identity of its own */
	constructor(
		application: string,
		instance: string,
		rules: StreamRules,
		environmentOf: () => ChannelEnvironment,
		listener: StreamStatusListener,
		onClosed: () => void,
	) {
		this.application = application;
		this.instance = instance;
		this.#rules = rules;
		this.#environmentOf = environmentOf;
		this.#environment = environmentOf();
		this.#listener = (name, status) => {
			if (!this.#isClosed) listener(name, status);
		};
		this.#onClosed = onClosed;
	}

	/** How many there are. */
	get count(): number {
		return this.#streams.size;
	}

	/**
	 * The stream of that name, which is made where there is none; `undefined`: no stream can be called so, or there are
	 * `MAX_STREAMS`. A prefix (`mp4:`) decides the form of recordings; what is live is one stream with it and without.
	 */
	get(name: string): ApplicationStream | undefined {
		const known = this.#streams.get(name);
		if (known !== undefined || this.#isClosed || this.#streams.size >= MAX_STREAMS) return known;
		const address = addressOf(name);
		if (address === undefined) return undefined;
		const environment = this.#environmentOf();
		const streamName = new StreamName(this.application, this.instance, address.name);
		const stream = new ApplicationStream(name, address, streamName, this.#rules, environment, this.#listener);
		this.#streams.set(name, stream);
		return stream;
	}

	/** The stream of that name, where `get` has made it. */
	find(name: string): ApplicationStream | undefined {
		return this.#streams.get(name);
	}

	/** Ends a stream; another one may be made under its name at once. Resolves as `ApplicationStream.close`. */
	async destroy(name: string): Promise<void> {
		const stream = this.#streams.get(name);
		if (stream === undefined) return;
		this.#streams.delete(name);
		const closed = stream.close();
		this.#closing.add(closed);
		await closed;
		this.#closing.delete(closed);
	}

	/** What is live in the instance, whoever publishes it, by name. */
	live(): LiveStreamFacts[] {
		const own = new Set<string>();
		for (const stream of this.#streams.values()) {
			if (stream.isPublishing) own.add(addressOf(stream.name)!.name);
		}
		const facts: LiveStreamFacts[] = [];
		for (const live of this.#environment.context.hub.streams()) {
			const { application, instance, name } = StreamName.fromKey(live.key);
			if (!live.isLive || application !== this.application || instance !== this.instance) continue;
			const { isPublishing, viewerCount: viewers, bitrate, bytesIn, newestTimestamp: time } = live;
			facts.push({ name, isPublishing, isOwn: own.has(name), viewers, bitrate, bytesIn, time });
		}
		return facts.sort((a, b) => (a.name < b.name ? -1 : 1));
	}

	/**
	 * The files that can be played in the instance, by name.
	 *
	 * @throws {FileError} `FILE_UNREADABLE`
	 */
	async recorded(): Promise<RecordedFileFacts[]> {
		const files = await this.#environment.context.library.list(this.application, this.instance);
		return Promise.all(
			files.map(async ({ name, kind, bytes, modifiedMillis, isGrowing, lengthMillis }) => {
				const millis = await lengthMillis();
				return { name, kind, bytes, modifiedMillis, isGrowing, length: millis === undefined ? millis : millis / 1000 };
			}),
		);
	}

	/** The length of a file in seconds, as a client with that virtual key finds it; 0: there is none, or it cannot be played. */
	async length(name: string, virtualKey?: string): Promise<number> {
		const millis = await this.#ask(name, file => this.#environment.context.library.lengthMillis(file, virtualKey));
		return (millis ?? 0) / 1000;
	}

	/** The size of a file in bytes, as a client with that virtual key finds it; 0: there is none. */
	async size(name: string, virtualKey?: string): Promise<number> {
		const listing = await this.#ask(name, file => this.#environment.context.library.describe(file, virtualKey));
		return listing?.bytes ?? 0;
	}

	/**
	 * Has names that begin with a prefix looked up in one more folder of the application's; with a virtual key, only for
	 * clients that have it. False: it has none there, or too many.
	 */
	async addDirectory(prefix: string, folder: string, virtualKey?: string): Promise<boolean> {
		const { library, log } = this.#environment.context;
		try {
			return await library.addDirectory(this.application, prefix, folder, virtualKey);
		} catch (error) {
			log.error("fault", { text: `The folder ${folder} cannot be added.`, error });
			return false;
		}
	}

	/** The newest time of a live stream, whoever publishes it, in milliseconds; 0: there is none. */
	time(name: string): number {
		const address = addressOf(name);
		if (address === undefined) return 0;
		const { key } = new StreamName(this.application, this.instance, address.name);
		return this.#environment.context.hub.find(key)?.newestTimestamp ?? 0;
	}

	/**
	 * What a file says of itself in `onMetaData`, as a client with that virtual key finds it; `undefined`: there is none,
	 * or it cannot be played.
	 */
	async metadata(name: string, virtualKey?: string): Promise<AmfObject | undefined> {
		return this.#ask(name, async file => {
			const source = await this.#environment.context.library.open(file, virtualKey);
			const metadata = source?.metadata;
			source?.release();
			return metadata;
		});
	}

	/**
	 * Deletes recordings (`application.clearStreams`): of one name with its prefix, or of all whose names fit a pattern
	 * with `*` and `?`; `/`: all. Leading slashes count as nothing. What was put among the files by other means than
	 * recording stays, where that was in other folders.
	 *
	 * @throws {FileError} `FILE_UNREADABLE` where a pattern's files cannot be listed
	 */
	async clear(path: string): Promise<Cleared> {
		const address = addressOf(path);
		const isPattern = address === undefined || /[*?]/.test(path);
		if (!isPattern) return this.#clearAll([address]);
		const [, prefix = "", rest = ""] = /^\/*(?:(flv|mp4):)?\/*(.*)$/s.exec(path) ?? [];
		const pattern = rest === "" ? "*" : rest;
		const files = await this.#environment.context.library.list(this.application, this.instance);
		const found = files.flatMap(({ name, kind }) => {
			const listed = addressOf(name);
			const fits = kind !== "mp3" && listed !== undefined && (prefix === "" || prefix === kind);
			return fits && fitsPattern(listed.name, pattern) ? [{ name: listed.name, prefix: kind }] : [];
		});
		return this.#clearAll(found);
	}

	/** Ends all of them. Resolves when what was recorded is on the disk. Nothing is told any more. */
	async close(): Promise<void> {
		if (!this.#isClosed) {
			this.#isClosed = true;
			this.#onClosed();
		}
		await Promise.all([...[...this.#streams.keys()].map(name => this.destroy(name)), ...this.#closing]);
	}

	async #clearAll(recordings: readonly Pick<StreamAddress, "name" | "prefix">[]): Promise<Cleared> {
		const { recorder, log } = this.#environment.context;
		let removed = 0;
		let failed = 0;
		for (const { name: bare, prefix } of recordings) {
			const name = new StreamName(this.application, this.instance, bare);
			try {
				const result = await recorder.remove({ name, prefix, settings: this.#rules.record });
				if (result === "removed") {
					removed++;
					log.info("clear", { stream: String(name) });
				} else if (result === "recording") {
					failed++;
				}
			} catch (error) {
				failed++;
				log.error("clear", { stream: String(name), error });
			}
		}
		return { removed, failed };
	}

	async #ask<T>(name: string, question: (file: StreamName) => Promise<T | undefined>): Promise<T | undefined> {
		const address = addressOf(name);
		if (address === undefined) return undefined;
		const { prefix } = address;
		const file = catalogName({ name: new StreamName(this.application, this.instance, address.name), prefix });
		try {
			return await question(file);
		} catch (error) {
			if (!(error instanceof FileError)) throw error;
			const { opener } = this.#environment;
			// It is logged there.
			opener.faultStatus(file, error);
			return undefined;
		}
	}
}
