import { connect, type Socket } from "node:net";
import type { AmfValue } from "@millrace/core/amf";
import { MEDIA_AUDIO, MEDIA_VIDEO, mediaFlags } from "@millrace/core/flv";
import {
	ChunkReader,
	ChunkWriter,
	ClientHandshake,
	decodeCommand,
	decodeUserControl,
	encodeCommand,
	encodeControlValue,
	encodeData,
	TYPE_AUDIO,
	TYPE_COMMAND,
	TYPE_DATA,
	TYPE_SET_CHUNK_SIZE,
	TYPE_USER_CONTROL,
	TYPE_VIDEO,
} from "@millrace/core/rtmp";

const CHUNK_SIZE = 32_000;
const WAIT_MILLIS = 15_000;

/**
 * An RTMP client that says exactly what a test tells it, and writes down what it is told, one line a message:
 * `onStatus:1 NetStream.Play.Start`, `begin:1`, `data:1 onMetaData,x`, `K7:1` (keyframe with number 7). It answers
 * nothing by itself.
 */
export class RawRtmpClient {
	/** What came since the last `take`, but for protocol control. */
	readonly events: string[] = [];
	/** The last info object of each status code. */
	readonly infos = new Map<string, Record<string, AmfValue>>();
	closed = false;
	/** Whether media is written down with its time: `K7@40:1`. */
	showsTimes = false;
	readonly #send: (bytes: Uint8Array) => void;
	readonly #handshake = new ClientHandshake({ random: count => new Uint8Array(count), nowMillis: 0 });
	readonly #writer = new ChunkWriter();
	readonly #reader = new ChunkReader(
		{ onMessage: (type, timestamp, streamId, payload) => this.#onMessage(type, timestamp, streamId, payload) },
		{ messageBytes: 0xffffff, partialBytes: 0xffffff, chunkStreams: 64 },
	);
	readonly #waiting = new Set<() => void>();
	#transaction = 1;
	#early: Uint8Array[] | undefined = [];

	/** @param send takes bytes for the server; what comes from it goes into `receive` */
	constructor(send: (bytes: Uint8Array) => void) {
		this.#send = send;
	}

	/** A client on a socket. The socket can be held with `socket.pause()`. */
	static async tcp(port: number): Promise<RawRtmpClient & { readonly socket: Socket }> {
		const socket = connect({ port, host: "127.0.0.1", noDelay: true });
		const client = Object.assign(new RawRtmpClient(bytes => socket.write(bytes)), { socket });
		socket.on("data", (bytes: Uint8Array) => client.receive(bytes));
		// A reset is an end like any other here.
		socket.on("error", () => socket.destroy());
		socket.on("close", () => client.end());
		// A server that takes nobody more may reset before the connection is seen to be open.
		await new Promise(resolve => socket.once("connect", resolve).once("close", resolve));
		if (!client.closed) client.start();
		return client;
	}

	/** The connection has ended. */
	end(): void {
		this.closed = true;
		this.#wake();
	}

