import { describe, expect, it } from "vitest";
import type { MillraceError } from "../fault/index.ts";
import {
	TunnelClient,
	type TunnelClientHandler,
	type TunnelClientOptions,
	type TunnelRequest,
} from "./tunnel-client.ts";

/** A client with a clock, and a handler that notes what it is told. */
class Scene implements TunnelClientHandler {
	readonly client: TunnelClient;
	now = 1000;
	readonly told: string[] = [];
	received: number[] = [];
	closed: { readonly reason: MillraceError | undefined } | undefined;

	constructor(options: TunnelClientOptions = {}) {
		this.client = new TunnelClient(this, { ident: false, ...options });
	}

	/** The one request that is due now; fails where there is none. */
	next(): TunnelRequest {
		const request = this.client.nextRequest(this.now);
		if (request === undefined) throw new Error("No request is due.");
		return request;
	}

	get due(): string[] {
		const paths: string[] = [];
		for (let request = this.client.nextRequest(this.now); request; request = this.client.nextRequest(this.now)) {
			paths.push(request.path);
		}
		return paths;
	}

	answer(request: TunnelRequest, ...body: number[]): void {
		this.client.onAnswer(request, 200, Uint8Array.from(body), this.now);
	}

	answerText(request: TunnelRequest, text: string, status = 200): void {
		this.client.onAnswer(request, status, new TextEncoder().encode(text), this.now);
	}

	onOpen(): void {
		this.told.push("open");
	}

	onHost(host: string): void {
		this.told.push(host);
	}

	onData(bytes: Uint8Array): void {
		this.received.push(...bytes);
	}

	onDrain(): void {
		this.told.push("drain");
	}

	onClosed(reason: MillraceError | undefined): void {
		if (this.closed !== undefined) throw new Error("The end was told twice.");
		this.closed = { reason };
	}
}

/** A client whose session is open, with the id `S`. */
function opened(options: TunnelClientOptions = {}): Scene {
	const scene = new Scene(options);
	scene.answerText(scene.next(), "S\n");
	return scene;
}

describe("opening", () => {
	it("asks which host to use, then opens", () => {
		const scene = new Scene({ ident: true });
		const ident = scene.next();
		expect([ident.path, [...ident.body], scene.due]).toEqual(["/fcs/ident2", [0], []]);
		scene.answerText(ident, "192.0.2.7");
		const open = scene.next();
		expect([open.path, [...open.body]]).toEqual(["/open/1", [0]]);
		scene.answerText(open, "a-B_9\n");
		expect(scene.told).toEqual(["192.0.2.7", "open"]);
		expect(scene.due).toEqual(["/idle/a-B_9/0"]);
	});

	it.each([
		["nothing", "", 200],
		["404", "not here", 404],
		["what is no host", "<html>hello world</html>", 200],
	])("goes on where the server answers %s to the question for a host", (_, text, status) => {
		const scene = new Scene({ ident: true });
		scene.answerText(scene.next(), text, status);
		expect([scene.told, scene.due]).toEqual([[], ["/open/1"]]);
	});

	it("fails with the status that came", () => {
		const scene = new Scene();
		scene.answerText(scene.next(), "no", 404);
		expect([scene.closed?.reason?.code, scene.closed?.reason?.message]).toEqual([
			"CONNECT_FAILED",
			"No connection could be opened. /open/ was answered with status 404.",
		]);
		expect(scene.due).toEqual([]);
	});

	it("fails where the answer holds no session", () => {
		const scene = new Scene();
		scene.answerText(scene.next(), "<html>no tunnel</html>");
		expect(scene.closed?.reason?.code).toBe("CONNECT_FAILED");
	});

	it("is tried again where no answer came, and then fails", () => {
		const scene = new Scene({ retries: 2 });
		scene.client.onFailed(scene.next(), new Error("reset"), scene.now);
		scene.client.onFailed(scene.next(), new Error("reset"), scene.now);
		expect(scene.due).toEqual([]);
		expect(scene.client.deadline).toBe(1200);
		scene.now = 1200;
		const last = scene.next();
		expect(last.path).toBe("/open/1");
		scene.client.onFailed(last, new Error("reset"), scene.now);
		expect(scene.closed?.reason?.code).toBe("CONNECT_FAILED");
	});
});

