import { describe, expect, it } from "vitest";
import type { MillraceError } from "../fault/index.ts";
import { TestCarrier } from "./test-carrier.ts";
import type { TunnelCommand } from "./tunnel-exchange.ts";
import { DEFAULT_TUNNEL_LIMITS, DEFAULT_TUNNEL_TIMES, type TunnelLimits } from "./tunnel-limits.ts";
import { TunnelSession, type TunnelSessionHandler, type TunnelUpload } from "./tunnel-session.ts";

/** A session with a clock of its own, and a handler that notes what it is told. */
class Scene implements TunnelSessionHandler {
	readonly session: TunnelSession;
	now = 1000;
	received: number[] = [];
	drains = 0;
	answerable = 0;
	closed: { readonly reason: MillraceError | undefined } | undefined;
	gone = 0;
	onBytes: (bytes: Uint8Array) => void = () => {};
	onDrained: () => void = () => {};

	constructor(limits: Partial<TunnelLimits> = {}, times: Partial<typeof DEFAULT_TUNNEL_TIMES> = {}) {
		const options = {
			limits: { ...DEFAULT_TUNNEL_LIMITS, ...limits },
			times: { ...DEFAULT_TUNNEL_TIMES, ...times },
		};
		this.session = new TunnelSession("id", options, () => this.gone++, this.now);
		this.session.attach(this);
	}

	/** A request whose body comes whole. */
	ask(command: TunnelCommand, sequence: number, ...body: number[]): TestCarrier {
		const { carrier, upload } = this.begin(command, sequence);
		upload?.receive(Uint8Array.from(body), this.now);
		upload?.end(this.now);
		return carrier;
	}

	begin(command: TunnelCommand, sequence: number): { carrier: TestCarrier; upload: TunnelUpload | undefined } {
		const carrier = new TestCarrier();
		return { carrier, upload: this.session.request(command, sequence, carrier, this.now) };
	}

	write(...bytes: number[]): void {
		this.session.write(Uint8Array.from(bytes));
		this.session.flush(this.now);
	}

	/** Moves the clock as a driver would, from deadline to deadline. */
	advance(millis: number): void {
		const end = this.now + millis;
		while (this.session.deadline <= end) {
			this.now = Math.max(this.now, this.session.deadline);
			this.session.handleTimeout(this.now);
		}
		this.now = end;
	}

	onData(bytes: Uint8Array): void {
		this.received.push(...bytes);
		this.onBytes(bytes);
	}

	onDrain(): void {
		this.drains++;
		this.onDrained();
	}

	onAnswerable(): void {
		this.answerable++;
	}

	onClosed(reason: MillraceError | undefined): void {
		if (this.closed !== undefined) throw new Error("The end was told twice.");
		this.closed = { reason };
	}
}

/** A session whose client has asked once, with number 0. */
function opened(limits: Partial<TunnelLimits> = {}, times: Partial<typeof DEFAULT_TUNNEL_TIMES> = {}): Scene {
	const scene = new Scene(limits, times);
	scene.ask("send", 0, 3);
	return scene;
}

const AT_ONCE = 1;
const CLOSED = 0;

