import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { ConnectionHandler, Transport } from "./connection.ts";
import { type EngineHandler, WatchSession } from "./session.ts";

type Opened = { transport: Transport; handler: ConnectionHandler; closed: boolean };
type Made = { handler: EngineHandler; fed: number; destroyed: boolean };

const HEADER = new ArrayBuffer(13);
const MEDIA = new ArrayBuffer(1000);

let opened: Opened[];
let engines: Made[];
let session: WatchSession;

function start(transports: Transport[] = ["ws", "http"]): void {
	opened = [];
	engines = [];
	session = new WatchSession({
		transports,
		connect(transport, handler) {
			const connection = { transport, handler, closed: false };
			opened.push(connection);
			return {
				close() {
					connection.closed = true;
				},
			};
		},
		createEngine(handler) {
			const engine = { handler, fed: 0, destroyed: false };
			engines.push(engine);
			return {
				feed(bytes) {
					engine.fed += bytes.byteLength;
				},
				destroy() {
					engine.destroyed = true;
				},
			};
		},
		onChange() {},
	});
	session.start();
}

const last = () => opened.at(-1)!;

/** The newest connection is accepted and brings media. */
function play(): void {
	last().handler.onOpen();
	last().handler.onBytes(HEADER);
	last().handler.onBytes(MEDIA);
}

beforeEach(() => {
	vi.useFakeTimers();
	vi.spyOn(Math, "random").mockReturnValue(0.5);
	vi.spyOn(console, "warn").mockReturnValue(undefined);
});

afterEach(() => {
	session.stop();
	vi.useRealTimers();
	vi.restoreAllMocks();
});

it("plays by WebSocket first and hands all bytes to the engine", () => {
	start();
	expect([session.state, last().transport]).toEqual(["connecting", "ws"]);
	play();
	expect([session.state, session.transport, engines[0]!.fed]).toEqual(["playing", "ws", 1013]);
});

it("a connection that is held open without media waits, also when the FLV header has come", () => {
	start();
	last().handler.onOpen();
	expect(session.state).toBe("waiting");
	last().handler.onBytes(HEADER);
	vi.advanceTimersByTime(60_000);
	expect([session.state, opened.length, engines.length]).toEqual(["waiting", 1, 0]);
	last().handler.onBytes(MEDIA);
	expect([session.state, engines[0]!.fed]).toEqual(["playing", 1013]);
});

it("goes on to HTTP at once where WebSocket cannot be opened", () => {
	start();
	last().handler.onEnd({ kind: "failed" });
	expect([opened.length, session.transport]).toEqual([2, "http"]);
	play();
	expect([session.state, session.transport]).toEqual(["playing", "http"]);
});

it("a forced transport is the only one", () => {
	start(["http"]);
	for (let i = 0; i < 5; i++) {
		last().handler.onEnd({ kind: "failed" });
		vi.advanceTimersByTime(10_000);
	}
	expect(new Set(opened.map(({ transport }) => transport))).toEqual(new Set(["http"]));
});

it("a 404 is waited out with growing delays, each time from the first transport", () => {
	start();
	const tries: number[] = [];
	for (const delay of [500, 1000, 2000, 4000, 8000, 8000]) {
		last().handler.onEnd({ kind: "failed" });
		last().handler.onEnd({ kind: "refused", status: 404 });
		expect(session.state).toBe("waiting");
		vi.advanceTimersByTime(delay - 1);
		tries.push(opened.length);
		vi.advanceTimersByTime(1);
		expect(last().transport).toBe("ws");
	}
	expect(tries).toEqual([2, 4, 6, 8, 10, 12]);
});

it("a stream that appears in the server's list is tried at once", () => {
	start();
	session.noteFacts(false, undefined);
	last().handler.onEnd({ kind: "failed" });
	last().handler.onEnd({ kind: "refused", status: 404 });
	vi.advanceTimersByTime(10_000);
	expect(opened.length).toBe(2);
	session.noteFacts(true, 5);
	vi.advanceTimersByTime(0);
	expect(opened.length).toBe(3);
});

it("a server that is not there is told from a stream that is not there", () => {
	start();
	last().handler.onEnd({ kind: "failed" });
	last().handler.onEnd({ kind: "failed" });
	expect(session.state).toBe("unreachable");
	vi.advanceTimersByTime(500);
	play();
	expect(session.state).toBe("playing");
});