	/** Says hello. */
	start(): void {
		for (const slice of this.#handshake.takeOutput()) this.#send(slice);
	}

	receive(bytes: Uint8Array): void {
		let rest = bytes;
		if (!this.#handshake.done) {
			rest = bytes.subarray(this.#handshake.receive(bytes));
			for (const slice of this.#handshake.takeOutput()) this.#send(slice);
			if (this.#handshake.done) {
				const early = this.#early ?? [];
				this.#early = undefined;
				for (const slice of early) this.#send(slice);
			}
		}
		if (rest.length > 0) this.#reader.receive(rest);
		this.#wake();
	}

	/** Sends a command with the next transaction id, or none. */
	command(streamId: number, name: string, ...args: AmfValue[]): this {
		const transaction = CALLS.includes(name) || name.startsWith("call") ? this.#transaction++ : 0;
		return this.message(TYPE_COMMAND, streamId, encodeCommand(0, name, transaction, null, args));
	}

	/** Sends one message of any type. */
	message(type: number, streamId: number, payload: Uint8Array, timestamp = 0): this {
		const chunkStream = type === TYPE_VIDEO ? 6 : type === TYPE_AUDIO ? 4 : type === TYPE_DATA ? 5 : 3;
		const bytes = this.#writer.write(chunkStream, type, timestamp, streamId, payload);
		if (this.#early === undefined) this.#send(bytes);
		else this.#early.push(bytes);
		return this;
	}

	/** Connects to an application, with a chunk size that holds every message whole. */
	connect(app: string, flashVer = "test", host = "localhost"): this {
		this.message(TYPE_SET_CHUNK_SIZE, 0, encodeControlValue(CHUNK_SIZE));
		this.#writer.chunkSize = CHUNK_SIZE;
		const object = { app, tcUrl: `rtmp://${host}/${app}`, flashVer };
		return this.message(TYPE_COMMAND, 0, encodeCommand(0, "connect", this.#transaction++, object, []));
	}

	/** Sends data as `NetStream.send` does. */
	data(streamId: number, handler: string, ...args: AmfValue[]): this {
		return this.message(TYPE_DATA, streamId, encodeData(0, handler, args));
	}

	/** Sends a video keyframe, another picture, or a sound, with a number in it. */
	media(streamId: number, name: `${"K" | "P" | "A" | "v" | "a"}${number}`, timestamp = 0, bytes = 0): this {
		const payload = new Uint8Array([...HEADS[name[0]!]!, Number(name.slice(1)), ...new Uint8Array(bytes)]);
		return this.message("Aa".includes(name[0]!) ? TYPE_AUDIO : TYPE_VIDEO, streamId, payload, timestamp);
	}

	/** Events since the last call. */
	take(): string[] {
		return this.events.splice(0);
	}

	/** Waits for an event that contains `text`, and returns all up to it. */
	async until(text: string): Promise<string[]> {
		await this.#wait(() => this.events.some(event => event.includes(text)), text);
		return this.events.splice(0, this.events.findIndex(event => event.includes(text)) + 1);
	}

	/** Waits for the end of the connection, and returns what came before. */
	async untilClosed(): Promise<string[]> {
		await this.#wait(() => this.closed, "the end of the connection");
		return this.take();
	}

	async #wait(condition: () => boolean, what: string): Promise<void> {
		const deadline = Date.now() + WAIT_MILLIS;
		while (!condition()) {
			const rest = deadline - Date.now();
			if (rest <= 0) throw new Error(`${what} did not come; there is ${JSON.stringify(this.events)}`);
			await new Promise<void>(resolve => {
				const timer = setTimeout(resolve, rest);
				this.#waiting.add(() => {
					clearTimeout(timer);
					resolve();
				});
			});
		}
	}

	#wake(): void {
		for (const resolve of this.#waiting) resolve();
		this.#waiting.clear();
	}

	/** Keeps an info object, and returns its code; `undefined` for any other value. */
	#note(value: AmfValue): string | undefined {
		if (typeof value !== "object" || value === null) return undefined;
		const info = value as Record<string, AmfValue>;
		const { code } = info;
		if (typeof code !== "string") return undefined;
		this.infos.set(code, info);
		return code;
	}

	#onMessage(type: number, timestamp: number, streamId: number, payload: Uint8Array): void {
		if (type === TYPE_COMMAND) {
			const { name, args } = decodeCommand(type, payload);
			const [info] = args;
			const code = this.#note(info) ?? (typeof info === "object" ? undefined : info);
			this.events.push(`${name}${streamId === 0 ? "" : `:${streamId}`}${code === undefined ? "" : ` ${code}`}`);
		} else if (type === TYPE_DATA) {
			const { name, args } = decodeCommand(TYPE_COMMAND, dataAsCommand(payload));
			this.events.push(`data:${streamId} ${[name, ...args.map(value => this.#note(value) ?? value)].join()}`);
		} else if (type === TYPE_USER_CONTROL) {
			const control = decodeUserControl(payload);
			const name = control?.event === 0 ? "begin" : control?.event === 1 ? "eof" : `control${control?.event}`;
			this.events.push(`${name}:${control?.value}`);
		} else if (type === TYPE_AUDIO || type === TYPE_VIDEO) {
			const time = this.showsTimes ? `@${timestamp}` : "";
			this.events.push(`${letterOf(type, payload)}${payload[type === TYPE_AUDIO ? 2 : 5]}${time}:${streamId}`);
		}
	}
}

/** Commands that want an answer. */
const CALLS = ["connect", "createStream", "getStreamLength"];

const HEADS: Record<string, number[]> = {
	K: [0x17, 1, 0, 0, 0],
	P: [0x27, 1, 0, 0, 0],
	v: [0x17, 0, 0, 0, 0],
	A: [0xaf, 1],
	a: [0xaf, 0],
};

function letterOf(type: number, payload: Uint8Array): string {
	const flags = mediaFlags(type === TYPE_AUDIO ? MEDIA_AUDIO : MEDIA_VIDEO, payload);
	if (type === TYPE_AUDIO) return (flags & 2) !== 0 ? "a" : "A";
	return (flags & 2) !== 0 ? "v" : (flags & 1) !== 0 ? "K" : "P";
}

/** A data message has neither a transaction id nor a command object: both are put behind the name. */
function dataAsCommand(payload: Uint8Array): Uint8Array {
	const nameEnd = 3 + ((payload[1]! << 8) | payload[2]!);
	const middle = [0, 0, 0, 0, 0, 0, 0, 0, 0, 5];
	return new Uint8Array([...payload.subarray(0, nameEnd), ...middle, ...payload.subarray(nameEnd)]);
}
