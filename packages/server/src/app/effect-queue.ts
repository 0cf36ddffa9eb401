import { FanOut, isWide, type WideEffect, wideRun } from "./fan-out.ts";
import type { ClientId, PortEffect } from "./port.ts";
import { WorkShare } from "./work-share.ts";

/** An effect that is not for any number of clients. */
export type NarrowEffect = Exclude<PortEffect, WideEffect>;

/** What carries effects out. */
export interface EffectHost {
	apply(effect: NarrowEffect): void;
	/** Tells a client what wide effects are for it. */
	tell(client: ClientId, effects: readonly WideEffect[]): void;
	/** Clients that are let in. */
	everybody(): ClientId[];
	/** Effects follow, `count` at most, until `endTurn`. */
	beginTurn(count: number): void;
	endTurn(): void;
	/** All effects are carried out of a turn in which the application had begun so many events. */
	onHandled(events: number): void;
	/** Carrying out an effect has failed: that costs it and nothing else. */
	onFault(effect: PortEffect, error: unknown): void;
}

export type EffectQueueOptions = {
	/** Monotonic milliseconds. */
	now(): number;
	/**
	 * Calls `action` once after a time; returns what calls it off. Default: all is carried out at once, however long it
	 * takes.
	 */
	readonly schedule?: ((millis: number, action: () => void) => () => void) | undefined;
	/**
	 * Bytes that may wait, with `EFFECT_BYTES` for each effect beside what it carries for a shared object; with more,
	 * whoever brings them waits until there are less. Default: any number, for a host that looks whether the instance is
	 * busy.
	 */
	readonly waitingBytes?: number | undefined;
};

/** How long effects are carried out in one turn, in milliseconds: others come in between. */
const WORK_MILLIS = 4;
/** About what an effect that waits costs: an answer to a call in a batch of its own was measured with 640. */
export const EFFECT_BYTES = 640;

/**
 * The effects of an instance, which are carried out in order: at once, unless that takes too long. Ten thousand clients
 * are told something in many turns, between which others have theirs.
 */
export class EffectQueue {
	readonly #host: EffectHost;
	readonly #options: EffectQueueOptions;
	readonly #share = new WorkShare();
	readonly #batches: Batch[] = [];
	/** What is under way of the first batch. */
	#fanOut: FanOut | undefined;
	#waitingBytes = 0;
	#isWorking = false;
	#callOffWork: (() => void) | undefined;

	constructor(host: EffectHost, options: EffectQueueOptions) {
		this.#host = host;
		this.#options = options;
	}

	/** Whether some wait. */
	get isBusy(): boolean {
		return this.#batches.length > 0;
	}

	/** Takes the effects of a turn. */
	take(effects: readonly PortEffect[], handled: number): void {
		this.#batches.push({ effects, handled, done: 0 });
		this.#waitingBytes += waitingBytes(effects);
		// Who brings more than may wait waits for it.
		if (this.#callOffWork === undefined || this.#isFull) this.#work();
	}

	/** Drops what waits. */
	clear(): void {
		this.#batches.length = 0;
		this.#fanOut = undefined;
		this.#waitingBytes = 0;
		this.#callOffWork?.();
		this.#callOffWork = undefined;
	}

	get #isFull(): boolean {
		return this.#waitingBytes > (this.#options.waitingBytes ?? Number.POSITIVE_INFINITY);
	}

	#work(): void {
		// What an effect brings about at once comes behind it.
		if (this.#isWorking) return;
		this.#isWorking = true;
		this.#callOffWork?.();
		this.#callOffWork = undefined;
		const { now, schedule } = this.#options;
		const begun = now();
		const isLate = () => schedule !== undefined && !this.#isFull && now() > begun + WORK_MILLIS;
		for (let batch = this.#batches[0]; batch !== undefined; batch = this.#batches[0]) {
			const isDone = this.#carryOut(batch, isLate);
			// It may have been cleared meanwhile.
			if (this.#batches[0] !== batch) continue;
			if (!isDone) break;
			this.#batches.shift();
			this.#waitingBytes -= waitingBytes(batch.effects);
			this.#host.onHandled(batch.handled);
		}
		this.#isWorking = false;
		const rest = this.#share.count(begun, now());
		if (this.isBusy) this.#callOffWork = schedule?.(rest, () => this.#work());
	}

	/** Carries out effects of a batch, as far as time allows. Returns whether that was all. */
	#carryOut(batch: Batch, isLate: () => boolean): boolean {
		const { effects } = batch;
		const isDone = () => this.#fanOut === undefined && batch.done >= effects.length;
		this.#host.beginTurn(effects.length);
		while (this.#batches[0] === batch && !isDone() && !isLate()) {
			const effect = effects[batch.done];
			if (this.#fanOut !== undefined) this.#fan(this.#fanOut);
			else if (isWide(effect)) {
				const run = wideRun(effects, batch.done);
				batch.done += run.length;
				this.#fanOut = new FanOut(run, this.#host.everybody());
			} else if (effect !== undefined) {
				batch.done++;
				try {
					this.#host.apply(effect);
				} catch (error) {
					this.#host.onFault(effect, error);
				}
			}
		}
		this.#host.endTurn();
		return isDone();
	}

	#fan(fanOut: FanOut): void {
		const next = fanOut.next();
		if (next === undefined) this.#fanOut = undefined;
		else this.#host.tell(...next);
	}
}

/** Effects that came together. */
type Batch = {
	readonly effects: readonly PortEffect[];
	readonly handled: number;
	/** How many of them are carried out, or under way. */
	done: number;
};

function waitingBytes(effects: readonly PortEffect[]): number {
	let bytes = effects.length * EFFECT_BYTES;
	for (const effect of effects) if (effect.kind === "shared-object") bytes += effect.body.length;
	return bytes;
}
