import { randomSplit, VirtualClock } from "@millrace/testkit";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { MillraceError } from "../fault/index.ts";
import { TunnelClient, type TunnelClientHandler, type TunnelRequest } from "./tunnel-client.ts";
import type { TunnelAnswer } from "./tunnel-exchange.ts";
import { DEFAULT_TUNNEL_LIMITS, DEFAULT_TUNNEL_TIMES } from "./tunnel-limits.ts";
import { parseTunnelPath } from "./tunnel-path.ts";
import { TunnelServer } from "./tunnel-server.ts";
import type { TunnelSession, TunnelSessionHandler } from "./tunnel-session.ts";

/** What the network does to one request: how long each way takes, in how many pieces, and where it breaks, if it does. */
type Fate = {
	readonly there: number;
	readonly back: number;
	readonly pieces: number;
	readonly breaks: "no" | "in the request" | "in the answer";
	/** A proxy sends it twice. */
	readonly twice: boolean;
};

const fate: fc.Arbitrary<Fate> = fc.record({
	there: fc.integer({ min: 0, max: 90 }),
	back: fc.integer({ min: 0, max: 90 }),
	pieces: fc.integer({ min: 1, max: 5 }),
	breaks: fc.oneof(
		{ weight: 8, arbitrary: fc.constant("no" as const) },
		{ weight: 1, arbitrary: fc.constantFrom("in the request" as const, "in the answer" as const) },
	),
	twice: fc.boolean(),
});

type Write = { readonly at: number; readonly bytes: number; readonly side: "client" | "server" };

const write: fc.Arbitrary<Write> = fc.record({
	at: fc.integer({ min: 0, max: 3000 }),
	bytes: fc.integer({ min: 1, max: 400 }),
	side: fc.constantFrom("client" as const, "server" as const),
});

/** A client and a server of tunnels with a network between them that does what it is told. */
class Network implements TunnelClientHandler {
	readonly clock = new VirtualClock(500);
	readonly client: TunnelClient;
	readonly server: TunnelServer<string>;
	readonly atClient: number[] = [];
	readonly atServer: number[] = [];
	session: TunnelSession | undefined;
	closedAtClient: { reason: MillraceError | undefined } | undefined;
	closedAtServer: { reason: MillraceError | undefined } | undefined;
	mostUnderWay = 0;
	#underWay = 0;
	#fates: Iterator<Fate, undefined>;
	#flushPlanned = false;

	constructor(fates: readonly Fate[]) {
		this.#fates = fates[Symbol.iterator]();
		this.client = new TunnelClient(this, { maxSendBytes: 150, retries: 6 });
		this.server = new TunnelServer<string>({
			limits: { ...DEFAULT_TUNNEL_LIMITS, answerBytes: 100 },
			times: DEFAULT_TUNNEL_TIMES,
			random: count => new Uint8Array(count).fill(7),
			onSession: session => this.#start(session),
		});
		this.#tick();
		this.pump();
	}

	pump(): void {
		const { client, clock } = this;
		for (let next = client.nextRequest(clock.now()); next !== undefined; next = client.nextRequest(clock.now())) {
			this.#carry(next, this.#fates.next().value ?? { there: 1, back: 1, pieces: 1, breaks: "no", twice: false });
		}
	}

	writeAtServer(bytes: Uint8Array): void {
		this.session?.write(bytes);
	}

	onOpen(): void {}
	onHost(): void {}
	onDrain(): void {}

	onData(bytes: Uint8Array): void {
		this.atClient.push(...bytes);
	}

	onClosed(reason: MillraceError | undefined): void {
		this.closedAtClient = { reason };
	}

	#start(session: TunnelSession): TunnelSessionHandler {
		this.session = session;
		return {
			onData: bytes => this.atServer.push(...bytes),
			onDrain: () => {},
			onAnswerable: () => {
				if (this.#flushPlanned) return;
				this.#flushPlanned = true;
				this.clock.schedule(0, () => {
					this.#flushPlanned = false;
					session.flush(this.clock.now());
				});
			},
			onClosed: reason => {
				this.closedAtServer = { reason };
			},
		};
	}

	/** Both sides are driven each few milliseconds, as far as they want it. */
	#tick(): void {
		const now = this.clock.now();
		if (this.session !== undefined && now >= this.session.deadline) this.session.handleTimeout(now);
		if (now >= this.client.deadline) this.pump();
		this.clock.schedule(5, () => this.#tick());
	}

