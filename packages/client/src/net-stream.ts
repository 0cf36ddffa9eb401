import type { AmfValue } from "@millrace/core/amf";
import { MediaMessage, type MediaType } from "@millrace/core/flv";
import { EVENT_STREAM_IS_RECORDED, type NetStatus, netStatus, type PublishMode } from "@millrace/core/rtmp";
import { findCallback, flashValue } from "./callback.ts";
import type { ConnectionInside } from "./connection-inside.ts";
import { ArgumentError, NetStatusError } from "./errors.ts";
import { EventDispatcher } from "./event-dispatcher.ts";
import { NetStatusEvent } from "./events.ts";
import { type MediaOptions, MediaReaders } from "./media-readers.ts";
import { insideOf, type NetConnection } from "./net-connection.ts";
import { type NetStreamInfo, StreamMeters } from "./net-stream-info.ts";
import { type NetStreamPlayOptions, playOptions } from "./net-stream-play-options.ts";
import { PlaybackClock } from "./playback-clock.ts";
import { StatusWaiters } from "./status-waiters.ts";
import { StreamLink } from "./stream-link.ts";
import { isFrame, isUsualCall, type StreamCall, streamCall, unwrapTime } from "./stream-message.ts";

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

/**
 * A stream of a connection, as ActionScript 1, 2 and 3 have it, with promises beside them: publishes or plays. It may
 * be made before the connection is there: what is asked then waits, but for audio and video, which are dropped. After
 * the connection has ended, the next use on a new connection makes a new stream there.
 *
 * Media is not decoded: `onMedia` and `media()` hand it over as it comes, `sendMedia` sends it as it is. `time`,
 * `bufferLength` and the statuses `NetStream.Buffer.…` are those of a player that plays what has come by the clock.
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
	readonly #readers = new MediaReaders((queue, isHeld) => this.#inside.session.holdInput(queue, isHeld));
	readonly #link: StreamLink;
	#client: object = this;
	readonly #waiters = new StatusWaiters();
	readonly #playback: PlaybackClock;
	#onMedia: ((message: MediaMessage) => void) | null = null;
	#bufferSeconds = 0.1;
	#maxBufferSeconds = 0;
	#mode: "idle" | "playing" | "publishing" = "idle";
	#name = "";
	#isLive = true;
	#paused = false;
	/** `play2` is not answered yet: its failure leaves what plays as it is. */
	#isChanging = false;
	/** Where the last `seek` was to go, in milliseconds. */
	#soughtMillis = 0;
	/** The last time that was received or sent, in milliseconds, not wrapped; −1 before the first. */
	#lastTimestamp = -1;
	#publishedAt = 0;
	#metaData: AmfValue = null;
	#xmpData: AmfValue = null;
	#failedWith: NetStatus | undefined;

	constructor(connection: NetConnection) {
		const inside = insideOf(connection);
		super(inside.warn);
		this.#connection = connection;
		this.#inside = inside;
		this.#playback = new PlaybackClock(inside.platform, code => this.#emit(netStatus(code)));
		this.#link = new StreamLink(inside, {
			onStatus: info => this.#emit(info),
			onMedia: (type, timestamp, payload) => this.#receive(type, timestamp, payload),
			onEvent: event => {
				if (event === EVENT_STREAM_IS_RECORDED) this.#setLive(false);
			},
			onLost: byUser => this.#onLost(byUser),
		});
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

	/**
	 * How much is to be there before it plays, in seconds; the server is told, and sends that far ahead. Default 0.1. With
	 * 0 nothing is buffered.
	 */
	get bufferTime(): number {
		return this.#bufferSeconds;
	}

	/** @throws RangeError for a negative time */
	set bufferTime(seconds: number) {
		if (!(seconds >= 0)) throw new RangeError("bufferTime cannot be negative.");
		this.#bufferSeconds = seconds;
		this.#setBuffer();
		if (this.#mode === "playing") this.#link.use(stream => stream.setBufferLength(seconds * 1000));
	}

	/** ActionScript 1 and 2: sets `bufferTime`. */
	setBufferTime(seconds: number): void {
		this.bufferTime = seconds;
	}

	/** A live stream is played up to 6.25 % faster while more than this is there, in seconds. Default 0: never. */
	get bufferTimeMax(): number {
		return this.#maxBufferSeconds;
	}

	/** @throws RangeError for a negative time */
	set bufferTimeMax(seconds: number) {
		if (!(seconds >= 0)) throw new RangeError("bufferTimeMax cannot be negative.");
		this.#maxBufferSeconds = seconds;
		this.#setBuffer();
	}

	/** Seconds that have come and have not been played, by the clock. */
	get bufferLength(): number {
		return this.#playback.length / 1000;
	}

	/** Playing: the time of what is played now, in seconds, by the clock. Publishing: seconds since it began. */
	get time(): number {
		if (this.#mode !== "publishing") return this.#playback.position / 1000;
		return (this.#inside.platform.now() - this.#publishedAt) / 1000;
	}

	get info(): NetStreamInfo {
		return this.#meters.snapshot(this.#inside.platform.now(), this.#readers, {
			audioBufferLength: this.#playback.lengthOf("audio") / 1000,
			videoBufferLength: this.#playback.lengthOf("video") / 1000,
			SRTT: Math.round(this.#inside.session.connection?.link.smoothedRoundTripMillis ?? 0),
			isLive: this.#isLive,
			metaData: this.#metaData,
			xmpData: this.#xmpData,
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
			this.#link.use(stream => stream.publish(false));
			return;
		}
		this.#begin("publishing", name);
		this.#publishedAt = this.#inside.platform.now();
		this.#link.use(stream => stream.publish(name, type));
	}

	/** `publish` as a promise: resolves to the info of `NetStream.Publish.Start`, rejects with a `NetStatusError`. */
	publishAsync(name: string, type?: PublishMode): Promise<NetStatus> {
		return this.#waiters.wait(["NetStream.Publish.Start"], () => this.publish(name, type));
	}

	/**
	 * Plays a stream, or stops with `false`. Times are in seconds: a start of −2 means live or recorded, −1 live only,
	 * 0 and more recorded; a length of −1 means all, 0 one frame. `reset` false or 0 adds to the playlist, 2 and 3 are as
	 * 0 and 1, but the server sends at once what it has, without pace.
	 */
	play(name: string | false, start = -2, length = -1, reset: boolean | number = true): void {
		if (name === false) {
			if (this.#mode !== "playing") return;
			this.#mode = "idle";
			this.#playback.stop();
			this.#link.use(stream => stream.play(false));
			this.#readers.end();
			return;
		}
		const isReset = reset === true || reset === 1;
		if (isReset || reset === 3 || this.#mode !== "playing") this.#beginPlaying(name, start);
		const buffer = this.#bufferSeconds * 1000;
		const lengthMillis = length === -1 && isReset ? undefined : Math.round(length * 1000);
		this.#link.use(stream => {
			stream.setBufferLength(buffer);
			stream.play(name, Math.round(start * 1000), lengthMillis, isReset ? undefined : reset);
		});
	}

	/** `play` as a promise: resolves to the info of `NetStream.Play.Start`, rejects with a `NetStatusError`. */
	playAsync(name: string, start?: number, length?: number, reset?: boolean | number): Promise<NetStatus> {
		return this.#waiters.wait(["NetStream.Play.Start"], () => this.play(name, start, length, reset));
	}

	/**
	 * Goes to another stream, as `options.transition` says. The server answers with `NetStream.Play.Transition`, and
	 * calls `onPlayStatus` with `NetStream.Play.TransitionComplete` as the other one begins; after
	 * `NetStream.Play.Failed` the old one goes on.
	 *
	 * @throws ArgumentError for an unknown transition or a missing name
	 */
	play2(options: Partial<NetStreamPlayOptions>): void {
		const all = playOptions(options);
		if (all.transition === "reset" || this.#mode !== "playing") this.#beginPlaying(all.streamName, all.start);
		else this.#isChanging = true;
		const buffer = this.#bufferSeconds * 1000;
		this.#link.use(stream => {
			stream.setBufferLength(buffer);
			stream.play2({ ...all });
		});
	}

	/** `play2` as a promise: resolves to the status with which the server granted it, rejects with a `NetStatusError`. */
	play2Async(options: Partial<NetStreamPlayOptions>): Promise<NetStatus> {
		const isStart = options.transition === "reset" || this.#mode !== "playing";
		const codes = ["NetStream.Play.Transition"];
		if (isStart) codes.push("NetStream.Play.Start");
		if (options.transition === "stop") codes.push("NetStream.Play.Stop");
		return this.#waiters.wait(codes, () => this.play2(options));
	}

	/**
	 * Pauses; with `false` goes on (ActionScript 1 and 2). Without a value it does the one or the other where the stream
	 * wears the face of ActionScript 1 and 2: `onStatus` is set and nobody listens for `netStatus`.
	 */
	pause(paused?: boolean): void {
		const isOld = typeof this.onStatus === "function" && !this.hasEventListener(NetStatusEvent.NET_STATUS);
		this.#pause(paused ?? (isOld ? !this.#paused : true));
	}

	resume(): void {
		this.#pause(false);
	}

	togglePause(): void {
		this.#pause(!this.#paused);
	}

	/** `pause` as a promise: resolves to the info of `NetStream.Pause.Notify`. */
	pauseAsync(): Promise<NetStatus> {
		return this.#waiters.wait(["NetStream.Pause.Notify"], () => this.#pause(true));
	}

	/** `resume` as a promise: resolves to the info of `NetStream.Unpause.Notify`. */
	resumeAsync(): Promise<NetStatus> {
		return this.#waiters.wait(["NetStream.Unpause.Notify"], () => this.#pause(false));
	}

	/**
	 * Asks the server to go to a time of a recorded stream, in seconds. With `NetStream.Seek.Notify` what has come so far
	 * is dropped, also where it waits for readers of `media()`; what comes then begins with a keyframe. The outcome may be
	 * `NetStream.Seek.Failed` or `NetStream.Seek.InvalidTime`, and the stream goes on as it was.
	 */
	seek(seconds: number): void {
		const millis = Math.max(0, Math.round(seconds * 1000));
		this.#soughtMillis = millis;
		this.#link.use(stream => stream.seek(millis));
	}

	/** `seek` as a promise: resolves to the info of `NetStream.Seek.Notify`, rejects with a `NetStatusError`. */
	seekAsync(seconds: number): Promise<NetStatus> {
		return this.#waiters.wait(["NetStream.Seek.Notify"], () => this.seek(seconds));
	}

	/** Whether the server is to send audio. */
	receiveAudio(wanted: boolean): void {
		this.#link.use(stream => stream.receiveAudio(wanted));
	}

	/** Whether the server is to send video. */
	receiveVideo(wanted: boolean): void {
		this.#link.use(stream => stream.receiveVideo(wanted));
	}

	/**
	 * Publishing: calls a method at everyone who plays the stream. `send("@setDataFrame", "onMetaData", {…})` also keeps
	 * it for those who come later.
	 *
	 * @throws UsageError for values that cannot be sent
	 */
	send(handler: string, ...args: AmfValue[]): void {
		const timestamp = this.#lastTimestamp >= 0 ? this.#lastTimestamp : Math.round(this.time * 1000);
		this.#link.use(stream => {
			this.#meters.addData(stream.sendData(handler, args, timestamp), this.#inside.platform.now());
		});
	}

	/**
	 * Sends one message with its own time. Without a stream it is dropped and counted in `info.droppedFrames`.
	 *
	 * @returns whether more may follow at once; otherwise wait for `drained()`
	 */
	sendMedia(message: MediaMessage): boolean {
		const { stream } = this.#link;
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
		return this.#readers.open(options);
	}

	/** Stops and gives the stream back to the server. It can be used again. */
	close(): void {
		this.#mode = "idle";
		this.#playback.stop();
		this.#link.close();
		this.#readers.end();
		this.#waiters.rejectAll();
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
		this.#isChanging = false;
		this.#lastTimestamp = -1;
		this.#metaData = null;
		this.#xmpData = null;
		this.#failedWith = undefined;
	}

	#beginPlaying(name: string, start: number): void {
		this.#begin("playing", name);
		this.#setLive(start < 0);
		this.#playback.pause(false);
		this.#playback.restart();
	}

	/** Recorded or not: that is known from the start, or when the server says so. */
	#setLive(isLive: boolean): void {
		this.#isLive = isLive;
		this.#playback.setLive(isLive);
	}

	#setBuffer(): void {
		this.#playback.setBuffer(this.#bufferSeconds * 1000, this.#maxBufferSeconds * 1000);
	}

	#pause(paused: boolean): void {
		this.#paused = paused;
		this.#playback.pause(paused);
		// Not the playhead: what has come was handed over and is kept, so that nothing is to come twice. So does librtmp.
		const position = Math.max(0, this.#lastTimestamp);
		this.#link.use(stream => stream.pause(paused, position));
	}

	#onLost(byUser: boolean): void {
		if (this.#mode === "idle") return;
		this.#mode = "idle";
		this.#playback.stop();
		const info = netStatus("NetConnection.Connect.Closed");
		this.#failedWith = info;
		this.#waiters.rejectAll(info);
		this.#readers.end(byUser ? undefined : new NetStatusError(info));
	}

	#receive(type: MediaType, wrapped: number, payload: Uint8Array): void {
		const message = new MediaMessage(type, unwrapTime(wrapped, this.#lastTimestamp), payload);
		// Servers give data and configurations the time 0 wherever the stream is.
		if (isFrame(message)) this.#lastTimestamp = message.timestamp;
		this.#meters.add(message, this.#inside.platform.now());
		const take = this.#onMedia;
		if (take !== null) this.guard("onMedia threw", () => take(message));
		this.#readers.push(message);
		if (isFrame(message)) {
			this.#playback.add(message.timestamp, message.isVideo);
			this.#meters.place(message);
		}
		const call = streamCall(message, this.#inside.classes);
		if (call !== undefined) this.#onCall(call);
	}

	#onCall({ name, args, args: [first] }: StreamCall): void {
		if (name === "onMetaData") this.#metaData = first;
		if (name === "onXMPData") this.#xmpData = first;
		if (name === "onStatus") {
			if (isInfo(first)) this.#emit(first);
			return;
		}
		const method = findCallback(this.#client, name, LIBRARY_PROTOTYPES);
		if (method !== undefined) this.guard(`The callback ${name} threw`, () => method(...args));
		else if (!name.startsWith("|"))
			this.reportMissing(name, isUsualCall(name) || this.#onMedia !== null || this.#readers.any);
		if (name !== "onPlayStatus" || !isInfo(first) || first.code !== "NetStream.Play.Complete") return;
		this.#readers.end();
		this.#playback.flush();
	}

	#emit(received: NetStatus): void {
		const info = flashValue(received) as NetStatus;
		const { code } = info;
		if (this.#mode === "playing") this.#observe(info);
		this.#waiters.settle(info);
		this.dispatchEvent(new NetStatusEvent(info));
		if (code === "NetStream.Play.Stop") {
			this.#readers.end();
			this.#playback.flush();
		} else if (code === "NetStream.Play.UnpublishNotify") this.#readers.end(undefined, true);
		else if (info.level === "error") this.#onError(info);
	}

	/** What statuses do to the player, before anybody hears of them. */
	#observe({ code, details }: NetStatus): void {
		if (code === "NetStream.Play.Reset") this.#playback.restart();
		else if (code === "NetStream.Play.Transition") {
			this.#isChanging = false;
			if (typeof details === "string") this.#name = details;
		} else if (code === "NetStream.Seek.Notify") {
			this.#playback.restart(this.#soughtMillis);
			this.#readers.clear();
		}
	}

	/** A refusal ends what was begun; a recording that fails does not end the publishing. */
	#onError(info: NetStatus): void {
		if (this.#mode === "playing") {
			const isOfPlay = !info.code.startsWith("NetStream.Seek.") && !this.#isChanging;
			this.#isChanging = false;
			if (isOfPlay) this.#readers.end(new NetStatusError(info));
		} else if (this.#mode === "publishing" && !info.code.startsWith("NetStream.Record.")) {
			this.#mode = "idle";
			this.#failedWith = info;
		}
	}

	#publishFailure(): NetStatusError | undefined {
		if (this.#mode === "publishing") return undefined;
		return new NetStatusError(this.#failedWith ?? netStatus("NetStream.Failed", "Nothing is being published."));
	}
}

const LIBRARY_PROTOTYPES: ReadonlySet<object> = new Set([NetStream.prototype, EventDispatcher.prototype]);

function isInfo(value: AmfValue): value is NetStatus {
	return typeof value === "object" && value !== null && "code" in value && typeof value.code === "string";
}
