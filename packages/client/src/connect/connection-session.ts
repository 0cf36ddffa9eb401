import type { AmfValue } from "@millrace/core/amf";
import { type MillraceError, TransportError, UsageError } from "@millrace/core/fault";
import {
	type Call,
	type ClientConnection,
	type ConnectParameters,
	type NetStatus,
	netStatus,
	type StatusCode,
} from "@millrace/core/rtmp";
import type { ConnectAddress } from "./address.ts";
import type { Attempt, AttemptPlan } from "./attempt-list.ts";
import type { AttemptRecord } from "./attempt-record.ts";
import type { DriverOptions } from "./connection-driver.ts";
import { Connector } from "./connector.ts";
import type { ClientPlatform } from "./platform.ts";
import { type ReconnectOptions, reconnectWaitMillis } from "./reconnect.ts";
import { redirectOf } from "./redirect.ts";
import { type RoadMemory, roadKey } from "./remembered-road.ts";

/** What a session reports. */
export interface SessionHandler {
	/** A status of the connection, from the server or made here. `cause` is the fault behind it, where there is one. */
	onInfo(info: NetStatus, cause?: MillraceError): void;
	/** The server calls a method. */
	onServerCall(call: Call): void;
	/** A message about a shared object. A `PeerError` that it throws ends the connection. */
	onSharedObject(type: 16 | 19, body: Uint8Array): void;
	/** Nothing of what was asked will be answered any more. `byUser`: `stop` was called. */
	onEnded(byUser: boolean): void;
	onDrain(): void;
	/** An attempt began, got on or ended. */
	onAttempt(record: AttemptRecord): void;
}

type Waiting = { readonly action: (connection: ClientConnection) => void; readonly onFailed: (() => void) | undefined };

/** What may be queued before a connection is there. */
const MAX_WAITING = 10_000;
/** A server that sends clients round in circles is left after so many steps. */
const MAX_REDIRECTS = 5;

/** What a session does beyond one search. */
export type SessionOptions = DriverOptions & {
	/** Opens a connection that is lost again. Default: it does not. */
	readonly reconnect?: ReconnectOptions | undefined;
	/** Goes where a refusal sends it. */
	readonly followRedirects: boolean;
	/** Where the road that won is kept. */
	readonly memory: RoadMemory;
};

/** How an address becomes attempts and a request: asked again after a redirect and for each reconnect. */
export interface SessionCourse {
	plan(address: ConnectAddress): AttemptPlan;
	request(address: ConnectAddress): Omit<ConnectParameters, "tcUrl">;
}

/**
 * The life of a NetConnection: which search for a road is under way, what waits for it, and which status follows what.
 *
 * | state | what happens | status |
 * |---|---|---|
 * | searching | accepted | `Success` |
 * | searching | refused by the server | `Rejected` (or as the server says), then `Closed` |
 * | searching | every attempt failed | `Failed` |
 * | connected | closed here, by the server, by loss or silence | `Closed` |
 * | closed, with `reconnect` | before each try; after the last | `Reconnect.Init`; `Reconnect.Failed` |
 */
export class ConnectionSession {
	readonly #platform: ClientPlatform;
	readonly #handler: SessionHandler;
	readonly #options: SessionOptions;
	#connector: Connector | undefined;
	/** Who does not want that anything is read now. */
	readonly #holders = new Set<object>();
	#connection: ClientConnection | undefined;
	#road: Attempt | undefined;
	#waiting: Waiting[] = [];
	/** Attempts of searches that a redirect followed. */
	#earlier: readonly AttemptRecord[] = [];
	#redirects = 0;
	/** Tries since the connection was lost; 0 while it was not. */
	#tries = 0;
	#stopWaiting: (() => void) | undefined;
	/** Counts what the user does: a status handler may have connected or closed. */
	#turn = 0;

	constructor(platform: ClientPlatform, handler: SessionHandler, options: SessionOptions) {
		this.#platform = platform;
		this.#handler = handler;
		this.#options = options;
	}

	/** The connection, from the server's acceptance to the end. */
	get connection(): ClientConnection | undefined {
		return this.#connection;
	}

	/** The road of the connection, while there is one. */
	get road(): Attempt | undefined {
		return this.#road;
	}

