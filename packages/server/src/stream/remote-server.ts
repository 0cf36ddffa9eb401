import { ArgumentError, FALLBACK_RULES, NetConnection, type NetStatusEvent } from "@millrace/client";
import type { AmfObject, AmfValue } from "@millrace/core/amf";
import { type NetStatus, netStatus } from "@millrace/core/rtmp";
import type { EventLog } from "../log/index.ts";

/** Another server's application, and how it is connected to. */
export type RemoteOptions = {
	/** `rtmp://host[:port]/application[/instance]`, or another of the client's protocols. */
	readonly address: string;
	/** What `connect` gives behind the address. */
	readonly args: readonly AmfValue[];
	/** Further members of `connect`'s command object: `pageUrl`, `swfUrl`, `flashVer`. */
	readonly properties: AmfObject;
	/** The longest wait before another try, in milliseconds, but for the random part. */
	readonly maxWaitMillis: number;
};

/** Who wants to be connected. */
export interface RemoteObserver {
	/** The server has let us in. */
	onConnected(connection: NetConnection): void;
	/** There is no connection: it has ended, or a try has failed. Another try follows unless it was closed. */
	onLost(): void;
	/** Of the connection. */
	onConnectionStatus(status: NetStatus): void;
}

/** The longest wait before another try where nothing else is said, in milliseconds. */
export const DEFAULT_MAX_WAIT_MILLIS = 10_000;
/** Waits are longer by up to so much at random, so that many do not come back at once. */
const RANDOM_WAIT_MILLIS = 500;
const FIRST_WAIT_MILLIS = 500;

const FORWARDS = 4;
/**
 * Servers that look at what a client can decode are told that everything is passed on (Enhanced RTMP v2, connect):
 * tracks, ModEx and its nanoseconds; HDR and other metadata of video.
 */
const CAPABILITIES: AmfObject = {
	fourCcList: ["*"],
	videoFourCcInfoMap: { "*": FORWARDS },
	audioFourCcInfoMap: { "*": FORWARDS },
	capsEx: 2 | 4 | 8,
	videoFunction: 2 | 4,
};

/**
 * A connection to another server that is opened again for as long as it is wanted: after a loss, and where the server
 * is not there or refuses. Waits double up to the longest one; a connection that was let in begins anew with the first.
 */
export class RemoteServer {
	readonly #options: RemoteOptions;
	readonly #observer: RemoteObserver;
	readonly #connection: NetConnection;
	#isWanted = false;
	#tries = 0;
	#timer: NodeJS.Timeout | undefined;

	constructor(options: RemoteOptions, observer: RemoteObserver, log: EventLog) {
		this.#options = options;
		this.#observer = observer;
		this.#connection = new NetConnection({
			properties: { ...CAPABILITIES, ...options.properties },
			// One road: what is tried on others would reach other programs on the host.
			fallback: { ...FALLBACK_RULES.R1, roads: [{ protocol: "rtmp", port: 1935 }] },
			proxy: false,
			// A key may stand behind the question mark.
			warn: text => log.warn("fault", { address: options.address.replace(/\?.*$/s, ""), text }),
		});
		// Every server knows AMF0; the payloads of media stay as they are.
		this.#connection.objectEncoding = 0;
		this.#connection.client = {};
		this.#connection.addEventListener("netStatus", (event: NetStatusEvent) => this.#onStatus(event.info));
	}

	/** Connects, unless that is being done. */
	open(): void {
		if (this.#isWanted) return;
		this.#isWanted = true;
		this.#tries = 0;
		this.#connect();
	}

	/** Ends the connection; nothing is told any more. `open` may follow. */
	close(): void {
		this.#isWanted = false;
		clearTimeout(this.#timer);
		this.#timer = undefined;
		this.#connection.close();
	}

	/** What was to be done there has failed: the connection ends, and another try follows. */
	retry(): void {
		if (!this.#isWanted || this.#timer !== undefined) return;
		this.#connection.close();
		this.#wait();
	}

	/** What was to be done is being done: the next wait is a short one again. */
	succeed(): void {
		this.#tries = 0;
	}

	#connect(): void {
		try {
			this.#connection.connect(this.#options.address, ...this.#options.args);
		} catch (error) {
			if (!(error instanceof ArgumentError)) throw error;
			// No later try would be different.
			this.#isWanted = false;
			this.#observer.onConnectionStatus(netStatus("NetConnection.Connect.Failed", error.message));
		}
	}

	#onStatus(info: NetStatus): void {
		if (!this.#isWanted || this.#timer !== undefined) return;
		switch (info.code) {
			case "NetConnection.Connect.Success":
				this.#observer.onConnectionStatus(info);
				this.#observer.onConnected(this.#connection);
				return;
			case "NetConnection.Connect.Failed":
			case "NetConnection.Connect.Closed":
				this.#observer.onConnectionStatus(info);
				if (this.#isWanted) this.#wait();
				return;
			default:
				if (info.code.startsWith("NetConnection.Connect.")) this.#observer.onConnectionStatus(info);
		}
	}

	#wait(): void {
		this.#tries++;
		const longest = this.#options.maxWaitMillis;
		const wait = Math.min(longest, FIRST_WAIT_MILLIS * 2 ** Math.min(this.#tries - 1, 16));
		const delay = Math.round(wait + Math.random() * RANDOM_WAIT_MILLIS);
		this.#timer = setTimeout(() => {
			this.#timer = undefined;
			this.#connect();
		}, delay);
		this.#observer.onConnectionStatus(
			netStatus("NetConnection.Reconnect.Init", undefined, { attempt: this.#tries, delay }),
		);
		this.#observer.onLost();
	}
}
