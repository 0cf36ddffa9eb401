import {
	type AmfClassRegistry,
	AmfEcmaArray,
	type AmfObject,
	AmfTypedObject,
	type AmfValue,
	type ObjectEncoding,
} from "../amf/index.ts";
import { type MillraceError, TransportError, UsageError } from "../fault/index.ts";
import type { MediaType } from "../flv/index.ts";
import { ClientStream, type ClientStreamHandler } from "./client-stream.ts";
import { type Handshake, type LinkHandler, type LinkOptions, RtmpLink } from "./link.ts";
import { splitAggregate } from "./message/aggregate.ts";
import { type Command, commandType, decodeCommand, encodeCommand } from "./message/command.ts";
import {
	isSharedObject,
	TYPE_AGGREGATE,
	TYPE_AUDIO,
	TYPE_COMMAND,
	TYPE_COMMAND_AMF3,
	TYPE_DATA,
	TYPE_DATA_AMF3,
	TYPE_USER_CONTROL,
	TYPE_VIDEO,
} from "./message/message-type.ts";
import { EVENT_SWF_REQUEST, type UserControl } from "./message/user-control.ts";
import { type NetStatus, netStatus } from "./net-status.ts";
import type { Call } from "./server-connection.ts";
import type { SwfIdentity } from "./swf-file.ts";
import { encodeSwfAnswer, isKnownSwfRequest } from "./swf-verification.ts";
import { type Responder, TransactionTable } from "./transaction-table.ts";

/** What a client says in `connect` (RTMP 1.0 §7.2.1.1). */
export type ConnectParameters = {
	/** The address's path without its first slash, with the query. */
	readonly app: string;
	readonly tcUrl: string;
	/** Default `WIN 32,0,0,465`, the last Flash Player. Encoders say `FMLE/3.0 (compatible; …)`. */
	readonly flashVer?: string;
	/** Default 0. The server may answer 0 where 3 was asked for. */
	readonly objectEncoding?: ObjectEncoding;
	/** Further members of the command object, or other values for those that are always sent. */
	readonly properties?: AmfObject;
	/** The file that a server's request for SWF verification is answered with. Default: such requests are not answered. */
	readonly swf?: SwfIdentity;
	/** What follows the command object: the application's `onConnect` gets it. */
	readonly args?: readonly AmfValue[];
};

/**
 * What a client's connection reports. Methods may send or close; they must not call `receive`, `handleTimeout` or
 * `takeOutput`. What concerns one stream goes to that stream's handler.
 */
export interface ClientConnectionHandler {
	/** The handshake is done and `connect` is about to be sent; the connection may still be closed instead. */
	onHandshakeDone?(): void;
	/**
	 * The server accepted.
	 *
	 * @param info the info object, as it came
	 * @param properties what else the server told of itself (`fmsVer`, `capabilities`), or `null`
	 */
	onConnectSuccess(info: NetStatus, properties: AmfValue): void;
	/** The server refused, and `onClosed` follows. */
	onConnectReject(info: NetStatus): void;
	/** A status of the connection itself, such as `NetConnection.Connect.AppShutdown`. */
	onStatus(info: NetStatus): void;
	/** The server calls a method; `sendResult` or `sendError` answers it. */
	onCall(call: Call): void;
	/**
	 * A message about a shared object, of type 19 or 16 (`@millrace/core/shared-object` reads it). What it throws as a
	 * `PeerError` ends the connection. Without this method such messages are left out.
	 */
	onSharedObject?(type: 16 | 19, body: Uint8Array): void;
	onClosed(reason: MillraceError | undefined): void;
}

export type ClientConnectionOptions = LinkOptions & {
	/** Longest wait for the answer to `connect`, in milliseconds. */
	readonly connectTimeoutMillis: number;
	/** Our chunk size while publishing, in bytes, at most 32,767: a widespread analyser misreads larger ones. */
	readonly chunkSize: number;
	/** The classes that typed objects become, and whose instances are sent under their names. Default: none. */
	readonly classes?: AmfClassRegistry | undefined;
};

const DEFAULT_FLASH_VERSION = "WIN 32,0,0,465";
const COMMAND_CHUNK_STREAM = 3;
/** What waits for the connection, and who is told when it cannot be sent. */
type QueuedCommand = { readonly send: () => void; readonly responder: Responder | undefined };

const MAX_QUEUED_COMMANDS = 10_000;
const STATE_WAITING = 0;
const STATE_CONNECTED = 1;
const STATE_OVER = 2;

/**
 * The client's side of one RTMP connection, without I/O (`RtmpLink` says how it is driven). `connect` is sent as soon
 * as the handshake is done. Commands that are given before the server has accepted are sent in order afterwards.
 */
