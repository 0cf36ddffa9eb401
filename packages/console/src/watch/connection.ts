/** How the stream travels to the page. */
export type Transport = "ws" | "http";

/** Why a connection ended. */
export type ConnectionEnd =
	/** The server closed it properly, or the line dropped after it was open. */
	| { readonly kind: "closed" }
	/** The server refused with an HTTP status. */
	| { readonly kind: "refused"; readonly status: number }
	/** It could not be opened: no server, a proxy in the way, or (WebSocket tells no more) a refusal. */
	| { readonly kind: "failed" };

export type ConnectionHandler = {
	/** The server accepted; data may come at once or only when somebody publishes. */
	onOpen(): void;
	onBytes(bytes: ArrayBuffer): void;
	/** Comes once, and never after `close()`. */
	onEnd(end: ConnectionEnd): void;
};

export type Connection = { close(): void };

/** Opens a stream's address over one transport. */
export type Connect = (transport: Transport, handler: ConnectionHandler) => Connection;

/** The `Connect` of a browser for these two addresses. */
export function browserConnect(addresses: { webSocketFlv: string; httpFlv: string }): Connect {
	return (transport, handler) =>
		transport === "ws"
			? openWebSocket(addresses.webSocketFlv, handler)
			: openHttp(addresses.httpFlv, handler, new AbortController());
}

function openWebSocket(url: string, handler: ConnectionHandler): Connection {
	const socket = new WebSocket(url);
	let opened = false;
	let closed = false;
	socket.binaryType = "arraybuffer";
	socket.onopen = () => {
		if (closed) return;
		opened = true;
		handler.onOpen();
	};
	socket.onmessage = event => {
		if (!closed && event.data instanceof ArrayBuffer) handler.onBytes(event.data);
	};
	// `error` is always followed by `close`, which says as much.
	socket.onclose = () => {
		if (closed) return;
		closed = true;
		handler.onEnd({ kind: opened ? "closed" : "failed" });
	};
	return {
		close() {
			closed = true;
			socket.close();
		},
	};
}

function openHttp(url: string, handler: ConnectionHandler, abort: AbortController): Connection {
	void readHttp(url, handler, abort.signal);
	return { close: () => abort.abort() };
}

async function readHttp(url: string, handler: ConnectionHandler, signal: AbortSignal): Promise<void> {
	let opened = false;
	try {
		const response = await fetch(url, { signal, cache: "no-store" });
		if (!response.ok || !response.body) {
			await response.body?.cancel();
			if (!signal.aborted) handler.onEnd({ kind: "refused", status: response.status });
			return;
		}
		opened = true;
		handler.onOpen();
		const reader = response.body.getReader();
		for (;;) {
			const { done, value } = await reader.read();
			if (signal.aborted) return;
			if (done) break;
			// The player takes whole ArrayBuffers; a chunk is nearly always one already.
			const whole = value.byteOffset === 0 && value.byteLength === value.buffer.byteLength;
			handler.onBytes(whole ? value.buffer : value.slice().buffer);
		}
		handler.onEnd({ kind: "closed" });
	} catch (error) {
		if (signal.aborted) return;
		console.warn("HTTP-FLV ended:", error);
		handler.onEnd({ kind: opened ? "closed" : "failed" });
	}
}
