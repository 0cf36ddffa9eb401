import { LimitError, type MillraceError, PeerError, TransportError } from "../fault/index.ts";
import { AnswerQueue } from "./answer-queue.ts";
import { backOffInterval, INTERVAL_AT_ONCE, INTERVAL_CLOSED } from "./interval.ts";
import {
	NOT_FOUND,
	TOO_LARGE,
	type TunnelAnswer,
	type TunnelCarrier,
	type TunnelCommand,
	TunnelExchange,
} from "./tunnel-exchange.ts";
import type { TunnelLimits, TunnelTimes } from "./tunnel-limits.ts";

/** What a session reports to the protocol that runs over it. */
export interface TunnelSessionHandler {
	/** Bytes of the client's stream, in order. They are the handler's only during the call. */
	onData(bytes: Uint8Array): void;
	/** Everything that was written has been given to an answer. */
	onDrain(): void;
	/** An answer can be given now: `flush` is due at the end of this turn, when all was written that belongs together. */
	onAnswerable(): void;
	/** The last call, exactly one. Without a reason, one side has closed the session in order. */
	onClosed(reason: MillraceError | undefined): void;
}

export type TunnelSessionOptions = {
	readonly limits: TunnelLimits;
	readonly times: TunnelTimes;
};

/** A request on its way into a session; its driver hands over the body as it comes. */
export interface TunnelUpload {
	receive(bytes: Uint8Array, now: number): void;
	/** The body is complete. */
	end(now: number): void;
	/** The request's connection has ended: the answer can no longer be given to it. */
	abandon(now: number): void;
}

/** A client has two requests under way at most, so it may repeat one of the last two that were answered. */
const REMEMBERED_ANSWERS = 2;

/**
 * A session of an HTTP tunnel on the server's side, without HTTP: requests with sequence numbers in, in any order and
 * more than once each, and a byte stream out of them; and the other way slices in, answers out. Answers are given in
 * the order of the sequence numbers, because the client joins them so.
 *
 * `now` is in monotonic milliseconds everywhere. `flush` is due after each use that wrote or ended, `handleTimeout`
 * when `deadline` has come.
 */
export class TunnelSession {
	readonly id: string;
	readonly #options: TunnelSessionOptions;
	readonly #onGone: () => void;
	readonly #queue = new AnswerQueue();
	/** Requests that were not answered, by their numbers: those that had their turn, the one whose turn it is, early ones. */
	#exchanges: TunnelExchange[] = [];
	readonly #answered: { readonly sequence: number; readonly answer: TunnelAnswer }[] = [];
	#handler: TunnelSessionHandler | undefined;
	/** Whose turn it is. */
	#expected = 0;
	#earlyBytes = 0;
	/** Bytes in their turn that came while the handler wanted none. */
	#unread: Uint8Array[] = [];
	#unreadBytes = 0;
	#emptyAnswers = 0;
	#isPaused = false;
	#wantsDrain = false;
	#isAdvancing = false;
	#isFlushing = false;
	#state: "running" | "ending" | "over" = "running";
	#askedAt: number;
	#gapSince: number | undefined;
	#startsAtOneAt: number | undefined;
	#endsAt = Number.POSITIVE_INFINITY;

	/** `onGone` is called when the session has ended, before its handler is told. */
	constructor(id: string, options: TunnelSessionOptions, onGone: () => void, now: number) {
		this.id = id;
		this.#options = options;
		this.#onGone = onGone;
		this.#askedAt = now;
	}

	/** Bytes that wait for the client's next request. */
	get backlog(): number {
		return this.#queue.length;
	}

	get closed(): boolean {
		return this.#state === "over";
	}

