/** What all clients of an instance together have sent and been sent; those that have gone count too. */
export type InstanceTotals = {
	readonly bytesIn: number;
	readonly bytesOut: number;
	readonly messagesIn: number;
	readonly messagesOut: number;
	readonly messagesDropped: number;
	/** Bytes a second, of those who are there. */
	readonly bytesPerSecondIn: number;
	readonly bytesPerSecondOut: number;
	/** Clients that have asked to be let in, and those of them that have gone. */
	readonly connects: number;
	readonly disconnects: number;
};

const LASTING = ["bytesIn", "bytesOut", "messagesIn", "messagesOut", "messagesDropped"] as const;
const RATES = ["bytesPerSecondIn", "bytesPerSecondOut"] as const;
type Figure = (typeof LASTING)[number] | (typeof RATES)[number];

/** Adds up the figures of an instance's clients. */
export class InstanceTally {
	#connects = 0;
	#disconnects = 0;
	/** Of clients that have gone. */
	readonly #gone = new Map<Figure, number>();

	connect(): void {
		this.#connects++;
	}

	/** `stats` are the client's last figures. */
	disconnect(stats: object): void {
		this.#disconnects++;
		for (const name of LASTING) this.#gone.set(name, (this.#gone.get(name) ?? 0) + figure(stats, name));
	}

	/** `present` are the figures of the clients that are there. */
	totals(present: readonly object[]): InstanceTotals {
		const sums = Object.fromEntries(
			[...LASTING, ...RATES].map(name => [
				name,
				present.reduce((sum, stats) => sum + figure(stats, name), this.#gone.get(name) ?? 0),
			]),
		) as Record<Figure, number>;
		return { ...sums, connects: this.#connects, disconnects: this.#disconnects };
	}
}

/** Fakes in tests may leave figures out. */
function figure(stats: object, name: Figure): number {
	const value = (stats as Record<string, unknown>)[name];
	return typeof value === "number" ? value : 0;
}
