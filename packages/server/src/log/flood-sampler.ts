import type { LogRecord, LogSink } from "./event-log.ts";

/** When the same event counts as a flood. */
export interface FloodSamplerOptions {
	/** How many of one event from one address are written in a second; the rest is counted. Default 10. */
	readonly perSecond?: number;
	/** How many pairs of event and address are told apart in one second; all further ones share one count an event. Default 4096. */
	readonly maxPairs?: number;
	/** The timer; default the platform's. */
	readonly setTimer?: (callback: () => void, millis: number) => { unref?(): unknown };
}

const WINDOW_MILLIS = 1000;

interface Tally {
	count: number;
	/** The last event that was held back. */
	last: LogRecord | undefined;
}

/**
 * Passes events on, except where the same event comes from the same remote address too often: those beyond the rate
 * are counted, and summed up in one line at the end of the second. Events without an address always pass.
 */
export class FloodSampler implements LogSink {
	readonly #sink: LogSink;
	readonly #perSecond: number;
	readonly #maxPairs: number;
	readonly #setTimer: NonNullable<FloodSamplerOptions["setTimer"]>;
	readonly #tallies = new Map<string, Tally>();

	constructor(sink: LogSink, options: FloodSamplerOptions = {}) {
		this.#sink = sink;
		this.#perSecond = options.perSecond ?? 10;
		this.#maxPairs = options.maxPairs ?? 4096;
		this.#setTimer = options.setTimer ?? setTimeout;
	}

	write(record: LogRecord): void {
		const { from } = record.fields;
		if (from === undefined) {
			this.#sink.write(record);
			return;
		}
		const tally = this.#tallyOf(record.event, from);
		tally.count += 1;
		if (tally.count <= this.#perSecond) this.#sink.write(record);
		else tally.last = record;
	}

	/** Ends the running second early: what was held back is summed up now. */
	flush(): void {
		this.#endWindow();
		this.#sink.flush();
	}

	#tallyOf(event: string, from: string): Tally {
		if (this.#tallies.size === 0) this.#setTimer(() => this.#endWindow(), WINDOW_MILLIS).unref?.();
		const pair = `${event} ${from}`;
		const known = this.#tallies.get(pair);
		if (known !== undefined) return known;
		// A flood from more addresses than can be told apart is one flood. No address is a lone star.
		const key = this.#tallies.size < this.#maxPairs ? pair : `${event} *`;
		const tally = this.#tallies.get(key) ?? { count: 0, last: undefined };
		this.#tallies.set(key, tally);
		return tally;
	}

	#endWindow(): void {
		for (const [key, { count, last }] of this.#tallies) {
			if (last === undefined) continue;
			const held = count - this.#perSecond;
			const from = key.endsWith(" *") ? "many addresses" : last.fields.from;
			this.#sink.write({ ...last, fields: { from, text: `… and ${held} more like this`, repeated: held } });
		}
		this.#tallies.clear();
	}
}
