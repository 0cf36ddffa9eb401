import type { ClientId, PortEffect } from "./port.ts";

/** An effect for any number of clients. */
export type WideEffect = Extract<PortEffect, { kind: "broadcast" | "shared-object" }>;

/** What is put together at most: effects, since what is gathered grows with their clients, and bytes for one client. */
const MAX_EFFECTS = 32;
const MAX_BYTES = 64 * 1024;

export function isWide(effect: PortEffect | undefined): effect is WideEffect {
	return effect?.kind === "broadcast" || effect?.kind === "shared-object";
}

/** The wide effects that stand in a row from a place on. */
export function wideRun(effects: readonly PortEffect[], from: number): WideEffect[] {
	const run: WideEffect[] = [];
	let bytes = 0;
	for (let at = from; run.length < MAX_EFFECTS && bytes < MAX_BYTES; at++) {
		const effect = effects[at];
		if (!isWide(effect)) break;
		run.push(effect);
		if (effect.kind === "shared-object") bytes += effect.body.length;
	}
	return run;
}

/**
 * What several effects in a row are for each client: so everyone is told all of it in one write, and those whose turn
 * has not come can be told later.
 */
export class FanOut {
	readonly #left: Iterator<[ClientId, WideEffect[]]>;

	/** `everybody` is whom a broadcast is for. */
	constructor(effects: readonly WideEffect[], everybody: readonly ClientId[]) {
		const told = new Map<ClientId, WideEffect[]>();
		for (const effect of effects) {
			for (const client of effect.kind === "broadcast" ? everybody : effect.clients) {
				const list = told.get(client);
				if (list === undefined) told.set(client, [effect]);
				else list.push(effect);
			}
		}
		this.#left = told.entries();
	}

	/** The next client, and what it is told, in order; `undefined`: there is none left. */
	next(): [ClientId, WideEffect[]] | undefined {
		const { value, done } = this.#left.next();
		return done ? undefined : value;
	}
}
