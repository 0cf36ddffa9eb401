import type { ScriptFunction, ScriptObject, ScriptValue } from "./native-class.ts";

/** Longest interval of a timer, in milliseconds (24 days); longer ones fire as if they were none. */
const MAX_MILLIS = 2 ** 31 - 1;
/** Timers of one instance that run at once. */
export const MAX_TIMERS = 10_000;

/** What timers need of a realm. */
export type TimerRealm = {
	invoke(self: ScriptObject, name: string, args: readonly ScriptValue[], where: string): unknown;
	invokeFunction(fn: ScriptFunction, self: ScriptValue, args: readonly ScriptValue[], where: string): unknown;
};

/** `setInterval` and `clearInterval` of scripts. A handler that throws does not end its timer. */
export class ScriptTimers {
	readonly #realm: TimerRealm;
	readonly #timers = new Map<number, NodeJS.Timeout>();
	#nextId = 1;
	#isClosed = false;

	constructor(realm: TimerRealm) {
		this.#realm = realm;
	}

	/**
	 * `(function, millis, ...args)` or `(object, "method", millis, ...args)`; the method is looked up each time. Returns
	 * the timer's number. Throws a TypeError where there is nothing to call, a RangeError beyond `MAX_TIMERS`.
	 */
	set(args: readonly ScriptValue[]): number {
		const [target, second, third] = args;
		if (typeof target === "function" && typeof second !== "string") {
			const fn = target as ScriptFunction;
			return this.#start(second, () => this.#realm.invokeFunction(fn, undefined, args.slice(2), "setInterval"));
		}
		if ((typeof target === "object" || typeof target === "function") && target !== null && typeof second === "string") {
			return this.#start(third, () => this.#realm.invoke(target, second, args.slice(3), "setInterval"));
		}
		throw new TypeError("setInterval needs a function, or an object and the name of its method");
	}

	/** Unknown numbers are none of a timer any more: nothing happens. */
	clear(id: ScriptValue): void {
		const number = Number(id);
		clearInterval(this.#timers.get(number));
		this.#timers.delete(number);
	}

	/** Ends all of them; none begins any more. */
	close(): void {
		this.#isClosed = true;
		for (const timer of this.#timers.values()) clearInterval(timer);
		this.#timers.clear();
	}

	#start(interval: ScriptValue, action: () => void): number {
		if (this.#timers.size >= MAX_TIMERS) throw new RangeError(`An instance has ${MAX_TIMERS} timers at most.`);
		const millis = Number(interval);
		const id = this.#nextId++;
		if (!this.#isClosed) this.#timers.set(id, setInterval(action, Math.min(millis > 0 ? millis : 1, MAX_MILLIS)));
		return id;
	}
}
