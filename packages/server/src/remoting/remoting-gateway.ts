import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { type AmfLimits, decodeRemoting, REMOTING_CONTENT_TYPE, type RemotingPacket } from "@millrace/core/amf";
import { MillraceError } from "@millrace/core/fault";
import { netStatus } from "@millrace/core/rtmp";
import { corsHeaders, isOriginAllowed } from "../access/index.ts";
import type { EventLog } from "../log/index.ts";
import type { SocketOrigin } from "../net/index.ts";
import { PREFLIGHT_HEADERS } from "../output/index.ts";
import { type Caller, type PacketContext, PacketRun } from "./packet-run.ts";
import { readBody } from "./read-body.ts";

export type RemotingGatewayOptions = Omit<PacketContext, "flexStamp"> & {
	/** Where it is, such as `/gateway`. */
	readonly path: string;
	/** The longest request. */
	readonly bodyBytes: number;
	/** Calls of one request. */
	readonly callsPerRequest: number;
	/** Requests of one address that are answered at once. */
	readonly requestsPerAddress: number;
	/** What the values of a packet may hold. */
	readonly limits: AmfLimits;
	/** Web origins whose pages may call; `*` is all. */
	readonly cors: readonly string[];
	readonly log: EventLog;
	originOf(request: IncomingMessage): SocketOrigin;
	/** Whether the server has room for one more client. */
	hasRoom(): boolean;
	/** Monotonic milliseconds. */
	now(): number;
};

/** How much is remembered of what a caller says it is, and of the address of its page. */
const SHOWN_HEADER = 1024;

/**
 * Flash Remoting: takes AMF packets by `POST`, makes their calls as a client of the application that they name, and
 * answers them in one packet. Faults of calls are answers with the status 200; other statuses say that nothing was
 * called.
 */
export class RemotingGateway {
	readonly #options: RemotingGatewayOptions;
	readonly #context: PacketContext;
	readonly #runs = new Set<PacketRun>();
	/** Requests that are under way, by address. */
	readonly #byAddress = new Map<string, number>();

	constructor(options: RemotingGatewayOptions) {
		this.#options = options;
		this.#context = { ...options, flexStamp: () => ({ messageId: randomUUID().toUpperCase(), timestamp: Date.now() }) };
	}

	/** Requests whose calls are under way. */
	get requestCount(): number {
		return this.#runs.size;
	}

	/** Whether a request is for the gateway: below its own path only what calls, for watch pages may be there. */
	isFor({ url = "", method }: IncomingMessage): boolean {
		const rest = this.#restOf(pathOf(url));
		return rest === "" || (rest !== undefined && (method === "POST" || method === "OPTIONS"));
	}

	/** Answers a request that `isFor` it. Never rejects. */
	async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
		const { address, secure } = this.#options.originOf(request);
		const cors = corsHeaders(this.#options.cors, request.headers.origin);
		const refusal = this.#refusalOf(request, address);
		if (refusal !== undefined) return refuse(request, response, refusal, cors);
		if (request.method === "OPTIONS") {
			response.writeHead(204, { ...cors, ...PREFLIGHT_HEADERS }).end();
			return;
		}
		this.#count(address, 1);
		try {
			await this.#answer(request, response, { address, secure }, cors);
		} catch (error) {
			this.#options.log.error("remoting", { from: address, error });
			if (response.headersSent) response.destroy();
			else refuse(request, response, FAILED, cors);
		} finally {
			this.#count(address, -1);
		}
	}