describe("an answer", () => {
	it("to bytes comes at once, with the interval byte and what the handler wrote to them", () => {
		const scene = new Scene();
		expect(scene.ask("send", 0, 3, 4)).toMatchObject({ status: 200, bytes: [AT_ONCE] });
		scene.onBytes = bytes => scene.session.write(bytes.map(byte => byte + 1));
		expect(scene.ask("send", 1, 5)).toMatchObject({ status: 200, bytes: [AT_ONCE, 6] });
		expect(scene.received).toEqual([3, 4, 5]);
	});

	it("to a poll waits for bytes", () => {
		const scene = opened();
		const poll = scene.ask("idle", 1, 0);
		scene.advance(400);
		expect(poll.answers).toBe(0);
		scene.write(7);
		expect(poll.bytes).toEqual([AT_ONCE, 7]);
		expect(scene.received).toEqual([3]);
	});

	it("to a poll comes empty after the hold time", () => {
		const scene = opened({}, { holdMillis: 300 });
		const poll = scene.ask("idle", 1, 0);
		scene.advance(299);
		expect(poll.answers).toBe(0);
		scene.advance(1);
		expect(poll.bytes).toEqual([AT_ONCE]);
	});

	it("to a poll comes at once where polls are not held", () => {
		const scene = opened({}, { holdMillis: 0 });
		expect(scene.ask("idle", 1, 0).bytes).toEqual([AT_ONCE]);
	});

	it("to a poll that is held comes before that to bytes that follow", () => {
		const scene = opened();
		const poll = scene.ask("idle", 1, 0);
		scene.onBytes = () => scene.session.write(Uint8Array.of(9));
		const send = scene.ask("send", 2, 5);
		expect([poll.bytes, send.bytes]).toEqual([[AT_ONCE, 9], [AT_ONCE]]);
	});

	it("is not longer than the limit, and the rest follows", () => {
		const scene = opened({ answerBytes: 3 });
		scene.session.write(Uint8Array.of(1, 2));
		scene.session.write(Uint8Array.of(3, 4, 5, 6, 7));
		expect(scene.ask("idle", 1, 0).bytes).toEqual([AT_ONCE, 1, 2, 3]);
		expect(scene.ask("idle", 2, 0).bytes).toEqual([AT_ONCE, 4, 5, 6]);
		expect(scene.session.backlog).toBe(1);
		expect(scene.ask("idle", 3, 0).bytes).toEqual([AT_ONCE, 7]);
	});

	it("asks a client that is told nothing to wait longer and longer, until there is something", () => {
		const scene = opened({}, { holdMillis: 0 });
		const intervals: number[] = [];
		for (let sequence = 1; sequence <= 70; sequence++) intervals.push(scene.ask("idle", sequence, 0).bytes[0]!);
		expect(intervals.filter((_, index) => index % 10 === 8)).toEqual([0x01, 0x03, 0x05, 0x09, 0x11, 0x21, 0x21]);
		expect(intervals.slice(8, 11)).toEqual([0x01, 0x03, 0x03]);
		scene.session.write(Uint8Array.of(1));
		expect(scene.ask("idle", 71, 0).bytes).toEqual([AT_ONCE, 1]);
		expect(scene.ask("idle", 72, 0).bytes).toEqual([AT_ONCE]);
	});

	it("takes what the handler writes when it is told that everything has gone", () => {
		const scene = opened();
		let next = 2;
		scene.onDrained = () => {
			if (next > 4) return;
			scene.session.write(Uint8Array.of(next++));
			scene.session.notifyDrain();
		};
		scene.session.write(Uint8Array.of(1));
		scene.session.notifyDrain();
		expect(scene.ask("idle", 1, 0).bytes).toEqual([AT_ONCE, 1, 2, 3, 4]);
		expect(scene.session.backlog).toBe(0);
	});
});

