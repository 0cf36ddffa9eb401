import type { PlayerSchedule } from "../library/index.ts";
import { TokenBucket } from "../net/index.ts";
import type { InputGate } from "./input-gate.ts";

/**
 * The input rests no longer than this at a time, in milliseconds: its silence would be taken for the client's. So a
 * client that sends as much as it can is not kept below some 13 KB a second.
 */
const MAX_INPUT_REST_MILLIS = 5000;
/** What may be saved up, as a time of the rate, in milliseconds. */
const BURST_MILLIS = 200;

/**
 * One client's limits in bytes a second. What is sent of media waits when the limit is exceeded, and is dropped as for
 * a network of that speed; commands never wait, but count. What the client sends is not read meanwhile.
 */
export class BandwidthLimit {
	/** Bytes a second; infinite where there is no limit. */
	serverToClient = Number.POSITIVE_INFINITY;
	clientToServer = Number.POSITIVE_INFINITY;
	readonly #schedule: PlayerSchedule;
	readonly #gate: InputGate;
	readonly #onOpen: () => void;
	#out: TokenBucket | undefined;
	#in: TokenBucket | undefined;
	#isThrottled = false;
	readonly #outSleeper = { wake: () => this.#open() };
	readonly #inSleeper = { wake: () => this.#gate.setLimited(false) };

	/** @param onOpen media may be sent again */
	constructor(schedule: PlayerSchedule, gate: InputGate, onOpen: () => void) {
		this.#schedule = schedule;
		this.#gate = gate;
		this.#onOpen = onOpen;
	}

	/** Whether media must wait; `onOpen` follows. */
	get isThrottled(): boolean {
		return this.#isThrottled;
	}

	/** Sets both, in bytes a second. */
	set(serverToClient: number, clientToServer: number): void {
		const now = this.#schedule.now();
		if (serverToClient !== this.serverToClient) {
			this.serverToClient = serverToClient;
			this.#out = bucketOf(serverToClient, now);
			this.#schedule.cancel(this.#outSleeper);
			this.#open();
		}
		if (clientToServer !== this.clientToServer) {
			this.clientToServer = clientToServer;
			this.#in = bucketOf(clientToServer, now);
			this.#schedule.cancel(this.#inSleeper);
			this.#gate.setLimited(false);
		}
	}

	/** Bytes were sent. */
	sent(bytes: number): void {
		const wait = this.#out?.spend(bytes, this.#schedule.now()) ?? 0;
		if (wait === 0) return;
		this.#isThrottled = true;
		this.#schedule.wakeAfter(this.#outSleeper, wait);
	}

	/** Bytes came. */
	received(bytes: number): void {
		const wait = this.#in?.spend(bytes, this.#schedule.now()) ?? 0;
		if (wait === 0) return;
		this.#gate.setLimited(true);
		this.#schedule.wakeAfter(this.#inSleeper, Math.min(wait, MAX_INPUT_REST_MILLIS));
	}

	/** The client has gone. */
	stop(): void {
		this.#schedule.cancel(this.#outSleeper);
		this.#schedule.cancel(this.#inSleeper);
	}

	#open(): void {
		if (!this.#isThrottled) return;
		this.#isThrottled = false;
		this.#onOpen();
	}
}

function bucketOf(perSecond: number, now: number): TokenBucket | undefined {
	return Number.isFinite(perSecond) ? new TokenBucket({ perSecond, burstMillis: BURST_MILLIS }, now) : undefined;
}
