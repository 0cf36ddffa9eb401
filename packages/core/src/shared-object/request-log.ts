import type { AmfValue } from "../amf/index.ts";

/** In place of a value: the slot is to be deleted. */
export const REMOVED: unique symbol = Symbol("removed");

/** What a client asks for in one message, by slot. */
export type RequestBatch = Map<string, AmfValue | typeof REMOVED>;

/** Batches that are remembered at most: deletions are confirmed in the words in which others' deletions are told. */
const MAX_BATCHES = 1000;

/**
 * The requests of a client that the server has not answered. It answers in the order of the messages, so that a success
 * also settles whatever went before.
 */
export class RequestLog {
	#batches: RequestBatch[] = [];

	get isEmpty(): boolean {
		return this.#batches.length === 0;
	}

	/** The slots that requests are under way for. */
	*names(): Generator<string> {
		for (const batch of this.#batches) yield* batch.keys();
	}

	add(batch: RequestBatch): void {
		this.#batches.push(batch);
		if (this.#batches.length > MAX_BATCHES) this.#batches.shift();
	}

	clear(): void {
		this.#batches = [];
	}

	/**
	 * The server granted a change of the slot.
	 *
	 * @returns what the slot is now: the value that was granted, or a newer one that is still under way
	 */
	succeed(name: string): { readonly is: AmfValue | typeof REMOVED } | undefined {
		const at = this.#batches.findIndex(batch => batch.has(name) && batch.get(name) !== REMOVED);
		const batch = this.#batches[at];
		if (batch === undefined) return undefined;
		const newest = this.#batches.findLast(other => other.has(name))!;
		const is = newest.get(name);
		this.#settle(at, name);
		return { is };
	}

	/**
	 * The server answered a request for the slot by what is in force.
	 *
	 * @param isGone it answered that there is no such slot, which is what a deletion asks for
	 * @returns whether it refused something
	 */
	refuse(name: string, isGone: boolean): boolean {
		const at = this.#batches.findIndex(batch => batch.has(name));
		const batch = this.#batches[at];
		if (batch === undefined) return false;
		const wasDeletion = batch.get(name) === REMOVED;
		this.#settle(at, name);
		return !(wasDeletion && isGone);
	}

	/** Batches before it have been answered; the rest of it is answered in the same message. */
	#settle(at: number, name: string): void {
		const batch = this.#batches[at]!;
		batch.delete(name);
		this.#batches.splice(0, batch.size === 0 ? at + 1 : at);
	}
}