describe("requests", () => {
	it("may begin with 1: 0 is waited for only for a moment", () => {
		const scene = new Scene();
		const first = scene.ask("send", 1, 3);
		scene.advance(99);
		expect(first.answers).toBe(0);
		scene.advance(1);
		expect([first.bytes, scene.received]).toEqual([[AT_ONCE], [3]]);
		expect(scene.ask("send", 2, 4).status).toBe(200);
		expect(scene.ask("send", 0, 4).status).toBe(404);
	});

	it("may be told how long 0 is waited for", () => {
		const scene = new Scene({}, { firstMillis: 7 });
		const first = scene.ask("send", 1, 3);
		scene.advance(6);
		expect(first.answers).toBe(0);
		scene.advance(1);
		expect(first.bytes).toEqual([AT_ONCE]);
	});

	it("may begin with 1 overtaking 0", () => {
		const scene = new Scene();
		const second = scene.ask("send", 1, 2);
		scene.advance(50);
		const first = scene.ask("idle", 0, 0);
		expect([first.bytes, second.bytes, scene.received]).toEqual([[AT_ONCE], [AT_ONCE], [2]]);
		scene.advance(100);
		expect(scene.ask("send", 2, 4).status).toBe(200);
	});

	it("are taken in their order, whatever order they come in", () => {
		const scene = opened();
		const fourth = scene.ask("idle", 4, 0);
		const third = scene.ask("send", 3, 30, 31);
		const second = scene.ask("send", 2, 20);
		expect([second, third, fourth].map(({ answers }) => answers)).toEqual([0, 0, 0]);
		scene.ask("send", 1, 10);
		expect(scene.received).toEqual([3, 10, 20, 30, 31]);
		expect([second.bytes, third.bytes, fourth.answers]).toEqual([[AT_ONCE], [AT_ONCE], 0]);
	});

	it("whose body comes in pieces are handed on piece by piece, and answered at their end", () => {
		const scene = opened();
		const { carrier, upload } = scene.begin("send", 1);
		upload?.receive(Uint8Array.of(1), scene.now);
		const later = scene.ask("send", 2, 9);
		upload?.receive(Uint8Array.of(2), scene.now);
		expect([scene.received, carrier.answers, later.answers]).toEqual([[3, 1, 2], 0, 0]);
		upload?.end(scene.now);
		expect([scene.received, carrier.answers, later.answers]).toEqual([[3, 1, 2, 9], 1, 1]);
	});

	it("that are repeated get the same answer again, and their bytes are not taken twice", () => {
		const scene = opened();
		scene.onBytes = () => scene.session.write(Uint8Array.of(8));
		const first = scene.ask("send", 1, 5);
		const again = scene.ask("send", 1, 5);
		expect([first.bytes, again.bytes, scene.received]).toEqual([
			[AT_ONCE, 8],
			[AT_ONCE, 8],
			[3, 5],
		]);
		scene.ask("send", 2, 6);
		scene.ask("send", 3, 7);
		expect(scene.ask("send", 1, 5).status).toBe(404);
		expect(scene.ask("send", 2, 6).bytes).toEqual([AT_ONCE, 8]);
	});

	it("that broke off in their body go on where their repetition brings more", () => {
		const scene = opened();
		const broken = scene.begin("send", 1);
		broken.upload?.receive(Uint8Array.of(1, 2), scene.now);
		broken.upload?.abandon(scene.now);
		const again = scene.begin("send", 1);
		again.upload?.receive(Uint8Array.of(1), scene.now);
		again.upload?.receive(Uint8Array.of(2, 3), scene.now);
		again.upload?.end(scene.now);
		expect([scene.received, again.carrier.bytes, broken.carrier.answers]).toEqual([[3, 1, 2, 3], [AT_ONCE], 0]);
	});

	it("whose connection broke while they were held lose nothing: the bytes wait for their repetition", () => {
		const scene = opened();
		const broken = scene.begin("idle", 1);
		broken.upload?.end(scene.now);
		broken.upload?.abandon(scene.now);
		scene.write(7);
		expect(broken.carrier.answers).toBe(0);
		expect(scene.ask("idle", 1, 0).bytes).toEqual([AT_ONCE, 7]);
	});

	it("that nobody waits for any more are passed over when another one follows", () => {
		const scene = opened();
		const broken = scene.begin("idle", 1);
		broken.upload?.end(scene.now);
		broken.upload?.abandon(scene.now);
		scene.write(7);
		expect(scene.ask("send", 2, 5).bytes).toEqual([AT_ONCE, 7]);
		expect(scene.ask("idle", 1, 0).bytes).toEqual([AT_ONCE]);
	});

	it("too far ahead, or of another kind under a number that is known, get 404", () => {
		const scene = opened({ earlyRequests: 2 });
		expect(scene.ask("send", 4, 1).status).toBe(404);
		const early = scene.ask("send", 3, 1);
		expect([early.answers, scene.ask("idle", 3, 0).status]).toEqual([0, 404]);
	});

	it("are not asked for more often at once than a client would", () => {
		const scene = opened();
		const polls = Array.from({ length: 6 }, () => scene.ask("idle", 1, 0));
		expect(polls.map(({ status }) => status)).toEqual([0, 0, 0, 0, 404, 404]);
		scene.write(1);
		expect(polls.slice(0, 4).map(({ bytes }) => bytes)).toEqual(Array.from({ length: 4 }, () => [AT_ONCE, 1]));
	});

	it("that come early are kept up to a limit and then not read on", () => {
		const scene = opened({ earlyBytes: 4 });
		const early = scene.begin("send", 2);
		early.upload?.receive(Uint8Array.of(1, 2), scene.now);
		expect(early.carrier.paused).toBe(false);
		early.upload?.receive(Uint8Array.of(3, 4), scene.now);
		expect(early.carrier.paused).toBe(true);
		scene.ask("send", 1, 0);
		expect([early.carrier.paused, scene.received]).toEqual([false, [3, 0, 1, 2, 3, 4]]);
	});

	it("longer than the limit end the session", () => {
		const scene = opened({ bodyBytes: 3 });
		const poll = scene.begin("idle", 1);
		poll.upload?.receive(Uint8Array.of(0, 0, 0), scene.now);
		poll.upload?.receive(Uint8Array.of(0), scene.now);
		expect([poll.carrier.status, scene.closed?.reason?.code, scene.gone]).toEqual([413, "TUNNEL_BODY_TOO_LARGE", 1]);
	});
});

