import {
	AMF_LIMITS,
	AMF_LIMITS_BEFORE_CONNECT,
	type AmfLimits,
	type AmfValue,
	type ObjectEncoding,
} from "../amf/index.ts";
import { LimitError, MillraceError, PeerError } from "../fault/index.ts";
import type { MediaType } from "../flv/index.ts";
import { type ConnectRequest, readConnectRequest } from "./connect-request.ts";
import { type Handshake, type LinkHandler, type LinkOptions, RtmpLink } from "./link.ts";
import { splitAggregate } from "./message/aggregate.ts";
import { type Command, commandType, decodeCommand, encodeCommand, encodeData } from "./message/command.ts";
import {
	TYPE_AGGREGATE,
	TYPE_AUDIO,
	TYPE_COMMAND,
	TYPE_COMMAND_AMF3,
	TYPE_DATA,
	TYPE_DATA_AMF3,
	TYPE_SET_PEER_BANDWIDTH,
	TYPE_USER_CONTROL,
	TYPE_VIDEO,
	TYPE_WINDOW_ACKNOWLEDGEMENT_SIZE,
} from "./message/message-type.ts";
import { BANDWIDTH_DYNAMIC, encodeControlValue, encodeSetPeerBandwidth } from "./message/protocol-control.ts";
import {
	EVENT_SET_BUFFER_LENGTH,
	EVENT_STREAM_BEGIN,
	encodeUserControl,
	type UserControl,
} from "./message/user-control.ts";
import { type NetStatus, netStatus } from "./net-status.ts";
import { type PlayRequest, type PublishRequest, ServerStream } from "./server-stream.ts";
import { OBJECT_OVERHEAD_BYTES } from "./shared-budget.ts";
import { type Responder, TransactionTable } from "./transaction-table.ts";
import { DEFAULT_INSTANCE, parseStreamName, type StreamAddress } from "./url.ts";

/** A remote procedure call that the protocol itself does not own. */
export type Call = {
	readonly name: string;
	/** 0: no reply is wanted. */
	readonly transactionId: number;
	readonly args: readonly AmfValue[];
};

/**
 * What a server's connection reports. Methods may send, accept, refuse or close; they must not call `receive`,
 * `handleTimeout` or `takeOutput`. `onConnect`, `onPublish` and `onPlay` may be answered later: what the client sends
 * meanwhile is held, in order.
 */
export interface ServerConnectionHandler {
	onConnect(request: ConnectRequest): void;
	onPublish(stream: ServerStream, request: PublishRequest): void;
	/** The publisher stopped, or its connection ended. */
	onUnpublish(stream: ServerStream): void;
	onPlay(stream: ServerStream, request: PlayRequest): void;
	/** The player stopped, or its connection ended. */
	onStop(stream: ServerStream): void;
	onPause(stream: ServerStream, paused: boolean, positionMillis: number): void;
	onSeek(stream: ServerStream, positionMillis: number): void;
	/** `wantsAudio` or `wantsVideo` of a playing stream changed. */
	onReceiveChange(stream: ServerStream): void;
	/** `timestamp` in milliseconds modulo 2^32, as the client sent it. */
	onMedia(stream: ServerStream, type: MediaType, timestamp: number, payload: Uint8Array): void;
	onCall(call: Call): void;
	onClosed(reason: MillraceError | undefined): void;
}

export type ServerConnectionOptions = LinkOptions & {
	/** Longest wait for `connect` after the handshake, in milliseconds. */
	readonly connectTimeoutMillis: number;
	/** Our chunk size in bytes, at most 32,767: a widespread analyser misreads larger ones. */
	readonly chunkSize: number;
	/** The acknowledgement window that is announced, in bytes. */
	readonly windowAckBytes: number;
	/** As in `FMS/5,0,15,5004` and `data.version`. */
	readonly fmsVersion: string;
	/** The connection's name in `clientid`. */
	readonly clientId: string;
};

/** Chunk stream of commands and their replies, and that of `onStatus`, as Flash Media Server has them. */
const COMMAND_CHUNK_STREAM = 3;
const STATUS_CHUNK_STREAM = 5;
const STATE_WAITING = 0;
const STATE_PENDING = 1;
const STATE_CONNECTED = 2;

