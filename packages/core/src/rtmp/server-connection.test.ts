import { splits } from "@millrace/testkit";
import { describe, expect, test } from "vitest";
import { type AmfValue, encodeAmf0 } from "../amf/index.ts";
import { LimitError, PeerError } from "../fault/index.ts";
import { bytesOf, patternOf } from "./chunk-case.ts";
import { DEFAULT_RTMP_LIMITS } from "./limits.ts";
import { netStatus } from "./net-status.ts";
import { ClientScript, connectedSession, HANDSHAKE_LENGTH, SESSION_OPTIONS, ServerSession } from "./server-session.ts";
import type { ServerStream } from "./server-stream.ts";

const limits = (more: Partial<typeof DEFAULT_RTMP_LIMITS>) => ({ limits: { ...DEFAULT_RTMP_LIMITS, ...more } });

describe("the answers byte by byte", () => {
	test("connect is answered on chunk streams 2 and 3, in the order that every client takes", () => {
		const session = new ServerSession();
		session.receive(new ClientScript().connect().take());
		const success = {
			level: "status",
			code: "NetConnection.Connect.Success",
			description: "Connection succeeded.",
			objectEncoding: 0,
			data: { version: "5,0,15,5004" },
			clientid: "c1",
		};
		const server = { fmsVer: "FMS/5,0,15,5004", capabilities: 255, mode: 1 };
		const result = encodeAmf0("_result", 1, server, success);
		expect(session.output.subarray(HANDSHAKE_LENGTH)).toEqual(
			bytesOf(
				"02 000000 000004 05 00000000 002625a0",
				"42 000000 000005 06 002625a0 02",
				"42 000000 000006 04 0000 00000000",
				"42 000000 000004 01 00001000",
				`03 000000 ${result.length.toString(16).padStart(6, "0")} 14 00000000`,
				result,
				"43 000000 000015 14 02 0008 6f6e4257446f6e65 00 0000000000000000 05",
			),
		);
	});

	test("createStream is answered with null and a number, publish with stream begin on 2 and onStatus on 5", () => {
		const session = new ServerSession("now", { chunkSize: 32_767 });
		const client = new ClientScript();
		session.receive(client.connect().take());
		const before = session.output.length;
		session.receive(client.command(3, 0, "createStream", 4).command(8, 1, "publish", 5, null, "cam").take());
		const status = encodeAmf0("onStatus", 0, null, {
			level: "status",
			code: "NetStream.Publish.Start",
			description: "'cam' is now published.",
			details: "cam",
			clientid: "c1",
		});
		expect(session.output.subarray(before)).toEqual(
			bytesOf(
				"43 000000 00001d 14 02 0007 5f726573756c74 00 4010000000000000 05 00 3ff0000000000000",
				"42 000000 000006 04 0000 00000001",
				`05 000000 ${status.length.toString(16).padStart(6, "0")} 14 01000000`,
				status,
			),
		);
	});
});

