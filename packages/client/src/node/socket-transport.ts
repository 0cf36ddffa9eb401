import { connect as connectTcp, type Socket } from "node:net";
import { type ConnectionOptions, connect as connectTls } from "node:tls";
import { bracketed, type HttpProxy, type Transport, type TransportHandler } from "../connect/index.ts";
import { authorizationOf } from "./proxy-authorization.ts";

/** Settings of TLS connections; the names are those of `node:tls`. */
export type TlsOptions = Pick<
	ConnectionOptions,
	"ca" | "cert" | "key" | "passphrase" | "rejectUnauthorized" | "servername" | "minVersion"
>;

/** How a socket gets to a server. */
export type SocketRoute = {
	readonly host: string;
	readonly port: number;
	/** A proxy that is asked to `CONNECT`. */
	readonly proxy: HttpProxy | undefined;
	/** There is TLS to the server, with these settings. */
	readonly tls: TlsOptions | undefined;
};

/** How long a server may take to read the last bytes, in milliseconds. */
const END_TIMEOUT_MILLIS = 2000;
/** Slices of this many bytes together are joined: one small copy costs less than many pieces in one system call. */
const MAX_JOINED_BYTES = 65_536;
/** The head of a proxy's answer. */
const MAX_PROXY_HEAD_BYTES = 16_384;
/** Without `noDelay`, Nagle's algorithm and delayed acknowledgements hold a frame's tail for 40 ms. */
const SOCKET = { noDelay: true, autoSelectFamily: true, autoSelectFamilyAttemptTimeout: 250 } as const;

/**
 * Opens TCP or TLS, directly or through a proxy. Where a name has addresses of both families they are tried in turns,
 * 250 ms apart, and the first that answers is taken (RFC 8305).
 */
export class SocketTransport implements Transport {
	#socket: Socket | undefined;
	readonly #giveUp: () => void;
	readonly #handler: TransportHandler;
	#error: Error | undefined;
	#isOver = false;

