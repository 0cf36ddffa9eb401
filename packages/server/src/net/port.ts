import { createServer, type Server, type Socket } from "node:net";
import type { TLSSocket, Server as TlsServer } from "node:tls";
import type { AddressSet } from "./address-set.ts";
import { readFirstBytes } from "./first-bytes.ts";
import { closeServer, type ListenAddress, listen, portOf } from "./listener.ts";
import { readProxyHeader } from "./proxy-header.ts";
import { readBorrowed, readOrdinarily } from "./read-borrowed.ts";
import { originOf, type SocketOrigin, setOrigin } from "./socket-origin.ts";

/** What can be spoken on a port. WebSocket and HTTP-FLV are part of `http` and `https`. */
export type PortProtocol = "rtmp" | "rtmps" | "http" | "https";

/** Why a port let go of a connection before anything was spoken on it. */
export type PortRefusal = {
	readonly address: string;
	/** `silent`: the first bytes did not come in time. */
	readonly kind: "silent" | "refused";
	readonly reason: string;
};

export type PortOptions = {
	/** What is taken here; other protocols are refused. */
	readonly protocols: readonly PortProtocol[];
	/** Ends TLS; without it, or with neither `rtmps` nor `https` among the protocols, TLS is refused. */
	readonly tls: TlsServer | undefined;
	/** Connections from these must begin with a PROXY header; others may not have one. Default: none. */
	readonly proxies?: AddressSet;
	/** In how many milliseconds a connection must have said what it speaks; TLS and what is inside have as long again. */
	readonly firstBytesMillis: number;
	/** Whether one more connection is taken from an address. */
	admit(address: string): boolean;
	/** Takes a connection that speaks RTMP. `first` was read already; the rest is the receiver's to read. */
	onRtmp(socket: Socket, first: Uint8Array): void;
	/** Takes a connection that speaks HTTP. Nothing is missing from it. */
	onHttp(socket: Socket): void;
	onRefused(refusal: PortRefusal): void;
};

/** The state of a connection that has not said what it speaks. */
type Waiting = {
	origin: SocketOrigin;
	bytes: Uint8Array;
	/** A PROXY header must come first. */
	proxied: boolean;
	/** Takes the port's listeners and timer from the socket. */
	readonly release: () => void;
};

const NOTHING = new Uint8Array(0);

/**
 * One listening port on which several protocols are spoken: each connection is told apart by its first bytes, behind a
 * PROXY header where one is due, and inside TLS once more. Nothing of it stays in the way afterwards.
 */
export class Port {
	readonly #options: PortOptions;
	readonly #server: Server;
	readonly #waiting = new Map<Socket, Waiting>();
	/** Origins of connections whose TLS handshake is going on, by their ends' addresses. */
	readonly #handshaking = new Map<string, { readonly socket: Socket; readonly origin: SocketOrigin }>();

