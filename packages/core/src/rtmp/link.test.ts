import { splits } from "@millrace/testkit";
import { describe, expect, test } from "vitest";
import { bytesOf, patternOf } from "./chunk-case.ts";
import { TYPE_USER_CONTROL } from "./message/message-type.ts";
import { EVENT_PING_REQUEST, EVENT_PING_RESPONSE } from "./message/user-control.ts";
import { ClientScript, connectedSession, HANDSHAKE_LENGTH, ServerSession } from "./server-session.ts";

describe("the handshake", () => {
	test("may end in mid-segment: what follows is read at once", () => {
		for (const split of splits) {
			const session = new ServerSession();
			session.receive(new ClientScript().connect().take(), split);
			expect(session.events).toEqual(["connect live _definst_ - 0"]);
		}
	});

	test.each([0, 1, 1537, 3072])("that stops after %i bytes is given up after 10 s of silence", length => {
		const session = new ServerSession();
		session.now = 4000;
		session.receive(new ClientScript().take().subarray(0, length));
		session.passTo(length === 0 ? 9_999 : 13_999);
		expect(session.events).toEqual([]);
		session.passTo(14_000);
		expect(session.events).toEqual(["closed HANDSHAKE_TIMEOUT"]);
	});

	test("of one byte a second is given up after 15 s", () => {
		const session = new ServerSession();
		const bytes = new ClientScript().take();
		for (let second = 0; second < 15; second++) {
			session.passTo(second * 1000);
			session.receive(bytes.subarray(second, second + 1));
		}
		expect(session.events).toEqual([]);
		session.passTo(15_000);
		expect(session.events).toEqual(["closed HANDSHAKE_TIMEOUT"]);
	});

	test("is not over before its deadline, though the driver calls early", () => {
		const session = new ServerSession();
		session.connection.handleTimeout(5000);
		expect(session.connection.deadline).toBe(10_000);
		expect(session.events).toEqual([]);
	});
});

describe("connect", () => {
	test("must come within 10 s of the handshake, whatever else comes", () => {
		const session = new ServerSession();
		const client = new ClientScript();
		session.now = 3000;
		session.receive(client.take());
		for (let now = 4000; now < 13_000; now += 1000) {
			session.passTo(now);
			session.receive(client.userControl(EVENT_PING_REQUEST, now).take());
		}
		expect(session.events).toEqual([]);
		session.passTo(13_000);
		expect(session.events).toEqual(["closed CONNECT_TIMEOUT"]);
	});

	test("that is pending may last, while the client answers pings", () => {
		const session = new ServerSession("later");
		const client = new ClientScript();
		session.receive(client.connect().take());
		for (let now = 10_000; now <= 100_000; now += 10_000) {
			session.passTo(now);
			session.receive(client.userControl(EVENT_PING_RESPONSE, now).take());
		}
		session.settleNext();
		expect(session.connection.connected).toBe(true);
	});
});

describe("a silent peer", () => {
	test("is pinged after 10 s with the time, and given up after 30 s", () => {
		const { session } = connectedSession();
		session.passTo(9999);
		expect(session.sent).toEqual([]);
		session.passTo(29_999);
		expect(session.sent).toEqual(["ping 10000", "ping 20000"]);
		expect(session.events).toEqual([]);
		session.passTo(30_000);
		expect(session.events).toEqual(["closed PEER_SILENT"]);
	});

	test("that answers a ping is measured and stays", () => {
		const { session, client } = connectedSession();
		for (let now = 10_000; now <= 200_000; now += 10_000) {
			session.passTo(now);
			session.now = now + 35;
			session.receive(client.userControl(EVENT_PING_RESPONSE, now).take());
			expect(session.connection.link.roundTripMillis).toBe(35);
			session.now = now;
		}
		expect(session.events).toEqual([]);
	});

	test("is measured by the answer to its last ping only", () => {
		const { session, client } = connectedSession();
		const { link } = session.connection;
		session.receive(client.userControl(EVENT_PING_RESPONSE, 0).userControl(EVENT_PING_RESPONSE, 0xffffffff).take());
		expect(link.roundTripMillis).toBe(undefined);
		session.passTo(10_500);
		session.receive(client.userControl(EVENT_PING_RESPONSE, 10_000).take());
		expect(link.roundTripMillis).toBe(500);
		session.now = 11_000;
		session.receive(client.userControl(EVENT_PING_RESPONSE, 10_000).take());
		expect(link.roundTripMillis).toBe(500);
	});

	test("is measured across the wrap of the ping's 32 bits", () => {
		const { session, client } = connectedSession();
		session.connection.link.ping(2 ** 32 - 5, () => undefined);
		session.takeOutput();
		expect(session.sent).toEqual([`ping ${2 ** 32 - 5}`]);
		session.now = 2 ** 32 + 20;
		session.receive(client.userControl(EVENT_PING_RESPONSE, 2 ** 32 - 5).take());
		expect(session.connection.link.roundTripMillis).toBe(25);
	});

	test("is tolerated where silence proves nothing, until it has once answered a ping", () => {
		const { session, client } = connectedSession();
		session.connection.link.toleratesSilence = true;
		session.passTo(300_000);
		expect(session.events).toEqual([]);
		session.receive(client.userControl(EVENT_PING_RESPONSE, 300_000).take());
		session.passTo(329_999);
		expect(session.events).toEqual([]);
		session.passTo(330_000);
		expect(session.events).toEqual(["closed PEER_SILENT"]);
	});

	test("that sends anything is not given up, and pinged for its round trip only", () => {
		const { session, client } = connectedSession();
		for (let now = 9000; now < 100_000; now += 9000) {
			session.passTo(now);
			session.receive(client.message(4, 8, now, 1, patternOf(3)).take());
		}
		const pings = [10, 20, 30, 40, 50, 60, 70, 80, 90].map(second => `ping ${second * 1000}`);
		expect([session.sent, session.events]).toEqual([pings, []]);
	});
});

