import type { AmfValue } from "@millrace/core/amf";
import { type MillraceError, UsageError } from "@millrace/core/fault";
import {
	type Call,
	type ClientConnection,
	type ConnectParameters,
	type NetStatus,
	netStatus,
} from "@millrace/core/rtmp";
import type { ConnectAddress } from "./address.ts";
import { ConnectionDriver, type DriverHandler, type DriverOptions } from "./connection-driver.ts";
import type { ClientPlatform } from "./platform.ts";

/** What a session reports. */
export interface SessionHandler {
	/** A status of the connection, from the server or made here. `cause` is the fault behind it, where there is one. */
	onInfo(info: NetStatus, cause?: MillraceError): void;
	/** The server calls a method. */
	onServerCall(call: Call): void;
	/** Nothing of what was asked will be answered any more. `byUser`: `stop` was called. */
	onEnded(byUser: boolean): void;
	onDrain(): void;
}

type Waiting = { readonly action: (connection: ClientConnection) => void; readonly onFailed: (() => void) | undefined };

/** What may be queued before a connection is there. */
const MAX_WAITING = 10_000;

/**
 * The life of a NetConnection: which attempt is under way, what waits for it, and which status follows what. There is
 * one attempt for each `connect` so far; a list of them would be walked through here, and what waits goes to the first
 * that succeeds.
 *
 * | state | what happens | status |
 * |---|---|---|
 * | trying | accepted | `Success` |
 * | trying | refused by the server | `Rejected` (or as the server says), then `Closed` |
 * | trying | no connection, bad handshake, end before the answer, time-out | `Failed` |
 * | connected | closed here, by the server, by loss or silence | `Closed` |
 */
export class ConnectionSession {
	readonly #platform: ClientPlatform;
	readonly #handler: SessionHandler;
	readonly #options: DriverOptions;
	#driver: ConnectionDriver | undefined;
	#connection: ClientConnection | undefined;
	#waiting: Waiting[] = [];

	constructor(platform: ClientPlatform, handler: SessionHandler, options: DriverOptions) {
		this.#platform = platform;
		this.#handler = handler;
		this.#options = options;
	}

	/** The connection, from the server's acceptance to the end. */
	get connection(): ClientConnection | undefined {
		return this.#connection;
	}

	/** Bytes that were sent and that the network has not taken. */
	get backlog(): number {
		return this.#driver?.backlog ?? 0;
	}

	/** Starts an attempt. One that is under way is given up; a connection must have been closed. */
	start(address: ConnectAddress, request: ConnectParameters): void {
		this.#driver?.close();
		let accepted = false;
		let refused = false;
		const isCurrent = (): boolean => this.#driver === driver;
		const handler: DriverHandler = {
			onConnectSuccess: info => {
				if (!isCurrent()) return;
				accepted = true;
				this.#connection = driver.connection;
				this.#handler.onInfo(info);
				this.#sendWaiting();
			},
			onConnectReject: info => {
				refused = true;
				if (isCurrent()) this.#handler.onInfo(info);
			},
			onStatus: info => {
				if (isCurrent()) this.#handler.onInfo(info);
			},
			onCall: call => {
				if (isCurrent()) this.#handler.onServerCall(call);
				driver.planFlush();
			},
			onDrain: () => {
				if (isCurrent()) this.#handler.onDrain();
			},
			onClosed: reason => {
				if (!isCurrent()) return;
				this.#drop(false);
				const code = accepted || refused ? "NetConnection.Connect.Closed" : "NetConnection.Connect.Failed";
				this.#handler.onInfo(netStatus(code, reason?.message), reason);
			},
		};
		const driver = new ConnectionDriver(this.#platform, address, request, handler, this.#options);
		this.#driver = driver;
	}

	/** Ends the connection or the attempt, and says nothing. What waits for a first attempt goes on waiting. */
	stop(): void {
		const driver = this.#driver;
		if (driver === undefined) return;
		this.#drop(true);
		driver.close();
	}

	/**
	 * Uses the connection, at once or when it is there, in order. `onFailed` is called where it will not be there.
	 *
	 * @throws UsageError where too much waits already
	 */
	use(action: (connection: ClientConnection) => void, onFailed?: () => void): void {
		if (this.#connection !== undefined && this.#waiting.length === 0) {
			action(this.#connection);
			this.#driver?.planFlush();
			return;
		}
		if (this.#waiting.length >= MAX_WAITING) {
			throw new UsageError("USAGE", `${MAX_WAITING} calls wait for the connection already.`);
		}
		this.#waiting.push({ action, onFailed });
	}

	/** Sends what was queued on the connection past this session, at the end of this turn. */
	planFlush(): void {
		this.#driver?.planFlush();
	}

	#sendWaiting(): void {
		while (this.#waiting.length > 0 && this.#connection !== undefined) {
			const { action, onFailed } = this.#waiting.shift()!;
			try {
				action(this.#connection);
			} catch (error) {
				// A value that the agreed encoding cannot hold: the caller's fault, long after the call.
				if (!(error instanceof UsageError)) throw error;
				onFailed?.();
			}
		}
		this.#driver?.planFlush();
	}

	#drop(byUser: boolean): void {
		this.#driver = undefined;
		this.#connection = undefined;
		const waiting = this.#waiting;
		this.#waiting = [];
		for (const { onFailed } of waiting) onFailed?.();
		this.#handler.onEnded(byUser);
	}
}

/** What a call gets where the connection ended before its answer. */
export function callFailed(value: AmfValue): AmfValue {
	return value ?? netStatus("NetConnection.Call.Failed", "The connection ended before the answer.");
}
