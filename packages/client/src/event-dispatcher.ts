import { AsyncErrorEvent, type FlashEvent, type NetEvents, NetStatusEvent } from "./events.ts";

type Listener = { readonly call: (event: never) => void; readonly priority: number };

/**
 * ActionScript 3's `EventDispatcher`, as far as connections and streams use it. A listener that throws disturbs
 * nothing: the error is reported as an `asyncError` event, or as a warning where nobody listens for those.
 */
export abstract class EventDispatcher {
	readonly #listeners = new Map<string, Listener[]>();
	readonly #warned = new Set<string>();
	readonly #warn: (text: string) => void;

	/** @param warn takes what nobody listens for, one text at a time */
	constructor(warn: (text: string) => void) {
		this.#warn = warn;
	}

	/**
	 * Adds a listener; one that is there already is not added again. Those of higher priority are called first, others in
	 * the order in which they came. `useCapture` and `useWeakReference` are taken and mean nothing here.
	 */
	addEventListener<T extends keyof NetEvents>(
		type: T,
		listener: (event: NetEvents[T]) => void,
		_useCapture = false,
		priority = 0,
		_useWeakReference = false,
	): void {
		const list = this.#listeners.get(type) ?? [];
		if (list.some(entry => entry.call === listener)) return;
		const before = list.findIndex(entry => entry.priority < priority);
		// A new list: a dispatch that is under way goes on with the old one.
		this.#listeners.set(type, list.toSpliced(before < 0 ? list.length : before, 0, { call: listener, priority }));
	}

	removeEventListener<T extends keyof NetEvents>(
		type: T,
		listener: (event: NetEvents[T]) => void,
		_useCapture = false,
	): void {
		const list = this.#listeners.get(type);
		if (list !== undefined)
			this.#listeners.set(
				type,
				list.filter(entry => entry.call !== listener),
			);
	}

	hasEventListener(type: string): boolean {
		return (this.#listeners.get(type)?.length ?? 0) > 0;
	}

	/** The same as `hasEventListener`, for there is no display list here. */
	willTrigger(type: string): boolean {
		return this.hasEventListener(type);
	}

	/** Calls the listeners. Always true, for these events cannot be cancelled. */
	dispatchEvent(event: NetEvents[keyof NetEvents]): boolean {
		event.target = this;
		for (const { call } of this.#listeners.get(event.type) ?? []) {
			const what = `A listener of ${event.type} threw`;
			this.guard(what, () => (call as (event: FlashEvent) => unknown)(event), event.type !== "asyncError");
		}
		if (event instanceof NetStatusEvent) this.#callOnStatus(event);
		return true;
	}

	/** Runs code of the user. What it throws, or its promise rejects with, is reported, never thrown on. */
	protected guard(what: string, action: () => unknown, toListeners = true): void {
		try {
			const answer = action();
			if (answer instanceof Promise) answer.catch((error: unknown) => this.reportError(what, error, toListeners));
		} catch (error) {
			this.reportError(what, error, toListeners);
		}
	}

	/**
	 * Reports an error of the user's code.
	 *
	 * @param toListeners false for what an `asyncError` listener throws, which would come back to it for ever
	 */
	protected reportError(what: string, error: unknown, toListeners = true): void {
		const cause = error instanceof Error ? error : new Error(String(error));
		if (toListeners && this.hasEventListener("asyncError")) {
			this.dispatchEvent(new AsyncErrorEvent(`${what}: ${cause.message}`, cause));
		} else this.#warn(`${what}: ${cause.stack ?? cause.message}`);
	}

	/** Reports that a callback is missing: to listeners each time, otherwise as one warning for each name. */
	protected reportMissing(wireName: string, quiet: boolean): void {
		// The peer chose it: it must not steer a terminal.
		const name = wireName.slice(0, 100).replace(/[\p{Cc}\p{Bidi_Control}]/gu, "?");
		const text = `Error #2095: ${this.constructor.name} was unable to invoke callback ${name}.`;
		if (this.hasEventListener("asyncError")) {
			this.dispatchEvent(new AsyncErrorEvent(text, new ReferenceError(text)));
		} else if (!quiet && this.#warned.size < MAX_WARNED_NAMES && !this.#warned.has(name)) {
			this.#warned.add(name);
			this.#warn(text);
		}
	}

	/** ActionScript 1 and 2: the status handler is a member. */
	#callOnStatus(event: NetStatusEvent): void {
		const { onStatus } = this as { onStatus?: unknown };
		if (typeof onStatus === "function") this.guard("onStatus threw", () => onStatus.call(this, event.info));
	}
}

/** The peer chooses the names: it must not fill the memory with them. */
const MAX_WARNED_NAMES = 100;
