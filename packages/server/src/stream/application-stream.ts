import type { AmfValue } from "@millrace/core/amf";
import { FileError, LimitError, PeerError } from "@millrace/core/fault";
import { MEDIA_DATA } from "@millrace/core/flv";
import {
	DEFAULT_INSTANCE,
	encodeData,
	type NetStatus,
	netStatus,
	parseStreamName,
	type StatusCode,
	type StreamAddress,
} from "@millrace/core/rtmp";
import { hostedApplication, StreamName, splitApplication } from "../app/index.ts";
import type { GatherWindow, LiveStream } from "../hub/index.ts";
import type { Recording, RecordSettings } from "../library/index.ts";
import { Channel, type ChannelEnvironment, type ChannelObserver } from "./channel.ts";
import type { ChannelItem } from "./channel-item.ts";
import type { RemoteOptions } from "./remote-server.ts";
import {
	DEFAULT_BUFFER_SECONDS,
	MAX_BUFFER_SECONDS,
	MAX_SEND_BYTES,
	MAX_STREAM_NAME,
	type StreamRules,
	type StreamStatusListener,
} from "./stream-context.ts";
import { type PushTarget, StreamPush } from "./stream-push.ts";

/** What is to be played into a stream. Times are in seconds, as in the old server's language. */
export type StreamPlay = {
	/** `film`, `mp4:film.mp4`, `mp3:song`, or the name of a live stream. */
	readonly name: string;
	/** Where it is. Default: the stream's own application. */
	readonly application?: string;
	/** Default: the stream's own instance; of another application, the default one. */
	readonly instance?: string;
	/**
	 * −2: what is live, else what is recorded, else what will be live; −1: what is or will be live; 0 and more: what is
	 * recorded, from the keyframe there. Default −2.
	 */
	readonly start?: number;
	/** Negative: all; 0: one picture. Default −1. */
	readonly length?: number;
	/** `true` or 1: in place of the playlist; `false` or 0: at its end; 2 as 0 and 3 as 1, but all at once. Default true. */
	readonly reset?: boolean | number;
	/** Whose files are meant, of those that are only for clients with a virtual key. Default: nobody's. */
	readonly virtualKey?: string;
	/** The other server that has it; `application` and `instance` mean nothing then. Default: this one. */
	readonly from?: RemoteOptions;
};

/** How a stream is to be recorded. */
export type StreamRecord = {
	readonly mode: "record" | "append" | "appendWithGap";
	/** It ends after so long; 0 or less: as configured, which is also the most. Default −1. */
	readonly maxSeconds?: number;
	/** The same by size. Default −1. */
	readonly maxKilobytes?: number;
	/** Whether each message is written at once. Default false. */
	readonly syncWrite?: boolean;
};

/**
 * What an application's code has of a stream (`Stream.get`): it can play something into it, record it whoever publishes
 * it, and send data to those who watch it. It exists until it is closed, whether somebody publishes the stream or not.
 */
export class ApplicationStream implements ChannelObserver {
	/** As it was given to `get`. */
	readonly name: string;
	readonly #address: StreamAddress;
	readonly #streamName: StreamName;
	readonly #environment: ChannelEnvironment;
	readonly #rules: StreamRules;
	readonly #listener: StreamStatusListener;
	readonly #live: LiveStream;
	readonly #release: () => void;
	readonly #channel: Channel;
	/** Those that have not ended; the last one is the present one. */
	readonly #recordings = new Set<Recording>();
	#recording: Recording | undefined;
	readonly #pushes = new Set<StreamPush>();
	#gather: GatherWindow | undefined;
	#closed: Promise<void> | undefined;

	/** Made by `ApplicationStreams`. */
	constructor(
		name: string,
		address: StreamAddress,
		streamName: StreamName,
		rules: StreamRules,
		environment: ChannelEnvironment,
		listener: StreamStatusListener,
	) {
		this.name = name;
		this.#address = address;
		this.#streamName = streamName;
		this.#environment = environment;
		this.#rules = rules;
		this.#listener = listener;
		this.#live = environment.context.hub.open(streamName.key, rules.live);
		this.#release = this.#live.hold();
		this.#channel = new Channel(streamName, this.#live, DEFAULT_BUFFER_SECONDS * 1000, environment, this);
	}

	/** How far ahead of real time files are sent, in seconds. */
	get bufferTime(): number {
		return this.#channel.leadMillis / 1000;
	}

	/** The newest time of the live stream, whoever publishes it, in milliseconds. */
	get time(): number {
		return this.#live.newestTimestamp;
	}

	/** The application publishes the stream. */
	get isPublishing(): boolean {
		return this.#channel.isPublishing;
	}

	/** The application records it. */
	get isRecording(): boolean {
		return this.#recording !== undefined;
	}

