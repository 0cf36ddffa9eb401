import { ByteQueue } from "../bytes/index.ts";
import { type MillraceError, TransportError } from "../fault/index.ts";
import { INTERVAL_CLOSED, intervalMillis } from "./interval.ts";

/** One HTTP request to make: `POST path` with this body, and `Content-Type: application/x-fcs` or none. */
export type TunnelRequest = {
	readonly kind: "ident" | "open" | "send" | "idle" | "close";
	/** From the root of the server: `/send/ID/7`. */
	readonly path: string;
	/** At least one byte: some proxies drop requests without a body. */
	readonly body: Uint8Array;
	/** When no answer has come after this time, the request is given up and reported to `onFailed`. */
	readonly timeoutMillis: number;
};

/** What a tunnel's client reports. It may be called from `onAnswer`, `onFailed` and `abandon`. */
export interface TunnelClientHandler {
	/** The session is open. Bytes that were written before leave now. */
	onOpen(): void;
	/** The server asks that everything from here on goes to another host: a name or an address, without port. */
	onHost(host: string): void;
	/** Bytes of the server's stream, in order. They do not change afterwards. */
	onData(bytes: Uint8Array): void;
	/** Everything that was written has been answered for. */
	onDrain(): void;
	/** The last call, exactly one. Without a reason, one side has closed the session in order. */
	onClosed(reason: MillraceError | undefined): void;
}

export type TunnelClientOptions = {
	/** Whether the server is asked first which host to use (`/fcs/ident2`, Flash Player from 9.0.60 on). Default true. */
	readonly ident?: boolean;
	/** Most bytes of one request. Default 65,536. */
	readonly maxSendBytes?: number;
	/** The longest wait between two polls, whatever the server asks for. Default 512 ms. */
	readonly maxIntervalMillis?: number;
	/** The wait after a poll that was answered at once with nothing, whatever the server asks for. Default 50 ms. */
	readonly emptyIntervalMillis?: number;
	/** How long an answer may take: `TunnelRequest.timeoutMillis`. Servers hold polls for 4 s at most. Default 10 s. */
	readonly answerTimeoutMillis?: number;
	/** How often a request is repeated that broke off or that a proxy failed to pass on. Default 2. */
	readonly retries?: number;
};

