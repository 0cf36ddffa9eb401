import { type MillraceError, TransportError } from "@millrace/core/fault";
import type { Call, ConnectParameters, NetStatus } from "@millrace/core/rtmp";
import type { Attempt, AttemptPlan } from "./attempt-list.ts";
import type { AttemptOutcome, AttemptRecord } from "./attempt-record.ts";
import { ConnectionDriver, type DriverHandler, type DriverOptions } from "./connection-driver.ts";
import type { ClientPlatform } from "./platform.ts";

/** What a connector reports. Exactly one of `onFailed` and `onClosed` is the last call, unless `stop` was called. */
export interface ConnectorHandler {
	/** An attempt began, got on or ended. */
	onAttempt(record: AttemptRecord): void;
	/** The server accepted on this road. */
	onConnectSuccess(info: NetStatus, driver: ConnectionDriver, attempt: Attempt): void;
	/** The server refused; `onClosed` follows. */
	onConnectReject(info: NetStatus): void;
	onStatus(info: NetStatus): void;
	onCall(call: Call): void;
	onSharedObject(type: 16 | 19, body: Uint8Array): void;
	onDrain(): void;
	/** No road led to an answer. */
	onFailed(reason: MillraceError): void;
	/** The connection that had an answer has ended. */
	onClosed(reason: MillraceError | undefined): void;
}

/** One start of an attempt. */
type Trial = {
	readonly attempt: Attempt;
	record: AttemptRecord;
	/** Not there until its constructor has returned. */
	driver: ConnectionDriver | undefined;
};

/**
 * Walks through a plan: starts attempts when they are due, sends `connect` on the first whose handshake is done, and
 * closes the others before they say anything. If that one ends without an answer, the rest have their turn, those that
 * had lost included. An answer, a refusal too, is the end of the search. So is an application that does not answer: it
 * was reached.
 */
export class Connector {
	readonly #platform: ClientPlatform;
	readonly #plan: AttemptPlan;
	readonly #request: ConnectParameters;
	readonly #handler: ConnectorHandler;
	readonly #options: DriverOptions;
	readonly #startedAt: number;
	readonly #trials: Trial[] = [];
	readonly #running = new Set<Trial>();
	#waiting: Attempt[];
	#chosen: Trial | undefined;
	#isAnswered = false;
	#isOver = false;
	#lastReason: MillraceError | undefined;
	#stopStagger: (() => void) | undefined;
	#stopOverall: (() => void) | undefined;

	constructor(
		platform: ClientPlatform,
		plan: AttemptPlan,
		request: Omit<ConnectParameters, "tcUrl">,
		handler: ConnectorHandler,
		options: DriverOptions,
	) {
		this.#platform = platform;
		this.#plan = plan;
		this.#request = { ...request, tcUrl: "" };
		this.#handler = handler;
		this.#options = { ...options, openTimeoutMillis: plan.attemptTimeoutMillis };
		this.#startedAt = platform.now();
		this.#waiting = [...plan.attempts];
	}

	/** Every attempt so far, in the order of the starts. */
	get attempts(): readonly AttemptRecord[] {
		return this.#trials.map(trial => trial.record);
	}

	/** What drives the chosen attempt. */
	get driver(): ConnectionDriver | undefined {
		return this.#chosen?.driver;
	}

	/** Begins. Nothing but the start of the first attempt is reported before it has returned. */
	start(): void {
		const { overallTimeoutMillis } = this.#plan;
		if (overallTimeoutMillis !== Number.POSITIVE_INFINITY) {
			this.#stopOverall = this.#platform.after(overallTimeoutMillis, () => this.#onOverallTimeout());
		}
		this.#startNext(this.#plan.headStartMillis);
	}

