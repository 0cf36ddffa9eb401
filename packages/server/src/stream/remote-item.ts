import { type NetConnection, type NetStatusEvent, NetStream } from "@millrace/client";
import { MEDIA_AUDIO, type MediaMessage } from "@millrace/core/flv";
import type { NetStatus } from "@millrace/core/rtmp";
import { isFrame, type PlayerSchedule, type Sleeper } from "../library/index.ts";
import type { EventLog } from "../log/index.ts";
import type { ChannelItem, ItemObserver, PlayingItem } from "./channel-item.ts";
import { relayedData } from "./item-data.ts";
import { type RemoteObserver, type RemoteOptions, RemoteServer } from "./remote-server.ts";

/** How a channel plays something of another server. */
export type RemoteItemOptions = {
	readonly remote: RemoteOptions;
	/** How far ahead of real time a file is to be sent, in milliseconds. */
	readonly leadMillis: number;
	/** How long a stream that was lost with its connection is waited for before it counts as ended, in milliseconds. */
	readonly graceMillis: number;
	readonly schedule: PlayerSchedule;
	readonly log: EventLog;
};

/**
 * A stream of another server that a channel plays, live or recorded. What is live is waited for where it is not there,
 * where it ends, and where the server is not there or refuses. A file goes on behind what has come of it after a loss
 * of the connection.
 */
export class RemoteItem implements PlayingItem, RemoteObserver, Sleeper {
	readonly item: ChannelItem;
	/** What comes is passed on as it comes. */
	readonly hasAudio = false;
	readonly hasVideo = false;
	readonly #options: RemoteItemOptions;
	readonly #observer: ItemObserver;
	readonly #remote: RemoteServer;
	#stream: NetStream | undefined;
	#leadMillis: number;
	#hears = true;
	#sees = true;
	/** What came together in one turn. */
	#batch: MediaMessage[] = [];
	/** Times of the first and the last frame; `undefined` before them. */
	#firstMillis: number | undefined;
	#lastMillis = 0;
	/** The server has said that it plays a file, or was asked for one. */
	#isFile: boolean;
	/** It has ended for now: the next frame begins it anew. */
	#isLost = false;
	/** What the alarm is for. */
	#alarm: "grace" | "length" | undefined;
	#isClosed = false;

	constructor(item: ChannelItem, options: RemoteItemOptions, observer: ItemObserver) {
		this.item = item;
		this.#options = options;
		this.#leadMillis = options.leadMillis;
		this.#observer = observer;
		this.#isFile = item.wish.startMillis >= 0;
		this.#remote = new RemoteServer(options.remote, this, options.log);
	}

	start(): void {
		this.#setLengthAlarm();
		this.#remote.open();
	}

