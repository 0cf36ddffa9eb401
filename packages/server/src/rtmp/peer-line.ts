import { UsageError } from "@millrace/core/fault";
import type { BandwidthResult, Call, ServerConnection } from "@millrace/core/rtmp";
import type { ClientStats, PublishStats } from "../app/index.ts";
import { emptyTally, type PacedInput } from "../hub/index.ts";
import type { Wire } from "../net/index.ts";
import { AskedRate } from "./asked-rate.ts";
import { BandwidthDesk } from "./bandwidth-desk.ts";
import { BandwidthLimit } from "./bandwidth-limit.ts";
import { type BandwidthRules, DEFAULT_BANDWIDTH_RULES, initialLimit, limitAfter } from "./bandwidth-rules.ts";
import { InputGate } from "./input-gate.ts";
import type { PeerContext } from "./peer-context.ts";
import type { PlayDeskStats } from "./play-desk.ts";

/** The peer whose line it is. */
export interface LineHost {
	readonly connection: ServerConnection;
	/** The application's rules; `undefined`: its own. Asked only when the client has connected. */
	readonly bandwidthRules: BandwidthRules | undefined;
	/** Whether the hub may let the input rest. */
	mayRest(): boolean;
	/** Sends what the connection has queued. */
	flush(): void;
	/** There are limits from now on, and all that is sent counts. */
	onLimited(): void;
	/** Media may be sent again that a limit has kept back. */
	onUnthrottled(now: number): void;
	/** Measures of what it plays and publishes. */
	playStats(now: number): PlayDeskStats | undefined;
	publishStats(now: number): PublishStats[];
}

const ABOUT_BANDWIDTH: ReadonlySet<string> = new Set([
	...["checkBandwidth", "_checkbw", "checkBandwidthUp", "onClientBWCheck"],
]);
const NO_LIMIT = Number.POSITIVE_INFINITY;

/**
 * The line to one client: what it carries, measured and limited. What the peer's application may ask and do about it
 * is here. A client about which nobody asks and nothing is set costs next to nothing.
 */
export class PeerLine {
	/** The input, as the hub sees it. */
	readonly input: PacedInput;
	readonly #host: LineHost;
	readonly #wire: Wire;
	readonly #context: Pick<PeerContext, "now" | "schedule">;
	readonly #gate: InputGate;
	readonly #startedAt: number;
	/** Each is made when it is first needed. */
	#desk: BandwidthDesk | undefined;
	#limit: BandwidthLimit | undefined;
	#rate: AskedRate | undefined;

	constructor(host: LineHost, wire: Wire, context: Pick<PeerContext, "now" | "schedule">) {
		this.#host = host;
		this.#wire = wire;
		this.#context = context;
		this.#gate = new InputGate(wire, () => host.mayRest());
		this.input = this.#gate;
		this.#startedAt = context.now();
	}

	/** When `handleTimeout` must be called at the latest. */
	get deadline(): number {
		return this.#desk?.deadline ?? NO_LIMIT;
	}

	handleTimeout(now: number): void {
		this.#desk?.handleTimeout(now);
	}

	// ── bandwidth ──

	/** Whether the settings let the client's bandwidth be measured for whoever asks. */
	get isMeasuring(): boolean {
		return this.#rules.detection.enabled;
	}

	/**
	 * Measures the client's bandwidth and tells it the result by `onBWDone`. Who asks while it is measured, or soon
	 * afterwards, gets the same result.
	 *
	 * @param onDone `undefined`: the client did not answer, or has gone
	 * @returns false: the client is not connected
	 */
	checkBandwidth(onDone?: (result: BandwidthResult | undefined) => void): boolean {
		if (!this.#host.connection.connected) return false;
		this.#bandwidth.start(onDone);
		return true;
	}

	/** Answers a call about bandwidth. False: it is one for the application, because the settings want it so. */
	answer(call: Call): boolean {
		return ABOUT_BANDWIDTH.has(call.name) && this.#bandwidth.answer(call);
	}

	// ── limits ──

	/** Bytes a second, infinite where there is no limit. */
	get bandwidthLimit(): { readonly serverToClient: number; readonly clientToServer: number } {
		const { serverToClient = NO_LIMIT, clientToServer = NO_LIMIT } = this.#limit ?? {};
		return { serverToClient, clientToServer };
	}

	/**
	 * Limits what the client is sent and what is taken from it, in bytes a second, as `Client.setBandwidthLimit` of
	 * Server-Side ActionScript does: 0 leaves a direction as it is, `Infinity` lifts its limit, and the settings may have
	 * a cap for both. Commands never wait, but count.
	 */
	setBandwidthLimit(serverToClient: number, clientToServer: number): void {
		const before = this.bandwidthLimit;
		const rules = this.#rules;
		this.#limits.set(
			limitAfter(serverToClient, before.serverToClient, rules),
			limitAfter(clientToServer, before.clientToServer, rules),
		);
	}