describe("a client", () => {
	it("sends what was written before the session was open, at first", () => {
		const scene = new Scene();
		scene.client.write(Uint8Array.of(3, 4));
		const open = scene.next();
		expect(scene.due).toEqual([]);
		scene.answerText(open, "S\n");
		const send = scene.next();
		expect([send.path, [...send.body], scene.client.backlog]).toEqual(["/send/S/0", [3, 4], 2]);
		scene.answer(send, 1, 9, 8);
		expect([scene.received, scene.told, scene.client.backlog]).toEqual([[9, 8], ["open", "drain"], 0]);
	});

	it("has one poll and one request with bytes under way at most", () => {
		const scene = opened({ maxSendBytes: 2 });
		expect(scene.due).toEqual(["/idle/S/0"]);
		scene.client.write(Uint8Array.of(1, 2, 3));
		const send = scene.next();
		expect([send.path, [...send.body], scene.due]).toEqual(["/send/S/1", [1, 2], []]);
	});

	it("puts answers in the order of its requests", () => {
		const scene = opened();
		const idle = scene.next();
		scene.client.write(Uint8Array.of(1));
		const send = scene.next();
		scene.answer(send, 1, 20);
		expect(scene.received).toEqual([]);
		scene.answer(idle, 1, 10);
		expect(scene.received).toEqual([10, 20]);
	});

	it("polls again at once behind data, and after the wait that the server asks for", () => {
		const scene = opened();
		scene.answer(scene.next(), 1, 5);
		const second = scene.next();
		scene.now += 200;
		scene.answer(second, 0x09, 5);
		expect([scene.due, scene.client.deadline]).toEqual([[], scene.now + 128]);
		scene.now += 128;
		expect(scene.due).toEqual(["/idle/S/2"]);
	});

	it("waits no longer than its own limit", () => {
		const scene = opened({ maxIntervalMillis: 300 });
		scene.answer(scene.next(), 0xff, 5);
		expect(scene.client.deadline).toBe(scene.now + 300);
	});

	it("does not press a server that answers empty polls at once", () => {
		const scene = opened();
		const first = scene.next();
		scene.now += 20;
		scene.answer(first, 1);
		expect(scene.client.deadline).toBe(scene.now + 50);
		scene.now += 50;
		const held = scene.next();
		scene.now += 500;
		scene.answer(held, 1);
		expect(scene.due).toEqual(["/idle/S/2"]);
	});

	it("repeats a request that broke off, with its number and its bytes", () => {
		const scene = opened();
		scene.client.write(Uint8Array.of(1));
		const send = scene.next();
		scene.client.onFailed(send, new Error("reset"), scene.now);
		const again = scene.next();
		expect([again.path, [...again.body]]).toEqual(["/send/S/0", [1]]);
		scene.answer(again, 1, 7);
		scene.answer(again, 1, 7);
		expect(scene.received).toEqual([7]);
	});

	it("repeats a request that a proxy did not get through, and gives up at last", () => {
		const scene = opened({ retries: 1 });
		scene.answerText(scene.next(), "bad gateway", 502);
		scene.answerText(scene.next(), "bad gateway", 502);
		expect(scene.closed?.reason?.code).toBe("CONNECTION_LOST");
	});

	it("is closed by a status, and by the interval 0 behind the last bytes", () => {
		const lost = opened();
		lost.answerText(lost.next(), "", 404);
		expect(lost.closed?.reason?.code).toBe("CONNECTION_LOST");
		const ended = opened();
		ended.answer(ended.next(), 0, 6);
		expect([ended.received, ended.closed, ended.client.closed]).toEqual([[6], { reason: undefined }, true]);
	});

	it("closes behind what was written, beside a poll that is held", () => {
		const scene = opened();
		scene.next();
		scene.client.write(Uint8Array.of(1));
		scene.client.close();
		scene.client.write(Uint8Array.of(2));
		const send = scene.next();
		expect([send.path, [...send.body], scene.due]).toEqual(["/send/S/1", [1], []]);
		scene.answer(send, 1);
		expect(scene.due).toEqual([]);
	});

	it("is closed when its goodbye is answered, or is not", () => {
		for (const answered of [true, false]) {
			const scene = opened();
			scene.client.close();
			const close = scene.next();
			expect(close.path).toBe("/close/S/0");
			if (answered) scene.answer(close, 0);
			else scene.client.onFailed(close, undefined, scene.now);
			expect(scene.closed).toEqual({ reason: undefined });
		}
	});

	it("that is abandoned leaves the request that tells the server", () => {
		const scene = opened();
		const idle = scene.next();
		expect(scene.client.abandon()?.path).toBe("/close/S/1");
		expect(scene.closed).toEqual({ reason: undefined });
		scene.answer(idle, 1, 5);
		expect([scene.received, scene.client.abandon(), new Scene().client.abandon()]).toEqual([[], undefined, undefined]);
	});
});