	/** Every attempt of the latest search, in the order of the starts. */
	get attempts(): readonly AttemptRecord[] {
		return [...this.#earlier, ...(this.#connector?.attempts ?? [])];
	}

	/** Bytes that were sent and that the network has not taken. */
	get backlog(): number {
		return this.#connector?.driver?.backlog ?? 0;
	}

	/**
	 * Starts a search. One that is under way is given up; a connection must have been closed.
	 *
	 * @throws ArgumentError for options that no list can be made of
	 */
	start(address: ConnectAddress, course: SessionCourse): void {
		const plan = course.plan(address);
		this.#turn++;
		this.#connector?.stop();
		this.#connector = undefined;
		this.#stopWaiting?.();
		this.#earlier = [];
		this.#redirects = 0;
		this.#tries = 0;
		this.#search(address, plan, course);
	}

	#search(address: ConnectAddress, plan: AttemptPlan, course: SessionCourse): void {
		let accepted = false;
		const isCurrent = (): boolean => this.#connector === connector;
		const connector = new Connector(
			this.#platform,
			plan,
			course.request(address),
			{
				onAttempt: record => this.#handler.onAttempt(record),
				onConnectSuccess: (info, driver, attempt) => {
					accepted = true;
					this.#tries = 0;
					this.#connection = driver.connection;
					this.#road = attempt;
					if (plan.attempts.length > 1) this.#options.memory.set(roadKey(address), attempt);
					this.#handler.onInfo(info);
					this.#sendWaiting();
				},
				onConnectReject: info => {
					if (!this.#redirect(info, connector, course)) this.#handler.onInfo(info);
				},
				onStatus: info => this.#handler.onInfo(info),
				onCall: call => this.#handler.onServerCall(call),
				onSharedObject: (type, body) => this.#handler.onSharedObject(type, body),
				onDrain: () => this.#handler.onDrain(),
				onFailed: reason => {
					if (!isCurrent()) return;
					if (plan.attempts.length > 1) this.#options.memory.set(roadKey(address), undefined);
					if (this.#tries > 0) this.#reconnect(address, course);
					else this.#end("NetConnection.Connect.Failed", reason);
				},
				onClosed: reason => {
					if (!isCurrent()) return;
					const turn = this.#turn;
					this.#end("NetConnection.Connect.Closed", reason);
					const mayReconnect = accepted && this.#options.reconnect !== undefined;
					if (mayReconnect && turn === this.#turn) this.#reconnect(address, course);
				},
			},
			this.#options,
		);
		this.#connector = connector;
		if (plan.attempts.length > 0) connector.start();
		else {
			queueMicrotask(() => {
				if (isCurrent()) this.#end("NetConnection.Connect.Failed", noRoad(address));
			});
		}
	}

	/** @returns whether the client goes elsewhere */
	#redirect(info: NetStatus, connector: Connector, course: SessionCourse): boolean {
		const chosen = connector.attempts.findLast(({ outcome }) => outcome === "rejected");
		if (!this.#options.followRedirects || this.#redirects >= MAX_REDIRECTS || chosen === undefined) return false;
		const address = redirectOf(info, chosen.protocol);
		if (address === undefined) return false;
		this.#redirects++;
		this.#earlier = this.attempts;
		connector.stop();
		this.#search(address, course.plan(address), course);
		return true;
	}

	/** Waits, and searches again. */
	#reconnect(address: ConnectAddress, course: SessionCourse): void {
		const { maxAttempts = 10, maxWaitMillis = 10_000 } = this.#options.reconnect ?? {};
		this.#tries++;
		if (maxAttempts > 0 && this.#tries > maxAttempts) {
			this.#tries = 0;
			this.#end("NetConnection.Reconnect.Failed", undefined);
			return;
		}
		const [byte = 0] = this.#platform.random(1);
		const delay = Math.round(reconnectWaitMillis(this.#tries, maxWaitMillis, byte / 256));
		this.#stopWaiting = this.#platform.after(delay, () => {
			this.#earlier = [];
			this.#search(address, course.plan(address), course);
		});
		this.#handler.onInfo(netStatus("NetConnection.Reconnect.Init", undefined, { attempt: this.#tries, delay }));
	}

	#end(code: StatusCode, reason: MillraceError | undefined): void {
		this.#drop(false);
		this.#handler.onInfo(netStatus(code, reason?.message), reason);
	}

	/** Ends the connection or the search, and says nothing. What waits for a first search goes on waiting. */
	stop(): void {
		this.#turn++;
		this.#stopWaiting?.();
		this.#tries = 0;
		const connector = this.#connector;
		if (connector === undefined) return;
		const earlier = this.#earlier;
		this.#drop(true);
		connector.stop();
		this.#earlier = [...earlier, ...connector.attempts];
	}

	/**
	 * Uses the connection, at once or when it is there, in order. `onFailed` is called where it will not be there.
	 *
	 * @throws UsageError where too much waits already
	 */
	use(action: (connection: ClientConnection) => void, onFailed?: () => void): void {
		if (this.#connection !== undefined && this.#waiting.length === 0) {
			action(this.#connection);
			this.#connector?.driver?.planFlush();
			return;
		}
		if (this.#waiting.length >= MAX_WAITING) {
			throw new UsageError("USAGE", `${MAX_WAITING} calls wait for the connection already.`);
		}
		this.#waiting.push({ action, onFailed });
	}

	/** Stops reading from the network for as long as anyone wants that. */
	holdInput(holder: object, isHeld: boolean): void {
		const wasHeld = this.#holders.size > 0;
		if (isHeld) this.#holders.add(holder);
		else this.#holders.delete(holder);
		if (wasHeld !== this.#holders.size > 0) this.#connector?.driver?.holdInput(!wasHeld);
	}

	/** Sends what was queued on the connection past this session, at the end of this turn. */
	planFlush(): void {
		this.#connector?.driver?.planFlush();
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
		this.#connector?.driver?.planFlush();
	}

	#drop(byUser: boolean): void {
		this.#earlier = this.attempts;
		this.#connector = undefined;
		this.#connection = undefined;
		this.#road = undefined;
		const waiting = this.#waiting;
		this.#waiting = [];
		for (const { onFailed } of waiting) onFailed?.();
		this.#handler.onEnded(byUser);
	}
}

function noRoad(address: ConnectAddress): TransportError {
	const text =
		address.protocol === "rtmfp"
			? "RTMFP is not offered: connect by rtmp, which finds its way through firewalls too."
			: `No road leads there: ${address.protocol} is not possible here, or proxyType demands a proxy and none is known.`;
	return new TransportError("CONNECT_FAILED", text);
}

/** What a call gets where the connection ended before its answer. */
export function callFailed(value: AmfValue): AmfValue {
	return value ?? netStatus("NetConnection.Call.Failed", "The connection ended before the answer.");
}
