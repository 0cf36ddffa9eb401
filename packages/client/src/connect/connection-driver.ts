import { FAULTS, type MillraceError, TransportError } from "@millrace/core/fault";
import {
	ClientConnection,
	type ClientConnectionHandler,
	type ClientConnectionOptions,
	ClientHandshake,
	type ConnectParameters,
} from "@millrace/core/rtmp";
import { ROAD_PROTOCOLS } from "./address.ts";
import type { ClientPlatform } from "./platform.ts";
import type { Transport, TransportHandler, TransportTarget } from "./transport.ts";

export type DriverOptions = ClientConnectionOptions & {
	/** Longest wait for the network's connection and the handshake together, in milliseconds. */
	readonly openTimeoutMillis: number;
};

export interface DriverHandler extends ClientConnectionHandler {
	/** The network's connection is open; the handshake begins. */
	onNetworkOpen?(): void;
	/** What was sent has been taken by the network. */
	onDrain(): void;
}

/** The version of RTMPE that all servers speak. */
const RTMPE_VERSION = 6;
const NO_BYTES = new Uint8Array(0);
/** What was not read meanwhile may take so long to come, in milliseconds: the server was not silent. */
const HELD_INPUT_GRACE_MILLIS = 1000;
/** While the network holds this many bytes, further output stays in the connection, where its limit counts it. */
const MAX_TRANSPORT_BACKLOG = 1024 * 1024;

/**
 * One attempt to connect, and the connection that comes of it: joins a protocol core to a transport, one timer and
 * the clock. `onClosed` is the last thing that the handler hears, whatever happened.
 */
export class ConnectionDriver implements TransportHandler {
	/** `undefined` until the network's connection is open. */
	connection: ClientConnection | undefined;
	readonly #platform: ClientPlatform;
	readonly #request: ConnectParameters;
	readonly #handler: DriverHandler;
	readonly #options: DriverOptions;
	readonly #transport: Transport;
	readonly #where: string;
	readonly #isEncrypted: boolean;
	readonly #startedAt: number;
	#stopTimer: () => void;
	#timerAt = Number.POSITIVE_INFINITY;
	#over = false;
	#flushPlanned = false;
	/** Until then nobody knows whether the server is silent. */
	#heldUntil = Number.NEGATIVE_INFINITY;

	constructor(
		platform: ClientPlatform,
		target: TransportTarget,
		request: ConnectParameters,
		handler: DriverHandler,
		options: DriverOptions,
	) {
		this.#platform = platform;
		this.#request = request;
		this.#handler = handler;
		this.#options = options;
		const { protocol, host, port, proxy } = target;
		this.#where = `${host}:${port}`;
		this.#isEncrypted = ROAD_PROTOCOLS[protocol].isEncrypted;
		this.#startedAt = platform.now();
		this.#stopTimer = platform.after(options.openTimeoutMillis, () => this.#onOpenTimeout());
		this.#transport = platform.open({ protocol, host, port, proxy }, this);
	}

	/** Bytes that are queued here or in the transport. */
	get backlog(): number {
		return (this.connection?.link.outputBytes ?? 0) + this.#transport.backlog;
	}

	/** Sends what the connection has queued, at the end of this turn. Call it after each use of the connection. */
	planFlush(): void {
		if (this.#flushPlanned || this.#over) return;
		this.#flushPlanned = true;
		queueMicrotask(() => {
			this.#flushPlanned = false;
			this.#flush();
		});
	}

	/** Stops reading from the network, or goes on. */
	holdInput(isHeld: boolean): void {
		if (this.#over || this.#transport.holdInput === undefined) return;
		this.#heldUntil = isHeld ? Number.POSITIVE_INFINITY : this.#platform.now() + HELD_INPUT_GRACE_MILLIS;
		this.#transport.holdInput(isHeld);
	}

	/** Ends the connection, or gives up the attempt; the handler's `onClosed` is called before this returns. */
	close(): void {
		if (this.connection === undefined) {
			this.#giveUp(undefined);
			return;
		}
		this.connection.close();
		// Not at once: a handler may have called, in the middle of what was received.
		this.planFlush();
	}

	/** Gives up without a word, neither to the server nor to the handler. */
	abandon(): void {
		if (this.#over) return;
		this.#end();
		this.#transport.destroy();
	}

	onOpen(): void {
		if (this.#over) return;
		const now = this.#platform.now();
		const handshake = new ClientHandshake({
			random: this.#platform.random,
			nowMillis: now,
			encryption: this.#isEncrypted && RTMPE_VERSION,
		});
		const left = Math.max(1, this.#startedAt + this.#options.openTimeoutMillis - now);
		const options = { ...this.#options, handshakeTimeoutMillis: left, handshakeDeadlineMillis: left };
		this.#handler.onNetworkOpen?.();
		this.connection = new ClientConnection(handshake, this.#request, this.#handler, options, now);
		this.#afterTurn();
	}

	onData(bytes: Uint8Array): void {
		if (this.#over) return;
		this.connection?.receive(bytes, this.#platform.now());
		this.#afterTurn();
	}

	onDrain(): void {
		if (this.#over) return;
		this.#flush();
		this.#handler.onDrain();
	}

	onClosed(error: Error | undefined): void {
		if (this.#over) return;
		const { connection } = this;
		if (connection === undefined) {
			// A tunnel says so itself.
			const reason = error?.message.replace(`${FAULTS.CONNECT_FAILED.text} `, "") ?? "The network closed it.";
			this.#giveUp(new TransportError("CONNECT_FAILED", `${this.#where}: ${reason}`, { cause: error }));
			return;
		}
		this.#end();
		const detail = error === undefined ? undefined : `${this.#where}: ${error.message}`;
		connection.close(new TransportError("CONNECTION_LOST", detail, { cause: error }));
	}

	#afterTurn(): void {
		this.#flush();
		const { connection } = this;
		if (connection !== undefined && !this.#over && connection.deadline < this.#timerAt) this.#armTimer(connection);
	}

	#flush(): void {
		const { connection } = this;
		if (connection === undefined || this.#over) return;
		const { link } = connection;
		if (link.outputBytes > 0 && (link.closed || this.#transport.backlog < MAX_TRANSPORT_BACKLOG)) {
			this.#transport.write(link.takeOutput());
		}
		if (link.closed) {
			this.#end();
			this.#transport.close();
		}
	}

	/** Most deadlines move on before they come, so the timer looks again when it fires instead of being set each time. */
	#armTimer(connection: ClientConnection): void {
		this.#stopTimer();
		const now = this.#platform.now();
		this.#timerAt = connection.deadline;
		if (this.#timerAt === Number.POSITIVE_INFINITY) return;
		this.#stopTimer = this.#platform.after(Math.max(1, this.#timerAt - now), () => {
			this.#timerAt = Number.POSITIVE_INFINITY;
			const time = this.#platform.now();
			if (time >= connection.deadline) connection.handleTimeout(time);
			// Whoever does not listen cannot say that the other is silent.
			if (time < this.#heldUntil) connection.receive(NO_BYTES, time);
			this.#afterTurn();
		});
	}

	#onOpenTimeout(): void {
		const seconds = this.#options.openTimeoutMillis / 1000;
		this.#giveUp(new TransportError("CONNECT_FAILED", `${this.#where} did not answer within ${seconds} s.`));
	}

	#giveUp(reason: MillraceError | undefined): void {
		if (this.#over) return;
		this.#end();
		this.#transport.destroy();
		this.#handler.onClosed(reason);
	}

	#end(): void {
		this.#over = true;
		this.#stopTimer();
	}
}
