import type { AmfObject, AmfValue } from "../amf/index.ts";
import type { MediaType } from "../flv/index.ts";
import { framedLength, frameInto } from "./chunk-frame.ts";
import type { ClientConnection } from "./client-connection.ts";
import { encodeCommand, encodeData } from "./message/command.ts";
import { TYPE_COMMAND, TYPE_DATA, TYPE_DATA_AMF3, TYPE_USER_CONTROL, TYPE_VIDEO } from "./message/message-type.ts";
import { EVENT_SET_BUFFER_LENGTH, encodeUserControl } from "./message/user-control.ts";
import type { NetStatus } from "./net-status.ts";

/**
 * What a client's stream reports. Methods may send or close; they must not call `receive`, `handleTimeout` or
 * `takeOutput`.
 */
export interface ClientStreamHandler {
	/** The server gave the stream its id; what was asked before has been sent. */
	onCreated(stream: ClientStream): void;
	/** The server refused to create the stream. It is of no further use. */
	onCreateFailed(info: NetStatus): void;
	/** An info object, as it came. */
	onStatus(info: NetStatus): void;
	/**
	 * Audio, video and data; parts of aggregates singly.
	 *
	 * @param timestamp milliseconds modulo 2^32
	 */
	onMedia(type: MediaType, timestamp: number, payload: Uint8Array): void;
	/** A user control event about this stream, one of the `EVENT_…` numbers. */
	onEvent(event: number): void;
	/** The stream was deleted, or its connection has ended. */
	onClosed(): void;
}

/** `live` is what servers take where the kind is missing or unknown. */
export type PublishMode = "live" | "record" | "append" | "appendWithGap";

/** Chunk streams of a stream's commands, of audio and data, and of video, as ffmpeg has them. */
const STREAM_COMMAND_CHUNK_STREAM = 8;
const AUDIO_CHUNK_STREAM = 4;
const VIDEO_CHUNK_STREAM = 6;

/**
 * One message stream of a client's connection: what a NetStream is on the wire. Commands that are given before the
 * server has created the stream are sent in order afterwards; media is dropped meanwhile.
 */
export class ClientStream {
	readonly connection: ClientConnection;
	readonly handler: ClientStreamHandler;
	/** Media messages that could not be sent, since the stream was not there yet or not any more. */
	droppedMessages = 0;
	#id: number | undefined;
	#closed = false;
	#waiting: (() => void)[] = [];

	/** Streams are made by `ClientConnection.createStream`. */
	constructor(connection: ClientConnection, handler: ClientStreamHandler) {
		this.connection = connection;
		this.handler = handler;
	}

	/** Message stream id; `undefined` before the server has given it. */
	get id(): number | undefined {
		return this.#id;
	}

	get closed(): boolean {
		return this.#closed;
	}