/** Bodies of requests that have nothing to say. */
const NOTHING: Uint8Array = Uint8Array.of(0);
/** A poll that was answered faster than this was not held. */
const HELD_MILLIS = 100;
/** The wait before the second repetition of a request, and twice that before the third, and so on. */
const RETRY_MILLIS = 200;
/** How long the goodbye may take: nobody waits for its answer for its own sake. */
const CLOSE_TIMEOUT_MILLIS = 2000;
/** Statuses of proxies that did not reach the server in time, or of a server that did not get the request in time. */
const RETRIED_STATUSES: readonly number[] = [408, 502, 504];
const MAX_ID_LENGTH = 256;
const SESSION_ID = /^[^\s/?#%]+$/;
const HOST = /^(?:[A-Za-z0-9._-]{1,255}|\[?[0-9A-Fa-f:.]{2,45}\]?)$/;

type Exchange = {
	readonly request: TunnelRequest;
	/** -1 before the session is open. */
	readonly sequence: number;
	sentAt: number;
	failures: number;
	/** The request broke off and is repeated at this time. */
	retryAt: number | undefined;
	answer: Uint8Array | undefined;
};

/**
 * The client of an HTTP tunnel (RTMPT) without HTTP: bytes in, requests out, answers in, bytes out. At most one poll,
 * which the server may hold, and one request with bytes are under way at once, so two connections are enough; answers
 * may come in any order.
 *
 * The driver calls `nextRequest` until it gives nothing, after every other call and when `deadline` has come, and hands
 * back each request with what became of it:
 *
 * ```ts
 * for (let request = client.nextRequest(now()); request !== undefined; request = client.nextRequest(now())) {
 * 	post(request).then(
 * 		({ status, body }) => client.onAnswer(request, status, body, now()),
 * 		error => client.onFailed(request, error, now()),
 * 	);
 * }
 * ```
 */
export class TunnelClient {
	readonly #handler: TunnelClientHandler;
	readonly #options: Required<TunnelClientOptions>;
	readonly #output = new ByteQueue();
	readonly #exchanges: Exchange[] = [];
	#state: "ident" | "open" | "running" | "closing" | "over";
	#id = "";
	#sequence = 0;
	#pollAt = 0;

	constructor(handler: TunnelClientHandler, options: TunnelClientOptions = {}) {
		this.#handler = handler;
		this.#options = {
			ident: options.ident ?? true,
			maxSendBytes: options.maxSendBytes ?? 65_536,
			maxIntervalMillis: options.maxIntervalMillis ?? 512,
			emptyIntervalMillis: options.emptyIntervalMillis ?? 50,
			answerTimeoutMillis: options.answerTimeoutMillis ?? 10_000,
			retries: options.retries ?? 2,
		};
		this.#state = this.#options.ident ? "ident" : "open";
	}

	/** Bytes that were written and that the server has not answered for. */
	get backlog(): number {
		let bytes = this.#output.length;
		for (const { request } of this.#exchanges) if (request.kind === "send") bytes += request.body.length;
		return bytes;
	}

	/** The session has ended: there are no more requests. */
	get closed(): boolean {
		return this.#state === "over";
	}

	/** When `nextRequest` has something again, if nothing else happens before. */
	get deadline(): number {
		let deadline = Number.POSITIVE_INFINITY;
		for (const { retryAt } of this.#exchanges) if (retryAt !== undefined) deadline = Math.min(deadline, retryAt);
		return this.#mayPoll ? Math.min(deadline, this.#pollAt) : deadline;
	}

	/** Sends bytes, which must not change afterwards; before the session is open, they wait. */
	write(bytes: Uint8Array): void {
		if (this.#state !== "over" && this.#state !== "closing") this.#output.push(bytes);
	}

	/** Ends the session after what was written. `onClosed` follows. */
	close(): void {
		if (this.#state === "running") this.#state = "closing";
		else if (this.#state !== "closing") this.#end(undefined);
	}

	/**
	 * Ends the session at once, for a page that is being left. The request that is given, if any, tells the server; its
	 * answer is of no interest.
	 */
	abandon(): TunnelRequest | undefined {
		const request =
			this.#id === "" || this.#state === "over" ? undefined : this.#nextExchange("close", NOTHING).request;
		this.#end(undefined);
		return request;
	}

	/** The next request to make now, if there is one. `now` in monotonic milliseconds, here and everywhere. */
	nextRequest(now: number): TunnelRequest | undefined {
		if (this.#state === "over") return undefined;
		const exchange = this.#exchanges.find(({ retryAt }) => retryAt !== undefined && now >= retryAt) ?? this.#begin(now);
		if (exchange === undefined) return undefined;
		exchange.retryAt = undefined;
		exchange.sentAt = now;
		return exchange.request;
	}

	/** The answer of a request: its status, and its body, whole. */
	onAnswer(request: TunnelRequest, status: number, body: Uint8Array, now: number): void {
		const exchange = this.#find(request);
		if (exchange === undefined) return;
		if (RETRIED_STATUSES.includes(status) && this.#retry(exchange, now)) return;
		if (request.kind === "ident") this.#onIdent(exchange, status === 200 ? body : NOTHING);
		else if (request.kind === "close") this.#end(undefined);
		else if (status !== 200) this.#end(statusFault(request, status));
		else if (request.kind === "open") this.#onOpened(exchange, body, now);
		else {
			exchange.answer = body;
			this.#takeAnswers(now);
		}
	}

	/** A request got no answer, or none in time; `error` is the network's. */
	onFailed(request: TunnelRequest, error: Error | undefined, now: number): void {
		const exchange = this.#find(request);
		if (exchange === undefined || this.#retry(exchange, now)) return;
		if (request.kind === "ident") this.#onIdent(exchange, NOTHING);
		else if (request.kind === "close") this.#end(undefined);
		else {
			const code = request.kind === "open" ? "CONNECT_FAILED" : "CONNECTION_LOST";
			const why = (error?.message ?? "no answer in time").replace(/\.$/, "");
			const text = `${request.path.slice(0, 6)}: ${why}.`;
			this.#end(new TransportError(code, text, { cause: error }));
		}
	}

	#begin(now: number): Exchange | undefined {
		if (this.#state === "ident" || this.#state === "open") {
			if (this.#exchanges.length > 0) return undefined;
			const path = this.#state === "ident" ? "/fcs/ident2" : "/open/1";
			return this.#add(
				{ kind: this.#state, path, body: NOTHING, timeoutMillis: this.#options.answerTimeoutMillis },
				-1,
			);
		}
		if (this.#isUnderWay("send") || this.#isUnderWay("close")) return undefined;
		if (this.#output.length > 0) {
			const bytes = this.#output.take(Math.min(this.#output.length, this.#options.maxSendBytes));
			return this.#nextExchange("send", bytes);
		}
		if (this.#state === "closing") return this.#nextExchange("close", NOTHING);
		return this.#mayPoll && now >= this.#pollAt ? this.#nextExchange("idle", NOTHING) : undefined;
	}

	/** A poll behind bytes that are under way would only be answered after them. */
	get #mayPoll(): boolean {
		return this.#state === "running" && this.#exchanges.length === 0;
	}

	#nextExchange(kind: "send" | "idle" | "close", body: Uint8Array): Exchange {
		const sequence = this.#sequence++;
		const timeoutMillis = kind === "close" ? CLOSE_TIMEOUT_MILLIS : this.#options.answerTimeoutMillis;
		return this.#add({ kind, path: `/${kind}/${this.#id}/${sequence}`, body, timeoutMillis }, sequence);
	}

	#add(request: TunnelRequest, sequence: number): Exchange {
		const exchange = { request, sequence, sentAt: 0, failures: 0, retryAt: undefined, answer: undefined };
		this.#exchanges.push(exchange);
		return exchange;
	}

	#isUnderWay(kind: TunnelRequest["kind"]): boolean {
		return this.#exchanges.some(({ request }) => request.kind === kind);
	}

	#find(request: TunnelRequest): Exchange | undefined {
		return this.#exchanges.find(exchange => exchange.request === request && exchange.answer === undefined);
	}

	/** Whether the request is made again. The server knows it by its number and does not take its bytes twice. */
	#retry(exchange: Exchange, now: number): boolean {
		if (exchange.failures >= this.#options.retries || exchange.request.kind === "close") return false;
		exchange.retryAt = now + RETRY_MILLIS * exchange.failures;
		exchange.failures++;
		return true;
	}

	#onIdent(exchange: Exchange, body: Uint8Array): void {
		this.#remove(exchange);
		this.#state = "open";
		const host = asciiText(body);
		if (HOST.test(host)) this.#handler.onHost(host);
	}

	#onOpened(exchange: Exchange, body: Uint8Array, now: number): void {
		this.#remove(exchange);
		const id = asciiText(body);
		if (!SESSION_ID.test(id) || id.length > MAX_ID_LENGTH) {
			this.#end(new TransportError("CONNECT_FAILED", "The answer to open holds no session id."));
			return;
		}
		this.#id = id;
		this.#state = "running";
		this.#pollAt = now;
		this.#handler.onOpen();
	}

	/** Hands on what is in order. */
	#takeAnswers(now: number): void {
		for (let first = this.#exchanges[0]; first?.answer !== undefined; first = this.#exchanges[0]) {
			this.#exchanges.shift();
			const { answer } = first;
			const interval = answer[0] ?? INTERVAL_CLOSED;
			this.#pollAt = now + this.#pauseAfter(first, interval, now);
			if (answer.length > 1) this.#handler.onData(answer.subarray(1));
			if (this.closed) return;
			if (interval === INTERVAL_CLOSED) {
				this.#end(undefined);
				return;
			}
			if (first.request.kind === "send" && this.backlog === 0) this.#handler.onDrain();
		}
	}

	#pauseAfter({ request, sentAt, answer }: Exchange, interval: number, now: number): number {
		const { emptyIntervalMillis, maxIntervalMillis } = this.#options;
		const asked = Math.min(intervalMillis(interval), maxIntervalMillis);
		const wasHeld = request.kind === "send" || answer!.length > 1 || now - sentAt >= HELD_MILLIS;
		return wasHeld ? asked : Math.max(asked, emptyIntervalMillis);
	}

	#remove(exchange: Exchange): void {
		this.#exchanges.splice(this.#exchanges.indexOf(exchange), 1);
	}

	#end(reason: MillraceError | undefined): void {
		if (this.#state === "over") return;
		this.#state = "over";
		this.#exchanges.length = 0;
		this.#output.skip(this.#output.length);
		this.#handler.onClosed(reason);
	}
}

function statusFault({ kind, path }: TunnelRequest, status: number): TransportError {
	const code = kind === "open" ? "CONNECT_FAILED" : "CONNECTION_LOST";
	return new TransportError(code, `${path.slice(0, 6)} was answered with status ${status}.`);
}

/** A short answer as text without white space around it. What is no ASCII becomes a character that no pattern takes. */
function asciiText(body: Uint8Array): string {
	if (body.length > MAX_ID_LENGTH * 2) return "";
	let text = "";
	for (const byte of body) text += byte < 0x80 ? String.fromCharCode(byte) : "\uFFFD";
	return text.replaceAll("\0", " ").trim();
}
