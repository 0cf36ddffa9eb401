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
import { type Handshake, type LinkHandler, RtmpLink } from "./link.ts";
import { splitAggregate } from "./message/aggregate.ts";
import { type Command, commandType, decodeCommand, encodeCommand, encodeData } from "./message/command.ts";
import {
	isMedia,
	isSharedObject,
	TYPE_AGGREGATE,
	TYPE_COMMAND,
	TYPE_COMMAND_AMF3,
	TYPE_DATA,
	TYPE_SET_PEER_BANDWIDTH,
	TYPE_USER_CONTROL,
} from "./message/message-type.ts";
import {
	BANDWIDTH_DYNAMIC,
	decodeControlValue,
	encodeControlValue,
	encodeSetPeerBandwidth,
} from "./message/protocol-control.ts";
import {
	EVENT_SET_BUFFER_LENGTH,
	EVENT_STREAM_BEGIN,
	EVENT_SWF_ANSWER,
	encodeUserControl,
	type UserControl,
} from "./message/user-control.ts";
import { type NetStatus, netStatus } from "./net-status.ts";
import { PermissionGate } from "./permission-gate.ts";
import { quote } from "./quote.ts";
import type { Call, ServerConnectionHandler, ServerConnectionOptions } from "./server-connection-handler.ts";
import type { ServerStream } from "./server-stream.ts";
import { StreamCommands } from "./server-stream-commands.ts";
import { onlyStream } from "./stream-lookup.ts";
import { type Responder, TransactionTable } from "./transaction-table.ts";

export type { Call, ServerConnectionHandler, ServerConnectionOptions } from "./server-connection-handler.ts";

