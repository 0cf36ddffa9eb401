import type { Connect, Connection, ConnectionEnd, Transport } from "./connection.ts";
import type { FaultHandler } from "./mpegts.ts";

/** What the page shows of its link to the stream. */
export type WatchState =
	/** Opening the first connection. */
	| "connecting"
	/** The server is there, the stream is not yet. */
	| "waiting"
	| "playing"
	/** Data came before and stopped; trying again. */
	| "reconnecting"
	/** No transport reaches the server. */
	| "unreachable"
	/** The server does not let this page watch. */
	| "refused"
	/** The browser lacks the codec; a new publisher may bring another. */
	| "unsupported";

/** What decodes and shows the bytes of one connection. */
export type Engine = { feed(bytes: ArrayBuffer): void; destroy(): void };

/** Who hears of an engine. */
export type EngineHandler = FaultHandler;

export type WatchSessionOptions = {
	/** The transports to try, best first; one alone is forced. */
	readonly transports: readonly Transport[];
	readonly connect: Connect;
	readonly createEngine: (handler: EngineHandler) => Engine;
	/** Called after each change of `state`, `transport` or `problem`. */
	readonly onChange: () => void;
};

/** The FLV header and its first back pointer: a server may send them before anybody publishes. */
const FLV_HEADER_BYTES = 13;
/** Milliseconds without media on an open connection to a published stream, before there has been any, and after. */
const SILENCE_BEFORE_NEXT_TRANSPORT = 6000;
const SILENCE_BEFORE_RECONNECT = 10_000;
/** Milliseconds of media after which failures count as the first again. */
const STEADY_AFTER = 5000;
/** Milliseconds before each further try; the last one goes on. */
const RETRY_DELAYS = [500, 1000, 2000, 4000, 8000];
/** For a stream that the server says is not there: its list, asked every 2 s, tells the moment to come. */
const RETRY_DELAY_UNPUBLISHED = 15_000;

/**
 * One visitor's link to one stream: opens a connection, goes on to the next transport when one cannot be opened,
 * waits for a stream that is not there yet, and connects again with growing delays (0.5 s to 8 s) when it drops.
 */
export class WatchSession {
	readonly #options: WatchSessionOptions;
	#state: WatchState = "connecting";
	#problem: string | undefined;
	#transportIndex = 0;
	#connection: Connection | undefined;
	#engine: Engine | undefined;
	#held: ArrayBuffer[] = [];
	#bytes = 0;
	#openedAt: number | undefined;
	#mediaSince: number | undefined;
	#lastBytesAt = 0;
	#failures = 0;
	#transportsFailed = 0;
	#broken = 0;
	#hadMedia = false;
	#retry: ReturnType<typeof setTimeout> | undefined;
	#watch: ReturnType<typeof setInterval> | undefined;
	#publishing: boolean | undefined;
	#since: number | undefined;
	#samples: { at: number; bytes: number }[] = [];

	constructor(options: WatchSessionOptions) {
		this.#options = options;
	}

	get state(): WatchState {
		return this.#state;
	}

	/** The transport in use or being tried. */
	get transport(): Transport {
		return this.#options.transports[this.#transportIndex] ?? "ws";
	}

	/** What stands in the way, in words, in the states `refused` and `unsupported`. */
	get problem(): string | undefined {
		return this.#problem;
	}

