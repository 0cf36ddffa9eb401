import type { AmfValue } from "@millrace/core/amf";
import { MillraceError } from "@millrace/core/fault";
import { MEDIA_DATA, MEDIA_DATA_AMF3, MediaMessage, type MediaType, parseData } from "@millrace/core/flv";
import {
	type ClientConnection,
	type ClientStream,
	type ClientStreamHandler,
	type NetStatus,
	netStatus,
	type PublishMode,
} from "@millrace/core/rtmp";
import { findCallback, flashValue } from "./callback.ts";
import { ArgumentError, NetStatusError } from "./errors.ts";
import { EventDispatcher } from "./event-dispatcher.ts";
import { NetStatusEvent } from "./events.ts";
import { MediaQueue } from "./media-queue.ts";
import { type ConnectionInside, insideOf, type NetConnection } from "./net-connection.ts";
import { type NetStreamInfo, StreamMeters } from "./net-stream-info.ts";

/** How `media()` reads. */
export type MediaOptions = {
	/** Go on when the publisher stops, and wait for the next one. Default `false`: that is the end, as in ffmpeg. */
	readonly follow?: boolean;
	/** What is held for a reader that falls behind, in bytes. Default 32 MiB. */
	readonly maxBufferBytes?: number;
};

/** `sendMedia` asks for a pause when more bytes than this wait. */
const HIGH_WATER_BYTES = 1024 * 1024;
const LOW_WATER_BYTES = 256 * 1024;

/** What publishers of the library use of a stream. */
export type StreamInside = {
	readonly connection: ConnectionInside;
	/** Why the stream does not publish any more; `undefined` while it does. */
	readonly failure: () => NetStatusError | undefined;
};

/** The inside of a stream; not for users of the library. */
export let insideOfStream: (stream: NetStream) => StreamInside;

type Waiter = { readonly code: string; resolve(info: NetStatus): void; reject(error: unknown): void };

/**
 * A stream of a connection, as ActionScript 1, 2 and 3 have it, with promises beside them: publishes or plays. It may
 * be made before the connection is there: what is asked then waits, but for audio and video, which are dropped. After
 * the connection has ended, the next use on a new connection makes a new stream there.
 *
 * Media is not decoded: `onMedia` and `media()` hand it over as it comes, `sendMedia` sends it as it is.
 */