	private constructor(options: PortOptions) {
		this.#options = options;
		this.#server = createServer({ noDelay: true }, socket => this.#onAccept(socket));
		options.tls?.on("secureConnection", this.#onSecure);
		options.tls?.on("tlsClientError", this.#onTlsError);
	}

	/** Listens. Rejects with the system's error. */
	static async open(address: ListenAddress, options: PortOptions): Promise<Port> {
		const port = new Port(options);
		await listen(port.#server, address);
		return port;
	}

	/** The port that it really has. */
	get number(): number {
		return portOf(this.#server);
	}

	/** Connections that have not said what they speak. */
	get waitingCount(): number {
		return this.#waiting.size + this.#handshaking.size;
	}

	/** Told of errors of the listener itself. */
	onError(listener: (error: Error) => void): void {
		this.#server.on("error", listener);
	}

	/**
	 * Takes no more connections, and ends those that have not said what they speak. Resolves when all that it took have
	 * ended, which is for whoever has them to see to.
	 */
	async close(): Promise<void> {
		const closed = closeServer(this.#server);
		for (const socket of [...this.#waiting.keys()]) this.#drop(socket);
		for (const { socket } of this.#handshaking.values()) socket.destroy();
		this.#handshaking.clear();
		await closed;
		this.#options.tls?.off("secureConnection", this.#onSecure);
		this.#options.tls?.off("tlsClientError", this.#onTlsError);
	}

	#onAccept(socket: Socket): void {
		const origin = originOf(socket);
		const proxied = this.#options.proxies?.has(origin.address) ?? false;
		// The address that counts is the one behind the proxy.
		if (!proxied && !this.#admit(socket, origin)) return;
		this.#wait(socket, origin, proxied);
	}

	#admit(socket: Socket, { address }: SocketOrigin): boolean {
		if (this.#options.admit(address)) return true;
		this.#drop(socket);
		return false;
	}

	#wait(socket: Socket, origin: SocketOrigin, proxied: boolean): void {
		const timer = setTimeout(() => this.#onSilent(socket), this.#options.firstBytesMillis);
		const onData = (bytes: Uint8Array): void => this.#take(socket, bytes);
		const onGone = (): void => this.#forget(socket);
		const release = (): void => {
			clearTimeout(timer);
			readOrdinarily(socket, onData);
			socket.off("error", onGone).off("close", onGone);
		};
		this.#waiting.set(socket, { origin, bytes: NOTHING, proxied, release });
		socket.on("error", onGone).on("close", onGone);
		readBorrowed(socket, onData);
	}

	#take(socket: Socket, bytes: Uint8Array): void {
		const waiting = this.#waiting.get(socket);
		if (waiting === undefined) return;
		// What came before was copied; this is borrowed for the call.
		waiting.bytes = waiting.bytes.length === 0 ? bytes : Buffer.concat([waiting.bytes, bytes]);
		if (waiting.proxied && !this.#takeProxyHeader(socket, waiting)) return;
		const spoken = readFirstBytes(waiting.bytes);
		if (spoken === "more") waiting.bytes = Buffer.from(waiting.bytes);
		else this.#hand(socket, waiting, spoken);
	}

	/** Whether the header is complete and the connection goes on. */
	#takeProxyHeader(socket: Socket, waiting: Waiting): boolean {
		let header: ReturnType<typeof readProxyHeader>;
		try {
			header = readProxyHeader(waiting.bytes);
		} catch (error) {
			this.#refuse(socket, (error as Error).message);
			return false;
		}
		if (header === undefined) {
			waiting.bytes = Buffer.from(waiting.bytes);
			return false;
		}
		waiting.proxied = false;
		waiting.bytes = waiting.bytes.subarray(header.length);
		if (header.address !== undefined) waiting.origin = { ...waiting.origin, address: header.address };
		return this.#admit(socket, waiting.origin);
	}

	#hand(socket: Socket, { origin, bytes }: Waiting, spoken: "rtmp" | "tls" | "http"): void {
		const { protocols, tls } = this.#options;
		const takes = (protocol: PortProtocol): boolean => protocols.includes(protocol);
		const takesTls = tls !== undefined && !origin.secure && (takes("rtmps") || takes("https"));
		const [rtmp, http] = origin.secure ? (["rtmps", "https"] as const) : (["rtmp", "http"] as const);
		if (spoken === "tls" && takesTls) {
			const key = endsOf(socket);
			this.#putBack(socket, bytes);
			this.#handshaking.set(key, { socket, origin });
			socket.once("close", () => this.#handshaking.delete(key));
			tls.emit("connection", socket);
		} else if (spoken === "http" && takes(http)) {
			this.#putBack(socket, bytes);
			setOrigin(socket, origin);
			this.#options.onHttp(socket);
			// The HTTP server has its listeners: what was put back may flow.
			socket.resume();
		} else if (takes(rtmp)) {
			// RTMP's own handshake names what came instead of it.
			this.#forget(socket);
			setOrigin(socket, origin);
			this.#options.onRtmp(socket, bytes);
		} else {
			this.#refuse(socket, `${NAMES[spoken]} is not taken on this port.`);
		}
	}

	/** Gives a socket away as if nothing had been read from it. */
	#putBack(socket: Socket, bytes: Uint8Array): void {
		socket.pause();
		this.#forget(socket);
		if (bytes.length > 0) socket.unshift(Buffer.from(bytes));
	}

	#refuse(socket: Socket, reason: string): void {
		const address = this.#waiting.get(socket)?.origin.address ?? "";
		this.#options.onRefused({ address, kind: "refused", reason });
		this.#drop(socket);
	}

	#onSilent(socket: Socket): void {
		const waiting = this.#waiting.get(socket);
		if (waiting === undefined) return;
		const reason = `It did not say what it speaks; ${waiting.bytes.length} bytes came.`;
		this.#options.onRefused({ address: waiting.origin.address, kind: "silent", reason });
		this.#drop(socket);
	}

	/** A reset: nothing stays behind of a connection that was never taken. */
	#drop(socket: Socket): void {
		this.#forget(socket);
		socket.on("error", ignore);
		if ("encrypted" in socket) socket.destroy();
		else socket.resetAndDestroy();
	}

	#forget(socket: Socket): void {
		const waiting = this.#waiting.get(socket);
		this.#waiting.delete(socket);
		waiting?.release();
	}

	readonly #onSecure = (socket: TLSSocket): void => {
		const key = endsOf(socket);
		const known = this.#handshaking.get(key);
		// Several ports share the TLS server: another one's, or gone meanwhile.
		if (known === undefined) return;
		this.#handshaking.delete(key);
		this.#wait(socket, { ...known.origin, secure: true }, false);
	};

	readonly #onTlsError = (error: Error, socket: TLSSocket): void => {
		const key = endsOf(socket);
		const known = this.#handshaking.get(key);
		if (known === undefined) return;
		this.#handshaking.delete(key);
		const reason = `The TLS handshake failed: ${error.message}`;
		this.#options.onRefused({ address: known.origin.address, kind: "refused", reason });
		// A handshake that took too long is only reported; one that failed has an alert to send.
		known.socket.destroySoon();
	};
}

const NAMES = { rtmp: "RTMP", tls: "TLS", http: "HTTP" } as const;

function endsOf(socket: Socket): string {
	return `${socket.remoteAddress} ${socket.remotePort} ${socket.localAddress} ${socket.localPort}`;
}

function ignore(): void {}