	#carry(request: TunnelRequest, fate: Fate): void {
		this.mostUnderWay = Math.max(this.mostUnderWay, ++this.#underWay);
		let isOver = false;
		const done = (status: number, body: Uint8Array | undefined): void => {
			if (isOver) return;
			isOver = true;
			this.#underWay--;
			const now = this.clock.now();
			if (body === undefined) this.client.onFailed(request, undefined, now);
			else this.client.onAnswer(request, status, body, now);
			this.pump();
		};
		if (fate.twice && request.kind !== "open" && request.kind !== "ident") this.#deliver(request, fate, () => {});
		this.#deliver(request, fate, done);
	}

	#deliver(request: TunnelRequest, fate: Fate, done: (status: number, body: Uint8Array | undefined) => void): void {
		const { clock } = this;
		const answer = (status: number, body: Uint8Array): void => {
			if (fate.breaks === "in the answer") clock.schedule(fate.back, () => done(0, undefined));
			else clock.schedule(fate.back, () => done(status, body));
		};
		const pieces: Uint8Array[] = [];
		if (fate.pieces === 1) pieces.push(request.body);
		else randomSplit(fate.pieces).feed(request.body, piece => pieces.push(piece.slice()));
		const sent = fate.breaks === "in the request" ? pieces.slice(0, pieces.length >> 1) : pieces;
		clock.schedule(fate.there, () => {
			const path = parseTunnelPath(request.path);
			if (path === undefined) throw new Error(`${request.path} is no path of a tunnel.`);
			if (!("id" in path) && path.command !== "open") return answer(404, new Uint8Array(0));
			if (!("id" in path)) return answer(200, ascii(`${this.server.open("", clock.now())}\n`));
			const carrier = {
				answer: ({ status, body }: TunnelAnswer) => answer(status, joined(body)),
				pause: () => {},
				resume: () => {},
			};
			const found = this.server.request(path.command, path.id, path.sequence, carrier, clock.now());
			if (typeof found === "string") return answer(404, new Uint8Array(0));
			const { upload } = found;
			if (upload === undefined) return undefined;
			for (const [index, piece] of sent.entries()) {
				clock.schedule(index, () => upload.receive(piece, clock.now()));
			}
			clock.schedule(sent.length, () => {
				if (fate.breaks !== "in the request") return upload.end(clock.now());
				upload.abandon(clock.now());
				clock.schedule(fate.back, () => done(0, undefined));
			});
		});
	}
}

describe("a tunnel", () => {
	it("carries every byte exactly once and in order, whatever the network does", () => {
		fc.assert(
			fc.property(fc.array(write, { maxLength: 30 }), fc.array(fate, { maxLength: 80 }), (writes, fates) => {
				const network = new Network(fates);
				const expected = { client: [] as number[], server: [] as number[] };
				let value = 0;
				const lines = writes.toSorted((a, b) => a.at - b.at);
				// The first byte of a tunnel is its client's: RTMP begins so.
				network.client.write(Uint8Array.of(3));
				expected.server.push(3);
				network.clock.advance(2000);
				let at = 0;
				for (const { at: time, bytes, side } of lines) {
					network.clock.advance(time - at);
					at = time;
					const made = Uint8Array.from({ length: bytes }, () => value++ & 0xff);
					if (side === "client") {
						network.client.write(made);
						expected.server.push(...made);
					} else if (network.session !== undefined) {
						network.writeAtServer(made);
						expected.client.push(...made);
					}
					network.pump();
				}
				network.clock.advance(20_000);
				expect(network.atServer).toEqual(expected.server);
				expect(network.atClient).toEqual(expected.client);
				expect(network.client.backlog).toBe(0);
				expect(network.mostUnderWay).toBeLessThanOrEqual(2);
				network.client.close();
				network.pump();
				network.clock.advance(5000);
				expect([network.closedAtClient, network.closedAtServer]).toEqual([
					{ reason: undefined },
					{ reason: undefined },
				]);
			}),
			{ numRuns: 150 },
		);
	});
});

function ascii(text: string): Uint8Array {
	return Uint8Array.from(text, character => character.charCodeAt(0));
}

function joined(slices: readonly Uint8Array[]): Uint8Array {
	return Uint8Array.from(slices.flatMap(slice => [...slice]));
}