describe("connect", () => {
	test("may be rejected: _error, close, and the end", () => {
		const session = new ServerSession("later");
		session.receive(new ClientScript().connect().command(3, 0, "createStream", 2).take());
		session.connection.rejectConnect(netStatus("NetConnection.Connect.Rejected", "No.", { application: "why" }));
		session.takeOutput();
		expect(session.sent).toEqual(['_error #0 1 null "NetConnection.Connect.Rejected"', "close #0 0 null"]);
		expect(session.events.slice(1)).toEqual(["closed -"]);
	});

	test.each([
		["no application", "", "NetConnection.Connect.InvalidApp", "CONNECT_MALFORMED"],
		["a forbidden name", "live/../x", "NetConnection.Connect.InvalidApp", "NAME_FORBIDDEN"],
		["a name that is too long", "x".repeat(256), "NetConnection.Connect.InvalidApp", "NAME_TOO_LONG"],
	])("with %s is answered before the end", (_name, app, code, fault) => {
		const session = new ServerSession();
		session.receive(new ClientScript().connect(app).command(3, 0, "createStream", 2).take());
		expect(session.sent[0]).toBe(`_error #0 1 null "${code}"`);
		expect(session.events).toEqual([`closed ${fault}`]);
	});

	test("without an object is answered before the end", () => {
		const session = new ServerSession();
		session.receive(new ClientScript().command(3, 0, "connect", 1).take());
		expect(session.sent).toEqual(['_error #0 1 null "NetConnection.Connect.InvalidApp"']);
		expect(session.events).toEqual(["closed CONNECT_MALFORMED"]);
	});

	test("gives its reply the application's additions", () => {
		const session = new ServerSession("later");
		session.receive(new ClientScript().connect().take());
		session.connection.acceptConnect({ clientid: "other", answer: 42 });
		session.takeOutput();
		const text = String.fromCharCode(...session.output.subarray(HANDSHAKE_LENGTH));
		expect(text).toContain("other");
		expect(text).toContain("answer");
		expect(session.connection.connected).toBe(true);
	});

	test("raises the limits: messages may be large from then on", () => {
		const session = new ServerSession();
		const client = new ClientScript().connect().command(3, 0, "createStream", 2).command(8, 1, "publish", 3, null, "a");
		session.receive(client.message(6, 9, 0, 1, new Uint8Array(1_000_000)).take());
		expect(session.events.at(-1)).toBe("media #1 9 0 1000000");
	});
});

describe("a fault of the client ends the connection, after what was answered before and with nothing after", () => {
	const command = (name: string, ...args: AmfValue[]) => new ClientScript().command(3, 0, name, 7, ...args);
	const faults: readonly (readonly [name: string, bytes: Uint8Array, code: string])[] = [
		["a command before connect", command("createStream").take(), "COMMAND_BEFORE_CONNECT"],
		["media before connect", new ClientScript().message(4, 8, 0, 0, patternOf(3)).take(), "COMMAND_BEFORE_CONNECT"],
		[
			"an unknown message before connect",
			new ClientScript().message(4, 99, 0, 0, patternOf(3)).take(),
			"COMMAND_BEFORE_CONNECT",
		],
		[
			"a long message before connect",
			new ClientScript().message(4, 20, 0, 0, new Uint8Array(65_537)).take(),
			"MESSAGE_TOO_LARGE",
		],
		["deep values before connect", command("connect", nested(40)).take(), "AMF_TOO_DEEP"],
		["connect twice", new ClientScript().connect().connect().take(), "CONNECT_TWICE"],
		[
			"a command without a name",
			new ClientScript().connect().message(3, 20, 0, 0, encodeAmf0(1)).take(),
			"MESSAGE_MALFORMED",
		],
		[
			"a command of no bytes",
			new ClientScript().connect().message(3, 20, 0, 0, new Uint8Array(0)).take(),
			"MESSAGE_MALFORMED",
		],
		[
			"a broken aggregate",
			new ClientScript().connect().message(3, 22, 0, 0, patternOf(40)).take(),
			"MESSAGE_MALFORMED",
		],
		[
			"a chunk of an unknown stream",
			new ClientScript().connect().raw(bytesOf("c9")).take(),
			"CHUNK_NO_PREVIOUS_HEADER",
		],
		["another protocol", new TextEncoder().encode("GET / HTTP/1.1\r\n"), "HANDSHAKE_NOT_RTMP"],
	];

	describe.each(faults)("%s", (_name, bytes, code) => {
		test.each(splits)("$name", split => {
			const session = new ServerSession();
			session.receive(bytes, split);
			const { length } = session.events;
			expect(session.events.at(-1)).toBe(`closed ${code}`);
			session.receive(new ClientScript().connect().take());
			session.passTo(1e7);
			expect(session.events.length).toBe(length);
			if (session.events[0]!.startsWith("connect")) expect(session.sent.at(-1)).toBe("onBWDone #0 0 null");
		});
	});

	test("output that was queued before the fault can still be taken", () => {
		const session = new ServerSession();
		session.connection.receive(new ClientScript().connect().connect().take(), 0);
		expect(session.connection.link.closed).toBe(true);
		expect(session.connection.link.outputBytes).toBeGreaterThan(HANDSHAKE_LENGTH + 100);
		session.takeOutput();
		expect(session.sent.length).toBe(6);
	});

	test("its own text names what came, in one line of ASCII", () => {
		const session = new ServerSession();
		let reason: Error | undefined;
		session.onClosed = error => {
			reason = error;
		};
		session.receive(new ClientScript().command(3, 0, "\u202e\n".repeat(200), 1).take());
		expect(reason).toBeInstanceOf(PeerError);
		expect(reason!.message).toMatch(/^[ -~]{1,800}$/);
	});

	test("a fault of the handler's own is no fault of the client", () => {
		const session = new ServerSession();
		session.onConnect = () => {
			throw new RangeError("A defect.");
		};
		expect(() => session.receive(new ClientScript().connect().take())).toThrow("A defect.");
		expect(session.connection.link.closed).toBe(false);
	});
});