type HeldMessage = { type: number; timestamp: number; streamId: number; payload: Uint8Array };

/** The server's side of one RTMP connection, without I/O (`RtmpLink` says how it is driven). */
export class ServerConnection implements LinkHandler {
	readonly link: RtmpLink;
	readonly streams = new Map<number, ServerStream>();
	/** What `connect` asked for; `undefined` before it came. */
	request: ConnectRequest | undefined;
	/** Media and commands that named no stream of this connection. */
	strayMessages = 0;

	readonly #handler: ServerConnectionHandler;
	readonly #options: ServerConnectionOptions;
	readonly #amfLimits: AmfLimits;
	readonly #transactions = new TransactionTable();
	#state = STATE_WAITING;
	#connectDeadline: number;
	#pending = 0;
	#held: HeldMessage[] = [];
	#heldBytes = 0;

	constructor(handshake: Handshake, handler: ServerConnectionHandler, options: ServerConnectionOptions, now: number) {
		this.#handler = handler;
		this.#options = options;
		this.#amfLimits = { ...AMF_LIMITS, depth: options.limits.amfDepth };
		this.#connectDeadline = now + options.handshakeDeadlineMillis + options.connectTimeoutMillis;
		this.link = new RtmpLink(handshake, this, options, now);
	}

	get clientId(): string {
		return this.#options.clientId;
	}

	get objectEncoding(): ObjectEncoding {
		return this.request?.objectEncoding ?? 0;
	}

	get connected(): boolean {
		return this.#state === STATE_CONNECTED;
	}

	/** When `handleTimeout` must be called at the latest. */
	get deadline(): number {
		return this.#state === STATE_WAITING ? Math.min(this.link.deadline, this.#connectDeadline) : this.link.deadline;
	}

	receive(bytes: Uint8Array, now: number): void {
		this.link.receive(bytes, now);
	}

	handleTimeout(now: number): void {
		if (this.#state === STATE_WAITING && now >= this.#connectDeadline) {
			this.link.close(new PeerError("CONNECT_TIMEOUT"));
			return;
		}
		this.link.handleTimeout(now);
	}

