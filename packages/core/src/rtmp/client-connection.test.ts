import { describe, expect, test } from "vitest";
import { AmfEcmaArray, type AmfObject, type AmfValue, encodeAmf0 } from "../amf/index.ts";
import { type MillraceError, PeerError } from "../fault/index.ts";
import { MEDIA_AUDIO, MEDIA_DATA, MEDIA_VIDEO, type MediaType } from "../flv/index.ts";
import {
	ClientConnection,
	type ClientConnectionHandler,
	type ClientConnectionOptions,
	type ConnectParameters,
} from "./client-connection.ts";
import { ClientHandshake } from "./client-handshake.ts";
import type { ClientStream, ClientStreamHandler } from "./client-stream.ts";
import type { ConnectRequest } from "./connect-request.ts";
import { DEFAULT_RTMP_LIMITS } from "./limits.ts";
import { decodeCommand, encodeCommand } from "./message/command.ts";
import { TYPE_AGGREGATE, TYPE_COMMAND } from "./message/message-type.ts";
import { EVENT_STREAM_BEGIN } from "./message/user-control.ts";
import { type NetStatus, netStatus } from "./net-status.ts";
import { type Call, ServerConnection, type ServerConnectionHandler } from "./server-connection.ts";
import { ServerHandshake } from "./server-handshake.ts";
import type { PlayRequest, PublishRequest, ServerStream } from "./server-stream.ts";
import type { Responder } from "./transaction-table.ts";

const LINK = {
	handshakeTimeoutMillis: 10_000,
	handshakeDeadlineMillis: 15_000,
	pingIntervalMillis: 10_000,
	readTimeoutMillis: 30_000,
	limits: DEFAULT_RTMP_LIMITS,
};
const CLIENT: ClientConnectionOptions = { ...LINK, connectTimeoutMillis: 20_000, chunkSize: 32_000 };
const REQUEST: ConnectParameters = { app: "live", tcUrl: "rtmp://h/live" };
/** A number is no name of a member in AMF0. */
const UNENCODABLE = new Map([[{}, 1]]);
const random = (count: number) => new Uint8Array(count).fill(7);

class ClientLog implements ClientConnectionHandler {
	readonly events: string[] = [];
	readonly infos: NetStatus[] = [];
	readonly calls: Call[] = [];
	closed: MillraceError | undefined | false = false;

	onConnectSuccess(info: NetStatus): void {
		this.infos.push(info);
		this.events.push(info.code);
	}
	onConnectReject(info: NetStatus): void {
		this.infos.push(info);
		this.events.push(info.code);
	}
	onStatus(info: NetStatus): void {
		this.events.push(info.code);
	}
	onCall(call: Call): void {
		this.calls.push(call);
	}
	onSharedObject(type: number, body: Uint8Array): void {
		this.events.push(`shared object ${type} ${body}`);
	}
	onClosed(reason: MillraceError | undefined): void {
		this.closed = reason;
		this.events.push("closed");
	}
}

class StreamLog implements ClientStreamHandler {
	readonly events: string[] = [];
	readonly media: [MediaType, number, number][] = [];

	onCreated(stream: ClientStream): void {
		this.events.push(`created ${stream.id}`);
	}
	onCreateFailed(info: NetStatus): void {
		this.events.push(`refused ${info.code}`);
	}
	onStatus(info: NetStatus): void {
		this.events.push(info.code);
	}
	onMedia(type: MediaType, timestamp: number, payload: Uint8Array): void {
		this.media.push([type, timestamp, payload.length]);
	}
	onEvent(event: number): void {
		this.events.push(`event ${event}`);
	}
	onClosed(): void {
		this.events.push("closed");
	}
}

/** A server that grants everything, unless a test gives it another answer. */
class ServerLog implements ServerConnectionHandler {
	connection!: ServerConnection;
	readonly events: string[] = [];
	readonly media: [MediaType, number, number][] = [];
	readonly calls: Call[] = [];
	request: ConnectRequest | undefined;
	answerConnect = () => this.connection.acceptConnect();

