import type { AmfValue } from "../amf/index.ts";
import { LimitError, PeerError } from "../fault/index.ts";
import type { RtmpLimits } from "./limits.ts";
import type { Command } from "./message/command.ts";
import { netStatus } from "./net-status.ts";
import type { PermissionGate } from "./permission-gate.ts";
import { lengthMillis, positionMillis, startMillis } from "./play-time.ts";
import { readTransition } from "./play-transition.ts";
import type { ServerConnection } from "./server-connection.ts";
import type { ServerConnectionHandler } from "./server-connection-handler.ts";
import { type PlayRequest, ServerStream } from "./server-stream.ts";
import { OBJECT_OVERHEAD_BYTES } from "./shared-budget.ts";
import { freeStreamId, namedStreams, onlyStream } from "./stream-lookup.ts";
import { addressWithin, parseStreamName, type StreamAddress } from "./url.ts";

/** The commands about message streams: how they are made and ended, and all that is done on them (RTMP 1.0 §7.2.2). */
export class StreamCommands {
	readonly #connection: ServerConnection;
	readonly #handler: ServerConnectionHandler;
	readonly #limits: RtmpLimits;
	readonly #gate: PermissionGate;

	constructor(
		connection: ServerConnection,
		handler: ServerConnectionHandler,
		limits: RtmpLimits,
		gate: PermissionGate,
	) {
		this.#connection = connection;
		this.#handler = handler;
		this.#limits = limits;
		this.#gate = gate;
	}

	/** Whether a command is a call of the old conventions, which is answered here where nobody else does. */
	static answers(name: string): boolean {
		return CONVENTIONS.has(name);
	}

	/** Does a command that is about streams. False: it is not. Throws the `PeerError` that ends the connection. */
	handle(command: Command, streamId: number): boolean {
		const { args } = command;
		switch (command.name) {
			case "createStream":
				this.#createStream(command);
				return true;
			case "deleteStream":
				this.#deleteStream(args[0]);
				return true;
			case "closeStream":
				this.#closeStream(streamId, args[0]);
				return true;
			case "releaseStream":
			case "FCPublish":
			case "FCUnpublish":
			case "FCSubscribe":
			case "FCUnsubscribe":
				this.#encoderConvention(command);
				return true;
			case "publish":
				this.#publish(streamId, args);
				return true;
			case "play":
				this.#play(streamId, args);
				return true;
			case "play2":
				this.#play2(streamId, args[0]);
				return true;
			case "pause":
			case "pauseRaw":
				this.#pause(streamId, args, command.name === "pauseRaw");
				return true;
			case "seek":
				this.#seek(streamId, args);
				return true;
			case "receiveAudio":
			case "receiveVideo":
			case "receiveVideoFPS":
				this.#receive(streamId, command.name === "receiveAudio", args[0]);
				return true;
			case "getStreamLength":
				this.#streamLength(command);
				return true;
			default:
				return false;
		}
	}

	/** Set Buffer Length. It may come before `play`, and librtmp sends one for stream 0 first. */
	setBufferLength(streamId: number, millis: number): void {
		const stream = this.#connection.streams.get(streamId);
		if (stream === undefined) return;
		stream.bufferMillis = millis;
		if (stream.state === "playing") this.#handler.onBufferLength?.(stream);
	}

	/** The connection has ended, and every stream with it. */
	stopAll(): void {
		const { streams } = this.#connection;
		for (const stream of [...streams.values()]) this.#stop(stream, false);
		streams.clear();
	}

	#createStream(command: Command): void {
		const { streams } = this.#connection;
		const limit = this.#limits.messageStreams;
		if (streams.size >= limit) throw new LimitError("TOO_MANY_STREAMS", `The limit is ${limit}.`);
		const id = freeStreamId(streams);
		this.#connection.hold(STREAM_BYTES);
		streams.set(id, new ServerStream(this.#connection, id));
		// ffmpeg takes the reply only with a null before the number, and OBS expects ids in order.
		this.#connection.sendReply("_result", command.transactionId, null, [id]);
	}

	/** By id; GStreamer sends the stream's name instead. There is no reply. */
	#deleteStream(which: AmfValue): void {
		const { streams, link } = this.#connection;
		const stream = typeof which === "number" ? streams.get(which) : undefined;
		for (const each of stream === undefined ? this.#named(which) : [stream]) {
			this.#stop(each, false);
			if (streams.delete(each.id)) link.account.remove(STREAM_BYTES);
		}
	}