	/** Accepts a pending `connect`; `more` is added to the info object. */
	acceptConnect(more?: Record<string, AmfValue>): void {
		const request = this.request;
		if (this.#state !== STATE_PENDING || request === undefined) return;
		this.#state = STATE_CONNECTED;
		const { link } = this;
		const { fmsVersion, windowAckBytes, chunkSize } = this.#options;
		link.raiseLimits();
		link.sendControl(TYPE_WINDOW_ACKNOWLEDGEMENT_SIZE, encodeControlValue(windowAckBytes));
		link.sendControl(TYPE_SET_PEER_BANDWIDTH, encodeSetPeerBandwidth(windowAckBytes, BANDWIDTH_DYNAMIC));
		link.sendControl(TYPE_USER_CONTROL, encodeUserControl(EVENT_STREAM_BEGIN, 0));
		link.setChunkSize(chunkSize);
		const info = netStatus("NetConnection.Connect.Success", undefined, {
			objectEncoding: request.objectEncoding,
			data: { version: fmsVersion },
			clientid: this.clientId,
			...more,
		});
		const server = { fmsVer: `FMS/${fmsVersion}`, capabilities: 255, mode: 1 };
		this.#sendAmf0("_result", request.transactionId, server, [info]);
		// The stock `live` application calls it without a measurement; librtmp and ffmpeg answer with `_checkbw`.
		this.#sendAmf0("onBWDone", 0, null, []);
		this.settle();
	}

	/** Refuses a pending `connect` and ends the connection after the answer. */
	rejectConnect(status: NetStatus): void {
		if (this.#state !== STATE_PENDING || this.request === undefined) return;
		this.#sendAmf0("_error", this.request.transactionId, null, [status]);
		this.closeGracefully();
	}

	/** As `rejectConnect`, for a request that names no application: that is the client's fault, and logged as such. */
	#rejectNameless(request: ConnectRequest): void {
		const status = netStatus("NetConnection.Connect.InvalidApp", "The address names no application.");
		this.#sendAmf0("_error", request.transactionId, null, [status]);
		this.#sendAmf0("close", 0, null, []);
		this.link.close(new PeerError("CONNECT_MALFORMED", "The address names no application."));
	}

	/** Says `close`, as Flash Media Server does, and ends the connection; queued output may still be sent. */
	closeGracefully(status?: NetStatus): void {
		if (status !== undefined) this.#sendAmf0("onStatus", 0, null, [status]);
		this.#sendAmf0("close", 0, null, []);
		this.link.close();
	}

	/** Sends the result of a call. Nothing is sent where none was wanted. */
	sendResult(call: Call, value: AmfValue): void {
		if (call.transactionId !== 0) this.sendCommand("_result", call.transactionId, null, [value]);
	}

	/** Tells that a call failed. */
	sendError(call: Call, status: NetStatus): void {
		if (call.transactionId !== 0) this.#sendAmf0("_error", call.transactionId, null, [status]);
	}

	/** Calls a method of the client; `responder` gets its answer. */
	call(name: string, args: readonly AmfValue[], responder?: Responder): void {
		this.sendCommand(name, responder === undefined ? 0 : this.#transactions.add(responder), null, args);
	}

	/** Queues a command in the connection's object encoding. */
	sendCommand(name: string, transactionId: number, object: AmfValue, args: readonly AmfValue[], streamId = 0): void {
		const encoding = streamId === 0 ? this.objectEncoding : 0;
		this.link.send(
			streamId === 0 ? COMMAND_CHUNK_STREAM : STATUS_CHUNK_STREAM,
			commandType(encoding),
			0,
			streamId,
			encodeCommand(encoding, name, transactionId, object, args),
		);
	}

	/** Queues a data message for a stream. */
	sendData(streamId: number, handler: string, args: readonly AmfValue[]): void {
		this.link.send(STATUS_CHUNK_STREAM, TYPE_DATA, 0, streamId, encodeData(0, handler, args));
	}

	/** A pending permission was given or refused: what was held meanwhile goes on. */
	settle(): void {
		if (this.#pending > 0) this.#pending--;
		while (this.#pending === 0 && this.#held.length > 0 && !this.link.closed) {
			const held = this.#held.shift()!;
			this.#heldBytes -= held.payload.length;
			this.link.account.remove(held.payload.length + OBJECT_OVERHEAD_BYTES);
			try {
				this.#dispatch(held.type, held.timestamp, held.streamId, held.payload);
			} catch (error) {
				if (!(error instanceof MillraceError)) throw error;
				this.link.close(error);
			}
		}
	}

	onHandshakeDone(): void {
		this.#connectDeadline = this.link.now + this.#options.connectTimeoutMillis;
	}

	onUserControl(control: UserControl): void {
		if (control.event !== EVENT_SET_BUFFER_LENGTH) return;
		// It may come before `play`, and librtmp sends one for stream 0 first.
		const stream = this.streams.get(control.value);
		if (stream !== undefined) stream.bufferMillis = control.extra;
	}

	onMessage(type: number, timestamp: number, streamId: number, payload: Uint8Array): void {
		if (this.#pending === 0 && this.#held.length === 0) {
			this.#dispatch(type, timestamp, streamId, payload);
			return;
		}
		this.#heldBytes += payload.length;
		const limit = this.#options.limits.heldBytes;
		if (this.#heldBytes > limit || this.#held.length >= MAX_HELD_MESSAGES) {
			throw new LimitError("TOO_MUCH_HELD", `The limit is ${limit} bytes.`);
		}
		this.#hold(payload.length + OBJECT_OVERHEAD_BYTES);
		this.#held.push({ type, timestamp, streamId, payload });
	}

	onClosed(reason: MillraceError | undefined): void {
		this.#held = [];
		for (const stream of [...this.streams.values()]) this.#stop(stream, false);
		this.streams.clear();
		this.#transactions.rejectAll();
		this.#handler.onClosed(reason);
	}

	/** Counts what is kept for longer than a message takes. */
	#hold(bytes: number): void {
		if (!this.link.account.add(bytes)) throw new LimitError("SHARED_BYTES_SPENT", `${bytes} bytes were to be held.`);
	}

	#dispatch(type: number, timestamp: number, streamId: number, payload: Uint8Array): void {
		if (type === TYPE_COMMAND || type === TYPE_COMMAND_AMF3) {
			const limits = this.#state === STATE_CONNECTED ? this.#amfLimits : AMF_LIMITS_BEFORE_CONNECT;
			const command = decodeCommand(type, payload, limits);
			// What connect says is kept for as long as the connection lasts.
			if (this.#state === STATE_WAITING) this.#hold(payload.length);
			this.#onCommand(command, streamId);
			return;
		}
		if (this.#state !== STATE_CONNECTED) throw new PeerError("COMMAND_BEFORE_CONNECT", `Message type ${type}.`);
		switch (type) {
			case TYPE_AUDIO:
			case TYPE_VIDEO:
			case TYPE_DATA:
			case TYPE_DATA_AMF3:
				this.#onMedia(streamId, type, timestamp, payload);
				return;
			case TYPE_AGGREGATE:
				splitAggregate(payload, timestamp, (partType, partTime, part) => {
					if (isMedia(partType)) this.#onMedia(streamId, partType, partTime, part);
				});
				return;
			default:
				this.strayMessages++;
		}
	}

	#onMedia(streamId: number, type: MediaType, timestamp: number, payload: Uint8Array): void {
		let stream = this.streams.get(streamId);
		if (stream?.state !== "publishing") stream = this.#onlyStream("publishing");
		if (stream === undefined) this.strayMessages++;
		else this.#handler.onMedia(stream, type, timestamp, payload);
	}

	#onCommand(command: Command, streamId: number): void {
		if (command.name === "connect") {
			this.#onConnect(command);
			return;
		}
		if (this.#state !== STATE_CONNECTED)
			throw new PeerError("COMMAND_BEFORE_CONNECT", `Command ${quote(command.name)}.`);
		const { args } = command;
		switch (command.name) {
			case "createStream":
				return this.#createStream(command);
			case "deleteStream":
				return this.#deleteStream(args[0]);
			case "closeStream":
				return this.#closeStream(streamId, args[0]);
			case "releaseStream":
			case "FCPublish":
			case "FCUnpublish":
			case "FCSubscribe":
			case "FCUnsubscribe":
				return this.#encoderConvention(command);
			case "publish":
				return this.#publish(streamId, args);
			case "play":
				return this.#play(streamId, args);
			case "pause":
			case "pauseRaw":
				return this.#pause(streamId, args);
			case "seek":
				return this.#seek(streamId, args);
			case "receiveAudio":
			case "receiveVideo":
			case "receiveVideoFPS":
				return this.#receive(streamId, command.name === "receiveAudio", args[0]);
			case "getStreamLength":
				return this.sendResult(command, 0);
			case "_checkbw":
				return this.sendResult(command, undefined);
			case "_result":
			case "_error":
				this.#transactions.settle(command);
				return;
			case "initStream":
			case "onStatus":
			case "close":
				return;
			default:
				this.#handler.onCall({ name: command.name, transactionId: command.transactionId, args });
		}
	}

	#onConnect(command: Command): void {
		if (this.#state !== STATE_WAITING) throw new PeerError("CONNECT_TWICE");
		const request = readConnectRequest(command, this.#options.limits.nameLength);
		if (request === undefined) throw new PeerError("CONNECT_MALFORMED");
		this.request = request;
		this.#state = STATE_PENDING;
		this.#pending++;
		if (request.application === "") {
			this.#rejectNameless(request);
			return;
		}
		this.#handler.onConnect(request);
	}

	#createStream(command: Command): void {
		const limit = this.#options.limits.messageStreams;
		if (this.streams.size >= limit) throw new LimitError("TOO_MANY_STREAMS", `The limit is ${limit}.`);
		let id = 1;
		while (this.streams.has(id)) id++;
		this.#hold(STREAM_BYTES);
		this.streams.set(id, new ServerStream(this, id));
		// ffmpeg takes the reply only with a null before the number, and OBS expects ids in order.
		this.#sendAmf0("_result", command.transactionId, null, [id]);
	}

	/** By id; GStreamer sends the stream's name instead. */
	#deleteStream(which: AmfValue): void {
		for (const stream of [...this.streams.values()]) {
			if (stream.id !== which && !(typeof which === "string" && this.#isNamed(stream, which))) continue;
			this.#stop(stream, true);
			if (this.streams.delete(stream.id)) this.link.account.remove(STREAM_BYTES);
		}
	}

	#closeStream(streamId: number, name: AmfValue): void {
		const stream = this.streams.get(streamId);
		if (stream !== undefined) this.#stop(stream, true);
		else if (typeof name === "string") {
			for (const other of this.streams.values()) if (this.#isNamed(other, name)) this.#stop(other, true);
		}
	}

	#isNamed(stream: ServerStream, text: string): boolean {
		return stream.name === parseStreamName(text, this.#options.limits.nameLength).name;
	}

	/**
	 * FMLE's additions. An error or silence here makes Wirecast hang, so they always succeed; only `FCUnpublish` does
	 * something of its own.
	 */
	#encoderConvention(command: Command): void {
		const name = typeof command.args[0] === "string" ? command.args[0] : "";
		const plain = parseStreamName(name, this.#options.limits.nameLength).name;
		if (command.transactionId !== 0) this.#sendAmf0("_result", command.transactionId, null, [undefined]);
		const [callback, code] = ENCODER_CALLBACKS[command.name] ?? [undefined, undefined];
		if (callback !== undefined) {
			this.#sendAmf0(callback, 0, null, [{ level: "status", code, description: plain }]);
		}
		if (command.name !== "FCUnpublish") return;
		for (const stream of this.streams.values()) {
			if (stream.state === "publishing" && (plain === "" || stream.name === plain)) this.#stop(stream, true);
		}
	}

	#publish(streamId: number, args: readonly AmfValue[]): void {
		const stream = this.#streamFor(streamId);
		if (stream === undefined) return;
		const [name, mode] = args;
		if (name === false) {
			this.#stop(stream, true);
			return;
		}
		this.#stop(stream, true);
		const address = this.#address(stream, name, "NetStream.Publish.BadName");
		if (address === undefined) return;
		stream.state = "publish-pending";
		this.#pending++;
		this.#handler.onPublish(stream, {
			...address,
			mode: mode === "record" || mode === "append" || mode === "appendWithGap" ? mode : "live",
		});
	}