describe("names of streams", () => {
	test.each([
		["publish", "NetStream.Publish.BadName"],
		["play", "NetStream.Play.Failed"],
	])("that are forbidden are answered to %s before the end", (command, code) => {
		for (const name of ["../x", "x".repeat(256)]) {
			const { session, client } = connectedSession();
			session.receive(client.command(8, 1, command, 0, null, name).take());
			expect(session.sent).toEqual([`onStatus #1 0 null "${code}"`]);
			expect(session.events).toEqual([`closed ${name.length > 9 ? "NAME_TOO_LONG" : "NAME_FORBIDDEN"}`]);
		}
	});

	test.each([
		["publish", "NetStream.Publish.BadName"],
		["play", "NetStream.Play.Failed"],
	])("that are missing are answered to %s, and the connection goes on", (command, code) => {
		for (const name of [undefined, null, 5, true, "", "/", "?key=1", { name: "x" }]) {
			const { session, client, stream } = connectedSession();
			session.receive(client.command(8, 1, command, 0, null, name).take());
			expect(session.sent).toEqual([`onStatus #1 0 null "${code}"`]);
			expect([session.events, stream.state]).toEqual([[], "idle"]);
		}
	});

	test("that are forbidden disturb nothing in an encoder's additions: publish answers for them", () => {
		const { session, client } = connectedSession();
		session.receive(
			client.command(3, 0, "releaseStream", 3, null, "a|b").command(3, 0, "FCPublish", 4, null, "a|b").take(),
		);
		expect(session.sent.length).toBe(3);
		expect(session.events).toEqual([]);
	});
});

describe("limits", () => {
	test("100,000 createStream end at 256 streams", () => {
		const { session, client } = connectedSession();
		for (let i = 0; i < 1000; i++) client.command(3, 0, "createStream", 3);
		session.receive(client.take());
		expect(session.events).toEqual(["closed TOO_MANY_STREAMS"]);
		expect(session.sent.at(-1)).toBe("_result #0 3 null 256");
	});

	test("createStream and deleteStream may alternate for ever", () => {
		const { session, client } = connectedSession();
		for (let i = 0; i < 1000; i++) client.command(3, 0, "createStream", 3).command(3, 0, "deleteStream", 0, null, 2);
		session.receive(client.take());
		expect(session.connection.streams.size).toBe(1);
		expect(session.events).toEqual([]);
	});

	test("answers that nobody takes end the connection, and are thrown away", () => {
		const { session, client } = connectedSession("now", limits({ outputBytes: 20_000 }));
		for (let i = 0; i < 2000; i++) client.command(3, 0, "getStreamLength", 3, null, "x");
		session.receive(client.take());
		expect(session.events).toEqual(["closed OUTPUT_TOO_LARGE"]);
		expect(session.sent).toEqual([]);
	});

	test("values may be deeper after connect than before, up to their limit", () => {
		const { session, client } = connectedSession("now", limits({ amfDepth: 50 }));
		session.receive(client.command(3, 0, "f", 0, null, nested(45)).take());
		expect(session.events.length).toBe(1);
		session.receive(client.command(3, 0, "f", 0, null, nested(55)).take());
		expect(session.events.slice(1)).toEqual(["closed AMF_TOO_DEEP"]);
	});
});

