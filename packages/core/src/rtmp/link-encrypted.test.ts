import { randomSource, splits } from "@millrace/testkit";
import { describe, expect, test } from "vitest";
import type { AmfValue } from "../amf/index.ts";
import { ChunkWriter } from "./chunk-writer.ts";
import { ClientConnection, type ClientConnectionHandler } from "./client-connection.ts";
import { ClientHandshake } from "./client-handshake.ts";
import type { EncryptedVersion } from "./handshake-plain.ts";
import { TYPE_USER_CONTROL, TYPE_VIDEO } from "./message/message-type.ts";
import { ServerConnection } from "./server-connection.ts";
import type { Call, ServerConnectionHandler } from "./server-connection-handler.ts";
import { ServerHandshake } from "./server-handshake.ts";
import { SESSION_OPTIONS } from "./server-session.ts";
import type { SwfIdentity } from "./swf-file.ts";
import { decodeSwfAnswer, encodeSwfRequest, provesSwf } from "./swf-verification.ts";

type Split = (typeof splits)[number];

/** A client and a server, joined by a wire that is cut as a split says. */
class Pair {
	readonly server: ServerConnection;
	readonly client: ClientConnection;
	readonly calls: Call[] = [];
	readonly swfAnswers: Uint8Array[] = [];
	readonly events: string[] = [];
	/** All that went to the client. */
	readonly sent: number[] = [];
	readonly #split: Split;

	constructor(split: Split, version: EncryptedVersion | false, swf?: SwfIdentity) {
		this.#split = split;
		const nothing = () => undefined;
		const serverHandler: ServerConnectionHandler = {
			onConnect: () => this.server.acceptConnect(),
			onPublish: nothing,
			onUnpublish: nothing,
			onPlay: stream => stream.acceptPlay(false),
			onStop: nothing,
			onPause: nothing,
			onSeek: nothing,
			onReceiveChange: nothing,
			onMedia: nothing,
			onCall: call => {
				this.calls.push(call);
				this.server.sendResult(call, call.args[0]);
			},
			onSwfAnswer: payload => this.swfAnswers.push(payload),
			onClosed: reason => this.events.push(`server closed ${reason?.code ?? "-"}`),
		};
		const clientHandler: ClientConnectionHandler = {
			onConnectSuccess: () => this.events.push("connected"),
			onConnectReject: nothing,
			onStatus: nothing,
			onCall: nothing,
			onClosed: reason => this.events.push(`client closed ${reason?.code ?? "-"}`),
		};
		const serverHandshake = new ServerHandshake({ random: randomSource(1) });
		this.server = new ServerConnection(serverHandshake, serverHandler, SESSION_OPTIONS, 0);
		const handshake = new ClientHandshake({ random: randomSource(2), nowMillis: 0, encryption: version });
		const request = { app: "live", tcUrl: "rtmpe://h/live", ...(swf === undefined ? {} : { swf }) };
		this.client = new ClientConnection(handshake, request, clientHandler, SESSION_OPTIONS, 0);
	}

	/** Passes everything on until both are silent. */
	settle(): this {
		for (let turn = 0; this.client.link.outputBytes + this.server.link.outputBytes > 0; turn++) {
			if (turn > 20) throw new Error("they never fall silent");
			this.#split.feed(join(this.client.link.takeOutput()), piece => this.server.receive(piece, 0));
			const bytes = join(this.server.link.takeOutput());
			this.sent.push(...bytes);
			this.#split.feed(bytes, piece => this.client.receive(piece, 0));
		}
		return this;
	}
}

function join(slices: readonly Uint8Array[]): Uint8Array {
	return Uint8Array.from(slices.flatMap(slice => [...slice]));
}

const each = splits.flatMap(split => ([6, 8, 9] as const).map(version => [version, split.name, split] as const));