export class ClientConnection implements LinkHandler {
	readonly link: RtmpLink;
	/** The streams that the server has created, by id; deleted ones until their id is given anew. */
	readonly streams = new Map<number, ClientStream>();
	/** Media and events that named no stream of this connection, and messages of unknown type. */
	strayMessages = 0;

	readonly #handler: ClientConnectionHandler;
	readonly #options: ClientConnectionOptions;
	readonly #request: ConnectParameters;
	readonly #transactions = new TransactionTable();
	/** Streams whose `createStream` is not answered yet. */
	readonly #creating = new Set<ClientStream>();
	#state = STATE_WAITING;
	#connectTransaction = -1;
	#answerDeadline = Number.POSITIVE_INFINITY;
	#objectEncoding: ObjectEncoding = 0;
	#queue: QueuedCommand[] = [];

	constructor(
		handshake: Handshake,
		request: ConnectParameters,
		handler: ClientConnectionHandler,
		options: ClientConnectionOptions,
		now: number,
	) {
		this.#handler = handler;
		this.#request = request;
		this.#options = options;
		this.link = new RtmpLink(handshake, this, options, now);
	}

	/** True from the server's acceptance to the end. */
	get connected(): boolean {
		return this.#state === STATE_CONNECTED;
	}

	/** What was agreed; 0 before that. */
	get objectEncoding(): ObjectEncoding {
		return this.#objectEncoding;
	}

	/** The classes that are known by name. */
	get classes(): AmfClassRegistry | undefined {
		return this.#options.classes;
	}

	/** When `handleTimeout` must be called at the latest. */
	get deadline(): number {
		return this.#state === STATE_WAITING ? Math.min(this.link.deadline, this.#answerDeadline) : this.link.deadline;
	}

	receive(bytes: Uint8Array, now: number): void {
		this.link.receive(bytes, now);
	}

	handleTimeout(now: number): void {
		if (this.#state === STATE_WAITING && now >= this.#answerDeadline) {
			this.link.close(new TransportError("CONNECT_FAILED", "The server did not answer `connect` in time."));
			return;
		}
		this.link.handleTimeout(now);
	}