export class NetStream extends EventDispatcher implements AsyncDisposable {
	static {
		insideOfStream = stream => ({ connection: stream.#inside, failure: () => stream.#publishFailure() });
	}

	/** ActionScript 1 and 2: takes the info objects that `netStatus` listeners get. */
	onStatus?: (info: NetStatus) => void;
	/** Callbacks for data messages may be members of the stream. */
	[callback: `on${string}`]: unknown;

	readonly #connection: NetConnection;
	readonly #inside: ConnectionInside;
	readonly #meters = new StreamMeters();
	readonly #queues = new Map<MediaQueue, MediaOptions>();
	#stream: ClientStream | undefined;
	/** The stream that was closed here last: what the server says to that is still reported. */
	#closedStream: ClientStream | undefined;
	readonly #onConnectionEnd = (byUser: boolean): void => this.#onLost(byUser);
	#client: object = this;
	#waiters: Waiter[] = [];
	#onMedia: ((message: MediaMessage) => void) | null = null;
	#bufferSeconds = 0.1;
	#mode: "idle" | "playing" | "publishing" = "idle";
	#name = "";
	#isLive = true;
	#paused = false;
	/** The last time that was received or sent, in milliseconds, not wrapped; −1 before the first. */
	#lastTimestamp = -1;
	#publishedAt = 0;
	#metaData: AmfValue = null;
	#failedWith: NetStatus | undefined;

	constructor(connection: NetConnection) {
		const inside = insideOf(connection);
		super(inside.warn);
		this.#connection = connection;
		this.#inside = inside;
		inside.session.use(there => this.#on(there));
	}

	/** The object whose methods data messages call (`onMetaData`, …); the stream itself by default. */
	get client(): object {
		return this.#client;
	}

	/** @throws TypeError for `null` and what is no object */
	set client(value: object) {
		if (typeof value !== "object" || value === null) throw new TypeError("client must be an object.");
		this.#client = value;
	}

	/** Takes every message that is received, in order, as it comes. */
	get onMedia(): ((message: MediaMessage) => void) | null {
		return this.#onMedia;
	}

	set onMedia(value: ((message: MediaMessage) => void) | null) {
		this.#onMedia = value;
	}

	/** What the server is told that is buffered here, in seconds. Default 0.1. */
	get bufferTime(): number {
		return this.#bufferSeconds;
	}

	/** @throws RangeError for a negative time */
	set bufferTime(seconds: number) {
		if (!(seconds >= 0)) throw new RangeError("bufferTime cannot be negative.");
		this.#bufferSeconds = seconds;
		if (this.#mode === "playing") this.#use(stream => stream.setBufferLength(seconds * 1000));
	}

	/** ActionScript 1 and 2: sets `bufferTime`. */
	setBufferTime(seconds: number): void {
		this.bufferTime = seconds;
	}

	/** Seconds that wait for readers of `media()`. */
	get bufferLength(): number {
		const { audioBufferLength, videoBufferLength } = this.info;
		return Math.max(audioBufferLength, videoBufferLength);
	}

	/** Playing: the time of the last message, in seconds. Publishing: seconds since it began. */
	get time(): number {
		if (this.#mode !== "publishing") return Math.max(0, this.#lastTimestamp) / 1000;
		return (this.#inside.platform.now() - this.#publishedAt) / 1000;
	}

	get info(): NetStreamInfo {
		return this.#meters.snapshot(this.#inside.platform.now(), this.#queues.keys(), {
			SRTT: this.#inside.session.connection?.link.roundTripMillis ?? 0,
			isLive: this.#isLive,
			metaData: this.#metaData,
			uri: this.#connection.uri,
			resourceName: this.#name,
		});
	}

	/** The encoding of data messages that are sent. */
	get objectEncoding(): 0 | 3 {
		return this.#connection.objectEncoding;
	}

	/** Bytes that were sent on the connection and that the network has not taken. */
	get backlog(): number {
		return this.#inside.session.backlog;
	}

	/**
	 * Publishes under a name, or stops with `false`. The outcome comes as `netStatus`: `NetStream.Publish.Start`, or
	 * `NetStream.Publish.BadName` and others.
	 */
	publish(name: string | false | null = false, type: PublishMode = "live"): void {
		if (name === false || name === null) {
			if (this.#mode !== "publishing") return;
			this.#mode = "idle";
			this.#use(stream => stream.publish(false));
			return;
		}
		this.#begin("publishing", name);
		this.#publishedAt = this.#inside.platform.now();
		this.#use(stream => stream.publish(name, type));
	}

	/** `publish` as a promise: resolves to the info of `NetStream.Publish.Start`, rejects with a `NetStatusError`. */
	publishAsync(name: string, type?: PublishMode): Promise<NetStatus> {
		return this.#outcome("NetStream.Publish.Start", () => this.publish(name, type));
	}

	/**
	 * Plays a stream, or stops with `false`. Times are in seconds: a start of −2 means live or recorded, −1 live only,
	 * 0 and more recorded; a length of −1 means all. `reset` false or 0 adds to the playlist.
	 */
	play(name: string | false, start = -2, length = -1, reset: boolean | number = true): void {
		if (name === false) {
			if (this.#mode !== "playing") return;
			this.#mode = "idle";
			this.#use(stream => stream.play(false));
			this.#endQueues();
			return;
		}
		this.#begin("playing", name);
		this.#isLive = start < 0;
		const buffer = this.#bufferSeconds * 1000;
		const isWhole = length === -1;
		const isReset = reset === true || reset === 1;
		this.#use(stream => {
			stream.setBufferLength(buffer);
			stream.play(name, start * 1000, isWhole && isReset ? undefined : length * 1000, isReset ? undefined : reset);
		});
	}

	/** `play` as a promise: resolves to the info of `NetStream.Play.Start`, rejects with a `NetStatusError`. */
	playAsync(name: string, start?: number, length?: number, reset?: boolean | number): Promise<NetStatus> {
		return this.#outcome("NetStream.Play.Start", () => this.play(name, start, length, reset));
	}

	/** Pauses; with `false` goes on (ActionScript 1 and 2). */
	pause(paused = true): void {
		this.#paused = paused;
		const position = Math.max(0, this.#lastTimestamp);
		this.#use(stream => stream.pause(paused, position));
	}

	resume(): void {
		this.pause(false);
	}

	togglePause(): void {
		this.pause(!this.#paused);
	}

	/** Asks the server to go to a time of a recorded stream, in seconds. */
	seek(seconds: number): void {
		this.#use(stream => stream.seek(seconds * 1000));
	}

	/** Whether the server is to send audio. */
	receiveAudio(wanted: boolean): void {
		this.#use(stream => stream.receiveAudio(wanted));
	}

	/** Whether the server is to send video. */
	receiveVideo(wanted: boolean): void {
		this.#use(stream => stream.receiveVideo(wanted));
	}

	/**
	 * Publishing: calls a method at everyone who plays the stream. `send("@setDataFrame", "onMetaData", {…})` also keeps
	 * it for those who come later.
	 *
	 * @throws UsageError for values that cannot be sent
	 */
	send(handler: string, ...args: AmfValue[]): void {
		const timestamp = this.#lastTimestamp >= 0 ? this.#lastTimestamp : Math.round(this.time * 1000);
		this.#use(stream => stream.sendData(handler, args, timestamp));
	}

	/**
	 * Sends one message with its own time. Without a stream it is dropped and counted in `info.droppedFrames`.
	 *
	 * @returns whether more may follow at once; otherwise wait for `drained()`
	 */
	sendMedia(message: MediaMessage): boolean {
		const stream = this.#stream;
		if (stream === undefined || !stream.sendMedia(message.type, message.timestamp, message.payload)) {
			this.#meters.droppedFrames++;
			return true;
		}
		this.#lastTimestamp = message.timestamp;
		this.#meters.add(message, this.#inside.platform.now());
		this.#inside.session.planFlush();
		return this.backlog < HIGH_WATER_BYTES;
	}

	/** Resolves when the network has taken most of what was sent, or when there is no connection any more. */
	async drained(): Promise<void> {
		// What was sent in this turn goes to the network at its end.
		await Promise.resolve();
		while (this.backlog > LOW_WATER_BYTES) {
			await new Promise<void>(resolve => this.#inside.onceDrained(resolve));
		}
	}

	/**
	 * What is received from now on. Ends when the stream is stopped or has ended, and throws a `NetStatusError` where the
	 * stream could not be played or the connection was lost.
	 */
	media(options: MediaOptions = {}): AsyncIterableIterator<MediaMessage, undefined> {
		const queue = new MediaQueue(done => this.#queues.delete(done), options.maxBufferBytes);
		this.#queues.set(queue, options);
		return queue;
	}

	/** Stops and gives the stream back to the server. It can be used again. */
	close(): void {
		this.#mode = "idle";
		const stream = this.#stream;
		this.#stream = undefined;
		this.#closedStream = stream;
		this.#inside.endListeners.delete(this.#onConnectionEnd);
		if (stream !== undefined) {
			stream.delete();
			this.#inside.session.planFlush();
		}
		this.#endQueues();
		this.#rejectWaiters(netStatus("NetStream.Failed", "The stream was closed here."));
	}

	/** ActionScript 3: the same as `close`. */
	dispose(): void {
		this.close();
	}

	async [Symbol.asyncDispose](): Promise<void> {
		this.close();
	}

	#begin(mode: "playing" | "publishing", name: string): void {
		if (typeof name !== "string") throw new ArgumentError("A stream's name is a string.");
		this.#mode = mode;
		this.#name = name;
		this.#paused = false;
		this.#lastTimestamp = -1;
		this.#metaData = null;
		this.#failedWith = undefined;
	}

	#use(action: (stream: ClientStream) => void): void {
		this.#inside.endListeners.add(this.#onConnectionEnd);
		this.#inside.session.use(connection => action(this.#on(connection)));
	}

	/** The stream on this connection, made where there is none. */
	#on(connection: ClientConnection): ClientStream {
		const current = this.#stream;
		if (current !== undefined && !current.closed && current.connection === connection) return current;
		const stream = connection.createStream(this.#handler());
		this.#stream = stream;
		return stream;
	}

	#handler(): ClientStreamHandler {
		let own: ClientStream | undefined;
		const isCurrent = (): boolean => own === undefined || own === this.#stream;
		return {
			onCreated: stream => {
				own = stream;
			},
			onCreateFailed: info => this.#emit(info),
			onStatus: info => {
				if (isCurrent() || (own === this.#closedStream && this.#stream === undefined)) this.#emit(info);
			},
			onMedia: (type, timestamp, payload) => {
				if (isCurrent()) this.#receive(type, timestamp, payload);
			},
			onEvent: () => undefined,
			onClosed: () => {
				if (isCurrent()) this.#onLost(false);
			},
		};
	}

	#onLost(byUser: boolean): void {
		this.#stream = undefined;
		this.#closedStream = undefined;
		if (this.#mode === "idle") return;
		this.#mode = "idle";
		const info = netStatus("NetConnection.Connect.Closed");
		this.#failedWith = info;
		this.#rejectWaiters(info);
		this.#endQueues(byUser ? undefined : new NetStatusError(info));
	}

	#receive(type: MediaType, wrapped: number, payload: Uint8Array): void {
		const timestamp = unwrap(wrapped, this.#lastTimestamp);
		const message = new MediaMessage(type, timestamp, payload);
		// Servers give data and configurations the time 0 wherever the stream is.
		if ((message.isAudio || message.isVideo) && !message.isConfiguration) this.#lastTimestamp = timestamp;
		this.#meters.add(message, this.#inside.platform.now());
		const take = this.#onMedia;
		if (take !== null) this.guard("onMedia threw", () => take(message));
		for (const queue of this.#queues.keys()) queue.push(message);
		if (type === MEDIA_DATA || type === MEDIA_DATA_AMF3) this.#onData(type, payload);
	}

	/** Data that is no AMF concerns nobody here: readers of media have it as it came. */
	#onData(type: typeof MEDIA_DATA | typeof MEDIA_DATA_AMF3, payload: Uint8Array): void {
		let name: string;
		let args: AmfValue[];
		try {
			const data = parseData(payload, type);
			name = data.handler;
			args = data.values.map(value => flashValue(value));
		} catch (error) {
			if (!(error instanceof MillraceError)) throw error;
			return;
		}
		if (name === "onMetaData") this.#metaData = args[0];
		if (name === "onStatus") {
			const [info] = args;
			if (isInfo(info)) this.#emit(info);
			return;
		}
		const method = findCallback(this.#client, name, LIBRARY_PROTOTYPES);
		if (method !== undefined) this.guard(`The callback ${name} threw`, () => method(...args));
		else if (!name.startsWith("|")) this.reportMissing(name, this.#onMedia !== null || this.#queues.size > 0);
		if (name === "onPlayStatus" && isInfo(args[0]) && args[0].code === "NetStream.Play.Complete") this.#endQueues();
	}

	#emit(received: NetStatus): void {
		const info = flashValue(received) as NetStatus;
		const { code } = info;
		const waiters = this.#waiters;
		this.#waiters = [];
		for (const waiter of waiters) {
			if (code === waiter.code) waiter.resolve(info);
			else if (info.level === "error") waiter.reject(new NetStatusError(info));
			else this.#waiters.push(waiter);
		}
		this.dispatchEvent(new NetStatusEvent(info));
		if (code === "NetStream.Play.Stop") this.#endQueues();
		else if (code === "NetStream.Play.UnpublishNotify") this.#endQueues(undefined, true);
		else if (info.level === "error") this.#onError(info);
	}

	/** A refusal ends what was begun; a recording that fails does not end the publishing. */
	#onError(info: NetStatus): void {
		if (this.#mode === "playing") this.#endQueues(new NetStatusError(info));
		else if (this.#mode === "publishing" && !info.code.startsWith("NetStream.Record.")) {
			this.#mode = "idle";
			this.#failedWith = info;
		}
	}

	#publishFailure(): NetStatusError | undefined {
		if (this.#mode === "publishing") return undefined;
		return new NetStatusError(this.#failedWith ?? netStatus("NetStream.Failed", "Nothing is being published."));
	}

	#endQueues(error?: Error, onlyIfNotFollowing = false): void {
		for (const [queue, options] of [...this.#queues]) {
			if (onlyIfNotFollowing && options.follow === true) continue;
			this.#queues.delete(queue);
			queue.end(error);
		}
	}

	#outcome(code: string, start: () => void): Promise<NetStatus> {
		return new Promise((resolve, reject) => {
			start();
			this.#waiters.push({ code, resolve, reject });
		});
	}

	#rejectWaiters(info: NetStatus): void {
		const waiters = this.#waiters;
		this.#waiters = [];
		for (const waiter of waiters) waiter.reject(new NetStatusError(info));
	}
}

const LIBRARY_PROTOTYPES: ReadonlySet<object> = new Set([NetStream.prototype, EventDispatcher.prototype]);

/** Times count modulo 2^32: the nearest to the last is meant, but none far before zero. */
function unwrap(wrapped: number, last: number): number {
	if (last < 0) return wrapped;
	const nearest = last + ((wrapped - last) | 0);
	return nearest < -MAX_STEP_BACK_MILLIS ? wrapped : Math.max(0, nearest);
}

const MAX_STEP_BACK_MILLIS = 10_000;

function isInfo(value: AmfValue): value is NetStatus {
	return typeof value === "object" && value !== null && "code" in value && typeof value.code === "string";
}