	#closeStream(streamId: number, which: AmfValue): void {
		const stream = this.#connection.streams.get(streamId);
		for (const each of stream === undefined ? this.#named(which) : [stream]) this.#stop(each, true);
	}

	#named(which: AmfValue): ServerStream[] {
		return typeof which === "string" ? namedStreams(this.#connection.streams, this.#plainName(which)) : [];
	}

	/** A stream's name without its query; `undefined` where it is none. These commands refuse nothing. */
	#plainName(text: string): string | undefined {
		return this.#parsed(text)?.name;
	}

	#parsed(text: string): StreamAddress | undefined {
		try {
			return parseStreamName(text, this.#limits.nameLength);
		} catch (error) {
			if (error instanceof PeerError) return undefined;
			throw error;
		}
	}

	/**
	 * FMLE's additions. An error or silence here makes Wirecast hang, so they always succeed; only `FCUnpublish` does
	 * something of its own.
	 */
	#encoderConvention(command: Command): void {
		const connection = this.#connection;
		const [text] = command.args;
		const name = this.#plainName(typeof text === "string" ? text : "");
		if (command.transactionId !== 0) connection.sendReply("_result", command.transactionId, null, [undefined]);
		const [callback, code] = ENCODER_CALLBACKS[command.name] ?? [undefined, undefined];
		if (callback !== undefined) {
			connection.sendReply(callback, 0, null, [{ level: "status", code, description: name ?? "" }]);
		}
		if (command.name !== "FCUnpublish") return;
		for (const stream of namedStreams(connection.streams, name)) {
			if (stream.state === "publishing") this.#stop(stream, true);
		}
	}

	#publish(streamId: number, args: readonly AmfValue[]): void {
		const stream = this.#streamFor(streamId);
		if (stream === undefined) return;
		const [name, mode] = args;
		this.#stop(stream, true);
		if (name === false) return;
		stream.name = "";
		const address = this.#address(stream, name, "NetStream.Publish.BadName");
		if (address === undefined) return;
		stream.name = address.name;
		stream.instance = address.instance;
		stream.state = "publish-pending";
		stream.isAsking = true;
		this.#gate.close();
		this.#handler.onPublish(stream, {
			...address,
			mode: mode === "record" || mode === "append" || mode === "appendWithGap" ? mode : "live",
		});
	}

	#play(streamId: number, args: readonly AmfValue[]): void {
		const stream = this.#streamFor(streamId);
		if (stream === undefined) return;
		const [name, start, length, reset] = args;
		if (name === false) {
			this.#stopPlay(stream, false);
			return;
		}
		this.#askToPlay(stream, name, {
			startMillis: startMillis(start),
			lengthMillis: lengthMillis(length),
			reset: !(reset === false || reset === 0 || reset === 2),
			isPaced: reset !== 2 && reset !== 3,
			transition: undefined,
			oldName: "",
			offsetMillis: -1,
		});
	}

	#play2(streamId: number, options: AmfValue): void {
		const stream = this.#streamFor(streamId);
		if (stream === undefined) return;
		const command = readTransition(options);
		if (command === undefined) {
			stream.sendStatus(stream.status("NetStream.InvalidArg", "play2 wants an object with a known transition."));
			return;
		}
		const { streamName, oldStreamName, transition, ...how } = command;
		if (transition === "stop") {
			this.#stopPlay(stream, true);
			return;
		}
		const oldName = this.#plainName(oldStreamName) ?? oldStreamName;
		this.#askToPlay(stream, streamName, { ...how, transition, oldName, isPaced: true });
	}

	/** A play that begins anew, or an addition to the playlist of a stream that plays. */
	#askToPlay(stream: ServerStream, name: AmfValue, how: HowToPlay): void {
		const goesOn = !how.reset && stream.state === "playing";
		if (!goesOn) {
			this.#stop(stream, false);
			stream.name = "";
		}
		const address = this.#address(stream, name, "NetStream.Play.Failed");
		if (address === undefined) return;
		if (!goesOn) {
			stream.name = address.name;
			stream.instance = address.instance;
			stream.state = "play-pending";
		}
		stream.isAsking = true;
		this.#gate.close();
		this.#handler.onPlay(stream, { ...address, ...how });
	}

	#stopPlay(stream: ServerStream, tellsEnd: boolean): void {
		const wasPlaying = stream.state === "playing";
		this.#stop(stream, false);
		if (wasPlaying) stream.tellStop(tellsEnd);
	}

	/** The address that a stream asked for; `undefined` where there is no name, which the client has been told then. */
	#address(stream: ServerStream, text: AmfValue, failure: NameFailure): AddressInInstance | undefined {
		try {
			if (typeof text === "string") {
				const asked = parseStreamName(text, this.#limits.nameLength);
				const address = addressWithin(this.#connection.request!, asked);
				if (address.name !== "") return address;
			}
		} catch (error) {
			// The client is told why before its connection ends.
			if (error instanceof PeerError) stream.sendStatus(stream.status(failure, error.message));
			throw error;
		}
		stream.sendStatus(stream.status(failure, "A stream needs a name."));
		return undefined;
	}

	/** librtmp sends pause on message stream 0: the only playing stream is meant then. */
	#pause(streamId: number, args: readonly AmfValue[], keepsBuffer: boolean): void {
		const stream = this.#playingStream(streamId);
		if (stream === undefined) return;
		// The first argument may be missing (ActionScript 1): it toggles.
		const paused = typeof args[0] === "boolean" ? args[0] : !stream.paused;
		stream.paused = paused;
		this.#handler.onPause(stream, paused, positionMillis(args[1]), keepsBuffer);
	}

	#seek(streamId: number, args: readonly AmfValue[]): void {
		const stream = this.#playingStream(streamId);
		if (stream !== undefined) this.#handler.onSeek(stream, positionMillis(args[0]));
	}

	/** It may come before `play`, and lasts. */
	#receive(streamId: number, audio: boolean, value: AmfValue): void {
		const stream = this.#connection.streams.get(streamId) ?? this.#playingStream(streamId);
		if (stream === undefined) return;
		const wanted = value !== false && value !== 0;
		if (audio) stream.wantsAudio = wanted;
		else stream.wantsVideo = wanted;
		if (stream.state === "playing") this.#handler.onReceiveChange(stream);
	}

	/** One is looked up at a time: what follows is held, so that nobody has many files looked for at once. */
	#streamLength(command: Command): void {
		const [text] = command.args;
		const asked = typeof text === "string" ? this.#parsed(text) : undefined;
		if (asked === undefined || this.#handler.onStreamLength === undefined) {
			this.#connection.sendResult(command, 0);
			return;
		}
		this.#gate.close();
		this.#handler.onStreamLength(command, addressWithin(this.#connection.request!, asked));
	}

	#streamFor(streamId: number): ServerStream | undefined {
		const connection = this.#connection;
		const { streams } = connection;
		const isOnlyOne = streamId === 0 && streams.size === 1;
		const stream = streams.get(streamId) ?? (isOnlyOne ? [...streams.values()][0] : undefined);
		if (stream === undefined) {
			connection.strayMessages++;
			const status = netStatus("NetStream.Failed", `Stream ${streamId} does not exist.`);
			connection.sendCommand("onStatus", 0, null, [status], streamId);
		}
		return stream;
	}

	#playingStream(streamId: number): ServerStream | undefined {
		const { streams } = this.#connection;
		if (streamId === 0) return onlyStream(streams, "playing");
		const stream = streams.get(streamId);
		return stream?.state === "playing" ? stream : undefined;
	}

	#stop(stream: ServerStream, tell: boolean): void {
		const { state } = stream;
		stream.state = "idle";
		stream.isAsking = false;
		if (state === "publishing") {
			this.#handler.onUnpublish(stream);
			if (tell) stream.sendStatus(stream.status("NetStream.Unpublish.Success", `${stream.name} is now unpublished.`));
		} else if (state === "playing") {
			this.#handler.onStop(stream);
		}
	}
}

/** What a message stream costs, about. */
const STREAM_BYTES = 2 * OBJECT_OVERHEAD_BYTES;
type NameFailure = "NetStream.Publish.BadName" | "NetStream.Play.Failed";
type AddressInInstance = StreamAddress & { readonly instance: string };
type HowToPlay = Omit<PlayRequest, keyof AddressInInstance>;

const CONVENTIONS: ReadonlySet<string> = new Set([
	"releaseStream",
	"FCPublish",
	"FCUnpublish",
	"FCSubscribe",
	"FCUnsubscribe",
	"getStreamLength",
]);

const ENCODER_CALLBACKS: Record<string, [callback: string, code: string]> = {
	FCPublish: ["onFCPublish", "NetStream.Publish.Start"],
	FCUnpublish: ["onFCUnpublish", "NetStream.Unpublish.Success"],
	FCSubscribe: ["onFCSubscribe", "NetStream.Play.Start"],
	FCUnsubscribe: ["onFCUnsubscribe", "NetStream.Play.Stop"],
};