	/** Asks the server for a stream. It can be used at once; its commands wait for the server's answer. */
	createStream(handler: ClientStreamHandler): ClientStream {
		const stream = new ClientStream(this, handler);
		if (this.link.closed) {
			stream.end();
			return stream;
		}
		this.#creating.add(stream);
		this.#whenConnected(() => {
			const transaction = this.#transactions.add({
				onResult: value => this.#onStreamCreated(stream, value),
				onError: value => this.#onStreamRefused(stream, value),
			});
			this.#sendAmf0("createStream", transaction, null, []);
		});
		return stream;
	}

	/** Calls a method of the server's application; `responder` gets its answer. */
	call(name: string, args: readonly AmfValue[], responder?: Responder): void {
		if (this.link.closed) {
			responder?.onError(undefined);
			return;
		}
		this.#whenConnected(() => this.sendCommand(name, 0, null, args, responder), responder);
	}

	/** Sends the result of a server's call. Nothing is sent where none was wanted. */
	sendResult(call: Call, value: AmfValue): void {
		if (call.transactionId !== 0) this.sendCommand("_result", call.transactionId, null, [value]);
	}

	/** Tells that a server's call failed. */
	sendError(call: Call, status: NetStatus): void {
		if (call.transactionId !== 0) this.sendCommand("_error", call.transactionId, null, [status]);
	}

	/** Queues a command on message stream 0, in the agreed encoding. With a responder it gets a transaction of its own. */
	sendCommand(
		name: string,
		transactionId: number,
		object: AmfValue,
		args: readonly AmfValue[],
		responder?: Responder,
	): void {
		const encoding = this.#objectEncoding;
		const id = responder === undefined ? transactionId : this.#transactions.add(responder);
		let payload: Uint8Array;
		try {
			payload = encodeCommand(encoding, name, id, object, args, this.classes);
		} catch (error) {
			if (responder !== undefined) this.#transactions.forget(id);
			throw error;
		}
		this.link.send(COMMAND_CHUNK_STREAM, commandType(encoding), 0, 0, payload);
	}

	/** Queues a message about a shared object; the server takes it once it has accepted. The bytes are not copied. */
	sendSharedObject(type: 16 | 19, body: Uint8Array): void {
		this.link.send(COMMAND_CHUNK_STREAM, type, 0, 0, body);
	}

	/** Announces our chunk size, unless that is done. */
	announceChunkSize(): void {
		if (this.link.chunkSize !== this.#options.chunkSize) this.link.setChunkSize(this.#options.chunkSize);
	}

	/** Ends the connection; queued output may still be sent. */
	close(reason?: MillraceError): void {
		this.link.close(reason);
	}

	onHandshakeDone(): void {
		this.#handler.onHandshakeDone?.();
		if (this.link.closed) return;
		const { app, tcUrl, flashVer, objectEncoding, properties, args } = this.#request;
		this.#answerDeadline = this.link.now + this.#options.connectTimeoutMillis;
		this.#connectTransaction = this.#transactions.add(NOBODY);
		// The members and their order are Flash Player's; its `swfUrl` and `pageUrl` come in `properties`.
		const object: AmfObject = {
			app,
			flashVer: flashVer ?? DEFAULT_FLASH_VERSION,
			tcUrl,
			fpad: false,
			capabilities: 239,
			audioCodecs: 3575,
			videoCodecs: 252,
			videoFunction: 1,
			objectEncoding: objectEncoding ?? 0,
			...properties,
		};
		this.#sendAmf0("connect", this.#connectTransaction, object, args ?? []);
	}

	onUserControl(control: UserControl, payload: Uint8Array): void {
		if (control.event === EVENT_SWF_REQUEST) return this.#answerSwfRequest(payload);
		// Stream Begin for stream 0 says only that the connection is ready.
		if (control.value === 0) return;
		const stream = this.#openStream(control.value);
		if (stream === undefined) this.strayMessages++;
		else stream.handler.onEvent(control.event);
	}

	onMessage(type: number, timestamp: number, streamId: number, payload: Uint8Array): void {
		switch (type) {
			case TYPE_COMMAND:
			case TYPE_COMMAND_AMF3:
				this.#onCommand(decodeCommand(type, payload, undefined, this.classes), streamId);
				return;
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
				if (isSharedObject(type) && this.#handler.onSharedObject !== undefined)
					this.#handler.onSharedObject(type, payload);
				else this.strayMessages++;
		}
	}

	onClosed(reason: MillraceError | undefined): void {
		this.#state = STATE_OVER;
		const queue = this.#queue;
		this.#queue = [];
		for (const { responder } of queue) responder?.onError(undefined);
		for (const stream of [...this.#creating, ...this.streams.values()]) stream.end();
		this.#creating.clear();
		this.streams.clear();
		this.#transactions.rejectAll();
		this.#handler.onClosed(reason);
	}

	#answerSwfRequest(payload: Uint8Array): void {
		const { swf } = this.#request;
		const { verificationKey } = this.link;
		if (swf === undefined || verificationKey === undefined || !isKnownSwfRequest(payload)) return;
		this.link.sendControl(TYPE_USER_CONTROL, encodeSwfAnswer(swf, verificationKey));
	}

	#onMedia(streamId: number, type: MediaType, timestamp: number, payload: Uint8Array): void {
		const stream = this.#openStream(streamId);
		if (stream === undefined) this.strayMessages++;
		else stream.handler.onMedia(type, timestamp, payload);
	}

	#onCommand(command: Command, streamId: number): void {
		switch (command.name) {
			case "_result":
			case "_error":
				this.#onAnswer(command);
				return;
			case "onStatus":
				this.#onStatus(streamId, readInfo(command));
				return;
			case "close":
				this.link.close();
				return;
			default:
				this.#handler.onCall({ name: command.name, transactionId: command.transactionId, args: command.args });
		}
	}

	#onAnswer(command: Command): void {
		if (command.transactionId !== this.#connectTransaction) {
			// Some servers put the one value where the command object belongs.
			const args = command.args.length > 0 ? command.args : [command.object];
			if (this.#transactions.settle({ ...command, args })) return;
			// A call without a responder has no transaction: that it failed is a status of the connection.
			const info = command.name === "_error" && command.transactionId === 0 ? readInfo(command) : undefined;
			if (info === undefined) this.strayMessages++;
			else this.#handler.onStatus(info);
			return;
		}
		if (this.#state !== STATE_WAITING) return;
		const info = readInfo(command);
		if (command.name === "_error" || isRefusal(info)) this.#rejected(info);
		else this.#accepted(command, info);
	}

	#accepted(command: Command, info: NetStatus | undefined): void {
		this.#state = STATE_CONNECTED;
		this.link.raiseLimits();
		// The first figure of the round trip; the following come by themselves.
		this.link.ping(this.link.now, () => undefined);
		this.#transactions.settle(command);
		// Never 3 where 0 was asked for, whatever the server says; a server that says nothing speaks AMF0.
		if (this.#request.objectEncoding === 3 && info?.["objectEncoding"] === 3) this.#objectEncoding = 3;
		const properties = command.args.length > 0 ? command.object : null;
		this.#handler.onConnectSuccess(info ?? netStatus("NetConnection.Connect.Success"), properties);
		while (this.#queue.length > 0 && !this.link.closed) this.#sendQueued(this.#queue.shift()!);
	}

	/** A value that the agreed encoding cannot hold is the caller's fault and must not end the connection. */
	#sendQueued(command: QueuedCommand): void {
		try {
			command.send();
		} catch (error) {
			if (!(error instanceof UsageError)) throw error;
			command.responder?.onError(netStatus("NetConnection.Call.Failed", error.message));
		}
	}

	#rejected(info: NetStatus | undefined): void {
		this.#state = STATE_OVER;
		this.#handler.onConnectReject(info ?? netStatus("NetConnection.Connect.Rejected"));
		this.link.close();
	}

	/**
	 * By message stream id. Servers exist that send a stream's status on stream 0: where there is one stream only, it is
	 * meant.
	 */
	#onStatus(streamId: number, info: NetStatus | undefined): void {
		if (info === undefined) {
			this.strayMessages++;
			return;
		}
		const isOfStream = info.code.startsWith("NetStream.");
		const known = streamId !== 0 || isOfStream ? this.streams.get(streamId) : undefined;
		const stream = known ?? (isOfStream ? this.#openStream(streamId) : undefined);
		if (stream !== undefined) stream.handler.onStatus(info);
		else if (this.#state === STATE_WAITING && isRefusal(info)) this.#rejected(info);
		else this.#handler.onStatus(info);
	}

	#onStreamCreated(stream: ClientStream, value: AmfValue): void {
		this.#creating.delete(stream);
		if (typeof value !== "number" || !(value > 0) || this.streams.get(value)?.closed === false) {
			const text = `The server answered createStream with ${String(value)}.`;
			stream.handler.onCreateFailed(netStatus("NetStream.Failed", text));
			stream.end();
			return;
		}
		this.streams.set(value, stream);
		stream.open(value);
	}

	#onStreamRefused(stream: ClientStream, value: AmfValue): void {
		if (!this.#creating.delete(stream)) return;
		stream.handler.onCreateFailed(asInfo(value) ?? netStatus("NetStream.Failed", "The server created no stream."));
		stream.end();
	}

	/** The stream of that id, or the only one that is open: some servers always say 1. */
	#openStream(streamId: number): ClientStream | undefined {
		const stream = this.streams.get(streamId);
		if (stream !== undefined) return stream.closed ? undefined : stream;
		let only: ClientStream | undefined;
		for (const other of this.streams.values()) {
			if (other.closed) continue;
			if (only !== undefined) return undefined;
			only = other;
		}
		return only;
	}

	#whenConnected(send: () => void, responder?: Responder): void {
		// While the queue is being sent, what a handler adds goes behind it.
		if (this.#state === STATE_CONNECTED && this.#queue.length === 0) {
			send();
			return;
		}
		if (this.#queue.length >= MAX_QUEUED_COMMANDS) {
			throw new UsageError("USAGE", `${MAX_QUEUED_COMMANDS} calls wait for the connection already.`);
		}
		this.#queue.push({ send, responder });
	}

	/** What every server reads: in AMF0 whatever was agreed. */
	#sendAmf0(name: string, transactionId: number, object: AmfValue, args: readonly AmfValue[]): void {
		const payload = encodeCommand(0, name, transactionId, object, args, this.classes);
		this.link.send(COMMAND_CHUNK_STREAM, TYPE_COMMAND, 0, 0, payload);
	}
}