it("a refusal says so", () => {
	start();
	last().handler.onEnd({ kind: "failed" });
	last().handler.onEnd({ kind: "refused", status: 403 });
	expect(session.state).toBe("refused");
	expect(session.problem).toMatch(/does not allow/);
});

it("a drop reconnects over the same transport and keeps the last picture until new media comes", () => {
	start();
	last().handler.onEnd({ kind: "failed" });
	play();
	last().handler.onEnd({ kind: "closed" });
	expect([session.state, engines[0]!.destroyed]).toEqual(["reconnecting", false]);
	vi.advanceTimersByTime(500);
	expect(last().transport).toBe("http");
	last().handler.onOpen();
	expect([session.state, engines[0]!.destroyed]).toEqual(["reconnecting", false]);
	play();
	expect([session.state, engines.length, engines[0]!.destroyed]).toEqual(["playing", 2, true]);
});

it("delays start small again after steady playback", () => {
	start();
	for (const delay of [500, 1000, 2000]) {
		play();
		last().handler.onEnd({ kind: "closed" });
		vi.advanceTimersByTime(delay);
	}
	play();
	for (let i = 0; i < 12; i++) {
		vi.advanceTimersByTime(500);
		last().handler.onBytes(MEDIA);
	}
	const before = opened.length;
	last().handler.onEnd({ kind: "closed" });
	vi.advanceTimersByTime(500);
	expect(opened.length).toBe(before + 1);
});

it("data that something between holds back sends the session to the next transport", () => {
	start();
	session.noteFacts(true, 1);
	last().handler.onOpen();
	vi.advanceTimersByTime(7000);
	expect([opened[0]!.closed, session.transport, opened.length]).toEqual([true, "http", 2]);
});

it("silence of a stream that is still published is a dead line", () => {
	start();
	session.noteFacts(true, 1);
	play();
	vi.advanceTimersByTime(10_500);
	expect([opened[0]!.closed, session.state]).toEqual([true, "reconnecting"]);
	vi.advanceTimersByTime(1000);
	expect(opened.length).toBe(2);
});

it("silence of a stream whose publisher is gone is waited out on the open connection", () => {
	start();
	session.noteFacts(false, undefined);
	play();
	vi.advanceTimersByTime(60_000);
	expect([opened.length, opened[0]!.closed]).toEqual([1, false]);
});

it("a codec that the browser lacks ends the trying until a new publisher comes", () => {
	start();
	session.noteFacts(true, 1);
	play();
	engines[0]!.handler.onUnsupported("No H.266 here.");
	expect([session.state, session.problem, opened[0]!.closed]).toEqual(["unsupported", "No H.266 here.", true]);
	session.noteFacts(true, 1);
	vi.advanceTimersByTime(60_000);
	expect(opened.length).toBe(1);
	session.noteFacts(true, 2);
	vi.advanceTimersByTime(0);
	play();
	expect([session.state, session.problem]).toEqual(["playing", undefined]);
});

it("a decoder that fails three times in a row is given up", () => {
	start();
	for (let i = 0; i < 3; i++) {
		play();
		engines.at(-1)!.handler.onBroken("decode error");
		vi.advanceTimersByTime(8000);
	}
	expect(session.state).toBe("unsupported");
	expect(session.problem).toMatch(/three times.*decode error/);
	expect(opened.length).toBe(3);
});

it("an engine that was replaced has nothing more to say", () => {
	start();
	play();
	last().handler.onEnd({ kind: "closed" });
	vi.advanceTimersByTime(500);
	play();
	engines[0]!.handler.onUnsupported("late");
	expect(session.state).toBe("playing");
});

it("the bitrate is what came over the last seconds", () => {
	start();
	play();
	expect(session.bitrate).toBeUndefined();
	for (let i = 0; i < 20; i++) {
		last().handler.onBytes(MEDIA);
		vi.advanceTimersByTime(500);
	}
	expect(session.bitrate).toBeCloseTo(16_000);
	last().handler.onEnd({ kind: "closed" });
	expect(session.bitrate).toBeUndefined();
});

it("after the stop nothing is opened any more", () => {
	start();
	play();
	session.stop();
	vi.advanceTimersByTime(60_000);
	expect([opened.length, opened[0]!.closed, engines[0]!.destroyed]).toEqual([1, true, true]);
});
