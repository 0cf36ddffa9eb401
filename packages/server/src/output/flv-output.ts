import type { IncomingMessage, ServerResponse } from "node:http";
import { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { WebSocketServer } from "ws";
import { isOriginAllowed } from "../access/index.ts";
import { StreamName } from "../app/index.ts";
import type { Hub, LiveStream } from "../hub/index.ts";
import type { MediaCatalog } from "../library/index.ts";
import type { EventLog } from "../log/index.ts";
import { refuseUpgrade, SocketWire } from "../net/index.ts";
import { readHeaders } from "./cors.ts";
import { FlvFileOutput, sendText } from "./flv-file-output.ts";
import { flvFramer, webSocketFlvFramer, webSocketFrame } from "./flv-framer.ts";
import { type FlvTransport, FlvViewer } from "./flv-viewer.ts";

export type FlvOutputOptions = {
	readonly hub: Hub;
	/** Where names are looked up that are not live. */
	readonly catalog: MediaCatalog;
	/** Whether there is such an application. */
	hasApplication(name: string): boolean;
	/** The stream of the virtual host that a request names. Default: there is only one host. */
	readonly streamOf?: ((name: StreamName, request: IncomingMessage) => StreamName) | undefined;
	readonly log: EventLog;
	/** Web origins whose pages may play from here; `*` is all. */
	readonly cors: readonly string[];
	/** Whether one more viewer may come. */
	hasRoom(): boolean;
	/** Makes a connection's name for the log. */
	nextId(): string;
	/** The client's address, for the log. */
	addressOf(request: IncomingMessage): string;
	/** Monotonic milliseconds. */
	now(): number;
};

/** A viewer has nothing to say but control frames. */
const MAX_WEBSOCKET_MESSAGE = 4096;
/** A close frame with code 1001, going away (RFC 6455 §7.4.1). */
const WEBSOCKET_GOODBYE = new Uint8Array([0x88, 2, 0x03, 0xe9]);

/**
 * Live streams as FLV at `/APPLICATION/NAME.flv`, over HTTP and over WebSocket; over HTTP also recordings and on-demand
 * files of names that are not live, and of names that are where `start` is given. For a live stream it takes the socket
 * after the request's head and leaves the HTTP library behind: one write of a shared block a viewer, no chunked coding.
 */
export class FlvOutput {
	readonly #options: FlvOutputOptions;
	readonly #files: FlvFileOutput;
	readonly #viewers = new Set<FlvViewer>();
	/** Sockets that carry a stream: whatever the client asks for behind that has no answer. */
	readonly #taken = new WeakSet<Duplex>();
	readonly #webSockets = new WebSocketServer({
		noServer: true,
		perMessageDeflate: false,
		maxPayload: MAX_WEBSOCKET_MESSAGE,
		autoPong: false,
		clientTracking: false,
	});

	constructor(options: FlvOutputOptions) {
		this.#options = options;
		this.#files = new FlvFileOutput(options);
	}

	get viewerCount(): number {
		return this.#viewers.size + this.#files.viewerCount;
	}

	/** Whether a request is for a stream or file as FLV. */
	static isFlvPath(url: string): boolean {
		return pathOf(url).endsWith(".flv");
	}

	/** Answers a request whose path ends in `.flv`. */
	handle(request: IncomingMessage, response: ServerResponse): void {
		const { socket } = request;
		if (this.#taken.has(socket)) return;
		const headers = readHeaders(request, response, this.#options.cors);
		if (headers === undefined) return;
		const start = startOf(request.url ?? "");
		const found = this.#find(request);
		if (Number.isNaN(start)) sendText(response, 400, "start is a number of seconds, such as 12.5.", headers);
		else if (found !== undefined && start === undefined) this.#sendLive(found, request, response, headers);
		else void this.#sendFile(start, request, response, headers);
	}

	/** Answers with a file, or where there is none as before files were looked for. */
	async #sendFile(
		start: number | undefined,
		request: IncomingMessage,
		response: ServerResponse,
		headers: Readonly<Record<string, string>>,
	): Promise<void> {
		const name = this.#nameOf(request);
		if (name !== undefined && (await this.#files.handle({ name, start, headers }, request, response))) return;
		if (response.destroyed) return;
		const found = this.#find(request);
		if (found !== undefined) this.#sendLive(found, request, response, headers);
		else
			sendText(response, 404, "No such stream is live, and there is no such file.", { ...headers, "retry-after": "2" });
	}

	#sendLive(
		found: Found,
		request: IncomingMessage,
		response: ServerResponse,
		headers: Readonly<Record<string, string>>,
	): void {
		const { socket } = request;
		const fields = { "content-type": "video/x-flv", "cache-control": "no-store", connection: "close", ...headers };
		if (request.method === "HEAD") {
			response.writeHead(200, fields).end();
			return;
		}
		if (!this.#options.hasRoom()) {
			response.writeHead(503, { ...headers, "retry-after": "10", connection: "close" }).end();
			return;
		}
		// An earlier request of the same connection is still being answered, so the socket cannot be taken.
		if (response.socket !== socket) {
			response.writeHead(503, { ...headers, "retry-after": "1", connection: "close" }).end();
			return;
		}
		const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`);
		const head = new TextEncoder().encode(`HTTP/1.1 200 OK\r\n${lines.join("")}\r\n`);
		this.#taken.add(socket);
		// The parser would go on reading, and keep an answer in wait for each request (RFC 9112 §9.6: none is due).
		socket.on("data", ignore);
		for (const listener of socket.listeners("data")) {
			if (listener !== ignore) socket.off("data", listener as (bytes: Uint8Array) => void);
		}
		this.#watch(found, socket, request, {
			framer: flvFramer,
			start: header => joined(head, header),
			goodbye: undefined,
		});
	}

	/** Answers an upgrade to WebSocket whose path ends in `.flv`. */
	handleUpgrade(request: IncomingMessage, socket: Duplex, head: Uint8Array): void {
		// The HTTP server has let go of the socket: without a listener, a reset would end the process.
		socket.on("error", () => socket.destroy());
		const found = this.#find(request);
		if (this.#taken.has(socket)) return;
		if (found === undefined || !(socket instanceof Socket)) return refuseUpgrade(socket, "404 Not Found");
		const { headers } = request;
		if (!isOriginAllowed(this.#options.cors, headers.origin, headers.host))
			return refuseUpgrade(socket, "403 Forbidden");
		if (!this.#options.hasRoom()) return refuseUpgrade(socket, "503 Service Unavailable");
		this.#webSockets.handleUpgrade(request, socket, Buffer.from(head), webSocket => {
			// The library answers closes and errors; whatever else a viewer sends has no meaning. Pings of one that does
			// not read must not pile up answers.
			webSocket.on("error", () => socket.destroySoon());
			webSocket.on("ping", bytes => {
				if (socket.writableLength === 0) webSocket.pong(bytes);
			});
			this.#watch(found, socket, request, {
				framer: webSocketFlvFramer,
				start: webSocketFrame,
				goodbye: WEBSOCKET_GOODBYE,
			});
		});
	}

	/** Ends at once whoever has not read the goodbye. */
	destroy(): void {
		for (const viewer of [...this.#viewers]) viewer.destroy();
	}

	/** Ends all viewers. */
	stop(): void {
		this.#files.stop();
		for (const viewer of [...this.#viewers]) viewer.end();
		this.#webSockets.close();
	}

	#watch({ live, name }: Found, socket: Socket, request: IncomingMessage, transport: FlvTransport): void {
		const { log, now, nextId } = this.#options;
		const child = log.child({
			connection: nextId(),
			from: this.#options.addressOf(request),
			stream: String(name),
			via: transport.framer === flvFramer ? "http-flv" : "ws-flv",
		});
		const viewer = new FlvViewer(
			live,
			transport,
			handler => new SocketWire(socket, handler),
			child,
			now,
			gone => this.#viewers.delete(gone),
		);
		this.#viewers.add(viewer);
	}

	#nameOf(request: IncomingMessage): StreamName | undefined {
		const name = nameOf(request);
		return name && (this.#options.streamOf?.(name, request) ?? name);
	}

	#find(request: IncomingMessage): Found | undefined {
		const name = this.#nameOf(request);
		if (name === undefined) return undefined;
		const live = this.#options.hub.find(name.key);
		return live?.isLive ? { live, name } : undefined;
	}
}

type Found = { readonly live: LiveStream; readonly name: StreamName };

/** The stream or file that a path which ends in `.flv` names. */
function nameOf({ url = "" }: IncomingMessage): StreamName | undefined {
	return FlvOutput.isFlvPath(url) ? StreamName.fromPath(pathOf(url).slice(0, -".flv".length)) : undefined;
}

/** The query's `start`, in seconds; `undefined`: there is none; NaN: it is no number of seconds. */
function startOf(url: string): number | undefined {
	const mark = url.indexOf("?");
	const text = mark < 0 ? null : new URLSearchParams(url.slice(mark)).get("start");
	if (text === null || text === "") return undefined;
	return /^\d{1,9}(\.\d{1,9})?$/.test(text) ? Number(text) : Number.NaN;
}

function pathOf(url: string): string {
	const mark = url.indexOf("?");
	return mark < 0 ? url : url.slice(0, mark);
}

function ignore(): void {}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
	const out = new Uint8Array(a.length + b.length);
	out.set(a);
	out.set(b, a.length);
	return out;
}
