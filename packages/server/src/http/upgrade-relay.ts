import { type ClientRequest, type IncomingMessage, request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { refuseUpgrade } from "../net/index.ts";

export type UpgradeRelayOptions = {
	/** The other web server's address. */
	readonly upstream: string;
	/** The headers that tell it of the client, by their lower-case names. */
	forwarded(request: IncomingMessage): Readonly<Record<string, string>>;
	/** WebSockets to it at once, open or being opened. Default 1000. */
	readonly maxRelays?: number;
	/** How long it may take to answer, in milliseconds. Default 10 s. */
	readonly answerMillis?: number;
};

const MAX_RELAYS = 1000;
const ANSWER_MILLIS = 10_000;
/** TCP probes both ends after this time, so that one that has gone is noticed though nothing is said. */
const KEEP_ALIVE_MILLIS = 60_000;
/** Of the connection to us alone (RFC 9110 §7.6.1), or ours to say. */
const OWN_HEADERS = new Set([
	...["connection", "upgrade", "keep-alive", "te", "trailer", "transfer-encoding", "content-length", "http2-settings"],
	...["proxy-connection", "proxy-authorization", "proxy-authenticate"],
]);

/**
 * Passes WebSocket upgrades on to another web server, each on a connection of its own, and from its consent on all
 * bytes both ways as they come. What the client sends before that waits in its socket; nothing of it reaches the other
 * server where that does not consent.
 */
export class UpgradeRelay {
	readonly #options: UpgradeRelayOptions;
	readonly #target: URL;
	/** The clients' sockets. */
	readonly #relays = new Set<Duplex>();

	constructor(options: UpgradeRelayOptions) {
		this.#options = options;
		this.#target = new URL(options.upstream);
	}

	/** Takes an upgrade over from the HTTP server. Never throws. */
	handle(request: IncomingMessage, socket: Duplex, head: Uint8Array): void {
		// The HTTP server has let go of the socket: without a listener, a reset would end the process.
		socket.on("error", () => socket.destroy());
		if (!(socket instanceof Socket) || request.method !== "GET" || hasBody(request)) {
			return refuseUpgrade(socket, "400 Bad Request");
		}
		if (this.#relays.size >= (this.#options.maxRelays ?? MAX_RELAYS))
			return refuseUpgrade(socket, "503 Service Unavailable");
		this.#relays.add(socket);
		const asked = this.#ask(request);
		socket.once("close", () => {
			this.#relays.delete(socket);
			asked.destroy();
		});
		const timer = setTimeout(() => fail("504 Gateway Timeout"), this.#options.answerMillis ?? ANSWER_MILLIS);
		const fail = (status: string): void => {
			clearTimeout(timer);
			if (!socket.destroyed) refuseUpgrade(socket, status);
			asked.destroy();
		};
		asked.on("error", () => fail("502 Bad Gateway"));
		asked.on("upgrade", (answer: IncomingMessage, upstream: Socket, first: Buffer) => {
			clearTimeout(timer);
			join(socket, head, upstream, first, answer);
		});
		asked.on("response", answer => {
			clearTimeout(timer);
			// Its reason for refusing, which ends the connection.
			socket.write(headOf(answer, "Connection: close"), "latin1");
			answer.pipe(socket);
			answer.once("close", () => socket.destroySoon());
		});
		asked.end();
	}

	/** Ends all. */
	stop(): void {
		for (const socket of [...this.#relays]) socket.destroy();
	}

	#ask(request: IncomingMessage): ClientRequest {
		const { protocol, hostname, port } = this.#target;
		const own = this.#options.forwarded(request);
		const headers = ["Connection", "Upgrade", "Upgrade", "websocket", ...Object.entries(own).flat()];
		eachHeader(request.rawHeaders, (name, value) => {
			const lower = name.toLowerCase();
			if (!OWN_HEADERS.has(lower) && !Object.hasOwn(own, lower)) headers.push(name, value);
		});
		const ask = protocol === "https:" ? requestHttps : requestHttp;
		const host = hostname.replace(/^\[|\]$/g, "");
		return ask({ agent: false, host, port, method: "GET", path: request.url ?? "/", headers });
	}
}

function join(client: Socket, head: Uint8Array, upstream: Socket, first: Buffer, answer: IncomingMessage): void {
	upstream.on("error", () => upstream.destroy());
	if (client.destroyed) {
		upstream.destroy();
		return;
	}
	for (const socket of [client, upstream]) {
		socket.setTimeout(0);
		socket.setNoDelay(true);
		socket.setKeepAlive(true, KEEP_ALIVE_MILLIS);
	}
	client.write(headOf(answer, "Connection: Upgrade\r\nUpgrade: websocket"), "latin1");
	if (first.length > 0) client.write(first);
	if (head.length > 0) upstream.write(head);
	client.pipe(upstream).pipe(client);
	// When one end has gone, what it said is still passed on; then the other goes too.
	client.once("close", () => upstream.destroySoon());
	upstream.once("close", () => client.destroySoon());
}

/** An answer's status and headers as they came, with our own in the place of the connection's. */
function headOf({ statusCode, statusMessage, rawHeaders }: IncomingMessage, own: string): string {
	const lines = [`HTTP/1.1 ${statusCode} ${statusMessage ?? ""}`, own];
	eachHeader(rawHeaders, (name, value) => {
		if (!OWN_HEADERS.has(name.toLowerCase())) lines.push(`${name}: ${value}`);
	});
	return `${lines.join("\r\n")}\r\n\r\n`;
}

function eachHeader(raw: readonly string[], take: (name: string, value: string) => void): void {
	for (let at = 0; at + 1 < raw.length; at += 2) take(raw[at]!, raw[at + 1]!);
}

/** A body would be read by one end as what the other takes for frames. */
function hasBody({ headers }: IncomingMessage): boolean {
	return headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) !== 0;
}
