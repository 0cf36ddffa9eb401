import type { AmfObject, AmfValue } from "@millrace/core/amf";
import type { NetStatus } from "@millrace/core/rtmp";
import type { PortEffect, PortQuestion, StreamAction } from "../app/index.ts";
import type { StreamStats } from "../hub/index.ts";
import { asRecord } from "./client.ts";

/** What streams need of the runtime that they live in. */
export interface StreamPort {
	emit(effect: PortEffect): void;
	ask(question: PortQuestion, args: readonly AmfValue[]): Promise<AmfValue>;
	/** The same, and stands still until the answer is there. Throws an `Error` where there is none. */
	askNow(question: PortQuestion, args: readonly AmfValue[]): AmfValue;
	/** What a status listener throws. */
	onFault(error: unknown): void;
}

/** How a stream plays another one or a file into itself (`Stream.play`). */
export type StreamPlayOptions = {
	/** In seconds; −2 (the default): the live stream of that name, else the file; −1: live only; 0 and more: the file from there. */
	readonly start?: number;
	/** In seconds; −1 (the default): all of it. */
	readonly length?: number;
	/**
	 * Whether what plays ends at once (`true`, the default), or the item follows it (`false`). 2 and 3 are as `false` and
	 * `true`, but a file is sent as fast as it can be.
	 */
	readonly reset?: boolean | number;
	/** The application that the name is looked up in. Default: the stream's own. */
	readonly application?: string;
	/** The instance of that application. Default: the stream's own; of another application, the default one. */
	readonly instance?: string;
	/** Whose files are meant, of those that are only for clients with a virtual key (`media.directories`). Default: nobody's. */
	readonly virtualKey?: string;
	/**
	 * The application of another server that has it: `rtmp://other.example.org/live`. Then `application` and `instance`
	 * mean nothing. What is live there is waited for, also while the server cannot be reached.
	 */
	readonly from?: string;
} & RemoteServerOptions;

/** How the server connects to another one. */
export type RemoteServerOptions = {
	/** What `connect` gives behind the address. Default: nothing. */
	readonly args?: readonly AmfValue[];
	/** Further members of `connect`'s command object: `pageUrl`, `swfUrl`, `flashVer`. Default: none. */
	readonly properties?: AmfObject;
	/** The longest wait before another try, in milliseconds; waits double up to it. Default 10 s. */
	readonly maxWaitMillis?: number;
};

/** How a stream is published on another server. */
export type PublishToOptions = RemoteServerOptions & {
	/** What is asked for there: `record` and the others also record it. Default `live`. */
	readonly mode?: "live" | "record" | "append" | "appendWithGap";
	/** Whether `releaseStream` and `FCPublish` are called first, as encoders do. Default true. */
	readonly fcPublish?: boolean;
};

/** A live stream of the instance. */
export type LiveStreamEntry = {
	readonly name: string;
	/** Somebody publishes it; not: it is waited for within the grace time. */
	readonly isPublishing: boolean;
	/** The application itself publishes it. */
	readonly isOwn: boolean;
	readonly viewers: number;
	/** What comes in, in bits a second. */
	readonly bitrate: number;
	readonly bytesIn: number;
	/** Its newest time, in milliseconds. */
	readonly time: number;
};

/** A recording or file of the instance. */
export type StreamFile = {
	/** To be played, with its prefix where it needs one: `film`, `mp4:film.mp4`. */
	readonly name: string;
	/** `flv`, `mp4` or `mp3`. */
	readonly kind: string;
	readonly bytes: number;
	/** When it was last written, in milliseconds since 1970. */
	readonly modifiedMillis: number;
	/** It is being recorded. */
	readonly isGrowing: boolean;
	/** In seconds; `undefined`: it cannot be played. */
	readonly length: number | undefined;
};

/** Whether a recording replaces the file, is added to it, or is added with the time that has passed as a gap. */
export type RecordMode = "record" | "append" | "appendWithGap";

/** What bounds a recording, and how it is written. */
export type StreamRecordOptions = {
	/** It ends after so many seconds; −1 (the default): as configured, which is also the most. */
	readonly maxSeconds?: number;
	/** The same by its size, in KiB. */
	readonly maxKilobytes?: number;
	/** Whether each message is written at once. Default false: they are gathered, which costs less. */
	readonly syncWrite?: boolean;
};

/** How a stream is gathered before it is sent to those who play it: fewer, larger writes for some delay. */
export type StreamGatherOptions = {
	/** Longest time that messages are gathered, in milliseconds from 0 (not at all) to 5000. Default: as configured (`live`). */
	readonly maxMillis?: number | undefined;
	/** What has gathered is sent when it is so many bytes. Default: time alone counts. */
	readonly maxBytes?: number | undefined;
};

/** The streams of an instance. */
export class StreamCollection {
	readonly #port: StreamPort;
	readonly #streams = new Map<string, Stream>();

	constructor(port: StreamPort) {
		this.#port = port;
	}