describe("calls", () => {
	test("of the client are answered where it asked for that", () => {
		const { session } = connectedSession();
		const { connection } = session;
		const call = { name: "f", transactionId: 5, args: [] };
		connection.sendResult(call, { a: 1 });
		connection.sendError(call, netStatus("NetConnection.Call.Failed"));
		connection.sendResult({ ...call, transactionId: 0 }, 1);
		connection.sendError({ ...call, transactionId: 0 }, netStatus("NetConnection.Call.Failed"));
		session.takeOutput();
		expect(session.sent).toEqual(['_result #0 5 null {"a":1}', '_error #0 5 null "NetConnection.Call.Failed"']);
	});

	test("of the client in object encoding 3 are answered in type 17", () => {
		const session = new ServerSession();
		session.receive(new ClientScript().connect("live", { objectEncoding: 3 }).take());
		session.connection.sendResult({ name: "f", transactionId: 5, args: [] }, new Uint8Array([1]));
		session.takeOutput();
		expect(session.sent.at(-1)).toMatch(/^amf3 _result #0 5 null/);
	});

	test("of the server get their answers, each once", () => {
		const { session, client } = connectedSession();
		const answers: [string, AmfValue][] = [];
		const responder = (name: string) => ({
			onResult: (value: AmfValue) => answers.push([`${name} result`, value]),
			onError: (value: AmfValue) => answers.push([`${name} error`, value]),
		});
		session.connection.call("a", [1], responder("a"));
		session.connection.call("b", [], responder("b"));
		session.connection.call("c", [], responder("c"));
		session.connection.call("d", []);
		session.takeOutput();
		expect(session.sent).toEqual(["a #0 1 null 1", "b #0 2 null", "c #0 3 null", "d #0 0 null"]);
		session.receive(
			client
				.command(3, 0, "_error", 2, null, "no")
				.command(3, 0, "_result", 1, null, 7)
				.command(3, 0, "_result", 1, null, 8)
				.command(3, 0, "_result", 77, null, 9)
				.take(),
		);
		session.connection.link.close();
		session.connection.call("e", [], responder("e"));
		expect(answers).toEqual([
			["b error", "no"],
			["a result", 7],
			["c error", undefined],
			["e error", undefined],
		]);
	});

	test("of the server fail where the client takes too long; the late answer is for nobody", () => {
		const { session, client } = connectedSession("now", { callTimeoutMillis: 5000 });
		const answers: AmfValue[] = [];
		const responder = {
			onResult: (value: AmfValue) => answers.push(value),
			onError: (value: AmfValue) => answers.push(value),
		};
		session.connection.call("a", [], responder, 1000);
		session.connection.call("b", [], responder, 2000);
		session.passTo(5999);
		expect(answers).toEqual([]);
		session.passTo(6000);
		session.receive(client.command(3, 0, "_result", 1, null, 1).command(3, 0, "_result", 2, null, 2).take());
		session.passTo(20_000);
		const late = { code: "NetConnection.Call.Failed", description: "The client did not answer in time." };
		expect(answers).toMatchObject([late, 2]);
	});

	test("of the server are bound in number, and one that cannot be sent is not waited for", () => {
		const { session } = connectedSession("now", { limits: { ...SESSION_OPTIONS.limits, pendingCalls: 2 } });
		const { connection } = session;
		const errors: AmfValue[] = [];
		const responder = { onResult: () => undefined, onError: (value: AmfValue) => errors.push(value) };
		expect(() => connection.call("odd", [Symbol("x") as unknown as AmfValue], responder)).toThrow();
		expect([1, 2, 3].map(() => connection.call("a", [], responder))).toEqual([true, true, false]);
		expect(errors).toMatchObject([{ code: "NetConnection.Call.Failed" }]);
		expect(connection.call("without an answer", [])).toBe(true);
		connection.link.close();
		expect([connection.call("a", []), errors.length]).toEqual([false, 3]);
	});

	test("of names that objects inherit are calls like others", () => {
		const { session, client } = connectedSession();
		for (const name of ["constructor", "__proto__", "toString", "onConnect"]) client.command(3, 0, name, 0);
		session.receive(client.take());
		expect(session.events.map(event => event.split(" ")[1])).toEqual([
			"constructor",
			"__proto__",
			"toString",
			"onConnect",
		]);
	});
});

describe("the end", () => {
	test("stops streams first, tells no statuses, and is told once", () => {
		const { session, client } = connectedSession();
		session.receive(
			client
				.command(8, 1, "publish", 0, null, "a")
				.command(3, 0, "createStream", 3)
				.command(8, 2, "play", 0, null, "b")
				.take(),
		);
		session.forget();
		session.connection.closeGracefully(netStatus("NetConnection.Connect.AppShutdown"));
		session.connection.closeGracefully();
		session.connection.link.close(new LimitError("OUTPUT_TOO_LARGE"));
		session.takeOutput();
		expect(session.events).toEqual(["unpublish #1 a", "stop #2 b", "closed -"]);
		expect(session.sent).toEqual(['onStatus #0 0 null "NetConnection.Connect.AppShutdown"', "close #0 0 null"]);
		expect(session.connection.streams.size).toBe(0);
		expect(session.connection.deadline).toBe(Number.POSITIVE_INFINITY);
	});

	test("before connect leaves no deadline behind", () => {
		const session = new ServerSession();
		session.connection.link.close();
		expect(session.connection.deadline).toBe(Number.POSITIVE_INFINITY);
	});

	test("within a handler leaves the rest of what came unread", () => {
		const { session, client } = connectedSession();
		session.onMedia = () => session.connection.link.close();
		session.receive(
			client
				.command(8, 1, "publish", 0, null, "a")
				.message(4, 22, 0, 1, bytesOf("08 000001 000000 00 000000 01 0000000c 08 000001 000000 00 000000 02"))
				.command(3, 0, "f", 0)
				.connect()
				.take(),
		);
		expect(session.events).toEqual(["publish #1 a live -", "unpublish #1 a", "closed -"]);
	});
});

test("a message about a shared object counts once connect is accepted, and waits for permissions in its turn", () => {
	const early = new ServerSession();
	early.receive(new ClientScript().message(3, 19, 0, 0, patternOf(20)).take());
	expect(early.events).toEqual(["closed COMMAND_BEFORE_CONNECT"]);
	const { session, client } = connectedSession("later");
	session.receive(
		client
			.command(8, 1, "publish", 0, null, "cam")
			.message(3, 19, 0, 0, patternOf(20))
			.message(3, 16, 0, 1, patternOf(9))
			.take(),
	);
	expect(session.events).toEqual(["publish #1 cam live -"]);
	session.settleNext();
	expect(session.events.slice(1)).toEqual(["shared object 19 20", "shared object 16 9"]);
});

test("a stream says what it is and sends data and events under its id", () => {
	const { session, stream } = connectedSession();
	const named: ServerStream = stream;
	named.name = "cam";
	expect(named.status("NetStream.Play.Start", "Go.", { isFastPlay: false })).toEqual({
		level: "status",
		code: "NetStream.Play.Start",
		description: "Go.",
		details: "cam",
		clientid: "c1",
		isFastPlay: false,
	});
	named.sendData("onCue", 1);
	named.sendEvent(31);
	session.takeOutput();
	expect(session.sent).toEqual(["data #1 onCue 1", "31 1"]);
});

function nested(depth: number): AmfValue {
	let value: AmfValue = 1;
	for (let i = 0; i < depth; i++) value = { value };
	return value;
}
