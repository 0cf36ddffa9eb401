import { type AmfValue, decodeAmf0 } from "../amf/index.ts";
import type { MillraceError } from "../fault/index.ts";
import { ChunkReader } from "./chunk-reader.ts";
import { ChunkWriter } from "./chunk-writer.ts";
import type { ConnectRequest } from "./connect-request.ts";
import { DEFAULT_RTMP_LIMITS } from "./limits.ts";
import { decodeCommand, encodeCommand, encodeData } from "./message/command.ts";
import { TYPE_COMMAND, TYPE_COMMAND_AMF3, TYPE_DATA, TYPE_USER_CONTROL } from "./message/message-type.ts";
import { encodeControlValue } from "./message/protocol-control.ts";
import { decodeUserControl, encodeUserControl } from "./message/user-control.ts";
import { ServerConnection } from "./server-connection.ts";
import type { Call, ServerConnectionHandler, ServerConnectionOptions } from "./server-connection-handler.ts";
import { ServerHandshake } from "./server-handshake.ts";
import type { PlayRequest, PublishRequest, ServerStream } from "./server-stream.ts";

/** Length of S0, S1 and S2, and of C0, C1 and C2. */
export const HANDSHAKE_LENGTH = 3073;

export const SESSION_OPTIONS: ServerConnectionOptions = {
	handshakeTimeoutMillis: 10_000,
	handshakeDeadlineMillis: 15_000,
	pingIntervalMillis: 10_000,
	readTimeoutMillis: 30_000,
	connectTimeoutMillis: 10_000,
	chunkSize: 4096,
	windowAckBytes: 2_500_000,
	fmsVersion: "5,0,15,5004",
	clientId: "c1",
	limits: DEFAULT_RTMP_LIMITS,
};

/** What a client sends, from its handshake on. */
export class ClientScript {
	readonly #writer = new ChunkWriter();
	readonly #parts: Uint8Array[] = [new Uint8Array(HANDSHAKE_LENGTH).fill(3, 0, 1)];

	command(chunkStreamId: number, streamId: number, name: string, transaction: number, ...args: AmfValue[]): this {
		const [object = null, ...rest] = args;
		return this.message(chunkStreamId, TYPE_COMMAND, 0, streamId, encodeCommand(0, name, transaction, object, rest));
	}

	/** A command of type 17, with its objects in AMF3. */
	command3(chunkStreamId: number, streamId: number, name: string, transaction: number, ...args: AmfValue[]): this {
		const [object = null, ...rest] = args;
		const payload = encodeCommand(3, name, transaction, object, rest);
		return this.message(chunkStreamId, TYPE_COMMAND_AMF3, 0, streamId, payload);
	}

	connect(app = "live", more: Record<string, AmfValue> = {}): this {
		return this.command(3, 0, "connect", 1, { app, tcUrl: `rtmp://h/${app}`, ...more });
	}

	data(chunkStreamId: number, streamId: number, handler: string, ...args: AmfValue[]): this {
		return this.message(chunkStreamId, TYPE_DATA, 0, streamId, encodeData(0, handler, args));
	}

	control(type: number, value: number): this {
		return this.message(2, type, 0, 0, encodeControlValue(value));
	}

	userControl(event: number, value: number, extra?: number): this {
		return this.message(2, TYPE_USER_CONTROL, 0, 0, encodeUserControl(event, value, extra));
	}

	/** Announces a chunk size and uses it. */
	chunkSize(bytes: number): this {
		this.control(1, bytes);
		this.#writer.chunkSize = bytes;
		return this;
	}

