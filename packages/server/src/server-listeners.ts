import type { Server as HttpServer } from "node:http";
import type { Socket } from "node:net";
import { hostname, networkInterfaces } from "node:os";
import type { ServerOptions } from "./config/index.ts";
import type { EventLog } from "./log/index.ts";
import {
	type AddressSet,
	type CertificateEvent,
	CertificateStore,
	keptCertificate,
	Port,
	type PortProtocol,
	type PortRefusal,
} from "./net/index.ts";

/** Where a server listens, with the port that it really has. */
export type ServerAddress = {
	/** What the listener is there for. */
	readonly protocol: "rtmp" | "http";
	readonly host: string;
	readonly port: number;
	/** What is spoken there; `rtmps` and `https` only where there is a certificate. */
	readonly protocols: readonly PortProtocol[];
};

export type ServerListenersOptions = {
	readonly options: ServerOptions;
	readonly log: EventLog;
	/** Proxies that may say whom they speak for. */
	readonly trusted: AddressSet;
	/** Answers HTTP; it listens on nothing itself. Only needed where a port takes HTTP. */
	readonly http: HttpServer | undefined;
	/** Whether one more connection is taken from an address; it is counted and, where not, logged. */
	admit(address: string): boolean;
	/** Takes a connection that speaks RTMP, and what was read of it. */
	onRtmp(socket: Socket, first: Uint8Array): void;
};

/** All ports of a server, the certificates that they share, and the HTTP connections that came by them. */
export class ServerListeners {
	readonly #options: ServerListenersOptions;
	readonly #ports: Port[] = [];
	readonly #addresses: ServerAddress[] = [];
	#certificates: CertificateStore | undefined;
	#httpCount = 0;
	#isClosed = false;

	constructor(options: ServerListenersOptions) {
		this.#options = options;
	}

	/** Where it listens, in the order of the settings. */
	get addresses(): readonly ServerAddress[] {
		return this.#addresses;
	}

	/** Connections that have not said what they speak. */
	get waitingCount(): number {
		return this.#ports.reduce((sum, port) => sum + port.waitingCount, 0);
	}

	/** Listens on every address of the settings. Rejects with the first error, and leaves it to `close` to clean up. */
	async open(): Promise<void> {
		const { options, log } = this.#options;
		this.#certificates = this.#openCertificates();
		for (const { protocol, host, port, protocols, proxyProtocol } of options.listeners) {
			const isMainlyRtmp = protocol === "rtmp";
			const opened = await Port.open(
				{ host, port },
				{
					protocols,
					tls: this.#certificates?.server,
					...(proxyProtocol && { proxies: this.#options.trusted }),
					firstBytesMillis: options.rtmp.handshakeTimeoutMillis,
					admit: this.#options.admit,
					onRtmp: this.#options.onRtmp,
					onHttp: socket => this.#takeHttp(socket),
					onRefused: refusal => this.#onRefused(refusal, isMainlyRtmp),
				},
			);
			this.#ports.push(opened);
			if (this.#isClosed) return opened.close();
			opened.onError(error => log.error("listener", { protocol, port, error }));
			const spoken = protocols.filter(name => this.#certificates !== undefined || !isSecure(name));
			this.#addresses.push({ protocol, host, port: opened.number, protocols: spoken });
		}
	}

	/** Reads the certificates again. */
	reloadCertificates(): void {
		this.#certificates?.reload();
	}

	/** Takes no more connections. Resolves when all that were taken have ended. */
	async close(): Promise<void> {
		this.#isClosed = true;
		const { http } = this.#options;
		const closed = this.#ports.map(port => port.close());
		http?.closeIdleConnections();
		await Promise.all(closed);
		http?.close();
		this.#certificates?.close();
	}

	/** Ends HTTP connections that are between requests. */
	closeIdle(): void {
		this.#options.http?.closeIdleConnections();
	}

	/** Ends all HTTP connections at once. */
	destroy(): void {
		this.#options.http?.closeAllConnections();
	}

	#takeHttp(socket: Socket): void {
		if (this.#httpCount >= this.#options.options.limits.connections) {
			socket.destroy();
			return;
		}
		this.#httpCount++;
		socket.once("close", () => this.#httpCount--);
		this.#options.http?.emit("connection", socket);
	}

	#onRefused({ address, kind, reason }: PortRefusal, isMainlyRtmp: boolean): void {
		const { log } = this.#options;
		// Browsers open connections for later; on a port for encoders and players, silence is worth a line.
		if (kind === "refused") log.debug("refuse", { from: address, text: reason });
		else if (isMainlyRtmp) log.warn("disconnect", { from: address, reason: "HANDSHAKE_TIMEOUT", detail: reason });
		else log.debug("disconnect", { from: address, reason: "HANDSHAKE_TIMEOUT", detail: reason });
	}

	#openCertificates(): CertificateStore | undefined {
		const { tls, dataDir, listeners, rtmp } = this.#options.options;
		if (!listeners.some(({ protocols }) => protocols.some(isSecure))) return undefined;
		const named = tls.certificates;
		if (named.length === 0 && !tls.selfSigned) return undefined;
		const files = named.length > 0 ? named : [keptCertificate(dataDir, ownNames(), Date.now())];
		return new CertificateStore({
			files,
			minVersion: tls.minVersion,
			maxVersion: tls.maxVersion,
			handshakeMillis: rtmp.handshakeTimeoutMillis,
			// A client that asks a self-signed certificate for another name is what is to be expected.
			onEvent: event => this.#onCertificate(event, named.length === 0),
		});
	}

	#onCertificate(event: CertificateEvent, isSelfSigned: boolean): void {
		const { log } = this.#options;
		if (event.kind === "failed") log.error("certificate", { file: event.file, error: event.error });
		else if (event.kind === "loaded")
			log.info("certificate", { file: event.file, names: event.names, until: event.until });
		else if (event.kind === "unmatched") {
			const text = `No certificate is for ${event.name.slice(0, 100)}: the first was shown.`;
			if (!isSelfSigned) log.warn("certificate", { text });
		} else {
			const text = event.kind === "expired" ? "It has expired: clients refuse it." : "It expires within 14 days.";
			log.warn("certificate", { file: event.file, until: event.until, text });
		}
	}
}

function isSecure(protocol: PortProtocol): boolean {
	return protocol === "rtmps" || protocol === "https";
}

/** Under which names clients reach this machine, as far as it knows itself. */
function ownNames(): string[] {
	const addresses = Object.values(networkInterfaces()).flatMap(entries => entries ?? []);
	const reachable = addresses.filter(({ address }) => !address.includes("%") && !address.startsWith("fe80:"));
	return [...new Set(["localhost", hostname(), "127.0.0.1", "::1", ...reachable.map(({ address }) => address)])];
}