	/** The stream of that name (`Stream.get`): the same object as long as it is not closed. */
	get(name: string): Stream {
		let stream = this.#streams.get(name);
		if (stream === undefined) {
			stream = new Stream(name, this.#port, () => this.#streams.delete(name));
			this.#streams.set(name, stream);
		}
		return stream;
	}

	/** What is live in the instance, by whomever it is published. */
	async list(): Promise<readonly LiveStreamEntry[]> {
		return (await this.#port.ask("streams", [])) as unknown as LiveStreamEntry[];
	}

	/** The recordings and files that the instance can play. */
	async files(): Promise<readonly StreamFile[]> {
		return (await this.#port.ask("files", [])) as unknown as StreamFile[];
	}

	/** `files`, and the instance stands still until the server has said it. */
	filesNow(): readonly StreamFile[] {
		return this.#port.askNow("files", []) as unknown as StreamFile[];
	}

	/** The length of a recording or file, in seconds, as a client with that virtual key finds it; 0 where there is none. */
	async length(name: string, virtualKey = ""): Promise<number> {
		return Number(await this.#port.ask("stream-length", [name, virtualKey]));
	}

	/** The size of a recording or file, in bytes, as a client with that virtual key finds it; 0 where there is none. */
	async size(name: string, virtualKey = ""): Promise<number> {
		return Number(await this.#port.ask("stream-size", [name, virtualKey]));
	}

	/**
	 * Has names that begin with a prefix (`films` of `films/old`) looked up in one more folder, which is given from the
	 * application's own and lies in it, in all instances; with a virtual key, only for clients that have it. Resolves to
	 * whether there is such a folder.
	 */
	async addDirectory(prefix: string, folder: string, virtualKey = ""): Promise<boolean> {
		return (await this.#port.ask("add-directory", [prefix, folder, virtualKey])) === true;
	}

	/** `addDirectory`, and the instance stands still until the server has said it. */
	addDirectoryNow(prefix: string, folder: string, virtualKey = ""): boolean {
		return this.#port.askNow("add-directory", [prefix, folder, virtualKey]) === true;
	}

	/** The newest time of a live stream in milliseconds, by whomever it is published; 0 where it is not live. */
	async time(name: string): Promise<number> {
		return Number(await this.#port.ask("stream-time", [name]));
	}

	/**
	 * What a recording or file says of itself (`onMetaData`), as a client with that virtual key finds it; `undefined` where
	 * there is none, or it cannot be played.
	 */
	async metadata(name: string, virtualKey = ""): Promise<Readonly<Record<string, AmfValue>> | undefined> {
		const metadata = await this.#port.ask("stream-metadata", [name, virtualKey]);
		return metadata === undefined ? undefined : asRecord(metadata);
	}

	/** `time`, and the instance stands still until the server has said it. */
	timeNow(name: string): number {
		return Number(this.#port.askNow("stream-time", [name]));
	}

	/** `metadata`, and the instance stands still until the server has said it. */
	metadataNow(name: string, virtualKey = ""): Readonly<Record<string, AmfValue>> | undefined {
		const metadata = this.#port.askNow("stream-metadata", [name, virtualKey]);
		return metadata === undefined ? undefined : asRecord(metadata);
	}

	/** `length`, and the instance stands still until the server has said it. */
	lengthNow(name: string, virtualKey = ""): number {
		return Number(this.#port.askNow("stream-length", [name, virtualKey]));
	}

	/** `size`, and the instance stands still until the server has said it. */
	sizeNow(name: string, virtualKey = ""): number {
		return Number(this.#port.askNow("stream-size", [name, virtualKey]));
	}

	/** The figures of a live stream. Rejects where it is not live. */
	async stats(name: string): Promise<StreamStats> {
		return (await this.#port.ask("stream-stats", [name])) as unknown as StreamStats;
	}

	/** `stats`, and the instance stands still until the server has said it. Throws an error where it is not live. */
	statsNow(name: string): StreamStats {
		return this.#port.askNow("stream-stats", [name]) as unknown as StreamStats;
	}

	/**
	 * The runtime's: tells a stream what happened to it, or to its publication on another server. What a client publishes has no prefix in its name: where no
	 * stream was asked for by that name alone, those are told that differ in the prefix.
	 */
	tell(name: string, status: NetStatus, push?: number): void {
		const exact = this.#streams.get(name);
		if (exact !== undefined) {
			exact.tell(status, push);
			return;
		}
		for (const stream of [...this.#streams.values()]) {
			if (stream.name.replace(/^\w+:/, "") === name) stream.tell(status);
		}
	}
}

/**
 * A stream of an instance (Server-Side ActionScript, class `Stream`): it can play files and other streams as a live
 * stream of its name, record what is published under its name, and send data messages to those who play it.
 */
export class Stream {
	/** Its name in the instance. */
	readonly name: string;
	/**
	 * Told everything that happens to it: `NetStream.Play.Start`, `NetStream.Record.Stop`, …, and of what a client
	 * publishes under its name `NetStream.Publish.Start`, `NetStream.Unpublish.Success` and of its recording.
	 */
	onStatus: ((status: NetStatus) => unknown) | undefined;
	readonly #port: StreamPort;
	readonly #onClosed: () => void;
	readonly #pushes = new Map<number, StreamPush>();

	constructor(name: string, port: StreamPort, onClosed: () => void) {
		this.name = name;
		this.#port = port;
		this.#onClosed = onClosed;
	}

	/** Plays a file or another stream as a live stream of this name. A name that a client publishes cannot be played onto. */
	play(name: string, options: StreamPlayOptions = {}): void {
		const { args, ...rest } = options;
		this.#act("play", name, args === undefined ? rest : { ...rest, args: [...args] });
	}

	/**
	 * Publishes the stream on another server too, by whomever it is published here: whenever it is, until `close` of what
	 * this returns (multi-point publish, `NetStream.attach`). The media goes from server to server, and again after each
	 * loss of the connection.
	 *
	 * @param address the application there: `rtmp://other.example.org/live`
	 * @param name the stream's name there, with a query or a key where it needs one. Default: its name here
	 */
	publishTo(address: string, name: string = this.name, options: PublishToOptions = {}): StreamPush {
		const id = nextPush++;
		const push = new StreamPush(address, name, (action, ...args) => {
			if (!this.#pushes.has(id)) return;
			if (action === "end-push") this.#pushes.delete(id);
			this.#act(action, id, ...args);
		});
		this.#act("push", id, address, name, { ...options, args: [...(options.args ?? [])] });
		this.#pushes.set(id, push);
		return push;
	}

	/** Ends what it plays, and its playlist. */
	stop(): void {
		this.#act("play", false);
	}

	/** Records what is published under its name, by whomever. */
	record(mode: RecordMode = "record", options: StreamRecordOptions = {}): void {
		this.#act("record", mode, { ...options });
	}

	/** Ends the recording. */
	stopRecording(): void {
		this.#act("record", false);
	}

	/** Writes what waits to be recorded. */
	flush(): void {
		this.#act("flush");
	}

	/** Which media of what it plays get into it: at first both. Video that comes back begins with a keyframe. */
	setReceive(audio: boolean, video: boolean): void {
		this.#act("receive", audio, video);
	}

	/** Says how it is gathered from now on, by whomever it is published, until it is closed; `{}`: as configured. */
	setGather(options: StreamGatherOptions): void {
		this.#act("gather", { ...options });
	}

	/** Sends a data message to everyone who plays it, and into its recording (`Stream.send`). */
	send(handler: string, ...args: AmfValue[]): void {
		this.#act("send", handler, ...args);
	}

	/**
	 * How much of files is sent ahead of its time from the next item on, and what another server whose stream it plays is
	 * asked to send ahead at once, in seconds from 0 to 60. At first 2.
	 */
	setBufferTime(seconds: number): void {
		this.#act("buffer-time", seconds);
	}

	/** Deletes its recording. */
	clear(): void {
		this.#act("clear");
	}

	/** Lets go of it: what it plays, publishes elsewhere and records ends. */
	close(): void {
		this.#pushes.clear();
		this.#act("close");
		this.#onClosed();
	}

	/** The runtime's: what happened to it, or to its publication on another server. */
	tell(status: NetStatus, push?: number): void {
		try {
			const teller = push === undefined ? this : this.#pushes.get(push);
			const result = teller?.onStatus?.(status);
			if (result instanceof Promise) result.catch((error: unknown) => this.#port.onFault(error));
		} catch (error) {
			this.#port.onFault(error);
		}
	}

	#act(action: StreamAction, ...args: AmfValue[]): void {
		this.#port.emit({ kind: "stream", stream: this.name, action, args });
	}
}

let nextPush = 1;

type PushAction = Extract<StreamAction, "end-push" | "push-send" | "push-buffer">;

/** A stream's publication on another server. */
export class StreamPush {
	/** The other server's application. */
	readonly address: string;
	/** The stream's name there. */
	readonly name: string;
	/**
	 * Told what becomes of it: `NetConnection.Connect.Success`, `NetStream.Publish.Start`, `NetStream.Publish.BadName`,
	 * and `NetConnection.Reconnect.Init` before each further try.
	 */
	onStatus: ((status: NetStatus) => unknown) | undefined;
	readonly #act: (action: PushAction, ...args: AmfValue[]) => void;

	/** `Stream.publishTo` makes them. */
	constructor(address: string, name: string, act: (action: PushAction, ...args: AmfValue[]) => void) {
		this.address = address;
		this.name = name;
		this.#act = act;
	}

	/** Sends a data message to those who play it there, and to nobody here. It is lost while the other server is not there. */
	send(handler: string, ...args: AmfValue[]): void {
		this.#act("push-send", handler, ...args);
	}

	/**
	 * How much may wait for the other server, in seconds: where more does, pictures are left out. 0 (at first): as much as
	 * the server allows.
	 */
	setBufferTime(seconds: number): void {
		this.#act("push-buffer", seconds);
	}

	/** Ends it. The stream goes on here. */
	close(): void {
		this.#act("end-push");
	}
}
