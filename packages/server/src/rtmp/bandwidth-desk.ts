import {
	BandwidthCheck,
	type BandwidthResult,
	bandwidthPayload,
	type Call,
	type ServerConnection,
} from "@millrace/core/rtmp";
import type { BandwidthDetection } from "./bandwidth-rules.ts";

/** The peer whose client is measured. */
export interface BandwidthHost {
	readonly connection: ServerConnection;
	/** Monotonic milliseconds. */
	now(): number;
	/** Sends what the connection has queued. */
	flush(): void;
	/** Total of the bytes that were written to the client. */
	bytesWritten(): number;
}

type Names = { readonly check: string; readonly done: string };
type ResultHandler = (result: BandwidthResult | undefined) => void;

/** As Flash Media Server 3 and later call the client. */
const FLASH_NAMES: Names = { check: "onBWCheck", done: "onBWDone" };
/** As librtmp knows them. */
const LIBRTMP_NAMES: Names = { check: "_onbwcheck", done: "_onbwdone" };
/** A check that nobody asked for by intent is short: librtmp sends `_checkbw` with every connection. */
const SHORT_CHECK_BYTES = 64 * 1024;

/** The bandwidth checks of one client: one at a time, whoever asks. */
export class BandwidthDesk {
	/** What the last check found. */
	result: BandwidthResult | undefined;
	readonly #host: BandwidthHost;
	readonly #options: BandwidthDetection;
	#check: BandwidthCheck | undefined;
	#names = FLASH_NAMES;
	#waiting: ResultHandler[] = [];
	/** When the last check ended, and whether it was a whole one. */
	#checkedAt = Number.NEGATIVE_INFINITY;
	#isFull = false;
	#fullResult: BandwidthResult | undefined;

	constructor(host: BandwidthHost, options: BandwidthDetection) {
		this.#host = host;
		this.#options = options;
	}

	/** When `handleTimeout` must be called at the latest. */
	get deadline(): number {
		return this.#check?.deadline ?? Number.POSITIVE_INFINITY;
	}

	handleTimeout(now: number): void {
		this.#check?.handleTimeout(now);
	}

	/**
	 * Starts a check, whose result the client is told by `onBWDone(kbitDown, deltaDown, deltaTime, latency)`: kilobits a
	 * second, kilobits, milliseconds, milliseconds; without arguments where it did not answer. Who asks while a check is
	 * under way, or soon after one, gets that one's result.
	 *
	 * @param onDone `undefined`: the client did not answer, or has gone
	 */
	start(onDone?: ResultHandler): void {
		if (onDone !== undefined) this.#waiting.push(onDone);
		if (this.#check !== undefined && this.#names === FLASH_NAMES) return;
		if (this.#check === undefined && this.#isFull && this.#isRecent) {
			this.#names = FLASH_NAMES;
			this.#finish(this.#fullResult);
			return;
		}
		this.#check?.stop();
		this.#begin(FLASH_NAMES, this.#options.maxBytes);
	}

	/** Answers a call of the client, if it is one about bandwidth and the settings let these be answered here. */
	answer(call: Call): boolean {
		const { connection } = this.#host;
		// librtmp and ffmpeg send it with every connection: its result says nothing, and no application need know it.
		if (call.name === "_checkbw") {
			connection.sendResult(call, undefined);
			if (this.#options.enabled) this.#startShort();
			return true;
		}
		if (!this.#options.enabled) return false;
		switch (call.name) {
			case "checkBandwidth":
				connection.sendResult(call, undefined);
				this.start();
				return true;
			case "checkBandwidthUp":
			case "onClientBWCheck":
				// The client measures: it sends payloads, and gets the counts that Red5's class for it reads.
				connection.sendResult(call, {
					cOutBytes: connection.link.bytesReceived,
					cInBytes: this.#host.bytesWritten(),
					time: typeof call.args[0] === "number" ? call.args[0] : 0,
				});
				return true;
			default:
				return false;
		}
	}

	/** The connection has ended. */
	stop(): void {
		this.#check?.stop();
	}

	/** A client that does not answer costs one small message. */
	#startShort(): void {
		if (this.#check === undefined && !this.#isRecent)
			this.#begin(LIBRTMP_NAMES, Math.min(SHORT_CHECK_BYTES, this.#options.maxBytes));
	}

	get #isRecent(): boolean {
		return this.#host.now() - this.#checkedAt < this.#options.restMillis;
	}

	#begin(names: Names, maxBytes: number): void {
		const { connection } = this.#host;
		this.#names = names;
		const check = new BandwidthCheck(
			{ ...this.#options, maxBytes },
			(bytes, probe) => {
				let isSent = false;
				const onAnswer = (): void => {
					if (isSent) check.answered(probe, this.#host.now());
					this.#host.flush();
				};
				// A client without the method answers that it has none: its answer is as good as any.
				const onError = (value: unknown): void => (value === undefined ? check.stop() : onAnswer());
				isSent = connection.call(
					names.check,
					[bandwidthPayload(bytes)],
					{ onResult: onAnswer, onError },
					this.#host.now(),
				);
				if (isSent) this.#host.flush();
				else check.stop();
			},
			result => {
				this.#check = undefined;
				this.result = result ?? this.result;
				this.#checkedAt = this.#host.now();
				this.#isFull = names === FLASH_NAMES;
				if (this.#isFull) {
					this.#fullResult = result;
					this.#finish(result);
				} else if (result !== undefined) this.#tell([result.latencyMillis, result.kbit]);
			},
		);
		this.#check = check;
		check.begin(this.#host.now());
	}

	#finish(result: BandwidthResult | undefined): void {
		this.#tell(result === undefined ? [] : [result.kbit, result.deltaKbit, result.deltaMillis, result.latencyMillis]);
		const waiting = this.#waiting;
		this.#waiting = [];
		for (const onDone of waiting) onDone(result);
	}

	#tell(args: readonly number[]): void {
		this.#host.connection.call(this.#names.done, args);
		this.#host.flush();
	}
}
