/**
 * What the connections of a server may hold together for peers that only connect: each has an allowance of its own,
 * and what it holds above that draws on one budget. So a thousand peers at once cannot each go to the limits of one,
 * and a peer that keeps within its allowance is never refused for what others do.
 */
export class SharedBudget {
	/** Bytes above the allowances, of all connections together. */
	readonly bytes: number;
	/** How much of it is drawn. */
	used = 0;

	constructor(bytes: number) {
		this.bytes = bytes;
	}
}

/** What a connection may hold without drawing on the budget, in bytes: enough to connect, play and begin to publish. */
export const OWN_ALLOWANCE_BYTES = 8 * 1024;
/** What a small array or object costs beside its bytes, about. */
export const OBJECT_OVERHEAD_BYTES = 128;

/** One connection's part of a shared budget. Without a budget it only counts. */
export class BudgetAccount {
	readonly #budget: SharedBudget | undefined;
	#held = 0;
	#drawn = 0;
	#isTrusted = false;
	#isClosed = false;

	constructor(budget: SharedBudget | undefined) {
		this.#budget = budget;
	}

	/** Holds more. False: the budget is spent, and nothing has changed. */
	add(bytes: number): boolean {
		const budget = this.#budget;
		this.#held += bytes;
		if (budget === undefined || this.#isTrusted || this.#isClosed) return true;
		const more = Math.max(0, this.#held - OWN_ALLOWANCE_BYTES) - this.#drawn;
		if (more > 0 && budget.used + more > budget.bytes) {
			this.#held -= bytes;
			return false;
		}
		this.#draw(more);
		return true;
	}

	/** Holds less. */
	remove(bytes: number): void {
		this.#held -= bytes;
		this.#settle();
	}

	/** A publisher was let in by somebody's decision: while it publishes, its own limits alone bind it. */
	setTrusted(isTrusted: boolean): void {
		this.#isTrusted = isTrusted;
		this.#settle();
	}

	/** Everything is let go of; the connection has ended, and whatever still happens on it counts no more. */
	close(): void {
		this.#isClosed = true;
		this.#settle();
	}

	#settle(): void {
		this.#draw((this.#isTrusted || this.#isClosed ? 0 : Math.max(0, this.#held - OWN_ALLOWANCE_BYTES)) - this.#drawn);
	}

	#draw(more: number): void {
		if (this.#budget === undefined) return;
		this.#budget.used += more;
		this.#drawn += more;
	}
}
