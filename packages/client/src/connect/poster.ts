/** One request of HTTP: a body that is posted. */
export type PostRequest = {
	/** From the root of the server, with the query. */
	readonly path: string;
	readonly body: Uint8Array;
	/** When no answer has come after this time, the request is given up. */
	readonly timeoutMillis: number;
};

/** An answer, or why there is none. */
export type PostOutcome = { readonly status: number; readonly body: Uint8Array } | { readonly error: Error };

/** Makes requests to one server. */
export interface Poster {
	/**
	 * Posts a body; `done` is called once, later, unless the request was aborted.
	 *
	 * @returns what aborts it
	 */
	post(request: PostRequest, done: (outcome: PostOutcome) => void): () => void;
	/** Sends a request that nobody waits for, if that is possible, and lets go of connections. */
	end(last: PostRequest | undefined): void;
}

/** A gateway of Flash Remoting. */
export type GatewayTarget = {
	/** Name or address, IPv6 without brackets. */
	readonly host: string;
	readonly port: number;
	/** By HTTPS. */
	readonly isSecure: boolean;
};