	/**
	 * Plays something into the stream, or puts it into the playlist. False: it is refused, which a status tells
	 * (`Publish.BadName`: somebody else publishes the stream; `Play.Failed`), or the stream is closed.
	 */
	play(request: StreamPlay): boolean {
		if (this.#closed !== undefined) return false;
		const item = this.#itemOf(request);
		if (item === undefined) {
			this.#tell("NetStream.Play.Failed", "The name cannot be that of a stream.", request.name);
			return false;
		}
		if (request.from !== undefined && this.#rules.hasNetwork === false) {
			this.#tell("NetStream.Play.Failed", NO_NETWORK, request.name);
			return false;
		}
		const { reset = true } = request;
		return this.#channel.play(item, reset === true || reset === 1 || reset === 3);
	}

	/** Ends what plays, the playlist and the publication, as `play(false)` does. */
	stop(): void {
		this.#channel.stop();
	}

	/**
	 * Publishes the stream on another server too, whoever publishes it here, until `closePush`. What happens there is
	 * told to `tell` only. `undefined`: the application has no network, or the stream is closed.
	 */
	publishTo(target: PushTarget, tell: (status: NetStatus) => void): StreamPush | undefined {
		if (this.#closed !== undefined) return undefined;
		if (this.#rules.hasNetwork === false) {
			tell(netStatus("NetConnection.Connect.Failed", NO_NETWORK));
			return undefined;
		}
		const push = new StreamPush(this.#live, target, this.#environment.context, tell);
		this.#pushes.add(push);
		return push;
	}

	/** Ends what `publishTo` began. */
	closePush(push: StreamPush): void {
		if (this.#pushes.delete(push)) push.close();
	}

	/**
	 * Records the stream, whoever publishes it, now or later, until the publication ends. What this stream is recording
	 * already is ended. How it goes is told by `Record` statuses. False: the stream is closed.
	 */
	record(request: StreamRecord): boolean {
		if (this.#closed !== undefined) return false;
		this.stopRecording();
		const { recorder } = this.#environment.context;
		const settings = settingsOf(this.#rules.record, request);
		const { mode } = request;
		const { prefix } = this.#address;
		const recording = recorder.begin(
			{ name: this.#streamName, live: this.#live, mode, origin: "command", settings, prefix },
			status => this.onStatus(status),
		);
		this.#recording = recording;
		this.#recordings.add(recording);
		void recording.ended.then(() => {
			this.#recordings.delete(recording);
			if (this.#recording === recording) this.#recording = undefined;
		});
		return true;
	}

	/** Ends the recording that `record` began. */
	stopRecording(): void {
		void this.#recording?.stop();
		this.#recording = undefined;
	}

	/**
	 * Sends data to those who watch the stream, and into its recordings; `@setDataFrame` and `@clearDataFrame` mean what
	 * they mean from a publisher. False: the stream is closed.
	 *
	 * @throws UsageError `AMF_UNENCODABLE`, LimitError `MESSAGE_TOO_LARGE`
	 */
	send(handler: string, args: readonly AmfValue[]): boolean {
		if (this.#closed !== undefined) return false;
		const payload = encodeData(0, handler, args);
		if (payload.length > MAX_SEND_BYTES) {
			throw new LimitError("MESSAGE_TOO_LARGE", `${payload.length} bytes of data; the limit is ${MAX_SEND_BYTES}.`);
		}
		this.#live.insertData(MEDIA_DATA, payload);
		return true;
	}

	/**
	 * Deletes what was recorded under the stream's name: with its segments, but not where the configured name holds a
	 * date or a time. Resolves to whether it is gone; a `Clear` status tells the same.
	 */
	async clear(): Promise<boolean> {
		const { recorder, log } = this.#environment.context;
		let failure: string | undefined;
		try {
			const { prefix } = this.#address;
			const result = await recorder.remove({ name: this.#streamName, prefix, settings: this.#rules.record });
			if (result === "absent") failure = `There is no recording of ${this.name}.`;
			else if (result === "recording") failure = `${this.name} is being recorded.`;
			else log.info("clear", { stream: String(this.#streamName) });
		} catch (error) {
			log.error("clear", { stream: String(this.#streamName), error });
			failure = error instanceof FileError ? error.message : `${this.name} cannot be deleted.`;
		}
		if (failure === undefined) this.#tell("NetStream.Clear.Success", `${this.name} was deleted.`);
		else this.#tell("NetStream.Clear.Failed", failure);
		return failure === undefined;
	}

	/** Writes what waits to be recorded. False: nothing is recorded. */
	flush(): boolean {
		this.#recording?.flush();
		return this.#recording !== undefined;
	}

	/**
	 * How far ahead of real time files are sent from the next item on, and what another server is asked to send ahead, at
	 * once; in seconds from 0 to 60.
	 */
	setBufferTime(seconds: number): void {
		if (Number.isFinite(seconds)) this.#channel.setLead(1000 * Math.min(Math.max(0, seconds), MAX_BUFFER_SECONDS));
	}

	/** How the live stream is gathered before it is sent on, whoever publishes it, until this stream is closed. */
	setGather(window: GatherWindow): void {
		if (this.#closed !== undefined) return;
		this.#gather = window;
		this.#live.gather = window;
	}

	/** Which media of what is played get into the stream. Video that comes back begins with a keyframe. */
	setReceive(audio: boolean, video: boolean): void {
		this.#channel.setReceive(audio, video);
	}

	/** Ends everything. Resolves when what was recorded is on the disk and all statuses have been told. */
	close(): Promise<void> {
		this.#closed ??= this.#close();
		return this.#closed;
	}

	// ── the channel ──

	onStatus(status: NetStatus): void {
		queueMicrotask(() => {
			try {
				this.#listener(this.name, status);
			} catch (error) {
				this.#environment.context.log.error("fault", { stream: String(this.#streamName), error });
			}
		});
	}

	/** The configuration may want every stream recorded. */
	onPublishing(): void {
		const { recorder } = this.#environment.context;
		const { prefix } = this.#address;
		const facts = { name: this.#streamName, live: this.#live, type: "live", prefix, isTrusted: true } as const;
		recorder.onPublish(facts, this.#rules.record, status => this.onStatus(status));
	}

	async #close(): Promise<void> {
		this.#channel.stop();
		this.stopRecording();
		for (const push of [...this.#pushes]) this.closePush(push);
		// Another one may have the same live stream, with a prefix or without.
		if (this.#live.gather === this.#gather) this.#live.gather = {};
		this.#release();
		await Promise.all([...this.#recordings].map(recording => recording.ended));
		// Statuses that were told last are still on their way.
		await Promise.resolve();
	}

	/** `undefined`: the name cannot be one. */
	#itemOf({
		name: title,
		application,
		instance,
		start = -2,
		length = -1,
		reset,
		virtualKey,
		from,
	}: StreamPlay): ChannelItem | undefined {
		const address = addressOf(title);
		if (address === undefined) return undefined;
		const own = this.#streamName;
		const { host } = splitApplication(own.application);
		// Other applications are those of the same host.
		const wanted = application === undefined ? own.application : hostedApplication(application, host);
		const isElsewhere = wanted !== own.application;
		const where = instance ?? (isElsewhere ? DEFAULT_INSTANCE : own.instance);
		const name = new StreamName(wanted, where, address.name);
		if (from !== undefined) {
			const wish = {
				name,
				prefix: address.prefix,
				startMillis: start >= 0 ? start * 1000 : start === -1 ? -1000 : -2000,
			};
			return { wish, title, lengthMillis: lengthMillisOf(length), isPaced: true, remote: from };
		}
		// What is live under the stream's own name is the stream itself.
		const isOwn = name.key === own.key;
		const startMillis = start >= 0 ? start * 1000 : start === -1 ? -1000 : isOwn ? 0 : -2000;
		const isPaced = reset !== 2 && reset !== 3;
		return {
			wish: { name, prefix: address.prefix, startMillis, ...(virtualKey !== undefined && { virtualKey }) },
			title,
			lengthMillis: lengthMillisOf(length),
			isPaced,
		};
	}

	#tell(code: StatusCode, description: string, details = this.name): void {
		this.onStatus(netStatus(code, description, { details }));
	}
}

/** A longer time is as good as none: timers go no further. */
const MAX_LENGTH_SECONDS = 2_000_000;
const NO_NETWORK = "The application may not use the network (code.network).";

function lengthMillisOf(seconds: number): number {
	return seconds >= 0 && seconds <= MAX_LENGTH_SECONDS ? seconds * 1000 : -1;
}

/** Reads a stream's name; `undefined`: it cannot be one. */
export function addressOf(name: string): StreamAddress | undefined {
	try {
		const address = parseStreamName(name, MAX_STREAM_NAME);
		return address.name === "" ? undefined : address;
	} catch (error) {
		// Whatever is wrong with it, there is no such stream.
		if (error instanceof PeerError) return undefined;
		throw error;
	}
}

/** The configured limits are the most. */
function settingsOf(settings: RecordSettings, request: StreamRecord): RecordSettings {
	const { maxSeconds = -1, maxKilobytes = -1, syncWrite = false } = request;
	return {
		...settings,
		maxMillis: lowest(settings.maxMillis, maxSeconds * 1000),
		maxBytes: lowest(settings.maxBytes, maxKilobytes * 1024),
		...(syncWrite && { flushBytes: 1 }),
	};
}

function lowest(configured: number, wanted: number): number {
	if (!(wanted > 0)) return configured;
	return configured > 0 ? Math.min(configured, wanted) : wanted;
}