	/** Called by the connection: the server has answered `createStream`. */
	open(id: number): void {
		this.#id = id;
		const waiting = this.#waiting;
		this.#waiting = [];
		for (const action of waiting) action();
		if (!this.#closed) this.handler.onCreated(this);
	}

	/** Called by the connection: nothing more will come. */
	end(): void {
		if (this.#closed) return;
		this.#closed = true;
		this.#waiting = [];
		this.handler.onClosed();
	}

	/**
	 * Plays a stream, or stops with `false`. Times are in milliseconds, as they stand on the wire: a start of −2000 means
	 * live or recorded, −1000 live only; a length of −1000 means all. What is left out is not sent, but for the start.
	 */
	play(name: string | false, startMillis = -2000, lengthMillis?: number, reset?: boolean | number): void {
		const args: AmfValue[] = name === false ? [false] : [name, startMillis];
		if (name !== false && (lengthMillis !== undefined || reset !== undefined)) args.push(lengthMillis ?? -1000);
		if (name !== false && reset !== undefined) args.push(reset);
		this.#command("play", args);
	}

	/**
	 * Changes what is played: `streamName`, `oldStreamName`, `start`, `len`, `offset`, `transition`. Unlike those of
	 * `play`, the times are in seconds, for Flash Player sends the program's object as it is.
	 */
	play2(options: AmfObject): void {
		this.#command("play2", [options]);
	}

	/** Publishes under a name, or stops with `false`. Our chunk size is announced before the first time. */
	publish(name: string | false, mode: PublishMode = "live"): void {
		if (name !== false) this.#whenOpen(() => this.connection.announceChunkSize());
		this.#command("publish", name === false ? [false] : [name, mode]);
	}

	pause(paused: boolean, positionMillis: number): void {
		this.#command("pause", [paused, positionMillis]);
	}

	seek(positionMillis: number): void {
		this.#command("seek", [positionMillis]);
	}

	receiveAudio(wanted: boolean): void {
		this.#command("receiveAudio", [wanted]);
	}

	receiveVideo(wanted: boolean): void {
		this.#command("receiveVideo", [wanted]);
	}

	/** Stops playing or publishing; the stream can be used again. */
	closeStream(): void {
		this.#command("closeStream", []);
	}

	/** Stops, and gives the id back to the server. Statuses that answer it still come to the handler. */
	delete(): void {
		if (this.#closed) return;
		this.#whenOpen(() => {
			this.#send("closeStream", []);
			// RTMP 1.0 errata §8.3: on message stream 0.
			this.connection.sendCommand("deleteStream", 0, null, [this.#id!]);
			this.end();
		});
	}

	/** Tells the server how much is buffered here (RTMP 1.0 §7.1.7). */
	setBufferLength(millis: number): void {
		this.#whenOpen(() =>
			this.connection.link.sendControl(
				TYPE_USER_CONTROL,
				encodeUserControl(EVENT_SET_BUFFER_LENGTH, this.#id!, Math.max(0, Math.min(Math.round(millis), 0xffffffff))),
			),
		);
	}

	/**
	 * Sends a data message with the given time in milliseconds: `handler` is called at those who play.
	 *
	 * @returns the bytes of its payload
	 */
	sendData(handler: string, args: readonly AmfValue[], timestamp: number): number {
		const { objectEncoding } = this.connection;
		const type = objectEncoding === 3 ? TYPE_DATA_AMF3 : TYPE_DATA;
		const payload = encodeData(objectEncoding, handler, args, this.connection.classes);
		this.#whenOpen(() => this.sendMedia(type, timestamp, payload));
		return payload.length;
	}

	/**
	 * Queues one message with a full header, so that its bytes depend on no other message. False: it was dropped.
	 *
	 * @param timestamp milliseconds; sent modulo 2^32
	 */
	sendMedia(type: MediaType, timestamp: number, payload: Uint8Array): boolean {
		const id = this.#id;
		if (id === undefined || this.#closed) {
			this.droppedMessages++;
			return false;
		}
		const { link } = this.connection;
		const time = timestamp >>> 0;
		const chunkStream = type === TYPE_VIDEO ? VIDEO_CHUNK_STREAM : AUDIO_CHUNK_STREAM;
		const block = new Uint8Array(framedLength(payload.length, time, link.chunkSize));
		frameInto(block, 0, chunkStream, type, time, id, payload, link.chunkSize);
		link.sendFramed(block);
		return true;
	}

	#command(name: string, args: readonly AmfValue[]): void {
		this.#whenOpen(() => this.#send(name, args));
	}

	/** Stream commands hold plain values only, so AMF0 says them to every server. */
	#send(name: string, args: readonly AmfValue[]): void {
		const payload = encodeCommand(0, name, 0, null, args);
		this.connection.link.send(STREAM_COMMAND_CHUNK_STREAM, TYPE_COMMAND, 0, this.#id!, payload);
	}

	#whenOpen(action: () => void): void {
		if (this.#closed) return;
		if (this.#id === undefined) this.#waiting.push(action);
		else action();
	}
}
