import type { AmfValue } from "../amf/index.ts";
import type { Command } from "./message/command.ts";

/** Receives the answer to a call. */
export interface Responder {
	onResult(value: AmfValue): void;
	/** `value` is the peer's info object, or `undefined` where the connection ended first. */
	onError(value: AmfValue): void;
}

/** Calls that wait for their answers, by transaction id. */
export class TransactionTable {
	readonly #waiting = new Map<number, Responder>();
	#next = 1;

	/** Remembers a responder and returns the transaction id to send. */
	add(responder: Responder): number {
		const id = this.#next++;
		this.#waiting.set(id, responder);
		return id;
	}

	/** Gives up a transaction whose call could not be sent. */
	forget(id: number): void {
		this.#waiting.delete(id);
	}

	/** Hands a `_result` or `_error` to its responder. False: nobody waits for that transaction. */
	settle(command: Command): boolean {
		const responder = this.#waiting.get(command.transactionId);
		if (responder === undefined) return false;
		this.#waiting.delete(command.transactionId);
		if (command.name === "_result") responder.onResult(command.args[0]);
		else responder.onError(command.args[0]);
		return true;
	}

	/** The connection has ended: nothing will be answered any more. */
	rejectAll(): void {
		const waiting = [...this.#waiting.values()];
		this.#waiting.clear();
		for (const responder of waiting) responder.onError(undefined);
	}
}