	#play(streamId: number, args: readonly AmfValue[]): void {
		const stream = this.#streamFor(streamId);
		if (stream === undefined) return;
		const [name, start, length, reset] = args;
		const wasPlaying = stream.state === "playing";
		this.#stop(stream, false);
		if (name === false) {
			if (wasPlaying) stream.sendStatus(stream.status("NetStream.Play.Stop", `Stopped playing ${stream.name}.`));
			return;
		}
		const address = this.#address(stream, name, "NetStream.Play.Failed");
		if (address === undefined) return;
		stream.state = "play-pending";
		this.#pending++;
		this.#handler.onPlay(stream, {
			...address,
			startMillis: playTime(start, -2000),
			lengthMillis: playTime(length, -1000),
			reset: !(reset === false || reset === 0 || reset === 2),
		});
	}

	/**
	 * Gives a stream the name and instance that it asked for. An empty name means the end of the application's path:
	 * people paste everything into the server's address and leave the key empty.
	 */
	#address(stream: ServerStream, text: AmfValue, failure: "NetStream.Publish.BadName" | "NetStream.Play.Failed") {
		const { instance, query } = this.request!;
		const address = typeof text === "string" ? parseStreamName(text, this.#options.limits.nameLength) : NO_NAME;
		const path = instance === DEFAULT_INSTANCE ? [] : instance.split("/");
		const name = address.name || (typeof text === "string" ? path.pop() : undefined);
		stream.name = name ?? "";
		if (name === undefined) {
			stream.sendStatus(stream.status(failure, "A stream needs a name."));
			return undefined;
		}
		stream.instance = path.length === 0 ? DEFAULT_INSTANCE : path.join("/");
		return { ...address, name, query: address.query || query };
	}

	/** librtmp sends pause on message stream 0: the only playing stream is meant then. */
	#pause(streamId: number, args: readonly AmfValue[]): void {
		const stream = this.#playingStream(streamId);
		if (stream === undefined) return;
		// The first argument may be missing (ActionScript 1): it toggles.
		const paused = typeof args[0] === "boolean" ? args[0] : !stream.paused;
		stream.paused = paused;
		this.#handler.onPause(stream, paused, playTime(args[1], 0));
	}

	#seek(streamId: number, args: readonly AmfValue[]): void {
		const stream = this.#playingStream(streamId);
		if (stream !== undefined) this.#handler.onSeek(stream, playTime(args[0], 0));
	}

	#receive(streamId: number, audio: boolean, value: AmfValue): void {
		const stream = this.#playingStream(streamId);
		if (stream === undefined) return;
		const wanted = value !== false && value !== 0;
		if (audio) stream.wantsAudio = wanted;
		else stream.wantsVideo = wanted;
		this.#handler.onReceiveChange(stream);
	}

	#streamFor(streamId: number): ServerStream | undefined {
		const stream = this.streams.get(streamId) ?? (this.streams.size === 1 ? [...this.streams.values()][0] : undefined);
		if (stream === undefined) {
			this.strayMessages++;
			this.sendCommand(
				"onStatus",
				0,
				null,
				[netStatus("NetStream.Failed", `Stream ${streamId} does not exist.`)],
				streamId,
			);
		}
		return stream;
	}

	#playingStream(streamId: number): ServerStream | undefined {
		const stream = this.streams.get(streamId);
		return stream?.state === "playing" ? stream : this.#onlyStream("playing");
	}

	#onlyStream(state: "playing" | "publishing"): ServerStream | undefined {
		let found: ServerStream | undefined;
		for (const stream of this.streams.values()) {
			if (stream.state !== state) continue;
			if (found !== undefined) return undefined;
			found = stream;
		}
		return found;
	}

	#stop(stream: ServerStream, tell: boolean): void {
		const { state } = stream;
		stream.state = "idle";
		if (state === "publish-pending" || state === "play-pending") this.settle();
		if (state === "publishing") {
			this.#handler.onUnpublish(stream);
			if (tell) stream.sendStatus(stream.status("NetStream.Unpublish.Success", `${stream.name} is now unpublished.`));
		} else if (state === "playing") {
			this.#handler.onStop(stream);
		}
	}

	/** Replies that every client reads: in AMF0 whatever was agreed. */
	#sendAmf0(name: string, transactionId: number, object: AmfValue, args: readonly AmfValue[]): void {
		this.link.send(COMMAND_CHUNK_STREAM, TYPE_COMMAND, 0, 0, encodeCommand(0, name, transactionId, object, args));
	}
}

const MAX_HELD_MESSAGES = 4096;
/** What a message stream costs, about. */
const STREAM_BYTES = 2 * OBJECT_OVERHEAD_BYTES;
const NO_NAME: StreamAddress = { name: "", prefix: "", query: "" };

const ENCODER_CALLBACKS: Record<string, [callback: string, code: string]> = {
	FCPublish: ["onFCPublish", "NetStream.Publish.Start"],
	FCUnpublish: ["onFCUnpublish", "NetStream.Unpublish.Success"],
	FCSubscribe: ["onFCSubscribe", "NetStream.Play.Start"],
};

function isMedia(type: number): type is MediaType {
	return type === TYPE_AUDIO || type === TYPE_VIDEO || type === TYPE_DATA || type === TYPE_DATA_AMF3;
}

/** Milliseconds; GStreamer sends the literal −2 of the specification's text, which means −2000. */
function playTime(value: AmfValue, fallback: number): number {
	if (typeof value !== "number" || !Number.isFinite(value)) return fallback;
	if (value === -1 || value === -2) return value * 1000;
	return Math.max(-2000, Math.min(value, 0xffffffff));
}

function quote(text: string): string {
	return JSON.stringify(text.slice(0, 100));
}