describe("a handler that pauses", () => {
	it("gets what came meanwhile when it goes on; the requests are answered, as a socket would take them", () => {
		const scene = opened();
		scene.session.pause();
		expect([scene.ask("send", 1, 1).answers, scene.ask("send", 2, 2).answers, scene.received]).toEqual([1, 1, [3]]);
		scene.session.resume(scene.now);
		expect(scene.received).toEqual([3, 1, 2]);
	});

	it("holds requests back that bring more than is kept", () => {
		const scene = opened({ earlyBytes: 2 });
		scene.session.pause();
		const first = scene.begin("send", 1);
		first.upload?.receive(Uint8Array.of(1, 2), scene.now);
		expect(first.carrier.paused).toBe(true);
		first.upload?.receive(Uint8Array.of(3), scene.now);
		first.upload?.end(scene.now);
		const others = Array.from({ length: 20 }, (_, index) => scene.ask("send", 2 + index, 10 + index));
		expect([first.carrier.answers, ...others.map(({ answers }) => answers)]).toEqual(Array(21).fill(0));
		scene.session.resume(scene.now);
		expect(scene.received).toEqual([3, 1, 2, 3, ...others.map((_, index) => 10 + index)]);
		expect([first.carrier.answers, ...others.map(({ answers }) => answers)]).toEqual(Array(21).fill(1));
	});

	it("lets so many requests queue behind the one that is held back, and no more", () => {
		const scene = opened({ earlyBytes: 1, earlyRequests: 1, fullRequests: 3 });
		scene.session.pause();
		const statuses = [1, 2, 3, 4, 5].map(sequence => {
			const { carrier, upload } = scene.begin("send", sequence);
			upload?.receive(Uint8Array.of(sequence), scene.now);
			return carrier.status;
		});
		expect(statuses).toEqual([0, 0, 0, 0, 404]);
	});

	it("gets what came before its client's goodbye", () => {
		const scene = opened();
		scene.session.pause();
		scene.ask("send", 1, 1);
		scene.ask("close", 2, 0);
		expect([scene.received, scene.closed]).toEqual([[3, 1], { reason: undefined }]);
	});
});

describe("a session", () => {
	it("ends at its client's close, behind what was asked before", () => {
		const scene = opened();
		const poll = scene.ask("idle", 1, 0);
		const close = scene.ask("close", 3, 0);
		expect(close.answers).toBe(0);
		scene.ask("send", 2, 5);
		expect([poll.bytes, close.bytes, scene.received]).toEqual([[AT_ONCE], [CLOSED], [3, 5]]);
		expect([scene.closed, scene.gone]).toEqual([{ reason: undefined }, 1]);
		expect(scene.ask("idle", 4, 0).status).toBe(404);
	});

	it("that the server ends gives its last bytes, then says that it is closed, then is unknown", () => {
		const scene = opened({ answerBytes: 2 });
		const poll = scene.ask("idle", 1, 0);
		scene.session.write(Uint8Array.of(1, 2, 3));
		scene.session.end(scene.now);
		scene.session.flush(scene.now);
		expect(poll.bytes).toEqual([AT_ONCE, 1, 2]);
		expect(scene.ask("send", 2, 50).bytes).toEqual([AT_ONCE, 3]);
		expect(scene.closed).toBeUndefined();
		expect(scene.ask("idle", 3, 0).bytes).toEqual([CLOSED]);
		expect([scene.received, scene.closed]).toEqual([[3], { reason: undefined }]);
		expect(scene.ask("idle", 4, 0).status).toBe(404);
	});

	it("that the server ends is over after a while, even if nobody fetches the last bytes", () => {
		const scene = opened();
		scene.session.write(Uint8Array.of(1));
		scene.session.end(scene.now);
		scene.advance(4999);
		expect(scene.closed).toBeUndefined();
		scene.advance(1);
		expect(scene.closed).toEqual({ reason: undefined });
	});

	it("that is destroyed tells whoever waits", () => {
		const scene = opened();
		const poll = scene.ask("idle", 1, 0);
		const early = scene.ask("send", 3, 1);
		scene.session.destroy();
		expect([poll.bytes, early.status, scene.closed]).toEqual([[CLOSED], 404, { reason: undefined }]);
	});

	it("that is abandoned is reclaimed", () => {
		const scene = opened({}, { sessionMillis: 20_000 });
		scene.ask("idle", 1, 0);
		scene.advance(15_000);
		expect(scene.closed).toBeUndefined();
		scene.ask("idle", 2, 0);
		scene.advance(19_999);
		expect(scene.closed).toBeUndefined();
		scene.advance(1001);
		expect(scene.closed?.reason?.code).toBe("TUNNEL_ABANDONED");
		expect(scene.session.deadline).toBe(Number.POSITIVE_INFINITY);
	});

	it("ends when a request is missing for too long", () => {
		const scene = opened();
		const early = scene.ask("send", 2, 1);
		scene.advance(4999);
		expect(early.answers).toBe(0);
		scene.advance(1);
		expect([early.status, scene.closed?.reason?.code]).toEqual([404, "TUNNEL_GAP"]);
	});

	it("goes on when the missing request comes in time", () => {
		const scene = opened();
		const early = scene.ask("send", 2, 2);
		scene.advance(4000);
		scene.ask("send", 1, 1);
		scene.advance(4000);
		expect([early.status, scene.received, scene.closed]).toEqual([200, [3, 1, 2], undefined]);
	});

	it("whose client does not fetch what waits for it is closed at the limit", () => {
		const scene = opened({ queuedBytes: 3 });
		for (let byte = 0; byte < 5; byte++) scene.session.write(Uint8Array.of(byte));
		expect(scene.closed?.reason?.code).toBe("OUTPUT_TOO_LARGE");
		expect(scene.session.backlog).toBe(0);
	});
});
