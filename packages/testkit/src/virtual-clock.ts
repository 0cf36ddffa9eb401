type Timer = { readonly at: number; readonly order: number; readonly action: () => void };

/** A clock that a test moves: it implements the hub's clock (`now`, `schedule`). */
export class VirtualClock {
	#now: number;
	#order = 0;
	#timers: Timer[] = [];

	/** @param start where it stands at first, in milliseconds */
	constructor(start = 0) {
		this.#now = start;
	}

	/** Timers that are set. */
	get timerCount(): number {
		return this.#timers.length;
	}

	/** Milliseconds; a property, so that it can be handed on by itself. */
	readonly now = (): number => this.#now;

	/** Calls `action` once when the clock has been moved on by `millis`; returns what cancels it. */
	afterInput(action: () => void): () => void {
		return this.schedule(0, action);
	}

	schedule(millis: number, action: () => void): () => void {
		const timer: Timer = { at: this.#now + Math.max(0, millis), order: this.#order++, action };
		this.#timers.push(timer);
		return () => {
			this.#timers = this.#timers.filter(other => other !== timer);
		};
	}

	/** Moves on, and calls what falls due on the way, in order and each at its own time. */
	advance(millis: number): void {
		const end = this.#now + millis;
		for (;;) {
			const next = this.#timers.filter(timer => timer.at <= end).sort((a, b) => a.at - b.at || a.order - b.order)[0];
			if (next === undefined) break;
			this.#timers = this.#timers.filter(other => other !== next);
			this.#now = Math.max(this.#now, next.at);
			next.action();
		}
		this.#now = end;
	}

	/** Moves on without calling anything, as a process does that is held up: what fell due comes at the next `advance`. */
	stall(millis: number): void {
		this.#now += millis;
	}
}