	constructor(route: SocketRoute, handler: TransportHandler) {
		this.#handler = handler;
		this.#giveUp = openSocket(
			route,
			socket => this.#onOpen(socket),
			error => this.#onFailed(error),
		);
	}

	get backlog(): number {
		return this.#socket?.writableLength ?? 0;
	}

	write(slices: readonly Uint8Array[]): void {
		const socket = this.#socket;
		if (socket === undefined || socket.destroyed || slices.length === 0) return;
		let total = 0;
		for (const slice of slices) total += slice.length;
		if (slices.length === 1) socket.write(slices[0]!);
		else if (total <= MAX_JOINED_BYTES) socket.write(Buffer.concat(slices, total));
		else {
			socket.cork();
			for (const slice of slices) socket.write(slice);
			socket.uncork();
		}
	}

	close(): void {
		const socket = this.#socket;
		if (socket === undefined) {
			this.#giveUp();
			queueMicrotask(() => this.#onFailed(new Error("It was closed before it was open.")));
			return;
		}
		if (socket.destroyed) return;
		socket.destroySoon();
		const timer = setTimeout(() => socket.destroy(), END_TIMEOUT_MILLIS);
		socket.once("close", () => clearTimeout(timer));
	}

	destroy(): void {
		this.#isOver = true;
		this.#giveUp();
		this.#socket?.destroy();
	}

	holdInput(isHeld: boolean): void {
		if (isHeld) this.#socket?.pause();
		else this.#socket?.resume();
	}

	#onOpen(socket: Socket): void {
		if (this.#isOver) {
			socket.destroy();
			return;
		}
		this.#socket = socket;
		socket.on("data", bytes => {
			if (typeof bytes !== "string") this.#handler.onData(bytes);
		});
		socket.on("drain", () => this.#handler.onDrain());
		socket.on("error", error => {
			this.#error = error;
		});
		socket.on("close", () => {
			if (!this.#isOver) this.#handler.onClosed(this.#error);
			this.#isOver = true;
		});
		this.#handler.onOpen();
	}

	#onFailed(error: Error): void {
		if (this.#isOver) return;
		this.#isOver = true;
		this.#handler.onClosed(error);
	}
}

/**
 * Opens a socket; exactly one of the two is called, later.
 *
 * @returns gives up what is not open yet; then neither is called
 */
export function openSocket(
	route: SocketRoute,
	onOpen: (socket: Socket) => void,
	onFailed: (error: Error) => void,
): () => void {
	let current: Socket | undefined;
	let isOver = false;
	const end =
		<T>(report: (value: T) => void) =>
		(value: T): void => {
			if (isOver) return;
			isOver = true;
			report(value);
		};
	openStep(route, end(onOpen), end(onFailed), socket => {
		current = socket;
		if (isOver) socket.destroy();
	});
	return () => {
		if (isOver) return;
		isOver = true;
		current?.destroy();
	};
}

/** @param onSocket hears of each socket that is begun with */
function openStep(
	route: SocketRoute,
	onOpen: (socket: Socket) => void,
	onFailed: (error: Error) => void,
	onSocket: (socket: Socket) => void,
): void {
	const { host, port, proxy, tls } = route;
	if (proxy === undefined) {
		const socket =
			tls === undefined
				? connectTcp({ ...SOCKET, host, port })
				: connectTls({ ...SOCKET, ...tlsOf(tls, host), host, port });
		onSocket(socket);
		whenReady(socket, tls === undefined ? "connect" : "secureConnect", onOpen, onFailed);
		return;
	}
	const proxyRoute: SocketRoute = {
		host: proxy.host,
		port: proxy.port,
		proxy: undefined,
		tls: proxy.isSecure ? {} : undefined,
	};
	const ask = (mayTryAgain: boolean): void =>
		openStep(
			proxyRoute,
			socket =>
				askProxy(socket, route, proxy, {
					onOpen: () => {
						if (tls === undefined) {
							onOpen(socket);
							return;
						}
						// Its errors close it, and that ends the TLS on it.
						socket.on("error", () => undefined);
						whenReady(connectTls({ ...tlsOf(tls, host), socket }), "secureConnect", onOpen, onFailed);
					},
					onFailed,
					// On a new connection, for proxies may close the one on which they have asked.
					onChallenge: mayTryAgain ? () => ask(false) : undefined,
				}),
			error => onFailed(new Error(`The proxy ${proxy.host}:${proxy.port}: ${error.message}`, { cause: error })),
			onSocket,
		);
	ask(true);
}

function whenReady(
	socket: Socket,
	event: "connect" | "secureConnect",
	onOpen: (socket: Socket) => void,
	onFailed: (error: Error) => void,
): void {
	let error = new Error("The network closed it.");
	const onError = (cause: Error): void => {
		error = plainError(cause);
	};
	const onClose = (): void => onFailed(error);
	socket.on("error", onError);
	socket.on("close", onClose);
	socket.once(event, () => {
		socket.off("close", onClose);
		onOpen(socket);
		// The owner has its own listener now, or has destroyed the socket, which may still have something to say.
		if (!socket.destroyed) socket.off("error", onError);
	});
}

type ProxyAnswer = {
	onOpen(): void;
	onFailed(error: Error): void;
	/** The proxy has asked for another kind of credentials, which are at hand. */
	readonly onChallenge: (() => void) | undefined;
};

/** Asks a proxy for a connection (RFC 9110 §9.3.6). */
function askProxy(
	socket: Socket,
	{ host, port }: SocketRoute,
	proxy: HttpProxy,
	{ onOpen, onFailed, onChallenge }: ProxyAnswer,
): void {
	const place = `${bracketed(host)}:${port}`;
	const authorization = authorizationOf(proxy);
	const own = authorization.header("CONNECT", place);
	const name = `The proxy ${proxy.host}:${proxy.port}`;
	const leave = (): void => {
		socket.off("data", onData);
		socket.off("close", onClose);
		socket.on("error", () => undefined);
		socket.destroy();
	};
	const fail = (text: string): void => {
		leave();
		onFailed(new Error(text));
	};
	let head = Buffer.alloc(0);
	let reason = `${name} closed the connection before it answered.`;
	const onError = (error: Error): void => {
		reason = `${name} ${error.message}`;
	};
	const onClose = (): void => fail(reason);
	const onData = (bytes: Buffer): void => {
		head = Buffer.concat([head, bytes]);
		const end = head.indexOf("\r\n\r\n");
		if (end < 0) {
			if (head.length > MAX_PROXY_HEAD_BYTES) fail(`${name} answered with more than a head.`);
			return;
		}
		const status = /^HTTP\/1\.[01] (\d{3})/.exec(head.toString("latin1", 0, end))?.[1];
		if (status === undefined) fail(`${name} does not speak HTTP.`);
		// Tinyproxy says 401 to wrong ones.
		else if (status === "407" || status === "401") {
			const fields = head.toString("latin1", 0, end).matchAll(/^proxy-authenticate:[ \t]*(.*)$/gim);
			const challenges = [...fields].map(([, challenge]) => challenge!.trim()).join(", ");
			if (!authorization.mayTryAgain(challenges, own) || onChallenge === undefined) fail(authorization.refusal);
			else {
				leave();
				onChallenge();
			}
		} else if (!status.startsWith("2")) fail(`${name} refuses ${place} with status ${status}.`);
		else {
			socket.off("data", onData);
			socket.off("close", onClose);
			socket.off("error", onError);
			socket.pause();
			if (head.length > end + 4) socket.unshift(head.subarray(end + 4));
			onOpen();
			socket.resume();
		}
	};
	socket.on("data", onData);
	socket.on("close", onClose);
	socket.on("error", onError);
	socket.write(
		`CONNECT ${place} HTTP/1.1\r\nHost: ${place}\r\n${own === undefined ? "" : `Proxy-Authorization: ${own}\r\n`}\r\n`,
	);
}

/** Addresses are no server names. */
function tlsOf(tls: TlsOptions, host: string): ConnectionOptions {
	const isAddress = host.includes(":") || /^\d+(\.\d+){3}$/.test(host);
	return { ...(isAddress ? {} : { servername: host }), host, ...tls };
}

/**
 * Several addresses that all failed come as one error without a text of its own: the first says enough. OpenSSL's errors
 * have a text with places in its source, and beside it the reason.
 */
function plainError(error: Error): Error {
	const { code, reason } = error as Error & { code?: string; reason?: string };
	if (code?.startsWith("ERR_SSL_") === true && reason !== undefined) {
		return new Error(`The server speaks no TLS that is understood here: ${reason}.`, { cause: error });
	}
	if (!(error instanceof AggregateError)) return error;
	const [first] = error.errors;
	return first instanceof Error ? first : error;
}
