import type { IncomingMessage, ServerResponse } from "node:http";
import {
	parseTunnelPath,
	type TunnelAnswer,
	type TunnelCarrier,
	type TunnelCommand,
	type TunnelLimits,
	TunnelServer,
	type TunnelSession,
	type TunnelTimes,
} from "@millrace/core/tunnel";
import { corsHeaders, isOriginAllowed } from "../../access/index.ts";
import type { Wire, WireHandler } from "../wire.ts";
import { type HeaderFields, PREFLIGHT_HEADERS } from "./cross-origin.ts";
import { TunnelWire } from "./tunnel-wire.ts";

/** Where a session comes from. */
export type TunnelOrigin = {
	/** The client's address, without port. */
	readonly address: string;
	/** Whether the client speaks HTTPS. */
	readonly secure: boolean;
};

export type HttpTunnelOptions = {
	readonly limits: TunnelLimits;
	readonly times: TunnelTimes;
	/** Web origins whose pages may use the tunnel; `*` is all. */
	readonly cors: readonly string[];
	/** What `/fcs/ident2` answers: the host that clients are to use from there on, or nothing; `null`: 404. */
	readonly ident2: string | null;
	/** What `/fcs/ident` answers; `null`: 404. */
	readonly ident: string | null;
	/** Monotonic milliseconds. */
	now(): number;
	/** Random bytes that nobody can guess. */
	random(count: number): Uint8Array;
	/** Where a request comes from. What it says of itself counts only where a trusted proxy says it. */
	originOf(request: IncomingMessage): TunnelOrigin;
	/** Why a client may not open a session, or `undefined`. */
	refusalOf(address: string): string | undefined;
	/** Makes what runs over a session, on the wire that `open` gives. False: there is no room for it. */
	onSession(open: (handler: WireHandler) => Wire, origin: TunnelOrigin): boolean;
	/** A client was refused, or its session was given up before it was used. */
	onRefused(address: string, reason: string): void;
};

/** How often sessions are looked for that were opened and not used, in milliseconds. */
const UNUSED_SWEEP_MILLIS = 1000;
/** More than this is not read of requests whose body says nothing. */
const MAX_EMPTY_BODY_BYTES = 4096;
/** Answers up to this many bytes are joined: one small copy costs less than many pieces in one system call. */
const MAX_JOINED_BYTES = 16 * 1024;

/**
 * RTMPT on an HTTP server: `POST` to `/open/1`, `/send/ID/N`, `/idle/ID/N`, `/close/ID/N`, and `/fcs/ident2` with what
 * belongs to it. Answers keep to what the clients of Flash's time read: HTTP/1.1, `Content-Length` in that spelling,
 * nothing chunked, keep-alive.
 */
export class HttpTunnel {
	readonly #options: HttpTunnelOptions;
	readonly #server: TunnelServer<TunnelOrigin>;
	readonly #wires = new Map<TunnelSession, TunnelWire>();
	readonly #sweep: NodeJS.Timeout;