	onConnect(request: ConnectRequest): void {
		this.request = request;
		this.answerConnect();
	}
	onPublish(stream: ServerStream, request: PublishRequest): void {
		this.events.push(`publish ${stream.id} ${request.name} ${request.mode}`);
		stream.acceptPublish();
	}
	onUnpublish(stream: ServerStream): void {
		this.events.push(`unpublish ${stream.name}`);
	}
	onPlay(stream: ServerStream, request: PlayRequest): void {
		this.events.push(
			`play ${stream.id} ${request.name} ${request.startMillis} ${request.lengthMillis} ${request.reset}`,
		);
		stream.acceptPlay(request.reset);
	}
	onStop(stream: ServerStream): void {
		this.events.push(`stop ${stream.name}`);
	}
	onPause(_stream: ServerStream, paused: boolean, positionMillis: number): void {
		this.events.push(`pause ${paused} ${positionMillis}`);
	}
	onSeek(_stream: ServerStream, positionMillis: number): void {
		this.events.push(`seek ${positionMillis}`);
	}
	onReceiveChange(stream: ServerStream): void {
		this.events.push(`receive ${stream.wantsAudio} ${stream.wantsVideo}`);
	}
	onMedia(_stream: ServerStream, type: MediaType, timestamp: number, payload: Uint8Array): void {
		this.media.push([type, timestamp, payload.length]);
	}
	onCall(call: Call): void {
		this.calls.push(call);
	}
	onSharedObject(type: number, body: Uint8Array): void {
		if (body.length === 1) throw new PeerError("MESSAGE_MALFORMED");
		this.events.push(`shared object ${type} ${body}`);
	}
	onClosed(): void {
		this.events.push("closed");
	}
}

type Split = (bytes: Uint8Array) => Uint8Array[];

/** Cuts at places that look random but are the same each time. */
function scattered(): Split {
	let state = 12_345;
	return bytes => {
		const pieces: Uint8Array[] = [];
		for (let at = 0; at < bytes.length; ) {
			state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
			const end = Math.min(bytes.length, at + 1 + ((state >>> 16) % 700));
			pieces.push(bytes.subarray(at, end));
			at = end;
		}
		return pieces;
	};
}

const SPLITS: [name: string, split: () => Split][] = [
	["whole", () => bytes => [bytes]],
	["byte by byte", () => bytes => Array.from(bytes, (_, index) => bytes.subarray(index, index + 1))],
	["split at random", scattered],
];

/** A client's and a server's core, joined in memory on one virtual clock. */
class Pair {
	now = 1000;
	readonly clientLog = new ClientLog();
	readonly serverLog = new ServerLog();
	readonly client: ClientConnection;
	readonly server: ServerConnection;
	readonly #split: Split;

	constructor(split: Split = bytes => [bytes], request: Partial<ConnectParameters> = {}) {
		this.#split = split;
		this.server = new ServerConnection(
			new ServerHandshake({ random }),
			this.serverLog,
			{
				...LINK,
				connectTimeoutMillis: 10_000,
				chunkSize: 4096,
				windowAckBytes: 2_500_000,
				fmsVersion: "5,0,15,5004",
				clientId: "c1",
			},
			this.now,
		);
		this.serverLog.connection = this.server;
		const handshake = new ClientHandshake({ random, nowMillis: this.now });
		this.client = new ClientConnection(handshake, { ...REQUEST, ...request }, this.clientLog, CLIENT, this.now);
	}

