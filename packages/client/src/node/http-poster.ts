import { Agent, type ClientRequest, type IncomingMessage, request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import type { Socket } from "node:net";
import { bracketed, type PostOutcome, type PostRequest, type TunnelPoster } from "../connect/index.ts";
import { authorizationOf, type ProxyAuthorization } from "./proxy-authorization.ts";
import { openSocket, type SocketRoute } from "./socket-transport.ts";

/** No server answers with more: the proxies between would not hold it. */
const MAX_ANSWER_BYTES = 8 * 1024 * 1024;

/** Makes the requests of a tunnel or of remoting on at most two connections that stay open. */
export class HttpPoster implements TunnelPoster {
	readonly #agent: Agent;
	readonly #route: SocketRoute;
	readonly #contentType: string;
	#host: string;

	/** Where a proxy forwards the requests. */
	readonly #authorization: ProxyAuthorization | undefined;

	/** A `proxy` of the route is asked to CONNECT where there is TLS, and to forward the requests where there is none. */
	constructor(route: SocketRoute, contentType = "application/x-fcs") {
		this.#contentType = contentType;
		this.#route = route;
		this.#host = route.host;
		this.#agent = new RouteAgent(route, () => this.#host);
		const { proxy, tls } = route;
		this.#authorization = proxy === undefined || tls !== undefined ? undefined : authorizationOf(proxy);
	}

	setHost(host: string): void {
		// The name of a certificate is that of the address; nobody else may change it.
		if (this.#route.tls === undefined) this.#host = host.replace(/^\[|\]$/g, "");
	}

	post(request: PostRequest, done: (outcome: PostOutcome) => void): () => void {
		const { timeoutMillis } = request;
		let isDone = false;
		let sent: ClientRequest;
		const finish = (outcome: PostOutcome): void => {
			if (isDone) return;
			isDone = true;
			clearTimeout(timer);
			done(outcome);
		};
		const timer = setTimeout(() => {
			finish({ error: new Error(`no answer within ${timeoutMillis / 1000} s`) });
			sent.destroy();
		}, timeoutMillis);
		const send = (mayTryAgain: boolean): void => {
			sent = this.#send(request);
			const own = sent.getHeader("Proxy-Authorization")?.toString();
			sent.on("error", error => finish({ error }));
			sent.on("response", response => {
				readWhole(response, sent, finish, body => {
					const { statusCode: status = 0, headers } = response;
					const asks = status === 407 ? this.#authorization : undefined;
					if (asks === undefined) finish({ status, body });
					else if (asks.mayTryAgain(headers["proxy-authenticate"]?.toString(), own) && mayTryAgain) {
						if (!isDone) send(false);
					} else finish({ error: new Error(asks.refusal) });
				});
			});
		};
		send(true);
		return () => {
			isDone = true;
			clearTimeout(timer);
			sent.destroy();
		};
	}

	end(last: PostRequest | undefined): void {
		if (last === undefined) {
			this.#agent.destroy();
			return;
		}
		const sent = this.#send(last);
		const letGo = (): void => this.#agent.destroy();
		sent.setTimeout(last.timeoutMillis, () => sent.destroy());
		sent.on("error", letGo);
		sent.on("response", response => response.resume().on("end", letGo).on("error", letGo));
	}

	#send({ path, body }: PostRequest): ClientRequest {
		const { port, tls } = this.#route;
		const place = `${bracketed(this.#host)}${port === (tls === undefined ? 80 : 443) ? "" : `:${port}`}`;
		const asked = this.#authorization === undefined ? path : `http://${place}${path}`;
		const authorization = this.#authorization?.header("POST", asked);
		const sent = (tls === undefined ? requestHttp : requestHttps)({
			agent: this.#agent,
			method: "POST",
			host: this.#host,
			port,
			path: asked,
			headers: {
				Host: place,
				"Content-Type": this.#contentType,
				"Content-Length": body.length,
				"User-Agent": "Shockwave Flash",
				"Cache-Control": "no-cache",
				...(authorization === undefined ? {} : { "Proxy-Authorization": authorization }),
			},
		});
		sent.end(body);
		return sent;
	}
}

/** Reads an answer's body to its end. */
function readWhole(
	response: IncomingMessage,
	sent: ClientRequest,
	finish: (outcome: { error: Error }) => void,
	onBody: (body: Uint8Array) => void,
): void {
	const parts: Buffer[] = [];
	let bytes = 0;
	response.on("data", (part: Buffer) => {
		bytes += part.length;
		parts.push(part);
		if (bytes > MAX_ANSWER_BYTES) sent.destroy(new Error(`the answer is longer than ${MAX_ANSWER_BYTES} bytes`));
	});
	response.on("error", error => finish({ error }));
	response.on("end", () => onBody(Buffer.concat(parts, bytes)));
}

/** Opens connections along a route, which for Node's own agents would need one class a kind. */
class RouteAgent extends Agent {
	readonly #route: SocketRoute;
	readonly #host: () => string;
	/** What gives up the sockets that are not open yet, which the agent does not know. */
	readonly #opening = new Set<() => void>();
	/** `https.request` demands an agent that says so. */
	readonly protocol: string;

	constructor(route: SocketRoute, host: () => string) {
		super({ keepAlive: true, maxSockets: 2 });
		this.#route = route;
		this.#host = host;
		this.protocol = route.tls === undefined ? "http:" : "https:";
	}

	override createConnection(_options: unknown, callback?: (error: Error | null, stream: Socket) => void): undefined {
		const { port, proxy, tls } = this.#route;
		const forwarder = proxy !== undefined && tls === undefined ? proxy : undefined;
		const route: SocketRoute =
			forwarder === undefined
				? { host: this.#host(), port, proxy, tls }
				: { host: forwarder.host, port: forwarder.port, proxy: undefined, tls: forwarder.isSecure ? {} : undefined };
		const giveUp = openSocket(
			route,
			socket => {
				this.#opening.delete(giveUp);
				callback?.(null, socket);
			},
			error => {
				this.#opening.delete(giveUp);
				// With an error there is no socket, whatever the types say.
				callback?.(error, undefined as unknown as Socket);
			},
		);
		this.#opening.add(giveUp);
		return undefined;
	}

	override destroy(): void {
		for (const giveUp of this.#opening) giveUp();
		this.#opening.clear();
		super.destroy();
	}
}