	constructor(options: HttpTunnelOptions) {
		this.#options = options;
		this.#server = new TunnelServer({
			limits: options.limits,
			times: options.times,
			random: options.random,
			onSession: (session, origin) => this.#startSession(session, origin),
			onUnused: ({ address }, reason) => {
				const text = reason === "limit" ? "Too many HTTP tunnels were opened and not used." : UNUSED;
				options.onRefused(address, text);
			},
		});
		this.#sweep = setInterval(() => this.#server.handleTimeout(options.now()), UNUSED_SWEEP_MILLIS);
		this.#sweep.unref();
	}

	/** Sessions that are in use. */
	get sessionCount(): number {
		return this.#server.sessionCount;
	}

	/** Sessions that were opened and in which nothing was asked. */
	get unusedCount(): number {
		return this.#server.unusedCount;
	}

	/** Looks no more after sessions that were not used. Those in use are their users' to end. */
	stop(): void {
		clearInterval(this.#sweep);
	}

	/** Answers a request of a tunnel, now or later; false, and nothing is done, where it is not one. */
	handle(request: IncomingMessage, response: ServerResponse): boolean {
		const path = parseTunnelPath(pathOf(request.url ?? ""));
		if (path === undefined) return false;
		const isIdent = path.command === "ident" || path.command === "ident2";
		const { method } = request;
		if (method !== "POST" && method !== "OPTIONS" && !(isIdent && method === "GET")) return false;
		const { cors } = this.#options;
		const { origin, host } = request.headers;
		// Programs send no origin, and some of them read answers into little memory.
		const headers = origin === undefined ? {} : corsHeaders(cors, origin);
		if (method === "OPTIONS") {
			response.writeHead(204, { ...headers, ...PREFLIGHT_HEADERS }).end();
		} else if (!isOriginAllowed(cors, origin, host)) {
			answer(request, response, 403);
		} else if ("id" in path) {
			this.#handOn(path.command, path, request, response, headers);
		} else if (Number(request.headers["content-length"] ?? 0) > MAX_EMPTY_BODY_BYTES) {
			answer(request, response, 413, [], { ...headers, Connection: "close" });
		} else {
			const { command } = path;
			afterBody(request, isEmpty => {
				if (!isEmpty) answer(request, response, 413, [], { ...headers, Connection: "close" });
				else if (command === "open") this.#open(request, response, headers);
				else this.#answerIdent(this.#options[command], request, response, headers);
			});
		}
		return true;
	}

	#answerIdent(text: string | null, request: IncomingMessage, response: ServerResponse, headers: HeaderFields): void {
		if (text === null) answer(request, response, 404, [], headers);
		else answer(request, response, 200, [Buffer.from(text)], headers);
	}

	#open(request: IncomingMessage, response: ServerResponse, headers: HeaderFields): void {
		const { now, originOf, refusalOf, onRefused } = this.#options;
		const origin = originOf(request);
		const refusal = refusalOf(origin.address);
		if (refusal !== undefined) {
			onRefused(origin.address, refusal);
			answer(request, response, 503, [], headers);
			return;
		}
		const id = this.#server.open(origin, now());
		// librtmp takes all but the last byte for the id.
		answer(request, response, 200, [Buffer.from(`${id}\n`)], headers);
	}

	#handOn(
		command: TunnelCommand,
		{ id, sequence }: { readonly id: string; readonly sequence: number },
		request: IncomingMessage,
		response: ServerResponse,
		headers: HeaderFields,
	): void {
		const { now } = this.#options;
		const carrier: TunnelCarrier = {
			answer: ({ status, body, length }: TunnelAnswer) => {
				// The rest of a body that nobody wants is not waited for.
				const isCut = status !== 200 && !request.complete;
				const extra = isCut ? { ...headers, Connection: "close" } : headers;
				const send = (): void => answer(request, response, status, body, extra, length);
				if (isCut || request.complete) send();
				else request.on("end", send).resume();
			},
			pause: () => request.pause(),
			resume: () => request.resume(),
		};
		const found = this.#server.request(command, id, sequence, carrier, now());
		if (found === "unknown" || found === "refused") {
			answer(request, response, found === "unknown" ? 404 : 503, [], headers);
			return;
		}
		const { session, upload } = found;
		const afterUse = (): void => this.#wires.get(session)?.armTimer();
		if (upload === undefined) {
			afterUse();
			return;
		}
		request.on("data", (bytes: Uint8Array) => {
			upload.receive(bytes, now());
			afterUse();
		});
		request.on("end", () => {
			upload.end(now());
			afterUse();
		});
		// A connection that breaks off: the response's end tells, and the request's error says no more than that.
		request.on("error", ignore);
		response.on("close", () => {
			if (response.writableFinished) return;
			upload.abandon(now());
			afterUse();
		});
		afterUse();
	}

	#startSession(session: TunnelSession, origin: TunnelOrigin): TunnelWire | undefined {
		const { now, onSession, onRefused } = this.#options;
		const { address } = origin;
		let wire: TunnelWire | undefined;
		const open = (handler: WireHandler): Wire => {
			wire = new TunnelWire(session, handler, {
				remoteAddress: address,
				now,
				onGone: () => this.#wires.delete(session),
			});
			this.#wires.set(session, wire);
			return wire;
		};
		if (onSession(open, origin)) return wire;
		onRefused(address, "There is no room for one more HTTP tunnel.");
		return undefined;
	}
}

const UNUSED = "An HTTP tunnel was opened and not used.";

/**
 * Waits for the end of a body that says nothing: a proxy that passes bodies on as they come takes an answer before that
 * for a reason to close its client's connection, and ffmpeg sends the body apart from the head.
 */
function afterBody(request: IncomingMessage, onEnd: (isEmpty: boolean) => void): void {
	let bytes = 0;
	request.on("data", (part: Uint8Array) => {
		if (bytes > MAX_EMPTY_BODY_BYTES) return;
		bytes += part.length;
		if (bytes > MAX_EMPTY_BODY_BYTES) onEnd(false);
	});
	request.on("end", () => {
		if (bytes <= MAX_EMPTY_BODY_BYTES) onEnd(true);
	});
	request.on("error", ignore);
}

/** The whole answer with its length, as old clients need it. */
function answer(
	request: IncomingMessage,
	response: ServerResponse,
	status: number,
	body: readonly Uint8Array[] = [],
	headers: HeaderFields = {},
	length = body[0]?.length ?? 0,
): void {
	if (response.headersSent || response.destroyed) return;
	response.writeHead(status, {
		"Content-Type": "application/x-fcs",
		"Content-Length": String(length),
		Connection: response.shouldKeepAlive ? "Keep-Alive" : "close",
		"Cache-Control": "no-cache",
		// Caches of that version know no other word for it.
		...(request.httpVersion === "1.0" ? { Pragma: "no-cache", Expires: "0" } : undefined),
		...headers,
	});
	if (length <= MAX_JOINED_BYTES || body.length === 1) {
		response.end(body.length === 1 ? body[0] : Buffer.concat(body, length));
		return;
	}
	response.cork();
	for (const slice of body) response.write(slice);
	response.uncork();
	response.end();
}

function pathOf(url: string): string {
	const mark = url.indexOf("?");
	return mark < 0 ? url : url.slice(0, mark);
}

function ignore(): void {}
