import { splits } from "@millrace/testkit";
import { describe, expect, test } from "vitest";
import { patternOf } from "./chunk-case.ts";
import { DEFAULT_RTMP_LIMITS } from "./limits.ts";
import { netStatus } from "./net-status.ts";
import { ClientScript, connectedSession, ServerSession } from "./server-session.ts";

const limits = (more: Partial<typeof DEFAULT_RTMP_LIMITS>) => ({ limits: { ...DEFAULT_RTMP_LIMITS, ...more } });

describe("permissions that come later", () => {
	const STEPS = new ClientScript()
		.connect()
		.command(3, 0, "createStream", 2)
		.command(8, 1, "publish", 3, null, "cam")
		.message(4, 8, 0, 1, patternOf(10))
		.command(3, 0, "createStream", 4)
		.command(8, 2, "play", 5, null, "film")
		.command(8, 2, "pause", 6, null, true, 0)
		.take();

	test.each(splits)("hold what follows, in order, $name", split => {
		const session = new ServerSession("later");
		session.receive(STEPS, split);
		const connect = "connect live _definst_ - 0";
		expect(session.events).toEqual([connect]);
		expect(session.sent).toEqual([]);
		session.settleNext();
		expect(session.events).toEqual([connect, "publish #1 cam live -"]);
		session.settleNext();
		expect(session.events.slice(2)).toEqual(["media #1 8 0 10", "play #2 film -2000 -1000 true"]);
		session.settleNext();
		expect(session.events.slice(4)).toEqual(["pause #2 true 0"]);
	});

	test.each(splits)("hold streams, and what is behind them, until calls have taken effect, $name", split => {
		const { session, client } = connectedSession();
		session.holdsForCalls = true;
		session.receive(
			client
				.command(3, 0, "login", 7, null)
				.command(3, 0, "createStream", 2)
				.command(8, 2, "publish", 0, null, "b")
				.command(3, 0, "logout", 8, null)
				.take(),
			split,
		);
		expect(session.events).toEqual(["call login 7 "]);
		session.settleNext();
		expect(session.events.slice(1)).toEqual(["publish #2 b live -", "call logout 8 "]);
	});

	test("are given once; a second answer changes nothing", () => {
		const { session, client, stream } = connectedSession("later");
		session.connection.acceptConnect();
		session.connection.rejectConnect(netStatus("NetConnection.Connect.Rejected"));
		session.receive(client.command(8, 1, "publish", 0, null, "a").message(4, 8, 0, 1, patternOf(3)).take());
		stream.acceptPlay(true);
		stream.acceptPublish();
		stream.acceptPublish();
		stream.refuse(netStatus("NetStream.Publish.Denied"));
		session.takeOutput();
		expect(session.events).toEqual(["publish #1 a live -", "media #1 8 0 3"]);
		expect(session.sent).toEqual(["begin 1", 'onStatus #1 0 null "NetStream.Publish.Start"']);
	});

	test("within a held message's handler are served when it returns, not inside it", () => {
		const session = new ServerSession("later");
		const order: string[] = [];
		session.grant = permission => {
			if (session.events.length === 1) {
				session.waiting.push(permission);
				return;
			}
			order.push(`before ${session.events.at(-1)}`);
			permission();
			order.push(`after ${session.events.at(-1)}`);
		};
		session.receive(STEPS);
		session.settleNext();
		expect(order).toEqual([
			"before publish #1 cam live -",
			"after publish #1 cam live -",
			"before play #2 film -2000 -1000 true",
			"after play #2 film -2000 -1000 true",
		]);
		expect(session.events.at(-1)).toBe("pause #2 true 0");
	});

	test("for thousands of held commands that are granted at once do not overflow the stack", () => {
		const session = new ServerSession("later");
		const client = new ClientScript().connect().command(3, 0, "createStream", 2);
		for (let i = 0; i < 4000; i++) client.command(8, 1, "publish", 0, null, "x");
		session.receive(client.take());
		const [accept] = session.waiting.splice(0);
		session.grant = permission => permission();
		accept!();
		expect(session.events.filter(event => event.startsWith("publish")).length).toBe(4000);
		expect(session.connection.link.closed).toBe(false);
	});

	test.each([
		["publish", "NetStream.Publish.Denied"],
		["play", "NetStream.Play.Failed"],
	] as const)("may refuse a %s: the client is told, and what waited goes on", (command, code) => {
		const { session, client, stream } = connectedSession("later");
		session.receive(
			client
				.command(8, 1, command, 0, null, "a")
				.message(4, 8, 0, 1, patternOf(3))
				.command(3, 0, "createStream", 9)
				.take(),
		);
		stream.refuse(netStatus(code, "No."));
		session.takeOutput();
		expect(session.sent).toEqual([`onStatus #1 0 null "${code}"`, "_result #0 9 null 2"]);
		expect(stream.state).toBe("idle");
		expect(session.events.length).toBe(1);
		expect(session.connection.strayMessages).toBe(1);
	});

	test("may not come before the end: later answers change nothing", () => {
		for (const command of ["publish", "play"]) {
			const { session, client, stream } = connectedSession("later");
			session.receive(client.command(8, 1, command, 0, null, "a").command(3, 0, "createStream", 9).take());
			session.connection.link.close();
			stream.acceptPublish();
			stream.acceptPlay(true);
			stream.refuse(netStatus("NetStream.Failed"));
			session.takeOutput();
			expect([session.sent, session.events.slice(1), stream.state]).toEqual([[], ["closed -"], "idle"]);
		}
		const session = new ServerSession("later");
		session.receive(new ClientScript().connect().take());
		session.connection.closeGracefully();
		session.connection.acceptConnect();
		session.connection.rejectConnect(netStatus("NetConnection.Connect.Rejected"));
		session.takeOutput();
		expect(session.connection.connected).toBe(false);
		expect(session.sent).toEqual(["close #0 0 null"]);
	});

	test.each([
		["bytes", limits({ heldBytes: 1000 }), 11, 100],
		["messages, however small", {}, 4097, 0],
	])("hold no more %s than the limit", (_name, options, count, length) => {
		for (const by of [count - 1, count]) {
			const session = new ServerSession("later", options);
			const client = new ClientScript().connect();
			for (let i = 0; i < by; i++) client.message(4, 8, 0, 1, patternOf(length));
			session.receive(client.take());
			expect(session.events.slice(1)).toEqual(by === count ? ["closed TOO_MUCH_HELD"] : []);
		}
	});

	test("meet a fault in what was held: it ends the connection when its turn has come", () => {
		const session = new ServerSession("later");
		const client = new ClientScript().connect().command(3, 0, "createStream", 2).connect();
		session.receive(client.command(3, 0, "createStream", 3).take());
		expect(session.connection.link.closed).toBe(false);
		session.settleNext();
		expect(session.events.slice(1)).toEqual(["closed CONNECT_TWICE"]);
		expect(session.sent.at(-1)).toBe("_result #0 2 null 1");
	});
});