	/** Calls that are not answered yet fail. */
	stop(): void {
		for (const run of this.#runs) run.end(netStatus("NetConnection.Connect.AppShutdown"));
	}

	async #answer(
		request: IncomingMessage,
		response: ServerResponse,
		origin: SocketOrigin,
		cors: Readonly<Record<string, string>>,
	): Promise<void> {
		const { bodyBytes, callsPerRequest, limits, log, now } = this.#options;
		const begun = now();
		const body = await readBody(request, bodyBytes);
		if (body === "too-long") return refuse(request, response, TOO_LONG, cors);
		if (body === "broken-off") return;
		let packet: RemotingPacket;
		try {
			packet = decodeRemoting(body, { limits, maxMessages: callsPerRequest });
		} catch (error) {
			if (!(error instanceof MillraceError)) throw error;
			log.warn("remoting", { from: origin.address, reason: error.code, detail: error.message });
			return refuse(request, response, { status: 400, text: error.message }, cors);
		}
		const run = new PacketRun(packet, callerOf(request, origin), this.#placeOf(request), this.#context);
		const onGone = () => run.end(netStatus("NetConnection.Call.Failed", "The caller has gone."));
		response.once("close", onGone);
		this.#runs.add(run);
		const { bytes, instances, faults } = await run.answer().finally(() => this.#runs.delete(run));
		response.off("close", onGone);
		log.debug("remoting", {
			from: origin.address,
			...{ stream: instances.join(" "), calls: packet.messages.length, faults, bytesIn: body.length },
			...{ bytesOut: bytes.length, millis: Math.round(now() - begun) },
		});
		const headers = { "content-type": REMOTING_CONTENT_TYPE, "content-length": bytes.length, ...FACTS, ...cors };
		response.writeHead(200, headers).end(bytes);
	}

	/** Why a request is not taken. */
	#refusalOf(request: IncomingMessage, address: string): Refusal | undefined {
		const { cors, requestsPerAddress, hasRoom } = this.#options;
		const { method, headers } = request;
		if (!isOriginAllowed(cors, headers.origin, headers.host)) {
			return { status: 403, text: "Pages of that origin may not call." };
		}
		if (method === "OPTIONS") return undefined;
		if (method !== "POST") return { status: 405, text: "This is a gateway of Flash Remoting: it takes POST." };
		// No form of another site's page can send this type.
		if (headers["content-type"]?.split(";", 1)[0]?.trim().toLowerCase() !== REMOTING_CONTENT_TYPE) {
			return { status: 415, text: `Only ${REMOTING_CONTENT_TYPE} is taken.` };
		}
		if (!hasRoom()) return { status: 503, text: "The server has no room." };
		if ((this.#byAddress.get(address) ?? 0) >= requestsPerAddress) {
			return { status: 429, text: `More than ${requestsPerAddress} requests of one address are under way.` };
		}
		return undefined;
	}

	#count(address: string, change: 1 | -1): void {
		const count = (this.#byAddress.get(address) ?? 0) + change;
		if (count === 0) this.#byAddress.delete(address);
		else this.#byAddress.set(address, count);
	}

	/** What a path has behind the gateway's; `undefined`: it is another one. */
	#restOf(path: string): string | undefined {
		const { path: own } = this.#options;
		if (!path.startsWith(own)) return undefined;
		const rest = path.slice(own.length);
		return rest === "" || rest.startsWith("/") ? rest : undefined;
	}

	#placeOf({ url = "" }: IncomingMessage): string {
		return (this.#restOf(pathOf(url)) ?? "").replace(/^\/+|\/+$/g, "");
	}
}

type Refusal = { readonly status: number; readonly text: string };

const FACTS = { "cache-control": "no-store", "x-content-type-options": "nosniff" };
const TOO_LONG: Refusal = { status: 413, text: "The request is longer than may be." };
const FAILED: Refusal = { status: 500, text: "The server failed to answer this. Its log says more." };

/** What is left of a body that is not wanted is not read: the connection ends. */
function refuse(
	request: IncomingMessage,
	response: ServerResponse,
	{ status, text }: Refusal,
	cors: Readonly<Record<string, string>>,
): void {
	const headers = {
		"content-type": "text/plain; charset=utf-8",
		...(status === 405 && { allow: "POST, OPTIONS" }),
		...(request.complete ? {} : { connection: "close" }),
		...FACTS,
		...cors,
	};
	response.writeHead(status, headers).end(`${text}\n`);
}

function callerOf({ headers, url = "" }: IncomingMessage, { address, secure }: SocketOrigin): Caller {
	const protocol = secure ? "https" : "http";
	const referrer = shown(headers.referer);
	const path = pathOf(url);
	return {
		remoteAddress: address,
		...{ protocol, secure },
		tcUrl: `${protocol}://${shown(headers.host)}${path}`,
		// Flash Player sends the address of the SWF file, a page its own.
		...{ pageUrl: referrer, swfUrl: referrer },
		flashVer: shown(headers["user-agent"]),
		query: url.includes("?") ? url.slice(url.indexOf("?") + 1) : "",
	};
}

function shown(text = ""): string {
	return text.slice(0, SHOWN_HEADER);
}

/** Without the query, and without what `AppendToGatewayUrl` of other servers may have put there (`;jsessionid=…`). */
function pathOf(url: string): string {
	return url.split(/[?;]/, 1)[0]!;
}
