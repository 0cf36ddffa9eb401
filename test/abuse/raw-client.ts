import { connect, type Socket } from "node:net";
import { type AmfValue, encodeValues } from "@millrace/core/amf";
import {
	ChunkReader,
	ChunkWriter,
	type Command,
	decodeCommand,
	TYPE_COMMAND,
	TYPE_COMMAND_AMF3,
	TYPE_SET_CHUNK_SIZE,
} from "@millrace/core/rtmp";

/** One message as the server sent it. */
export type ReceivedMessage = {
	readonly type: number;
	readonly timestamp: number;
	readonly streamId: number;
	readonly payload: Uint8Array;
};

/** How bytes are put on the wire: at once, one by one, or cut at random places. */
export type Delivery = "whole" | "bytewise" | "split";

const REPLY_BYTES = 3073;
const ANSWER_MILLIS = 15_000;

/**
 * A peer without manners: it sends any bytes at any time, and otherwise speaks enough RTMP to get to the state in which
 * it wants to misbehave. Nothing that the server does makes it throw, except answers that it was told to wait for.
 */
export class RawClient {
	readonly socket: Socket;
	/** Where it connects from, by which its lines in the server's log are found. */
	readonly address: string;
	/** Resolves when the connection is closed, by whoever. */
	readonly closed: Promise<void>;
	/** Frames `message` and `command`. */
	readonly writer = new ChunkWriter();
	/** What the server answered to the handshake: S0, S1 and S2. */
	readonly reply = new Uint8Array(REPLY_BYTES);
	/** Takes every message as it comes; the default keeps commands for `waitForCommand`. */
	onMessage: (message: ReceivedMessage) => void = message => this.#keep(message);
	/** Takes everything that comes, for those who do not speak RTMP. */
	onBytes: ((bytes: Uint8Array) => void) | undefined;
	isClosed = false;
	#replied = 0;
	#transaction = 1;
	readonly #commands: Command[] = [];
	readonly #waiting = new Set<() => void>();
	readonly #reader = new ChunkReader(
		{
			onMessage: (type, timestamp, streamId, payload) => {
				if (type !== TYPE_SET_CHUNK_SIZE) this.onMessage({ type, timestamp, streamId, payload });
			},
		},
		{ messageBytes: 0xffffff, partialBytes: 64 * 1024 * 1024, chunkStreams: 64 },
	);

	private constructor(socket: Socket, address: string) {
		this.socket = socket;
		this.address = address;
		socket.setNoDelay(true);
		// A server that closes on unread bytes resets the connection: that is its right here.
		socket.on("error", () => {});
		socket.on("data", (bytes: Uint8Array) => this.#receive(bytes));
		this.closed = new Promise(resolve => {
			socket.once("close", () => {
				this.isClosed = true;
				this.#wake();
				resolve();
			});
		});
	}

	/** Connects from an address of 127.0.0.0/8. Throws where nothing accepts. */
	static open(port: number, address: string): Promise<RawClient> {
		return new Promise((resolve, reject) => {
			const socket = connect({ host: "127.0.0.1", port, localAddress: address });
			const client = new RawClient(socket, address);
			socket.once("connect", () => resolve(client));
			socket.once("error", reject);
		});
	}

	/** Sends bytes; false while the server does not read. */
	send(bytes: Uint8Array): boolean {
		return this.socket.writable && this.socket.write(bytes);
	}

	/** Sends bytes, and waits for as long as the server does not read. Returns early when the connection ends. */
	async sendAll(bytes: Uint8Array): Promise<void> {
		if (this.send(bytes) || !this.socket.writable) return;
		await Promise.race([new Promise<void>(resolve => this.socket.once("drain", () => resolve())), this.closed]);
	}

	/** Sends bytes in pieces. */
	async deliver(bytes: Uint8Array, delivery: Delivery): Promise<void> {
		let state = bytes.length;
		for (let from = 0; from < bytes.length && this.socket.writable; ) {
			state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
			const size = delivery === "whole" ? bytes.length : delivery === "bytewise" ? 1 : 1 + ((state >>> 16) % 97);
			await this.sendAll(bytes.subarray(from, from + size));
			if (delivery !== "whole") await new Promise(resolve => setImmediate(resolve));
			from += size;
		}
	}

	/** The plain handshake. */
	async handshake(): Promise<void> {
		this.send(PLAIN_HANDSHAKE);
		await this.until(() => this.#replied === REPLY_BYTES, "S0, S1 and S2");
	}

	/** `connect` to an application, until it is accepted. */
	async connect(app = "live"): Promise<void> {
		this.send(this.command("connect", 1, { app, tcUrl: `rtmp://127.0.0.1/${app}` }));
		await this.waitForCommand("_result", 1);
	}

	async createStream(): Promise<number> {
		const id = await this.call("createStream");
		return typeof id === "number" ? id : -1;
	}

	async publish(name: string, streamId = 1): Promise<void> {
		this.send(this.command("publish", 0, null, [name, "live"], streamId));
		await this.waitForStatus("NetStream.Publish.Start");
	}

	async play(name: string, streamId = 1): Promise<void> {
		this.send(this.command("play", 0, null, [name], streamId));
		await this.waitForStatus("NetStream.Play.Start");
	}

	/** Calls a method and returns its result; throws where the answer is not a `_result`. */
	async call(name: string, ...args: AmfValue[]): Promise<AmfValue> {
		const transactionId = ++this.#transaction + 1_000_000;
		this.send(this.command(name, transactionId, null, args));
		return (await this.waitForCommand("_result", transactionId)).args[0];
	}

	/** A message in chunks, not yet sent. */
	message(type: number, payload: Uint8Array, streamId = 0, timestamp = 0, chunkStreamId = 3): Uint8Array {
		return this.writer.write(chunkStreamId, type, timestamp, streamId, payload);
	}

	/** A command message in chunks, not yet sent. */
	command(name: string, transactionId: number, object: AmfValue, args: readonly AmfValue[] = [], streamId = 0) {
		return this.message(TYPE_COMMAND, encodeValues([name, transactionId, object, ...args], 0), streamId);
	}

	/** The first command that has come, or comes in time, with this name and transaction; it is taken out. */
	async waitForCommand(name: string, transactionId?: number): Promise<Command> {
		const find = () =>
			this.#commands.findIndex(
				command => command.name === name && (transactionId === undefined || command.transactionId === transactionId),
			);
		await this.until(() => find() >= 0, `${name} ${transactionId ?? ""}`);
		return this.#commands.splice(find(), 1)[0]!;
	}

	/** Waits for `onStatus` with this code. */
	async waitForStatus(code: string): Promise<void> {
		const find = () => this.#commands.findIndex(command => command.name === "onStatus" && codeOf(command) === code);
		await this.until(() => find() >= 0, code);
		this.#commands.splice(find(), 1);
	}

	/** Waits until a condition holds that messages bring about. Throws when the connection ends or nothing comes. */
	async until(holds: () => boolean, what: string): Promise<void> {
		const deadline = Date.now() + ANSWER_MILLIS;
		while (!holds()) {
			if (this.isClosed)
				throw new Error(`the server closed ${this.address} before ${what} came; seen: ${this.#seen()}`);
			const left = deadline - Date.now();
			if (left <= 0) throw new Error(`${what} did not come to ${this.address}; seen: ${this.#seen()}`);
			await new Promise<void>(resolve => {
				const wake = () => {
					clearTimeout(timer);
					this.#waiting.delete(wake);
					resolve();
				};
				const timer = setTimeout(wake, left);
				this.#waiting.add(wake);
			});
		}
	}

	/** Ends the connection at once. */
	destroy(): void {
		this.socket.destroy();
	}

	#receive(bytes: Uint8Array): void {
		if (this.onBytes !== undefined) {
			this.onBytes(bytes);
			this.#wake();
			return;
		}
		const part = bytes.subarray(0, REPLY_BYTES - this.#replied);
		this.reply.set(part, this.#replied);
		this.#replied += part.length;
		if (part.length < bytes.length) this.#reader.receive(bytes.subarray(part.length));
		this.#wake();
	}

	#keep({ type, payload }: ReceivedMessage): void {
		if (type === TYPE_COMMAND || type === TYPE_COMMAND_AMF3) this.#commands.push(decodeCommand(type, payload));
	}

	#seen(): string {
		return this.#commands.map(command => `${command.name} ${codeOf(command) ?? ""}`).join(", ");
	}

	#wake(): void {
		for (const wake of [...this.#waiting]) wake();
	}
}

/** C0, C1 and C2 of a plain handshake, all that a client says before its first chunk. */
export const PLAIN_HANDSHAKE: Uint8Array = plainHandshake();

function plainHandshake(): Uint8Array {
	const bytes = new Uint8Array(REPLY_BYTES);
	for (let i = 9; i < bytes.length; i++) bytes[i] = i * 31;
	bytes[0] = 3;
	return bytes;
}

function codeOf({ args }: Command): AmfValue {
	const [info] = args;
	return typeof info === "object" && info !== null && "code" in info ? (info.code as AmfValue) : undefined;
}