	setReceive(audio: boolean, video: boolean): void {
		const stream = this.#stream;
		if (audio !== this.#hears) stream?.receiveAudio(audio);
		if (video !== this.#sees) stream?.receiveVideo(video);
		this.#hears = audio;
		this.#sees = video;
	}

	setLead(millis: number): void {
		this.#leadMillis = millis;
		if (this.#stream !== undefined) this.#stream.bufferTime = millis / 1000;
	}

	close(): void {
		this.#isClosed = true;
		this.#batch = [];
		this.#options.schedule.cancel(this);
		this.#stream?.close();
		this.#stream = undefined;
		this.#remote.close();
	}

	/** The grace time is over, or the time that was asked for. */
	wake(): void {
		const alarm = this.#alarm;
		this.#alarm = undefined;
		if (alarm === "length") this.#observer.onPlayed(this);
		else if (alarm === "grace") this.#lose();
	}

	// ── the other server ──

	onConnected(connection: NetConnection): void {
		const { title, wish, lengthMillis } = this.item;
		const stream = new NetStream(connection);
		this.#stream = stream;
		stream.client = { onPlayStatus: (info: NetStatus) => this.#onStreamStatus(stream, info) };
		stream.addEventListener("netStatus", (event: NetStatusEvent) => this.#onStreamStatus(stream, event.info));
		stream.onMedia = message => this.#take(stream, message);
		stream.bufferTime = this.#leadMillis / 1000;
		if (!this.#hears) stream.receiveAudio(false);
		if (!this.#sees) stream.receiveVideo(false);
		// A file that was broken off.
		const isResumed = this.#isFile && this.#firstMillis !== undefined;
		const start = isResumed ? this.#lastMillis : wish.startMillis;
		const played = isResumed ? this.#lastMillis - this.#firstMillis! : 0;
		const length = lengthMillis > 0 ? Math.max(0, lengthMillis - played) : lengthMillis;
		stream.play(title, start / 1000, length < 0 ? -1 : length / 1000);
	}

	onLost(): void {
		this.#stream = undefined;
		this.#flush();
		if (this.#isClosed || this.#alarm === "grace") return;
		// Who has a length has no time to lose.
		if (this.#isLost || this.#firstMillis === undefined || this.#alarm === "length") {
			this.#lose();
			return;
		}
		this.#alarm = "grace";
		this.#options.schedule.wakeAfter(this, this.#options.graceMillis);
	}

	onConnectionStatus(status: NetStatus): void {
		if (!this.#isClosed) this.#observer.onStatus(this, status);
	}

	#onStreamStatus(stream: NetStream, status: NetStatus): void {
		if (stream !== this.#stream) return;
		const { code, level } = status;
		this.#flush();
		if (stream !== this.#stream) return;
		this.#isFile ||= !stream.info.isLive;
		switch (code) {
			case "NetStream.Play.Start":
				this.#remote.succeed();
				return;
			case "NetStream.Play.UnpublishNotify":
				this.#lose();
				return;
			case "NetStream.Play.Complete":
			case "NetStream.Play.Stop":
				// Some servers say so when a live stream ends.
				if (this.#isFile || this.item.lengthMillis >= 0) this.#observer.onPlayed(this);
				else this.#lose();
				return;
			default:
				if (level === "error") this.#onRefused(status);
		}
	}

	/** A file that is not there will not come; what is live may. */
	#onRefused(status: NetStatus): void {
		if (this.#isFile) {
			this.#observer.onRefused(this, status);
			return;
		}
		this.#observer.onStatus(this, status);
		if (!this.#isClosed) this.#remote.retry();
	}

	/** It counts as ended until something comes again. Told each time: something else may wait by now. */
	#lose(): void {
		if (this.#isClosed) return;
		this.#isLost = true;
		this.#endGrace();
		this.#observer.onSourceLost(this);
	}

	#take(stream: NetStream, message: MediaMessage): void {
		if (stream !== this.#stream) return;
		const relayed = relayedData(message);
		if (relayed === undefined) return;
		if (isFrame(relayed)) this.#noteFrame(relayed);
		else if (relayed.type === MEDIA_AUDIO ? !this.#hears : relayed.isVideo && !this.#sees) return;
		if (stream !== this.#stream) return;
		// Servers give data and configurations the time 0 wherever the stream is.
		const isOld = !isFrame(relayed) && this.#firstMillis !== undefined && relayed.timestamp < this.#lastMillis;
		if (this.#batch.length === 0) queueMicrotask(() => this.#flush());
		this.#batch.push(isOld ? relayed.at(this.#lastMillis) : relayed);
	}

	#noteFrame({ timestamp }: MediaMessage): void {
		const isFirst = this.#firstMillis === undefined;
		if (isFirst) this.#firstMillis = timestamp;
		this.#lastMillis = Math.max(this.#lastMillis, timestamp);
		if (isFirst) this.#setLengthAlarm();
		if (!this.#isLost && this.#alarm !== "grace") return;
		this.#endGrace();
		this.#isLost = false;
		this.#lastMillis = timestamp;
		// What came before has its place by the time before.
		this.#flush();
		this.#observer.onSourceBegins(this);
	}

	#endGrace(): void {
		if (this.#alarm !== "grace") return;
		this.#alarm = undefined;
		this.#options.schedule.cancel(this);
	}

	/** A live stream that is waited for in vain has had its time; one that comes gets it whole. */
	#setLengthAlarm(): void {
		const { lengthMillis } = this.item;
		if (this.#isFile || lengthMillis <= 0) return;
		this.#alarm = "length";
		this.#options.schedule.wakeAfter(this, lengthMillis);
	}

	#flush(): void {
		const batch = this.#batch;
		this.#batch = [];
		if (batch.length > 0 && !this.#isClosed) this.#observer.onMessages(this, batch);
	}
}
