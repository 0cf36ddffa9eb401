import type { HubClock } from "../hub/index.ts";
import { ReadTurns } from "./read-turns.ts";

/** Something that wants to be woken. */
export interface Sleeper {
	/** Its time has come. */
	wake(): void;
}

/**
 * Wakes many file players with one timer: times are rounded up to ticks, and all whose tick has come are woken together,
 * so that hundreds of viewers cost some twenty timers a second altogether.
 */
export class PlayerSchedule {
	/** When they read, and the memory for it. */
	readonly turns = new ReadTurns();
	readonly #clock: HubClock;
	readonly #tickMillis: number;
	readonly #slots = new Map<number, Set<Sleeper>>();
	readonly #slotOf = new Map<Sleeper, number>();
	#cancelTimer: (() => void) | undefined;
	/** The tick that the timer is set for. */
	#timerTick = Number.POSITIVE_INFINITY;

	/** @param tickMillis how exact it is. Default 50 ms. */
	constructor(clock: HubClock, tickMillis = 50) {
		this.#clock = clock;
		this.#tickMillis = tickMillis;
	}

	/** Monotonic milliseconds. */
	now(): number {
		return this.#clock.now();
	}

	/** How many wait. */
	get size(): number {
		return this.#slotOf.size;
	}

	/** Whether it is to be woken. */
	isWaiting(sleeper: Sleeper): boolean {
		return this.#slotOf.has(sleeper);
	}

	/** Wakes a sleeper once, after `millis` at the earliest and a tick later at the latest; an earlier wish is forgotten. */
	wakeAfter(sleeper: Sleeper, millis: number): void {
		this.cancel(sleeper);
		const tick = Math.ceil((this.#clock.now() + Math.max(0, millis)) / this.#tickMillis);
		let slot = this.#slots.get(tick);
		if (slot === undefined) {
			slot = new Set();
			this.#slots.set(tick, slot);
		}
		slot.add(sleeper);
		this.#slotOf.set(sleeper, tick);
		if (tick < this.#timerTick) this.#setTimer(tick);
	}

	/** Lets a sleeper sleep on. */
	cancel(sleeper: Sleeper): void {
		const tick = this.#slotOf.get(sleeper);
		if (tick === undefined) return;
		this.#slotOf.delete(sleeper);
		const slot = this.#slots.get(tick)!;
		slot.delete(sleeper);
		if (slot.size > 0) return;
		this.#slots.delete(tick);
		if (this.#slots.size === 0) this.#setTimer(Number.POSITIVE_INFINITY);
	}

	#setTimer(tick: number): void {
		this.#cancelTimer?.();
		this.#cancelTimer = undefined;
		this.#timerTick = tick;
		if (tick === Number.POSITIVE_INFINITY) return;
		const wait = Math.max(0, tick * this.#tickMillis - this.#clock.now());
		this.#cancelTimer = this.#clock.schedule(wait, () => this.#onTimer());
	}

	#onTimer(): void {
		this.#cancelTimer = undefined;
		this.#timerTick = Number.POSITIVE_INFINITY;
		const now = this.#clock.now();
		let next = Number.POSITIVE_INFINITY;
		const due: number[] = [];
		for (const tick of this.#slots.keys()) {
			if (tick * this.#tickMillis <= now) due.push(tick);
			else next = Math.min(next, tick);
		}
		const sleepers = due.sort((a, b) => a - b).flatMap(tick => [...this.#slots.get(tick)!]);
		this.#setTimer(next);
		for (const sleeper of sleepers) {
			// One that was woken before may have taken this one with it, or given it a later time.
			if (!due.includes(this.#slotOf.get(sleeper) ?? Number.NaN)) continue;
			this.cancel(sleeper);
			sleeper.wake();
		}
	}
}