	/** When `handleTimeout` must be called at the latest; infinite when the session is over. */
	get deadline(): number {
		if (this.#state === "over") return Number.POSITIVE_INFINITY;
		let deadline = Math.min(this.#endsAt, this.#startsAtOneAt ?? Number.POSITIVE_INFINITY);
		if (this.#gapSince !== undefined) deadline = Math.min(deadline, this.#gapSince + this.#options.times.gapMillis);
		const held = this.#held;
		if (held !== undefined && held.carriers.size > 0) deadline = Math.min(deadline, held.holdUntil);
		if (!this.#isAsked) deadline = Math.min(deadline, this.#askedAt + this.#options.times.sessionMillis);
		return deadline;
	}

	/** Gives the session to the protocol that runs over it, before its first request. */
	attach(handler: TunnelSessionHandler): void {
		this.#handler = handler;
	}

	/** Takes a request, or answers it with 404 at once and gives nothing. */
	request(command: TunnelCommand, sequence: number, carrier: TunnelCarrier, now: number): TunnelUpload | undefined {
		this.#askedAt = now;
		const exchange = this.#state === "over" ? undefined : this.#exchangeFor(command, sequence, now);
		if (exchange === undefined) {
			carrier.answer(this.#answered.find(other => other.sequence === sequence)?.answer ?? NOT_FOUND);
			return undefined;
		}
		if (!exchange.join(carrier)) {
			carrier.answer(NOT_FOUND);
			return undefined;
		}
		this.#noteGap(now);
		let position = 0;
		return {
			receive: (bytes, at) => {
				const known = exchange.received - position;
				position += bytes.length;
				if (bytes.length > known) this.#take(exchange, known > 0 ? bytes.subarray(known) : bytes, at);
			},
			end: at => this.#complete(exchange, at),
			abandon: at => {
				exchange.carriers.delete(carrier);
				this.#noteGap(at);
			},
		};
	}

	/** Sends bytes, which must not change afterwards. */
	write(bytes: Uint8Array): void {
		if (this.#state !== "running") return;
		if (this.#queue.length > this.#options.limits.queuedBytes) {
			this.destroy(new LimitError("OUTPUT_TOO_LARGE", `${this.#queue.length} bytes wait for its next request.`));
			return;
		}
		this.#queue.push(bytes);
		if (this.#held !== undefined) this.#handler?.onAnswerable();
	}

	/** Asks for `onDrain`, once, when what was written has been given to an answer. */
	notifyDrain(): void {
		this.#wantsDrain = true;
		if (this.#queue.length === 0 || this.#held !== undefined) this.#handler?.onAnswerable();
	}

	/**
	 * Takes no more bytes. As with a socket, some that come meanwhile are kept, and their requests answered; those above
	 * `earlyBytes` are not read.
	 */
	pause(): void {
		this.#isPaused = true;
	}

	resume(now: number): void {
		if (!this.#isPaused || this.#state === "over") return;
		this.#isPaused = false;
		this.#deliverUnread();
		this.#advance(now);
		this.flush(now);
	}

	/** Ends the session when the client has fetched what was written; it may take `endMillis` for that. */
	end(now: number): void {
		if (this.#state !== "running") return;
		this.#state = "ending";
		this.#endsAt = now + this.#options.times.endMillis;
		this.#wantsDrain = false;
		this.#isPaused = false;
		this.#dropUnread();
		this.#advance(now);
		this.#handler?.onAnswerable();
	}

	/** Ends the session at once. */
	destroy(reason?: MillraceError): void {
		this.#close(reason);
	}

	/** Answers what can be answered now. */
	flush(now: number): void {
		// What the handler writes while it is told of a drain belongs to the answer that is being made.
		if (this.#isFlushing) return;
		this.#isFlushing = true;
		try {
			for (let held = this.#held; held !== undefined && this.#isDue(held, now); held = this.#held) {
				if (held.command === "close") {
					this.#deliverUnread();
					this.#close(undefined);
				} else this.#answer(held);
			}
			this.#tellDrained();
		} finally {
			this.#isFlushing = false;
		}
	}

	handleTimeout(now: number): void {
		if (this.#state === "over") return;
		const { sessionMillis, gapMillis } = this.#options.times;
		if (now >= this.#endsAt) {
			this.#close(undefined);
		} else if (this.#gapSince !== undefined && now >= this.#gapSince + gapMillis) {
			this.#close(new PeerError("TUNNEL_GAP", `Request ${this.#expected} is missing.`));
		} else if (!this.#isAsked && now >= this.#askedAt + sessionMillis) {
			this.#close(new TransportError("TUNNEL_ABANDONED"));
		} else {
			if (this.#startsAtOneAt !== undefined && now >= this.#startsAtOneAt) {
				this.#startsAtOneAt = undefined;
				this.#expected = 1;
				this.#advance(now);
			}
			this.flush(now);
		}
	}

	/** What has come and is kept because it is not its turn, or because the handler wants nothing now, in bytes. */
	get heldBytes(): number {
		return this.#earlyBytes + this.#unreadBytes;
	}

	/** The first request that waits for its answer after its turn. */
	get #held(): TunnelExchange | undefined {
		const first = this.#exchanges[0];
		return first !== undefined && first.sequence < this.#expected ? first : undefined;
	}

	/** The request whose turn it is. */
	get #current(): TunnelExchange | undefined {
		return this.#exchanges.find(({ sequence }) => sequence === this.#expected);
	}

	/** Somebody waits for an answer. */
	get #isAsked(): boolean {
		return this.#exchanges.some(({ carriers }) => carriers.size > 0);
	}

	/** The request with a number: the one that is known, or a new one where there may be one. */
	#exchangeFor(command: TunnelCommand, sequence: number, now: number): TunnelExchange | undefined {
		const known = this.#exchanges.find(other => other.sequence === sequence);
		if (known !== undefined) return known.command === command ? known : undefined;
		const ahead = sequence - this.#expected;
		const { fullRequests, earlyRequests } = this.#options.limits;
		if (ahead < 0 || ahead > (this.#isFull ? fullRequests : earlyRequests)) return undefined;
		const exchange = new TunnelExchange(command, sequence);
		const after = this.#exchanges.findIndex(other => other.sequence > sequence);
		this.#exchanges.splice(after < 0 ? this.#exchanges.length : after, 0, exchange);
		if (sequence === 0) this.#startsAtOneAt = undefined;
		else if (this.#expected === 0 && sequence === 1 && this.#current === undefined) {
			this.#startsAtOneAt = now + this.#options.times.firstMillis;
		}
		return exchange;
	}

	#take(exchange: TunnelExchange, bytes: Uint8Array, now: number): void {
		if (this.#state === "over" || exchange.isComplete) return;
		this.#askedAt = now;
		exchange.received += bytes.length;
		const { bodyBytes, earlyBytes } = this.#options.limits;
		if (exchange.received > bodyBytes) {
			exchange.answer(TOO_LARGE);
			this.#close(new LimitError("TUNNEL_BODY_TOO_LARGE", `The limit is ${bodyBytes} bytes.`));
		} else if (exchange.command !== "send" || this.#state === "ending") {
			// Polls say nothing, and after its goodbye nothing is heard any more.
		} else if (exchange.sequence === this.#expected && !this.#isFull) {
			if (this.#isPaused) this.#keepUnread(bytes.slice());
			else this.#handler?.onData(bytes);
			if (this.#isFull) exchange.pause();
		} else {
			exchange.early.push(bytes.slice());
			this.#earlyBytes += bytes.length;
			if (this.#isFull || this.#earlyBytes >= earlyBytes) exchange.pause();
		}
	}

	#complete(exchange: TunnelExchange, now: number): void {
		if (this.#state === "over") return;
		if (!exchange.isComplete) {
			exchange.isComplete = true;
			this.#advance(now);
		}
		this.flush(now);
	}

	/** Gives the turn to one request after the other, as far as they have come. */
	#advance(now: number): void {
		if (this.#isAdvancing) return;
		this.#isAdvancing = true;
		try {
			for (let current = this.#current; current !== undefined; current = this.#current) {
				if (!this.#handOver(current) || !current.isComplete || this.#state === "over") break;
				const isPoll = current.command === "idle";
				current.holdUntil = isPoll ? now + this.#options.times.holdMillis : now;
				if (!isPoll) this.#emptyAnswers = 0;
				this.#expected++;
			}
		} finally {
			this.#isAdvancing = false;
		}
		this.#noteGap(now);
	}

	/** Hands over what came early of the request whose turn it is. False: the handler wants no more for now. */
	#handOver(current: TunnelExchange): boolean {
		while (current.early.length > 0) {
			if (this.#isFull) return false;
			const bytes = current.early.shift()!;
			this.#earlyBytes -= bytes.length;
			if (this.#state !== "running") continue;
			if (this.#isPaused) this.#keepUnread(bytes);
			else this.#handler?.onData(bytes);
		}
		if (this.#isFull) return false;
		if (!current.isComplete) current.resume();
		return true;
	}

	/** As much is kept for a handler that wants nothing now as is kept at all. */
	get #isFull(): boolean {
		return this.#unreadBytes >= this.#options.limits.earlyBytes;
	}

	#keepUnread(bytes: Uint8Array): void {
		this.#unread.push(bytes);
		this.#unreadBytes += bytes.length;
	}

	#deliverUnread(): void {
		const unread = this.#unread;
		this.#dropUnread();
		for (const bytes of unread) if (this.#state === "running") this.#handler?.onData(bytes);
	}

	#dropUnread(): void {
		this.#unread = [];
		this.#unreadBytes = 0;
	}

	/** Later requests wait for one that nobody brings. */
	#noteGap(now: number): void {
		const last = this.#exchanges.at(-1);
		const current = this.#current;
		const isGap =
			last !== undefined &&
			last.sequence > this.#expected &&
			this.#startsAtOneAt === undefined &&
			(current === undefined || (!current.isComplete && current.carriers.size === 0));
		if (!isGap) this.#gapSince = undefined;
		else this.#gapSince ??= now;
	}

	#isDue(held: TunnelExchange, now: number): boolean {
		// Another one had its turn behind it: the client has more to say, and waits for that answer too.
		if (this.#exchanges[1] !== undefined && this.#exchanges[1].sequence < this.#expected) return true;
		if (held.command === "close") return true;
		// Nobody would get the bytes. They wait for the request's repetition.
		if (held.carriers.size === 0) return false;
		return this.#queue.length > 0 || this.#state === "ending" || now >= held.holdUntil;
	}

	/** Answers the first request that waits. What the handler writes when it is told of the drain goes with the rest. */
	#answer(held: TunnelExchange): void {
		const room = this.#options.limits.answerBytes;
		const body: Uint8Array[] = [EMPTY];
		let length = 0;
		if (held.carriers.size > 0) {
			length = this.#queue.moveTo(body, room);
			while (length < room && this.#tellDrained()) {
				const more = this.#queue.moveTo(body, room - length);
				if (more === 0) break;
				length += more;
			}
		}
		if (this.#exchanges[0] !== held) return;
		const isLast = this.#state === "ending" && length === 0 && this.#queue.length === 0;
		if (length > 0) this.#emptyAnswers = 0;
		else if (held.command === "idle") this.#emptyAnswers++;
		body[0] = Uint8Array.of(isLast ? INTERVAL_CLOSED : this.#interval(length));
		const answer: TunnelAnswer = { status: 200, body, length: length + 1 };
		this.#exchanges.shift();
		this.#answered.push({ sequence: held.sequence, answer });
		if (this.#answered.length > REMEMBERED_ANSWERS) this.#answered.shift();
		held.answer(answer);
		if (isLast) this.#close(undefined);
	}

	#interval(length: number): number {
		return length > 0 || this.#queue.length > 0 ? INTERVAL_AT_ONCE : backOffInterval(this.#emptyAnswers);
	}

	/** Whether the handler waited to be told, and nothing is queued any more. */
	#tellDrained(): boolean {
		if (!this.#wantsDrain || this.#queue.length > 0 || this.#state !== "running") return false;
		this.#wantsDrain = false;
		this.#handler?.onDrain();
		return true;
	}

	/** Whoever waits for an answer is told that this is the end. */
	#close(reason: MillraceError | undefined): void {
		if (this.#state === "over") return;
		this.#state = "over";
		const exchanges = this.#exchanges;
		this.#exchanges = [];
		this.#queue.clear();
		this.#dropUnread();
		this.#onGone();
		for (const exchange of exchanges) {
			exchange.early = [];
			exchange.answer(exchange.isComplete && exchange.sequence < this.#expected ? GOODBYE : NOT_FOUND);
		}
		this.#handler?.onClosed(reason);
	}
}

const EMPTY = new Uint8Array(0);
const GOODBYE: TunnelAnswer = { status: 200, body: [Uint8Array.of(INTERVAL_CLOSED)], length: 1 };