	message(chunkStreamId: number, type: number, timestamp: number, streamId: number, payload: Uint8Array): this {
		return this.raw(this.#writer.write(chunkStreamId, type, timestamp, streamId, payload));
	}

	raw(bytes: Uint8Array): this {
		this.#parts.push(bytes);
		return this;
	}

	/** All bytes so far; the script goes on behind them. */
	take(): Uint8Array {
		const bytes = Uint8Array.from(this.#parts.flatMap(part => [...part]));
		this.#parts.length = 0;
		return bytes;
	}
}

/**
 * A server's connection with a handler that notes what it is told, and grants what is asked: at once, or when
 * `settleNext` is called.
 */
export class ServerSession implements ServerConnectionHandler {
	readonly events: string[] = [];
	readonly connection: ServerConnection;
	/** Permissions that wait. */
	readonly waiting: (() => void)[] = [];
	now = 0;
	output: Uint8Array = new Uint8Array(0);
	readonly #isLater: boolean;
	#forgotten = 0;

	constructor(permissions: "now" | "later" = "now", options: Partial<ServerConnectionOptions> = {}) {
		this.#isLater = permissions === "later";
		const handshake = new ServerHandshake({ random: count => new Uint8Array(count) });
		this.connection = new ServerConnection(handshake, this, { ...SESSION_OPTIONS, ...options }, this.now);
	}

	receive(bytes: Uint8Array, split?: { feed(bytes: Uint8Array, receive: (piece: Uint8Array) => void): void }): void {
		if (split === undefined) this.connection.receive(bytes, this.now);
		else split.feed(bytes, piece => this.connection.receive(piece, this.now));
		this.takeOutput();
	}

	/** Calls `handleTimeout` at each deadline up to that time, as a driver would. */
	passTo(now: number): void {
		for (let turns = 0; this.connection.deadline <= now; turns++) {
			if (turns > 1000) throw new Error(`The deadline ${this.connection.deadline} does not move.`);
			this.now = Math.max(this.now, this.connection.deadline);
			this.connection.handleTimeout(this.now);
		}
		this.now = now;
		this.takeOutput();
	}

	settleNext(): void {
		this.waiting.shift()?.();
		this.takeOutput();
	}

	takeOutput(): void {
		const joined = new Uint8Array(this.output.length + this.connection.link.outputBytes);
		joined.set(this.output);
		let offset = this.output.length;
		for (const slice of this.connection.link.takeOutput()) {
			joined.set(slice, offset);
			offset += slice.length;
		}
		this.output = joined;
	}

	/** Leaves what has happened so far out of `events` and `sent`. */
	forget(): void {
		this.events.length = 0;
		this.#forgotten += this.sent.length;
	}

	/** What was sent behind the handshake, a line a message. */
	get sent(): string[] {
		const lines: string[] = [];
		const limits = { messageBytes: 0xffffff, partialBytes: 1 << 30, chunkStreams: 64 };
		const reader = new ChunkReader(
			{ onMessage: (type, _time, streamId, payload) => lines.push(lineOf(type, streamId, payload)) },
			limits,
		);
		reader.receive(this.output.subarray(HANDSHAKE_LENGTH));
		return lines.slice(this.#forgotten);
	}

	onConnect(request: ConnectRequest): void {
		this.note(`connect ${request.application} ${request.instance} ${request.query || "-"} ${request.objectEncoding}`);
		this.grant(() => this.connection.acceptConnect());
	}

	onPublish(stream: ServerStream, { name, mode, query }: PublishRequest): void {
		this.note(`publish #${stream.id} ${name} ${mode} ${query || "-"}`);
		this.grant(() => stream.acceptPublish());
	}

	onUnpublish(stream: ServerStream): void {
		this.note(`unpublish #${stream.id} ${stream.name}`);
	}

	onPlay(stream: ServerStream, request: PlayRequest): void {
		const { name, prefix, startMillis, lengthMillis, reset, transition, oldName, offsetMillis } = request;
		// An addition to what plays has no end of its own.
		const verb = stream.state === "playing" ? (transition ?? "add") : "play";
		const how = `${startMillis} ${lengthMillis} ${reset}${request.isPaced ? "" : " at once"}`;
		const changed = transition === undefined ? "" : ` ${transition} ${oldName || "-"} ${offsetMillis}`;
		this.note(`${verb} #${stream.id} ${prefix === "" ? name : `${prefix}:${name}`} ${how}${changed}`);
		this.grant(() => stream.acceptPlay(reset));
	}

	onStop(stream: ServerStream): void {
		this.note(`stop #${stream.id} ${stream.name}`);
	}

	onPause(stream: ServerStream, paused: boolean, positionMillis: number, keepsBuffer: boolean): void {
		this.note(`pause #${stream.id} ${paused} ${positionMillis}${keepsBuffer ? " raw" : ""}`);
	}

	onSeek(stream: ServerStream, positionMillis: number): void {
		this.note(`seek #${stream.id} ${positionMillis}`);
	}

	onReceiveChange(stream: ServerStream): void {
		this.note(`receive #${stream.id} ${stream.wantsAudio} ${stream.wantsVideo}`);
	}

	onMedia(stream: ServerStream, type: number, timestamp: number, payload: Uint8Array): void {
		this.note(`media #${stream.id} ${type} ${timestamp} ${payload.length}`);
	}

	onCall({ name, transactionId, args }: Call): void {
		this.note(`call ${name} ${transactionId} ${textOf(args)}`);
	}

	onSharedObject(type: number, body: Uint8Array): void {
		this.note(`shared object ${type} ${body.length}`);
	}

	onClosed(reason: MillraceError | undefined): void {
		this.note(`closed ${reason?.code ?? "-"}`);
	}

	/** Grants now, or later. */
	grant(permission: () => void): void {
		if (this.#isLater) this.waiting.push(permission);
		else permission();
	}

	note(event: string): void {
		if (this.events.at(-1)?.startsWith("closed")) throw new Error(`After the end: ${event}`);
		this.events.push(event);
	}
}

/** A session that is connected and has one stream, and the script that goes on; what was so far is forgotten. */
export function connectedSession(
	permissions: "now" | "later" = "now",
	options: Partial<ServerConnectionOptions> = {},
): { session: ServerSession; client: ClientScript; stream: ServerStream } {
	const session = new ServerSession(permissions, options);
	const client = new ClientScript();
	session.receive(client.connect().command(3, 0, "createStream", 2).take());
	if (permissions === "later") session.settleNext();
	session.forget();
	return { session, client, stream: session.connection.streams.get(1)! };
}

const CONTROL_NAMES = ["", "chunk size", "abort", "acknowledged", "", "window", "bandwidth"];
const EVENT_NAMES = ["begin", "eof", "dry", "buffer", "recorded", "", "ping", "pong"];

function lineOf(type: number, streamId: number, payload: Uint8Array): string {
	const view = new DataView(payload.buffer, payload.byteOffset, payload.length);
	if (type === TYPE_USER_CONTROL) {
		const { event, value } = decodeUserControl(payload)!;
		return `${EVENT_NAMES[event] ?? event} ${value}`;
	}
	if (type < TYPE_USER_CONTROL || type === 5) return `${CONTROL_NAMES[type]} ${view.getUint32(0)}`;
	if (type === 6) return `bandwidth ${view.getUint32(0)} ${view.getUint8(4)}`;
	if (type === TYPE_DATA) {
		const [handler, ...values] = decodeAmf0(payload);
		return `data #${streamId} ${handler} ${textOf(values)}`;
	}
	const { name, transactionId, object, args } = decodeCommand(type, payload);
	const codes = [object, ...args].map(value => (isInfo(value) ? value["code"] : value));
	return `${type === TYPE_COMMAND_AMF3 ? "amf3 " : ""}${name} #${streamId} ${transactionId} ${textOf(codes)}`;
}

function isInfo(value: AmfValue): value is { code: string } {
	return typeof value === "object" && value !== null && "code" in value;
}

/** Values as JSON in a row; `undefined` as itself. */
function textOf(values: readonly AmfValue[]): string {
	return values.map(value => JSON.stringify(value) ?? "undefined").join(" ");
}
