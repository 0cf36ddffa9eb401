import { readFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import type { AmfValue } from "@millrace/core/amf";
import {
	ChunkReader,
	ChunkWriter,
	ClientHandshake,
	decodeCommand,
	encodeCommand,
	encodeControlValue,
	TYPE_COMMAND,
	TYPE_SET_CHUNK_SIZE,
	TYPE_SHARED_OBJECT,
} from "@millrace/core/rtmp";
import { decodeSharedObjectMessage, encodeSharedObjectMessage } from "@millrace/core/shared-object";
import { afterEach, expect, it, vi } from "vitest";
import { LegacyFixture } from "./legacy-fixture.ts";

/** The same application once as main.asc and once in TypeScript sends the same messages. */

vi.setConfig({ testTimeout: 60_000 });

const CHUNK_SIZE = 32_000;
const TYPE_ACKNOWLEDGEMENT = 3;
const LIMITS = { messageBytes: 0xffffff, partialBytes: 0xffffff, chunkStreams: 64 };

const sockets: Socket[] = [];
afterEach(() => {
	for (const socket of sockets.splice(0)) socket.destroy();
});

/** A client that writes down every message that it is sent, and answers every call with `true`. */
class Listener {
	/** What came, a line a message; what is another one each time (dates, the client's id) is left out. */
	readonly messages: string[] = [];
	isClosed = false;
	readonly #socket: Socket;
	readonly #app: string;
	readonly #handshake = new ClientHandshake({ random: count => new Uint8Array(count), nowMillis: 0 });
	readonly #writer = new ChunkWriter();
	readonly #reader = new ChunkReader(
		{ onMessage: (type, _time, streamId, payload) => this.#onMessage(type, streamId, payload) },
		LIMITS,
	);
	#transaction = 2;

	constructor(port: number, app: string) {
		this.#app = app;
		this.#socket = connect({ port, host: "127.0.0.1", noDelay: true });
		sockets.push(this.#socket);
		this.#socket.on("error", () => this.#socket.destroy());
		this.#socket.on("close", () => {
			this.isClosed = true;
		});
	}

	/** Shakes hands and connects. */
	async connect(...args: AmfValue[]): Promise<this> {
		await new Promise<void>(resolve => {
			this.#socket.on("data", (bytes: Uint8Array) => {
				let rest = bytes;
				if (!this.#handshake.done) {
					rest = bytes.subarray(this.#handshake.receive(bytes));
					this.#sayHello();
					if (this.#handshake.done) resolve();
				}
				this.#reader.receive(rest);
			});
			this.#sayHello();
		});
		this.#send(TYPE_SET_CHUNK_SIZE, encodeControlValue(CHUNK_SIZE));
		this.#writer.chunkSize = CHUNK_SIZE;
		const object = { app: this.#app, tcUrl: `rtmp://localhost/${this.#app}`, flashVer: "WIN 9,0,45,0" };
		this.#send(TYPE_COMMAND, encodeCommand(0, "connect", 1, object, args));
		await this.until(/^_(result|error) 1 /);
		return this;
	}

	/** Calls a method, and waits for its answer. */
	async call(name: string, ...args: AmfValue[]): Promise<void> {
		const transaction = this.#transaction++;
		this.#send(TYPE_COMMAND, encodeCommand(0, name, transaction, null, args));
		await this.until(new RegExp(`^_(result|error) ${transaction} `));
	}

	/** Begins to use a shared object, and waits for what it holds. */
	async use(name: string): Promise<void> {
		const message = { name, version: 0, flags: 0, events: [{ kind: "use" as const }] };
		this.#send(TYPE_SHARED_OBJECT, encodeSharedObjectMessage(message, 0));
		await this.until(new RegExp(`^shared object .*"${name}"`));
	}

	/** Waits for a message. */
	async until(pattern: RegExp, count = 1): Promise<void> {
		const found = () => this.messages.filter(message => pattern.test(message)).length;
		await vi.waitFor(() => expect(found(), `${pattern} in ${this.messages.join("\n")}`).toBeGreaterThanOrEqual(count), {
			timeout: 20_000,
			interval: 5,
		});
	}

	async untilClosed(): Promise<void> {
		await vi.waitFor(() => expect(this.isClosed).toBe(true), { timeout: 20_000, interval: 5 });
	}

	close(): void {
		this.#socket.end();
	}

	#sayHello(): void {
		for (const slice of this.#handshake.takeOutput()) this.#socket.write(slice);
	}

	#send(type: number, payload: Uint8Array): void {
		this.#socket.write(this.#writer.write(3, type, 0, 0, payload));
	}

	#onMessage(type: number, streamId: number, payload: Uint8Array): void {
		if (type === TYPE_ACKNOWLEDGEMENT) return;
		if (type === TYPE_COMMAND) {
			const { name, transactionId, object, args } = decodeCommand(type, payload);
			this.messages.push(`${name} ${transactionId} ${streamId} ${plain([object, ...args])}`);
			if (transactionId > 0 && !name.startsWith("_")) {
				this.#send(TYPE_COMMAND, encodeCommand(0, "_result", transactionId, null, [true]));
			}
		} else if (type === TYPE_SHARED_OBJECT) {
			const { name, version, flags, events } = decodeSharedObjectMessage(type, payload);
			this.messages.push(`shared object ${plain({ name, version, flags, events })}`);
		} else {
			this.messages.push(`${type} ${streamId} ${Buffer.from(payload).toString("hex")}`);
		}
	}
}