describe.each(each)("an encrypted connection of type %i, the wire cut %s", (version, _name, split) => {
	test("carries commands both ways, and nothing of them can be read", () => {
		const pair = new Pair(split, version).settle();
		expect(pair.events).toEqual(["connected"]);
		expect([pair.client.link.encrypted, pair.server.link.encrypted]).toEqual([true, true]);
		const results: AmfValue[] = [];
		for (const text of ["one", "x".repeat(20_000)]) {
			pair.client.call("echo", [text], { onResult: value => results.push(value), onError: () => undefined });
			pair.settle();
		}
		expect(results).toEqual(["one", "x".repeat(20_000)]);
		expect(Buffer.from(pair.sent).includes("NetConnection.Connect.Success")).toBe(false);
		expect(Buffer.from(pair.sent).includes("xxxxxxxx")).toBe(false);
	});

	test("takes shared blocks into its queue or past it, and leaves them as they are", () => {
		const pair = new Pair(split, version).settle();
		const media: number[] = [];
		const nothing = () => undefined;
		pair.client
			.createStream({
				onCreated: nothing,
				onCreateFailed: nothing,
				onStatus: nothing,
				onEvent: nothing,
				onMedia: (type, _timestamp, payload) => {
					if (type === TYPE_VIDEO) media.push(payload[0]!);
				},
				onClosed: nothing,
			})
			.play("s");
		pair.settle();
		const frame = (value: number) => {
			const writer = new ChunkWriter();
			writer.chunkSize = SESSION_OPTIONS.chunkSize;
			return writer.write(7, TYPE_VIDEO, 0, 1, new Uint8Array(9000).fill(value));
		};
		const blocks = [frame(1), frame(2), frame(3)];
		const before = blocks.map(block => block.slice());
		pair.server.link.sendFramed(blocks[0]!);
		const taken = join(pair.server.link.takeOutput());
		const past = pair.server.link.seal(blocks[1]!);
		pair.server.link.sendFramed(blocks[2]!);
		split.feed(join([taken, past, ...pair.server.link.takeOutput()]), piece => pair.client.receive(piece, 0));
		expect(media).toEqual([1, 2, 3]);
		expect(blocks).toEqual(before);
	});

	test("ends at a fault in the middle of a piece, and hears nothing behind it", () => {
		const pair = new Pair(split, version).settle();
		// A chunk size of zero, and then more than the cipher takes at once.
		pair.client.link.setChunkSize(0);
		const [fault] = pair.client.link.takeOutput();
		const rest = pair.client.link.seal(new Uint8Array(20_000).fill(3));
		split.feed(join([fault!, rest]), piece => pair.server.receive(piece, 0));
		expect(pair.events).toEqual(["connected", "server closed CHUNK_BAD_SIZE"]);
	});

	test("acknowledges as many bytes as came", () => {
		const pair = new Pair(split, version).settle();
		const received = pair.server.link.bytesReceived;
		pair.client.call("noop", ["y".repeat(5000)]);
		const length = pair.client.link.outputBytes;
		pair.settle();
		expect(pair.server.link.bytesReceived).toBe(received + length);
	});
});

describe.each([false, 6] as const)("SWF verification over a connection with encryption %s", version => {
	const swf = { hash: randomSource(5)(32), size: 4711 };

	test("is answered by the client with the proof of its file", () => {
		const pair = new Pair(splits[0]!, version, swf).settle();
		pair.server.link.sendControl(TYPE_USER_CONTROL, encodeSwfRequest());
		pair.settle();
		const answer = decodeSwfAnswer(pair.swfAnswers[0]!)!;
		expect(answer.size).toBe(4711);
		expect(provesSwf(answer, swf, pair.server.link.verificationKey!)).toBe(true);
	});

	test("is not answered without a file, nor in an unknown version", () => {
		const without = new Pair(splits[0]!, version).settle();
		without.server.link.sendControl(TYPE_USER_CONTROL, encodeSwfRequest());
		expect(without.settle().swfAnswers).toEqual([]);
		const unknown = new Pair(splits[0]!, version, swf).settle();
		unknown.server.link.sendControl(TYPE_USER_CONTROL, Uint8Array.of(0, 26, 2));
		expect(unknown.settle().swfAnswers).toEqual([]);
	});
});

test("an unencrypted connection hands shared blocks out as they are", () => {
	const pair = new Pair(splits[0]!, false).settle();
	const block = new Uint8Array(10);
	expect(pair.server.link.seal(block)).toBe(block);
	expect(pair.server.link.encrypted).toBe(false);
});
