import { REMOTING_CONTENT_TYPE } from "@millrace/core/amf";
import type { TunnelClientOptions } from "@millrace/core/tunnel";
import {
	bracketed,
	type ClientPlatform,
	type PostOutcome,
	type PostRequest,
	ROAD_PROTOCOLS,
	type Transport,
	type TransportHandler,
	type TransportTarget,
	type TunnelPoster,
	TunnelTransport,
	WebSocketTransport,
} from "../connect/index.ts";

/** How connections of a page go through the network. */
export type WebNetworkOptions = {
	/** Settings of the tunnel through HTTP. Default: the host is not asked for (`ident` is false). */
	readonly tunnel?: TunnelClientOptions;
	/** Where servers take WebSockets. Default `/rtmp`. */
	readonly webSocketPath?: string;
};

/** A page or a worker: WebSockets, `fetch`, its clock and timers, warnings to the console. */
export function createWebPlatform(options: WebNetworkOptions = {}): ClientPlatform {
	const { location } = globalThis as { location?: { protocol: string; hostname: string } };
	return {
		open: (target, handler) => open(target, handler, options),
		openGateway: ({ host, port, isSecure }) => {
			const origin = `${isSecure ? "https" : "http"}://${bracketed(host)}:${port}`;
			// As Flash Player does, which had the browser's cookies.
			return new FetchPoster(origin, { contentType: REMOTING_CONTENT_TYPE, credentials: "same-origin" });
		},
		now: () => performance.now(),
		after,
		random: count => crypto.getRandomValues(new Uint8Array(count)),
		warn: text => console.warn(text),
		page: { isSecure: location?.protocol === "https:" },
		defaultHost: location?.hostname || "localhost",
	};
}

/** A page with the usual settings. */
export const webPlatform: ClientPlatform = createWebPlatform();

function open(target: TransportTarget, handler: TransportHandler, options: WebNetworkOptions): Transport {
	const { protocol, host, port } = target;
	const { isTunnel, isSecure } = ROAD_PROTOCOLS[protocol];
	const place = `${bracketed(host)}:${port}`;
	if (!isTunnel) {
		const address = `${isSecure ? "wss" : "ws"}://${place}${options.webSocketPath ?? "/rtmp"}`;
		return new WebSocketTransport(WebSocket, address, after, handler);
	}
	const clock = { now: () => performance.now(), after };
	const poster = new FetchPoster(`${isSecure ? "https" : "http"}://${place}`);
	return new TunnelTransport(poster, clock, handler, { ident: false, ...options.tunnel });
}

type FetchPosterOptions = {
	/** Default: none, so that no request needs the browser to ask for permission first. */
	readonly contentType?: string;
	/** Whether cookies go along. Default `omit`. */
	readonly credentials?: RequestCredentials;
};

/** Makes the requests of a tunnel or of remoting by `fetch`. */
class FetchPoster implements TunnelPoster {
	readonly #origin: string;

	readonly #options: FetchPosterOptions;

	constructor(origin: string, options: FetchPosterOptions = {}) {
		this.#origin = origin;
		this.#options = options;
	}

	/** Pages talk to the host that they name: another one would have other permissions. */
	setHost(): void {}

	post(request: PostRequest, done: (outcome: PostOutcome) => void): () => void {
		const abort = new AbortController();
		const { timeoutMillis } = request;
		const stopTimer = after(timeoutMillis, () => abort.abort(new Error(`no answer within ${timeoutMillis / 1000} s`)));
		let isAborted = false;
		const finish = (outcome: PostOutcome): void => {
			stopTimer();
			if (!isAborted) done(outcome);
		};
		this.#fetch(request, abort.signal).then(finish, (error: unknown) => {
			finish({ error: error instanceof Error ? error : new Error(String(error)) });
		});
		return () => {
			isAborted = true;
			stopTimer();
			abort.abort();
		};
	}

	end(last: PostRequest | undefined): void {
		// The page may be on its way out: nobody hears whether it arrived.
		if (last !== undefined) this.#fetch(last, undefined, true).catch(() => undefined);
	}

	async #fetch({ path, body }: PostRequest, signal?: AbortSignal, keepalive = false): Promise<PostOutcome> {
		const { contentType, credentials = "omit" } = this.#options;
		const response = await fetch(this.#origin + path, {
			method: "POST",
			body: body as Uint8Array<ArrayBuffer>,
			cache: "no-store",
			credentials,
			...(contentType === undefined ? {} : { headers: { "content-type": contentType } }),
			keepalive,
			...(signal === undefined ? {} : { signal }),
		});
		return { status: response.status, body: new Uint8Array(await response.arrayBuffer()) };
	}
}

function after(millis: number, action: () => void): () => void {
	const timer = setTimeout(action, millis);
	return () => clearTimeout(timer);
}