const NOBODY: Responder = { onResult: () => undefined, onError: () => undefined };

function isMedia(type: number): type is MediaType {
	return type === TYPE_AUDIO || type === TYPE_VIDEO || type === TYPE_DATA || type === TYPE_DATA_AMF3;
}

/** A refusal of `connect`, by code; a server that answers `_result` with one means it. */
function isRefusal(info: NetStatus | undefined): boolean {
	return info !== undefined && REFUSALS.has(info.code);
}

const REFUSALS: ReadonlySet<string> = new Set([
	"NetConnection.Connect.Rejected",
	"NetConnection.Connect.InvalidApp",
	"NetConnection.Connect.Failed",
	"NetConnection.Connect.AppShutdown",
]);

/** The info object of a reply or status: the first argument, or what stands in the command object's place. */
function readInfo(command: Command): NetStatus | undefined {
	return asInfo(command.args[0]) ?? asInfo(command.object);
}

/** A value with a `code`, as an object; what is missing beside it is empty. */
function asInfo(value: AmfValue): NetStatus | undefined {
	let members: AmfObject;
	if (value instanceof AmfEcmaArray) members = value.toObject();
	else if (value instanceof AmfTypedObject) members = value.members;
	else if (typeof value === "object" && value !== null && Object.getPrototypeOf(value) === null) {
		members = value as AmfObject;
	} else return undefined;
	const { code, level, description } = members;
	if (typeof code !== "string") return undefined;
	if (typeof level === "string" && typeof description === "string") return members as NetStatus;
	return {
		...members,
		level: typeof level === "string" ? level : "status",
		code,
		description: typeof description === "string" ? description : "",
	};
}