/** Chunk stream of commands and their replies, and that of `onStatus`, as Flash Media Server has them. */
const COMMAND_CHUNK_STREAM = 3;
const STATUS_CHUNK_STREAM = 5;
const DEFAULT_CALL_TIMEOUT_MILLIS = 60_000;
const STATE_WAITING = 0;
const STATE_PENDING = 1;
const STATE_CONNECTED = 2;
const STATE_CLOSED = 3;

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
	readonly #transactions: TransactionTable;
	#state = STATE_WAITING;
	#connectDeadline: number;
	readonly #gate: PermissionGate;
	readonly #commands: StreamCommands;

	constructor(handshake: Handshake, handler: ServerConnectionHandler, options: ServerConnectionOptions, now: number) {
		this.#handler = handler;
		this.#options = options;
		this.#amfLimits = { ...AMF_LIMITS, depth: options.limits.amfDepth };
		this.#connectDeadline = now + options.handshakeDeadlineMillis + options.connectTimeoutMillis;
		this.link = new RtmpLink(handshake, this, options, now);
		this.#transactions = new TransactionTable(
			options.callTimeoutMillis ?? DEFAULT_CALL_TIMEOUT_MILLIS,
			options.limits.pendingCalls,
		);
		this.#gate = new PermissionGate(options.limits.heldBytes, this.link.account, this.#dispatch.bind(this));
		this.#commands = new StreamCommands(this, handler, options.limits, this.#gate);
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
		const later = this.#state === STATE_WAITING ? this.#connectDeadline : this.#transactions.deadline;
		return Math.min(this.link.deadline, later);
	}

	receive(bytes: Uint8Array, now: number): void {
		this.link.receive(bytes, now);
	}

	handleTimeout(now: number): void {
		const isLate = this.#state === STATE_WAITING && now >= this.#connectDeadline;
		if (isLate) this.link.close(new PeerError("CONNECT_TIMEOUT"));
		else this.link.handleTimeout(now);
		this.#transactions.expire(now, CALL_TIMED_OUT);
	}

	/**
	 * Accepts a pending `connect`; `more` is added to the info object. Where the client's bandwidth is measured next,
	 * `isMeasured`, `onBWDone` is left to the end of that.
	 */
	acceptConnect(more?: Record<string, AmfValue>, isMeasured = false): void {
		const request = this.request;
		if (this.#state !== STATE_PENDING || request === undefined) return;
		this.#state = STATE_CONNECTED;
		const { link } = this;
		const { fmsVersion, windowAckBytes, chunkSize } = this.#options;
		link.raiseLimits();
		link.announceWindow(windowAckBytes);
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
		this.sendReply("_result", request.transactionId, server, [info]);
		// The stock `live` application calls it without a measurement; librtmp and ffmpeg answer with `_checkbw`.
		if (!isMeasured) this.sendReply("onBWDone", 0, null, []);
		this.settle();
	}

	/** Refuses a pending `connect` and ends the connection after the answer. */
	rejectConnect(status: NetStatus): void {
		if (this.#state !== STATE_PENDING || this.request === undefined) return;
		this.sendReply("_error", this.request.transactionId, null, [status]);
		this.closeGracefully();
	}

	/** As `rejectConnect`, for a request that names no application: that is the client's fault, and logged as such. */
	#rejectNameless(request: ConnectRequest): void {
		const status = netStatus("NetConnection.Connect.InvalidApp", "The address names no application.");
		this.sendReply("_error", request.transactionId, null, [status]);
		this.sendReply("close", 0, null, []);
		this.link.close(new PeerError("CONNECT_MALFORMED", "The address names no application."));
	}

	/** Says `close`, as Flash Media Server does, and ends the connection; queued output may still be sent. */
	closeGracefully(status?: NetStatus): void {
		if (status !== undefined) this.sendReply("onStatus", 0, null, [status]);
		this.sendReply("close", 0, null, []);
		this.link.close();
	}

	/** Sends the result of a call. Nothing is sent where none was wanted. */
	sendResult(call: Call, value: AmfValue): void {
		if (call.transactionId !== 0) this.sendCommand("_result", call.transactionId, null, [value]);
	}

	/** Answers a call that `handlesCall` has claimed, as without that. False: it is none of those. */
	answerCall({ name, transactionId, args }: Call): boolean {
		return StreamCommands.answers(name) && this.#commands.handle({ name, transactionId, object: null, args }, 0);
	}

	/** Whether the client may use the samples of a stream that it plays. */
	sampleAccess(stream: ServerStream): { readonly audio: boolean; readonly video: boolean } {
		return this.#handler.sampleAccess?.(stream) ?? { audio: true, video: true };
	}

	/** Tells that a call failed. */
	sendError(call: Call, status: NetStatus): void {
		if (call.transactionId !== 0) this.sendReply("_error", call.transactionId, null, [status]);
	}

	/**
	 * Calls a method of the client; `responder` gets its answer, or an error: `undefined` where the connection has ended,
	 * otherwise an info object, also when the client takes too long. False: too many calls wait already, or the
	 * connection has ended; the call was not sent.
	 *
	 * @param now the time, where that of the last input may be long past
	 * @throws UsageError AMF_UNENCODABLE for values that cannot be sent; nobody waits then
	 */
	call(name: string, args: readonly AmfValue[], responder?: Responder, now = this.link.now): boolean {
		if (this.link.closed || (responder !== undefined && this.#transactions.isFull)) {
			responder?.onError(this.link.closed ? undefined : TOO_MANY_CALLS);
			return false;
		}
		const id = responder === undefined ? 0 : this.#transactions.add(responder, now);
		try {
			this.sendCommand(name, id, null, args);
		} catch (error) {
			this.#transactions.forget(id);
			throw error;
		}
		return true;
	}

	/** Queues a command in the connection's object encoding. */
	sendCommand(name: string, transactionId: number, object: AmfValue, args: readonly AmfValue[], streamId = 0): void {
		const encoding = streamId === 0 ? this.objectEncoding : 0;
		const chunkStreamId = streamId === 0 ? COMMAND_CHUNK_STREAM : STATUS_CHUNK_STREAM;
		const payload = encodeCommand(encoding, name, transactionId, object, args, this.#options.classes);
		this.link.send(chunkStreamId, commandType(encoding), 0, streamId, payload);
	}

	/** Replies that every client reads: in AMF0 whatever was agreed. */
	sendReply(name: string, transactionId: number, object: AmfValue, args: readonly AmfValue[]): void {
		this.link.send(COMMAND_CHUNK_STREAM, TYPE_COMMAND, 0, 0, encodeCommand(0, name, transactionId, object, args));
	}

	/** Queues a data message for a stream. */
	sendData(streamId: number, handler: string, args: readonly AmfValue[]): void {
		this.link.send(STATUS_CHUNK_STREAM, TYPE_DATA, 0, streamId, encodeData(0, handler, args));
	}

	/** Queues a message about a shared object. The bytes are not copied. */
	sendSharedObject(type: 16 | 19, body: Uint8Array): void {
		this.link.send(COMMAND_CHUNK_STREAM, type, 0, 0, body);
	}

	/** A pending permission was given or refused: what was held meanwhile goes on. */
	settle(): void {
		try {
			this.#gate.settle();
		} catch (error) {
			if (!(error instanceof MillraceError)) throw error;
			this.link.close(error);
		}
	}

	onHandshakeDone(): void {
		this.#connectDeadline = this.link.now + this.#options.connectTimeoutMillis;
	}

	onUserControl(control: UserControl, payload: Uint8Array): void {
		if (control.event === EVENT_SWF_ANSWER) return this.#handler.onSwfAnswer?.(payload);
		// In its turn with the other messages, for the stream may be one that a held `createStream` makes.
		if (control.event !== EVENT_SET_BUFFER_LENGTH) return;
		this.#gate.pass(TYPE_USER_CONTROL, 0, control.value, encodeControlValue(control.extra));
	}

	onMessage(type: number, timestamp: number, streamId: number, payload: Uint8Array): void {
		this.#gate.pass(type, timestamp, streamId, payload);
	}

	onClosed(reason: MillraceError | undefined): void {
		this.#state = STATE_CLOSED;
		this.#gate.clear();
		this.#commands.stopAll();
		this.#transactions.rejectAll();
		this.#handler.onClosed(reason);
	}

	/** Counts what is kept for longer than a message takes. Throws LimitError SHARED_BYTES_SPENT. */
	hold(bytes: number): void {
		if (!this.link.account.add(bytes)) throw new LimitError("SHARED_BYTES_SPENT", `${bytes} bytes were to be held.`);
	}

	#dispatch(type: number, timestamp: number, streamId: number, payload: Uint8Array): void {
		if (type === TYPE_COMMAND || type === TYPE_COMMAND_AMF3) {
			const limits = this.#state === STATE_CONNECTED ? this.#amfLimits : AMF_LIMITS_BEFORE_CONNECT;
			const command = decodeCommand(type, payload, limits, this.#options.classes);
			// What connect says is kept for as long as the connection lasts.
			if (this.#state === STATE_WAITING) this.hold(payload.length);
			if (WAIT_FOR_CALLS.has(command.name) && this.#handler.awaitCalls?.(() => this.settle())) {
				this.#gate.putBack(type, timestamp, streamId, payload);
				return;
			}
			this.#onCommand(command, streamId);
			return;
		}
		if (type === TYPE_USER_CONTROL) {
			this.#commands.setBufferLength(streamId, decodeControlValue(payload) ?? 0);
			return;
		}
		if (this.#state !== STATE_CONNECTED) throw new PeerError("COMMAND_BEFORE_CONNECT", `Message type ${type}.`);
		if (isMedia(type)) {
			this.#onMedia(streamId, type, timestamp, payload);
		} else if (type === TYPE_AGGREGATE) {
			splitAggregate(payload, timestamp, (partType, partTime, part) => {
				if (isMedia(partType)) this.#onMedia(streamId, partType, partTime, part);
			});
		} else if (isSharedObject(type) && payload.length > 0 && this.#handler.onSharedObject !== undefined) {
			this.#handler.onSharedObject(type, payload);
		} else {
			this.strayMessages++;
		}
	}

	/** ffmpeg publishes on message stream 0 where it did not take the id: the only publishing stream is meant then. */
	#onMedia(streamId: number, type: MediaType, timestamp: number, payload: Uint8Array): void {
		const stream = streamId === 0 ? onlyStream(this.streams, "publishing") : this.streams.get(streamId);
		if (stream?.state === "publishing") this.#handler.onMedia(stream, type, timestamp, payload);
		else this.strayMessages++;
	}

	#onCommand(command: Command, streamId: number): void {
		if (command.name === "connect") {
			this.#onConnect(command);
			return;
		}
		if (this.#state !== STATE_CONNECTED)
			throw new PeerError("COMMAND_BEFORE_CONNECT", `Command ${quote(command.name)}.`);
		if (this.#handler.handlesCall?.(command.name) && StreamCommands.answers(command.name)) {
			this.#handler.onCall({ name: command.name, transactionId: command.transactionId, args: command.args });
			return;
		}
		if (this.#commands.handle(command, streamId)) return;
		switch (command.name) {
			case "_result":
			case "_error":
				this.#transactions.settle(command);
				return;
			case "initStream":
			case "onStatus":
			case "close":
				return;
			default:
				this.#handler.onCall({ name: command.name, transactionId: command.transactionId, args: command.args });
		}
	}

	#onConnect(command: Command): void {
		if (this.#state !== STATE_WAITING) throw new PeerError("CONNECT_TWICE");
		const request = this.#readConnect(command);
		this.request = request;
		this.#state = STATE_PENDING;
		this.#gate.close();
		if (request.application === "") {
			this.#rejectNameless(request);
			return;
		}
		this.#handler.onConnect(request);
	}

	#readConnect(command: Command): ConnectRequest {
		try {
			const request = readConnectRequest(command, this.#options.limits.nameLength);
			if (request === undefined) throw new PeerError("CONNECT_MALFORMED");
			return request;
		} catch (error) {
			// The client is told why before its connection ends.
			if (error instanceof PeerError) {
				const status = netStatus("NetConnection.Connect.InvalidApp", error.message);
				this.sendReply("_error", command.transactionId, null, [status]);
			}
			throw error;
		}
	}
}

/** What must find the rights and streams as the calls before it have set them. */
const WAIT_FOR_CALLS: ReadonlySet<string> = new Set(["createStream", "publish", "play", "play2"]);
const CALL_TIMED_OUT = netStatus("NetConnection.Call.Failed", "The client did not answer in time.");
const TOO_MANY_CALLS = netStatus("NetConnection.Call.Failed", "Too many calls wait for the client's answers.");