describe("a ping that is asked for", () => {
	test("measures the round trip for all who ask meanwhile, with one question", () => {
		const { session, client } = connectedSession();
		const { link } = session.connection;
		const heard: unknown[] = [];
		link.ping(2000, millis => heard.push(millis));
		link.ping(2010, millis => heard.push(millis));
		session.takeOutput();
		expect(session.sent).toEqual(["ping 2000"]);
		session.now = 2040;
		session.receive(client.userControl(EVENT_PING_RESPONSE, 2000).take());
		expect([heard, link.roundTripMillis]).toEqual([[40, 40], 40]);
	});

	test("fails after 5 s without an answer, each at its own time, and a later one is sent anew", () => {
		const { session } = connectedSession();
		const heard: string[] = [];
		session.connection.link.ping(1000, millis => heard.push(`first ${millis}`));
		session.connection.link.ping(2000, millis => heard.push(`second ${millis}`));
		session.passTo(5999);
		expect(heard).toEqual([]);
		session.passTo(6000);
		expect(heard).toEqual(["first undefined"]);
		session.passTo(7000);
		expect(heard).toEqual(["first undefined", "second undefined"]);
		session.connection.link.ping(7500, () => undefined);
		session.takeOutput();
		expect(session.sent).toEqual(["ping 1000", "ping 7500"]);
	});

	test("fails where the connection ends, or has not begun", () => {
		const { session } = connectedSession();
		const heard: unknown[] = [];
		session.connection.link.ping(0, millis => heard.push(millis));
		session.connection.link.close();
		session.connection.link.ping(0, millis => heard.push(millis));
		new ServerSession().connection.link.ping(0, millis => heard.push(millis));
		expect(heard).toEqual([undefined, undefined, undefined]);
	});

	test("leaves a round trip that is smoothed over the last ones", () => {
		const { session, client } = connectedSession();
		const { link } = session.connection;
		expect(link.smoothedRoundTripMillis).toBeUndefined();
		for (const [at, millis] of [
			[1000, 80],
			[2000, 160],
		] as const) {
			link.ping(at, () => undefined);
			session.now = at + millis;
			session.receive(client.userControl(EVENT_PING_RESPONSE, at).take());
		}
		expect([link.roundTripMillis, link.smoothedRoundTripMillis]).toEqual([160, 90]);
	});
});

describe("the count of messages", () => {
	test("has what came and what was sent, control messages among them", () => {
		const { session, client } = connectedSession();
		const { link } = session.connection;
		const [received, sent] = [link.messagesReceived, link.messagesSent];
		session.receive(client.userControl(EVENT_PING_REQUEST, 1).message(4, 8, 0, 1, patternOf(3)).take());
		expect([link.messagesReceived - received, link.messagesSent - sent]).toEqual([2, 1]);
	});
});