	/** Bits per second received over the last seconds; `undefined` while nothing plays. */
	get bitrate(): number | undefined {
		const first = this.#samples[0];
		const last = this.#samples.at(-1);
		if (this.#state !== "playing" || !first || !last || last.at - first.at < 500) return undefined;
		return ((last.bytes - first.bytes) * 8000) / (last.at - first.at);
	}

	start(): void {
		this.#watch = setInterval(() => this.#check(), 500);
		this.#open();
	}

	/** Ends everything; nothing is called after it. */
	stop(): void {
		clearInterval(this.#watch);
		clearTimeout(this.#retry);
		this.#retry = undefined;
		this.#connection?.close();
		this.#engine?.destroy();
		this.#connection = undefined;
		this.#engine = undefined;
	}

	/** Drops the connection and opens it again at once: the picture is stuck although data comes. */
	restart(): void {
		this.#dropConnection();
		this.#again(0);
	}

	/**
	 * What the server says of the stream; `publishing` is `undefined` when it did not answer. A stream that appears,
	 * or whose publisher is a new one (`since` changed), is tried at once instead of after the delay.
	 */
	noteFacts(publishing: boolean | undefined, since: number | undefined): void {
		const appeared = publishing === true && (this.#publishing !== true || since !== this.#since);
		this.#publishing = publishing;
		if (publishing) this.#since = since;
		if (!appeared) return;
		if (this.#state === "unsupported") {
			this.#problem = undefined;
			this.#broken = 0;
			this.#again(0);
		} else if (this.#retry !== undefined) {
			this.#again(0);
		}
	}

	#open(): void {
		clearTimeout(this.#retry);
		this.#retry = undefined;
		this.#held = [];
		this.#bytes = 0;
		this.#samples = [];
		this.#openedAt = undefined;
		this.#mediaSince = undefined;
		this.#connection = this.#options.connect(this.transport, {
			onOpen: () => {
				this.#openedAt = performance.now();
				this.#transportsFailed = 0;
				this.#set(this.#hadMedia ? "reconnecting" : "waiting");
			},
			onBytes: bytes => this.#take(bytes),
			onEnd: end => this.#ended(end),
		});
		this.#options.onChange();
	}

	#take(bytes: ArrayBuffer): void {
		this.#bytes += bytes.byteLength;
		this.#lastBytesAt = performance.now();
		if (this.#bytes <= FLV_HEADER_BYTES) {
			this.#held.push(bytes);
			return;
		}
		if (this.#mediaSince === undefined) this.#begin();
		this.#engine?.feed(bytes);
	}

	/** The first media of a connection: only now the old picture gives way. */
	#begin(): void {
		this.#mediaSince = this.#lastBytesAt;
		this.#hadMedia = true;
		this.#problem = undefined;
		this.#engine?.destroy();
		const engine = this.#options.createEngine({
			onUnsupported: text => {
				if (this.#engine === engine) this.#giveUp(text);
			},
			onBroken: text => {
				if (this.#engine === engine) this.#noteBroken(text);
			},
		});
		this.#engine = engine;
		for (const held of this.#held) engine.feed(held);
		this.#held = [];
		this.#set("playing");
	}

	#ended(end: ConnectionEnd): void {
		this.#connection = undefined;
		if (this.#mediaSince !== undefined) {
			this.#set("reconnecting");
			this.#again();
			return;
		}
		if (this.#openedAt !== undefined) {
			// It was open without media: the server's patience ended, or it went away.
			this.#again();
			return;
		}
		this.#transportsFailed += 1;
		if (this.#nextTransport()) return;
		if (end.kind === "refused" && (end.status === 401 || end.status === 403)) {
			this.#problem = "The server does not allow this page to watch the stream.";
			this.#set("refused");
		} else if (end.kind === "refused" || this.#publishing !== undefined) {
			this.#set(this.#hadMedia ? "reconnecting" : "waiting");
		} else {
			this.#set("unreachable");
		}
		this.#transportsFailed = 0;
		this.#again();
	}

	/** True where another transport was left to try, and is being tried. */
	#nextTransport(): boolean {
		const count = this.#options.transports.length;
		this.#transportIndex = (this.#transportIndex + 1) % count;
		if (this.#transportsFailed >= count) return false;
		this.#open();
		return true;
	}

	#again(delay?: number): void {
		clearTimeout(this.#retry);
		const unpublished = this.#publishing === false && this.#state !== "refused";
		const step = unpublished
			? RETRY_DELAY_UNPUBLISHED
			: RETRY_DELAYS[Math.min(this.#failures, RETRY_DELAYS.length - 1)]!;
		this.#failures += 1;
		// Spread, so that a thousand viewers do not come back in the same moment.
		this.#retry = setTimeout(() => this.#open(), delay ?? step * (0.8 + 0.4 * Math.random()));
		this.#options.onChange();
	}

	#check(): void {
		if (!this.#connection) return;
		const now = performance.now();
		this.#samples.push({ at: now, bytes: this.#bytes });
		if (this.#samples.length > 9) this.#samples.shift();
		if (this.#mediaSince !== undefined) {
			if (now - this.#mediaSince > STEADY_AFTER && now - this.#lastBytesAt < 1000) {
				this.#failures = 0;
				this.#broken = 0;
			}
			if (this.#publishing && now - this.#lastBytesAt > SILENCE_BEFORE_RECONNECT) {
				this.#dropConnection();
				this.#set("reconnecting");
				this.#again();
			}
		} else if (this.#publishing && this.#openedAt !== undefined) {
			// Accepted, published, and yet nothing comes: something between holds the data back.
			if (now - this.#openedAt > SILENCE_BEFORE_NEXT_TRANSPORT) {
				this.#dropConnection();
				this.#transportsFailed += 1;
				if (!this.#nextTransport()) {
					this.#transportsFailed = 0;
					this.#again();
				}
			}
		}
		this.#options.onChange();
	}

	#giveUp(text: string): void {
		this.#dropConnection();
		this.#problem = text;
		this.#set("unsupported");
	}

	#noteBroken(text: string): void {
		console.warn("Playback broke:", text);
		this.#broken += 1;
		if (this.#broken >= 3) {
			this.#giveUp(`Playback failed three times in a row. ${text}`);
			return;
		}
		this.#dropConnection();
		this.#set("reconnecting");
		this.#again();
	}

	#dropConnection(): void {
		this.#connection?.close();
		this.#connection = undefined;
	}

	#set(state: WatchState): void {
		this.#state = state;
		this.#options.onChange();
	}
}
