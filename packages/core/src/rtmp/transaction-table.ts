import type { AmfValue } from "../amf/index.ts";
import type { Command } from "./message/command.ts";

/** Receives the answer to a call. */
export interface Responder {
	onResult(value: AmfValue): void;
	/** `value` is the peer's info object, or `undefined` where the connection ended first. */
	onError(value: AmfValue): void;
}

/**
 * Calls that wait for their answers, by transaction id. With a time-out they fail when it is over: `deadline` tells when
 * `expire` is due.
 */
export class TransactionTable {
	readonly #waiting = new Map<number, Waiting>();
	readonly #timeoutMillis: number;
	readonly #maxWaiting: number;
	#next = 1;

	/**
	 * @param timeoutMillis how long a call waits. Default: for as long as the connection lasts.
	 * @param maxWaiting how many may wait at once. Default: any number.
	 */
	constructor(timeoutMillis = Number.POSITIVE_INFINITY, maxWaiting = Number.POSITIVE_INFINITY) {
		this.#timeoutMillis = timeoutMillis;
		this.#maxWaiting = maxWaiting;
	}

	/** Whether no more calls may be added. */
	get isFull(): boolean {
		return this.#waiting.size >= this.#maxWaiting;
	}

	/** When the oldest call is to fail, in milliseconds; infinity where none is. */
	get deadline(): number {
		// All wait equally long, so the first that was added is the first to fail.
		for (const { deadline } of this.#waiting.values()) return deadline;
		return Number.POSITIVE_INFINITY;
	}

	/** Remembers a responder and returns the transaction id to send. */
	add(responder: Responder, now = 0): number {
		const id = this.#next++;
		this.#waiting.set(id, { responder, deadline: now + this.#timeoutMillis });
		return id;
	}

	/** Gives up a transaction whose call could not be sent. */
	forget(id: number): void {
		this.#waiting.delete(id);
	}

	/** Hands a `_result` or `_error` to its responder. False: nobody waits for that transaction. */
	settle(command: Command): boolean {
		const responder = this.#waiting.get(command.transactionId)?.responder;
		if (responder === undefined) return false;
		this.#waiting.delete(command.transactionId);
		if (command.name === "_result") responder.onResult(command.args[0]);
		else responder.onError(command.args[0]);
		return true;
	}

	/** Fails the calls whose time is over with `error`. Their answers, should they come, are for nobody. */
	expire(now: number, error: AmfValue): void {
		for (const [id, { responder, deadline }] of this.#waiting) {
			if (deadline > now) return;
			this.#waiting.delete(id);
			responder.onError(error);
		}
	}

	/** The connection has ended: nothing will be answered any more. */
	rejectAll(): void {
		const waiting = [...this.#waiting.values()];
		this.#waiting.clear();
		for (const { responder } of waiting) responder.onError(undefined);
	}
}

type Waiting = { readonly responder: Responder; readonly deadline: number };