	/** Carries bytes both ways until nothing is left to carry. */
	run(): this {
		for (;;) {
			const up = this.client.link.takeOutput();
			const down = this.server.link.takeOutput();
			if (up.length === 0 && down.length === 0) return this;
			for (const slice of up) for (const piece of this.#split(slice)) this.server.receive(piece, this.now);
			for (const slice of down) for (const piece of this.#split(slice)) this.client.receive(piece, this.now);
		}
	}

	/** Lets time pass; the client's bytes go nowhere. */
	passAlone(millis: number): void {
		const end = this.now + millis;
		while (this.client.deadline <= end) {
			this.now = this.client.deadline;
			this.client.handleTimeout(this.now);
		}
		this.now = end;
	}

	send(streamId: number, name: string, transactionId: number, object: AmfValue, ...args: AmfValue[]): void {
		this.server.link.send(3, TYPE_COMMAND, 0, streamId, encodeCommand(0, name, transactionId, object, args));
	}
}

function answers(): Responder & { readonly got: [string, AmfValue][] } {
	const got: [string, AmfValue][] = [];
	return { got, onResult: value => got.push(["result", value]), onError: value => got.push(["error", value]) };
}

describe.each(SPLITS)("a client, bytes %s", (_name, split) => {
	test("connects, publishes and unpublishes", () => {
		const pair = new Pair(split(), { args: ["user", 7], properties: { type: "nonprivate" } });
		const log = new StreamLog();
		const stream = pair.client.createStream(log);
		stream.publish("cam?key=1", "record");
		pair.run();
		expect(pair.clientLog.infos[0]).toMatchObject({ code: "NetConnection.Connect.Success", level: "status" });
		expect(pair.serverLog.request?.args).toEqual(["user", 7]);
		expect(pair.serverLog.request?.properties).toMatchObject({
			app: "live",
			flashVer: "WIN 32,0,0,465",
			tcUrl: "rtmp://h/live",
			fpad: false,
			type: "nonprivate",
			objectEncoding: 0,
		});
		expect(pair.serverLog.events).toEqual(["publish 1 cam record"]);
		expect(log.events).toEqual(["created 1", `event ${EVENT_STREAM_BEGIN}`, "NetStream.Publish.Start"]);

		expect(pair.client.link.chunkSize).toBe(32_000);
		stream.sendMedia(MEDIA_VIDEO, 2 ** 32 + 5, new Uint8Array(70_000));
		stream.sendMedia(MEDIA_AUDIO, 0xfffffff0, new Uint8Array(0));
		stream.sendData("@setDataFrame", ["onMetaData", { width: 2 }], 9);
		stream.delete();
		pair.run();
		expect(pair.serverLog.media.map(([type, time]) => [type, time])).toEqual([
			[MEDIA_VIDEO, 5],
			[MEDIA_AUDIO, 0xfffffff0],
			[MEDIA_DATA, 9],
		]);
		expect(pair.serverLog.events.at(-1)).toBe("unpublish cam");
		expect(log.events.slice(-2)).toEqual(["closed", "NetStream.Unpublish.Success"]);
		expect([stream.closed, pair.server.streams.size]).toEqual([true, 0]);
		expect(stream.sendMedia(MEDIA_AUDIO, 0, new Uint8Array(1))).toBe(false);
	});

	test("plays on several streams and routes what comes by message stream id", () => {
		const pair = new Pair(split());
		const logs = [new StreamLog(), new StreamLog()];
		const streams = logs.map(log => pair.client.createStream(log));
		streams[0]!.setBufferLength(1500);
		streams[0]!.play("a");
		streams[1]!.play("b", 0, 5000, false);
		pair.run();
		expect(pair.serverLog.events).toEqual(["play 1 a -2000 -1000 true", "play 2 b 0 5000 false"]);
		expect(pair.server.streams.get(1)!.bufferMillis).toBe(1500);
		expect(logs[0]!.events.slice(2)).toEqual(["NetStream.Play.Reset", "NetStream.Play.Start"]);
		expect(logs[1]!.events.slice(2)).toEqual(["NetStream.Play.Start"]);

		pair.server.link.send(6, MEDIA_VIDEO, 40, 2, new Uint8Array(300));
		pair.server.link.send(4, MEDIA_AUDIO, 41, 1, new Uint8Array(3));
		pair.server.link.send(4, MEDIA_AUDIO, 41, 3, new Uint8Array(3));
		pair.run();
		expect(logs[1]!.media.at(-1)).toEqual([MEDIA_VIDEO, 40, 300]);
		expect(logs[0]!.media.at(-1)).toEqual([MEDIA_AUDIO, 41, 3]);
		expect(pair.client.strayMessages).toBe(1);

		streams[0]!.pause(true, 40);
		streams[0]!.seek(2500);
		streams[0]!.receiveAudio(false);
		streams[0]!.receiveVideo(false);
		streams[0]!.closeStream();
		pair.run();
		expect(pair.serverLog.events.slice(2)).toEqual([
			"pause true 40",
			"seek 2500",
			"receive false true",
			"receive false false",
			"stop a",
		]);
	});

	test("sends play2 as an object on its stream", () => {
		const pair = new Pair(split());
		const stream = pair.client.createStream(new StreamLog());
		stream.play("a");
		pair.run();
		const sent: unknown[] = [];
		const receive = pair.server.onMessage.bind(pair.server);
		pair.server.onMessage = (type, timestamp, streamId, payload) => {
			sent.push([streamId, decodeCommand(type, payload)]);
			receive(type, timestamp, streamId, payload);
		};
		stream.play2({ streamName: "b", transition: "switch" });
		pair.run();
		expect(sent).toMatchObject([
			[1, { name: "play2", object: null, args: [{ streamName: "b", transition: "switch" }] }],
		]);
	});

	test("sends calls made before the acceptance in order, once it is accepted", () => {
		const pair = new Pair(split());
		pair.serverLog.answerConnect = () => undefined;
		const [first, second] = [answers(), answers()];
		pair.client.call("one", [1], first);
		pair.client.createStream(new StreamLog());
		pair.client.call("two", [[2]], second);
		pair.client.call("three", []);
		pair.run();
		expect(pair.serverLog.calls).toEqual([]);
		pair.server.acceptConnect();
		pair.run();
		expect(pair.serverLog.calls.map(call => [call.name, call.transactionId, ...call.args])).toEqual([
			["one", 2, 1],
			["two", 4, [2]],
			["three", 0],
		]);
		pair.server.sendResult(pair.serverLog.calls[1]!, "yes");
		pair.server.sendError(pair.serverLog.calls[0]!, netStatus("NetConnection.Call.Failed"));
		pair.run();
		expect(second.got).toEqual([["result", "yes"]]);
		expect(first.got).toMatchObject([["error", { code: "NetConnection.Call.Failed" }]]);
	});

	test("answers the server's calls", () => {
		const pair = new Pair(split()).run();
		expect(pair.clientLog.calls.map(call => call.name)).toEqual(["onBWDone"]);
		const sum = answers();
		pair.server.call("sum", [1, 2], sum);
		pair.run();
		const call = pair.clientLog.calls.at(-1)!;
		expect([call.name, call.args]).toEqual(["sum", [1, 2]]);
		pair.client.sendResult(call, 3);
		pair.run();
		expect(sum.got).toEqual([["result", 3]]);
	});

	test("splits aggregates", () => {
		const pair = new Pair(split());
		const log = new StreamLog();
		pair.client.createStream(log).play("a");
		pair.run();
		log.media.length = 0;
		const body = Uint8Array.from(
			"080000030003e800000000af01210000000e090000050003fc00000000170200000000000010".match(/../g)!,
			hex => Number.parseInt(hex, 16),
		);
		pair.server.link.send(6, TYPE_AGGREGATE, 5000, 1, body);
		pair.run();
		expect(log.media).toEqual([
			[MEDIA_AUDIO, 5000, 3],
			[MEDIA_VIDEO, 5020, 5],
		]);
	});
});

describe("the answer to connect", () => {
	test("agrees on AMF3 only where both want it", () => {
		expect(new Pair(undefined, { objectEncoding: 3 }).run().client.objectEncoding).toBe(3);
		expect(new Pair(undefined, { objectEncoding: 0 }).run().client.objectEncoding).toBe(0);
		const liar = new Pair(undefined, { objectEncoding: 0 });
		liar.serverLog.answerConnect = () =>
			liar.send(0, "_result", 1, null, { code: "NetConnection.Connect.Success", objectEncoding: 3 });
		expect(liar.run().client).toMatchObject({ connected: true, objectEncoding: 0 });
		const silent = new Pair(undefined, { objectEncoding: 3 });
		silent.serverLog.answerConnect = () =>
			silent.send(0, "_result", 1, null, { code: "NetConnection.Connect.Success" });
		expect(silent.run().client.objectEncoding).toBe(0);
	});

	test("carries calls in AMF3 when that was agreed", () => {
		const pair = new Pair(undefined, { objectEncoding: 3 }).run();
		pair.client.call("vector", [new Map([["a", 1]])]);
		pair.run();
		expect(pair.serverLog.calls[0]!.args).toEqual([new Map([["a", 1]])]);
	});

	const INFO: AmfObject = { level: "status", code: "NetConnection.Connect.Success", description: "d" };
	test.each<[string, AmfValue, AmfValue[]]>([
		["in the arguments", { fmsVer: "x" }, [INFO]],
		["in the command object's place", INFO, []],
		["as an array with names", null, [new AmfEcmaArray(Object.entries(INFO))]],
	])("takes the info object %s", (_name, object, args) => {
		const pair = new Pair();
		pair.serverLog.answerConnect = () => pair.send(0, "_result", 1, object, ...args);
		pair.run();
		expect(pair.clientLog.infos[0]).toMatchObject(INFO);
	});

	test("is a success without any info object", () => {
		const pair = new Pair();
		pair.serverLog.answerConnect = () => pair.send(0, "_result", 1, null);
		pair.run();
		expect([pair.client.connected, pair.clientLog.events]).toEqual([true, ["NetConnection.Connect.Success"]]);
	});

	test("that refuses comes with its own members, then the connection is closed", () => {
		const pair = new Pair();
		const status = netStatus("NetConnection.Connect.Rejected", "no", {
			application: { why: "full" },
			ex: { code: 302, redirect: "rtmp://other/live" },
		});
		pair.serverLog.answerConnect = () => pair.server.rejectConnect(status);
		const waiting = answers();
		const log = new StreamLog();
		pair.client.createStream(log);
		pair.client.call("never", [], waiting);
		pair.run();
		expect(pair.clientLog.infos[0]).toEqual(status);
		expect(pair.clientLog.events).toEqual(["NetConnection.Connect.Rejected", "closed"]);
		expect(waiting.got).toEqual([["error", undefined]]);
		expect(log.events).toEqual(["closed"]);
	});

	test.each<[string, (pair: Pair) => void]>([
		["an error without info", pair => pair.send(0, "_error", 1, null)],
		["a status", pair => pair.send(0, "onStatus", 0, null, { code: "NetConnection.Connect.InvalidApp" })],
		[
			"a result with a refusal's code",
			pair => pair.send(0, "_result", 1, null, { code: "NetConnection.Connect.Rejected" }),
		],
	])("may refuse by %s", (_name, answer) => {
		const pair = new Pair();
		pair.serverLog.answerConnect = () => answer(pair);
		pair.run();
		expect(pair.clientLog.events).toHaveLength(2);
		expect([pair.client.connected, pair.clientLog.events[1], pair.clientLog.closed]).toEqual([
			false,
			"closed",
			undefined,
		]);
	});

	test("that does not come ends the attempt after the time-out", () => {
		const pair = new Pair();
		pair.serverLog.answerConnect = () => undefined;
		pair.run();
		pair.passAlone(19_999);
		expect(pair.clientLog.closed).toBe(false);
		pair.passAlone(1);
		expect(pair.clientLog.closed).toMatchObject({ code: "CONNECT_FAILED" });
	});
});

describe("a connected client", () => {
	test("and its server hand each other messages about shared objects", () => {
		const pair = new Pair().run();
		pair.client.sendSharedObject(19, Uint8Array.of(1, 2));
		pair.client.sendSharedObject(16, Uint8Array.of(0, 3));
		pair.server.sendSharedObject(16, Uint8Array.of(0, 4));
		pair.run();
		expect(pair.serverLog.events).toEqual(["shared object 19 1,2", "shared object 16 0,3"]);
		expect(pair.clientLog.events.slice(1)).toEqual(["shared object 16 0,4"]);
		expect([pair.client.strayMessages, pair.server.strayMessages]).toEqual([0, 0]);
	});

	test("is closed for a message about a shared object that the server cannot read, not for an empty one", () => {
		const pair = new Pair().run();
		pair.client.sendSharedObject(19, new Uint8Array(0));
		pair.run();
		expect(pair.serverLog.events).toEqual([]);
		pair.client.sendSharedObject(19, new Uint8Array(1));
		pair.run();
		expect(pair.server.link.closed).toBe(true);
		expect(pair.serverLog.events).toEqual(["closed"]);
	});

	test("finds a dead server within the read time-out", () => {
		const pair = new Pair().run();
		pair.passAlone(29_999);
		expect(pair.clientLog.closed).toBe(false);
		pair.passAlone(1);
		expect(pair.clientLog.closed).toMatchObject({ code: "PEER_SILENT" });
	});

	test("reports the connection's own statuses, then the server's close", () => {
		const pair = new Pair().run();
		pair.server.closeGracefully(netStatus("NetConnection.Connect.AppShutdown"));
		pair.run();
		expect(pair.clientLog.events.slice(1)).toEqual(["NetConnection.Connect.AppShutdown", "closed"]);
	});

	test("takes a stream's status on stream 0 where there is only one stream", () => {
		const pair = new Pair();
		const log = new StreamLog();
		pair.client.createStream(log);
		pair.run();
		pair.send(0, "onStatus", 0, null, { code: "NetStream.Play.Start" });
		pair.run();
		expect(log.events.at(-1)).toBe("NetStream.Play.Start");
	});

	test("tells its streams and callers that the connection has ended", () => {
		const pair = new Pair().run();
		const [log, late] = [new StreamLog(), new StreamLog()];
		const [waiting, after] = [answers(), answers()];
		pair.client.createStream(log);
		pair.client.call("slow", [], waiting);
		pair.client.close();
		pair.client.createStream(late);
		pair.client.call("late", [], after);
		expect([log.events, late.events]).toEqual([["closed"], ["closed"]]);
		expect([waiting.got, after.got]).toEqual([[["error", undefined]], [["error", undefined]]]);
	});

	test("refuses a stream that the server gives no number", () => {
		const pair = new Pair().run();
		const log = new StreamLog();
		pair.client.createStream(log);
		pair.client.link.takeOutput();
		pair.send(0, "_result", 2, null, undefined);
		pair.run();
		expect(log.events).toEqual(["refused NetStream.Failed", "closed"]);
	});

	test("throws for values that cannot be encoded and goes on", () => {
		const pair = new Pair().run();
		expect(() => pair.client.call("bad", [UNENCODABLE], answers())).toThrow(
			expect.objectContaining({ code: "AMF_UNENCODABLE" }),
		);
		const good = answers();
		pair.client.call("good", [], good);
		pair.run();
		pair.server.sendResult(pair.serverLog.calls[0]!, 1);
		pair.run();
		expect(good.got).toEqual([["result", 1]]);
	});

	test("tells the caller of a queued value that the agreed encoding cannot hold", () => {
		const pair = new Pair();
		const bad = answers();
		pair.client.call("bad", [UNENCODABLE], bad);
		pair.run();
		expect(bad.got).toMatchObject([["error", { code: "NetConnection.Call.Failed" }]]);
		expect(pair.client.connected).toBe(true);
	});

	test("closes on a command that is no AMF, by the server's fault", () => {
		const pair = new Pair().run();
		pair.server.link.send(3, TYPE_COMMAND, 0, 0, encodeAmf0(1));
		pair.run();
		expect(pair.clientLog.closed).toMatchObject({ code: "MESSAGE_MALFORMED" });
	});
});