	/** Ends the connection, or the search, and reports nothing but the attempts' ends. */
	stop(): void {
		if (this.#isOver) return;
		const chosen = this.#chosen;
		this.#finish("cancelled");
		chosen?.driver?.close();
	}

	#startNext(gapMillis: number): void {
		this.#stopStagger?.();
		this.#stopStagger = undefined;
		const attempt = this.#waiting.shift();
		if (attempt === undefined) return;
		const now = this.#platform.now();
		const { protocol, host, port, proxy } = attempt;
		const trial: Trial = {
			attempt,
			driver: undefined,
			record: {
				number: this.#trials.length + 1,
				protocol,
				host,
				port,
				proxy,
				outcome: "trying",
				startMillis: now - this.#startedAt,
			},
		};
		this.#trials.push(trial);
		this.#running.add(trial);
		if (this.#plan.order === "parallel" && this.#waiting.length > 0) {
			this.#stopStagger = this.#platform.after(gapMillis, () => this.#startNext(this.#plan.staggerMillis));
		}
		this.#handler.onAttempt(trial.record);
		const request = { ...this.#request, tcUrl: attempt.tcUrl };
		trial.driver = new ConnectionDriver(this.#platform, attempt, request, this.#driverHandler(trial), this.#options);
	}

	#driverHandler(trial: Trial): DriverHandler {
		const handler = this.#handler;
		return {
			onNetworkOpen: () => {
				trial.record = { ...trial.record, openMillis: this.#elapsed };
			},
			onHandshakeDone: () => this.#choose(trial),
			onConnectSuccess: info => {
				this.#answered(trial, "connected");
				if (!this.#isOver) handler.onConnectSuccess(info, trial.driver!, trial.attempt);
			},
			onConnectReject: info => {
				this.#answered(trial, "rejected", info.description === "" ? info.code : info.description);
				if (!this.#isOver) handler.onConnectReject(info);
			},
			onStatus: info => {
				if (!this.#isOver) handler.onStatus(info);
			},
			onCall: call => {
				if (!this.#isOver) handler.onCall(call);
				trial.driver?.planFlush();
			},
			onSharedObject: (type, body) => {
				if (!this.#isOver) handler.onSharedObject(type, body);
				trial.driver?.planFlush();
			},
			onDrain: () => {
				if (!this.#isOver) handler.onDrain();
			},
			onClosed: reason => this.#onClosed(trial, reason),
		};
	}

	get #elapsed(): number {
		return this.#platform.now() - this.#startedAt;
	}

	#choose(trial: Trial): void {
		if (this.#isOver) return;
		this.#chosen = trial;
		this.#running.delete(trial);
		this.#stopStagger?.();
		this.#stopStagger = undefined;
		this.#stopOverall?.();
		this.#stopOverall = undefined;
		const lost = this.#abandonRunning("lost");
		this.#waiting = [...lost, ...this.#waiting];
		this.#report(trial, { outcome: "chosen", handshakeMillis: this.#elapsed });
	}

	#answered(trial: Trial, outcome: AttemptOutcome, reason?: string): void {
		if (this.#isOver) return;
		this.#isAnswered = true;
		this.#report(trial, { outcome, endMillis: this.#elapsed, ...(reason === undefined ? {} : { reason }) });
	}

	#onClosed(trial: Trial, reason: MillraceError | undefined): void {
		if (this.#isOver) return;
		if (this.#isAnswered) {
			this.#isOver = true;
			this.#handler.onClosed(reason);
			return;
		}
		const wasChosen = trial === this.#chosen;
		this.#running.delete(trial);
		this.#chosen = wasChosen ? undefined : this.#chosen;
		const text = reason?.message ?? "The server closed the connection before it answered.";
		this.#lastReason = reason ?? new TransportError("CONNECT_FAILED", text);
		this.#report(trial, { outcome: "failed", endMillis: this.#elapsed, reason: text });
		if (this.#isOver) return;
		const wasReached = wasChosen && reason?.code === "CONNECT_FAILED";
		if (this.#waiting.length > 0 && !wasReached) this.#startNext(this.#plan.staggerMillis);
		else if (this.#running.size === 0) this.#fail(this.#lastReason);
	}

	#onOverallTimeout(): void {
		const seconds = this.#plan.overallTimeoutMillis / 1000;
		this.#fail(new TransportError("CONNECT_FAILED", `No attempt succeeded within ${seconds} s.`));
	}

	/** One attempt's reason says it all; of several, each is named. */
	#fail(reason: MillraceError): void {
		this.#finish("cancelled");
		this.#handler.onFailed(this.#trials.length === 1 ? reason : summary(this.attempts, reason));
	}

	#finish(outcome: AttemptOutcome): void {
		this.#isOver = true;
		this.#stopStagger?.();
		this.#stopOverall?.();
		this.#waiting = [];
		this.#abandonRunning(outcome);
		const chosen = this.#chosen;
		if (chosen !== undefined && !this.#isAnswered) this.#report(chosen, { outcome, endMillis: this.#elapsed });
	}

	#abandonRunning(outcome: AttemptOutcome): Attempt[] {
		const trials = [...this.#running];
		this.#running.clear();
		for (const trial of trials) {
			trial.driver?.abandon();
			this.#report(trial, { outcome, endMillis: this.#elapsed });
		}
		return trials.map(trial => trial.attempt);
	}

	#report(trial: Trial, change: Partial<AttemptRecord>): void {
		trial.record = { ...trial.record, ...change };
		this.#handler.onAttempt(trial.record);
	}
}

function summary(attempts: readonly AttemptRecord[], cause: MillraceError): TransportError {
	const each = attempts.map(({ protocol, port, proxy, reason, outcome }) => {
		const road = `${protocol} ${port}${proxy === "none" ? "" : ` by ${proxy}`}`;
		return `${road}: ${(reason ?? outcome).replace(/^No connection could be opened\. /, "").replace(/\.$/, "")}`;
	});
	return new TransportError("CONNECT_FAILED", `${each.join("; ")}.`, { cause });
}
