import { decodeText } from "./text-bytes.ts";

/** What a script waits for from a web server, in all. */
export const HTTP_TIMEOUT_MS = 60_000;
export const MAX_HTTP_REDIRECTS = 5;
/** Of an answer, unpacked. */
export const MAX_HTTP_BODY_BYTES = 16 * 1024 * 1024;
/** Requests of one instance that wait for an answer. */
export const MAX_HTTP_REQUESTS = 256;

export type HttpRequest = {
	readonly url: string;
	readonly method: "GET" | "POST";
	readonly headers: Headers;
	/** Of a POST. */
	readonly body?: string;
};

export type HttpListener = {
	/** The answer's status; `0`: none came. Always called, once, before `onText`. */
	onStatus(status: number): void;
	/** Bytes of the answer so far, and in all where the server says it (else as many). */
	onProgress(loaded: number, total: number): void;
	/** The answer, or `undefined` where there is none or its status is no success. Always called, once, at last. */
	onText(text: string | undefined): void;
};

/** The requests of one instance. Ends them all at `close`, after which no listener is called any more. */
export class HttpLoader {
	readonly #ends = new AbortController();
	#waiting = 0;

	/** Starts a request. Returns `false`, and calls nothing, where it is none for HTTP or too many are under way. */
	load(request: HttpRequest, listener: HttpListener): boolean {
		const { signal } = this.#ends;
		if (signal.aborted || this.#waiting >= MAX_HTTP_REQUESTS || !isHttpUrl(request.url)) return false;
		this.#waiting++;
		void this.#exchange(request, listener).finally(() => this.#waiting--);
		return true;
	}

	close(): void {
		this.#ends.abort();
	}

	async #exchange(request: HttpRequest, listener: HttpListener): Promise<void> {
		const ends = this.#ends.signal;
		const signal = AbortSignal.any([ends, AbortSignal.timeout(HTTP_TIMEOUT_MS)]);
		let status = 0;
		let text: string | undefined;
		let isTold = false;
		const tell = () => {
			if (!isTold && !ends.aborted) listener.onStatus(status);
			isTold = true;
		};
		try {
			const response = await follow(request, signal);
			status = response.status;
			tell();
			const body = await readBody(response, listener);
			if (response.ok) text = decodeText(body, charsetOf(response));
		} catch {
			// Whatever went wrong (no such host, refused, too slow, too large), a script is told by the missing text.
			tell();
		}
		if (!ends.aborted) listener.onText(text);
	}
}

/** `text` with what a form or a query reserves as `%XX`; other than a form of today, a space becomes `%20`. */
export function encodeVariable(text: string): string {
	return encodeURIComponent(text.toWellFormed());
}

function isHttpUrl(url: string): boolean {
	const protocol = URL.parse(url)?.protocol;
	return protocol === "http:" || protocol === "https:";
}

/** The answer at the end of all redirects, the number of which is limited. What was posted is asked for behind one. */
async function follow(request: HttpRequest, signal: AbortSignal): Promise<Response> {
	let { url, method } = request;
	const headers = new Headers(request.headers);
	for (let hops = 0; ; hops++) {
		const body = method === "POST" ? { body: request.body ?? "" } : {};
		const response = await fetch(url, { method, headers, redirect: "manual", signal, ...body });
		const target = response.headers.get("location");
		if (target === null || response.status < 300 || response.status > 399) return response;
		await response.body?.cancel();
		const next = URL.parse(target, url)?.href ?? "";
		if (hops === MAX_HTTP_REDIRECTS || !isHttpUrl(next)) throw new Error("The redirects lead nowhere.");
		// Secrets were meant for the server that was named.
		if (new URL(next).origin !== new URL(url).origin) {
			for (const name of ["authorization", "cookie"]) headers.delete(name);
		}
		if (response.status !== 307 && response.status !== 308) {
			method = "GET";
			headers.delete("content-type");
		}
		url = next;
	}
}

async function readBody(response: Response, listener: HttpListener): Promise<Uint8Array> {
	const announced = Number(response.headers.get("content-length") ?? 0);
	const chunks: Uint8Array[] = [];
	let loaded = 0;
	for await (const chunk of response.body ?? []) {
		loaded += chunk.length;
		if (loaded > MAX_HTTP_BODY_BYTES) throw new Error(`The answer is larger than ${MAX_HTTP_BODY_BYTES} bytes.`);
		chunks.push(chunk);
		listener.onProgress(loaded, Math.max(loaded, announced));
	}
	return Buffer.concat(chunks);
}

function charsetOf(response: Response): string {
	return /charset\s*=\s*"?([^\s;"]+)/i.exec(response.headers.get("content-type") ?? "")?.[1] ?? "utf-8";
}
