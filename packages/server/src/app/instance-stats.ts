import type { ClientStats } from "./client-stats.ts";

/** Measures of an instance at one moment: plain data. Totals are those of all its clients since it was started. */
export type InstanceStats = {
	/** Let in, and not gone. */
	readonly clients: number;
	/** How many were let in, and how many of them have gone. */
	readonly connects: number;
	readonly disconnects: number;
	readonly bytesIn: number;
	readonly bytesOut: number;
	readonly messagesIn: number;
	readonly messagesOut: number;
	/** Media messages that clients should have got and did not, because they were too slow. */
	readonly messagesDropped: number;
	/** Of those that are there, since each was measured last. */
	readonly bytesPerSecondIn: number;
	readonly bytesPerSecondOut: number;
};

/** Adds up the measures of the clients of an instance, those that have gone among them. */
export class InstanceTotals {
	#connects = 0;
	readonly #gone = noCounts();
	#disconnects = 0;

	countConnect(): void {
		this.#connects++;
	}

	/** A client that had been let in has gone. */
	countDisconnect(stats: ClientStats): void {
		this.#disconnects++;
		add(this.#gone, stats);
	}

	/** The measures at this moment. */
	measure(clients: Iterable<ClientStats>): InstanceStats {
		const counts = { ...this.#gone };
		const rates = { bytesPerSecondIn: 0, bytesPerSecondOut: 0 };
		for (const stats of clients) {
			add(counts, stats);
			rates.bytesPerSecondIn += stats.bytesPerSecondIn;
			rates.bytesPerSecondOut += stats.bytesPerSecondOut;
		}
		const [connects, disconnects] = [this.#connects, this.#disconnects];
		return { clients: connects - disconnects, connects, disconnects, ...counts, ...rates };
	}
}

type Counts = ReturnType<typeof noCounts>;

function noCounts() {
	return { bytesIn: 0, bytesOut: 0, messagesIn: 0, messagesOut: 0, messagesDropped: 0 };
}

function add(counts: Counts, stats: ClientStats): void {
	counts.bytesIn += stats.bytesIn;
	counts.bytesOut += stats.bytesOut;
	counts.messagesIn += stats.messagesIn;
	counts.messagesOut += stats.messagesOut;
	counts.messagesDropped += stats.messagesDropped;
}