/** What the applications have in common; each gives what each client was sent, in order. */
const SCENES = {
	async hello(dial: () => Listener) {
		const ann = await dial().connect("ann");
		const nobody = await dial().connect();
		await nobody.untilClosed();
		const bob = await dial().connect("bob");
		await bob.until(/^serverMessage/);
		await ann.call("whoAmI");
		await ann.call("add", 1, 2);
		await ann.call("add", "a", 2);
		await ann.call("none");
		await bob.call("goodbye");
		await bob.untilClosed();
		await ann.until(/^left/);
		return [ann, nobody, bob];
	},

	async chat(dial: () => Listener) {
		const ann = await dial().connect("ann");
		await ann.until(/^history/);
		await ann.use("users");
		const bob = await dial().connect("bob");
		await ann.until(/^shared object .*"bob"/);
		const other = await dial().connect("bob");
		await other.untilClosed();
		for (const text of ["one", "two", "three"]) await ann.call("say", text);
		await bob.call("whisper", "ann", "psst");
		await bob.until(/^shown/);
		await bob.call("whisper", "eve", "psst");
		await bob.use("users");
		const late = await dial().connect("cat");
		await late.until(/^history/);
		await ann.until(/^shared object .*"cat"/);
		bob.close();
		await bob.untilClosed();
		await ann.until(/^shared object .*"(delete|remove|change)".*"bob"/, 2);
		return [ann, bob, other, late];
	},
};

it.each(Object.entries(SCENES))("%s says the same, message by message", async (name, scene) => {
	const told: (readonly string[])[][] = [];
	for (const file of ["main.asc", "main.ts"]) {
		const main = readFileSync(join(import.meta.dirname, "legacy-twins", "applications", name, file));
		await using server = await LegacyFixture.start({ files: { [`${name}/${file}`]: main } });
		const clients = await scene(() => new Listener(server.port, name));
		// Not what they are told as the server stops.
		told.push(clients.map(({ messages }) => [...messages]));
	}
	const [asc, ts] = told;
	expect(asc![0]!.length).toBeGreaterThan(8);
	expect(asc).toEqual(ts);
});

/** Values as text, with a word in place of dates and of the client's id. */
function plain(value: unknown): string {
	return JSON.stringify(value, function (this: Record<string, unknown>, key, member: unknown) {
		if (this[key] instanceof Date) return "a date";
		if (key === "clientid" || key === "forms") return undefined;
		return member === undefined ? "undefined" : member;
	});
}