describe("protocol control", () => {
	test("is taken before connect: chunk size, window, acknowledgement, user control", () => {
		for (const split of splits) {
			const session = new ServerSession();
			const client = new ClientScript().chunkSize(60_000).control(5, 500_000).control(3, 3073).control(2, 9);
			session.receive(client.userControl(3, 0, 300).userControl(99, 1).connect().take(), split);
			expect(session.events).toEqual(["connect live _definst_ - 0"]);
			expect(session.connection.link.peerAcknowledged).toBe(3073);
		}
	});

	test("answers pings with their value", () => {
		const { session, client } = connectedSession();
		session.receive(client.userControl(EVENT_PING_REQUEST, 0xfedcba98).take());
		expect(session.sent).toEqual(["pong 4275878552"]);
	});

	test("answers Set Peer Bandwidth with the window where that is not the one announced last", () => {
		const { session, client } = connectedSession();
		const bandwidth = (hex: string) => session.receive(client.message(2, 6, 0, 0, bytesOf(hex)).take());
		bandwidth("002625a0 02");
		expect(session.sent).toEqual([]);
		bandwidth("000f4240 00");
		bandwidth("000f4240 02");
		bandwidth("000f42");
		bandwidth("00000000");
		expect(session.sent).toEqual(["window 1000000", "window 0"]);
	});

	test("of a wrong length is passed over", () => {
		const { session, client } = connectedSession();
		for (const type of [3, 5, 6, TYPE_USER_CONTROL]) {
			for (let length = 0; length < 4; length++) {
				// Not the first bytes of a user control event that is answered.
				session.receive(client.message(2, type, 0, 0, new Uint8Array(length).fill(0x7f)).take());
			}
		}
		expect([session.sent, session.events]).toEqual([[], []]);
		expect(session.connection.link.peerAcknowledged).toBe(0);
	});

	test("acknowledges what came after the handshake, by half the peer's window", () => {
		const { session, client } = connectedSession();
		const { link } = session.connection;
		session.receive(client.control(5, 20_000).take());
		const before = link.bytesReceived;
		session.receive(client.command(8, 1, "publish", 0, null, "a").take());
		session.forget();
		while (session.sent.length === 0) session.receive(client.message(4, 8, 0, 1, patternOf(100)).take());
		expect(session.sent).toEqual([`acknowledged ${link.bytesReceived}`]);
		expect(link.bytesReceived).toBeGreaterThanOrEqual(10_000);
		expect(link.bytesReceived - before).toBeLessThan(10_300);
	});

	test.each([
		[0, 0],
		[1, 101],
		[0xffffffff, 0],
	])("a window of %i bytes is answered at most once a piece", (window, answers) => {
		const { session, client } = connectedSession();
		session.receive(client.control(5, window).take());
		for (let i = 0; i < 100; i++) session.receive(client.control(3, i).take());
		expect(session.sent.length).toBe(answers);
	});

	test("a flood of pings is answered up to the limit of what waits for the peer", () => {
		const { session, client } = connectedSession();
		for (let i = 0; i < 10_000; i++) client.userControl(EVENT_PING_REQUEST, i);
		session.receive(client.take());
		expect(session.sent.length).toBe(10_000);
		expect(session.events).toEqual([]);
	});
});

describe("a link's output", () => {
	test("has its length told, and is given once", () => {
		const session = new ServerSession();
		session.connection.receive(new ClientScript().connect().take(), 0);
		const { link } = session.connection;
		const length = link.outputBytes;
		expect(length).toBeGreaterThan(HANDSHAKE_LENGTH);
		expect(link.takeOutput().reduce((sum, slice) => sum + slice.length, 0)).toBe(length);
		expect([link.outputBytes, link.takeOutput()]).toEqual([0, []]);
	});

	test("takes blocks that are framed already, between messages, and nothing after the end", () => {
		const { session } = connectedSession();
		const { link } = session.connection;
		const block = bytesOf("04 000000 000003 08 01000000 010203");
		link.sendFramed(block);
		link.close();
		link.sendFramed(block);
		link.send(3, 20, 0, 0, block);
		expect(link.takeOutput()).toEqual([block]);
	});

	test("changes its chunk size behind the announcement", () => {
		const { session } = connectedSession();
		const { link } = session.connection;
		link.setChunkSize(2);
		link.sendControl(3, bytesOf("00000001"));
		expect(link.chunkSize).toBe(2);
		expect(bytesOf(...link.takeOutput())).toEqual(bytesOf("c2 00000002", "42 000000 000004 03 0000 c2 0001"));
	});
});