	/** The client is let in: the limits of the settings hold. */
	begin(): void {
		const { serverToClient, clientToServer } = this.#rules;
		if (serverToClient === 0 && clientToServer === 0) return;
		this.#limits.set(initialLimit(serverToClient), initialLimit(clientToServer));
	}

	/** Media must wait; `onUnthrottled` follows. */
	get isThrottled(): boolean {
		return this.#limit?.isThrottled ?? false;
	}

	/** Nobody has ever set a limit. */
	get isUnlimited(): boolean {
		return this.#limit === undefined;
	}

	sent(bytes: number): void {
		this.#limit?.sent(bytes);
	}

	received(bytes: number): void {
		this.#limit?.received(bytes);
	}

	// ── measures ──

	/** Asks the client whether it is there; `onAnswer` gets the round trip in milliseconds, `undefined`: no answer. */
	ping(onAnswer: (roundTripMillis: number | undefined) => void): void {
		this.#host.connection.link.ping(this.#context.now(), onAnswer);
		this.#host.flush();
	}

	/** Measures at this moment. */
	stats(): ClientStats {
		const now = this.#context.now();
		const { link } = this.#host.connection;
		const bytesIn = link.bytesReceived;
		const bytesOut = this.#wire.bytesWritten;
		const play = this.#host.playStats(now);
		this.#rate ??= new AskedRate(this.#startedAt);
		const rate = this.#rate.measure(bytesIn, bytesOut, now);
		return {
			bytesIn,
			bytesOut,
			messagesIn: link.messagesReceived,
			messagesOut: link.messagesSent + (play?.messages ?? 0),
			messagesDropped: play?.messagesDropped ?? 0,
			bytesPerSecondIn: rate.in,
			bytesPerSecondOut: rate.out,
			pingMillis: link.roundTripMillis,
			smoothedPingMillis: link.smoothedRoundTripMillis,
			queuedBytes: this.#wire.backlog + link.outputBytes + (play?.queuedBytes ?? 0),
			queued: play?.queued ?? emptyTally(),
			dropped: play?.dropped ?? emptyTally(),
			kbitDown: this.#desk?.result?.kbit,
			playing: play?.playing ?? [],
			publishing: this.#host.publishStats(now),
		};
	}

	/** The connection has ended. */
	stop(): void {
		this.#desk?.stop();
		this.#limit?.stop();
	}

	get #rules(): BandwidthRules {
		return this.#host.bandwidthRules ?? DEFAULT_BANDWIDTH_RULES;
	}

	get #bandwidth(): BandwidthDesk {
		if (this.#desk !== undefined) return this.#desk;
		const { connection } = this.#host;
		const wire = this.#wire;
		const host = {
			connection,
			now: this.#context.now,
			flush: () => this.#host.flush(),
			bytesWritten: () => wire.bytesWritten,
		};
		this.#desk = new BandwidthDesk(host, this.#rules.detection);
		return this.#desk;
	}

	get #limits(): BandwidthLimit {
		if (this.#limit !== undefined) return this.#limit;
		const { schedule } = this.#context;
		if (schedule === undefined) throw new UsageError("USAGE", "Limits of bandwidth need a schedule.");
		this.#host.onLimited();
		this.#limit = new BandwidthLimit(schedule, this.#gate, () => this.#host.onUnthrottled(this.#context.now()));
		return this.#limit;
	}
}
