import type { InstanceClient } from "./instance-client.ts";

/** Clients whose output waits for the end of a turn: all of it leaves at once then. */
const MAX_HELD = 64;

/** What clients are told by the effects of one turn: each is told all of it in one write, at the end of the turn. */
export class TurnOutput {
	/** While several effects are carried out: whose output waits. */
	#held: Set<InstanceClient> | undefined;

	/** So many effects follow, at most, until `end`. */
	begin(effects: number): void {
		if (effects > 1) this.#held = new Set();
	}

	/** Lets what a client is told wait for the end of the turn, if it has one. */
	hold(client: InstanceClient): void {
		if (this.#held === undefined || this.#held.has(client)) return;
		this.#held.add(client);
		client.holdOutput();
	}

	/** The same for one of many. False: it does not wait, for too many do. */
	holdOneOfMany(client: InstanceClient): boolean {
		const held = this.#held;
		if (held === undefined) return false;
		if (held.size < MAX_HELD) this.hold(client);
		return held.has(client);
	}

	/** What was held leaves. */
	end(): void {
		const held = this.#held ?? [];
		this.#held = undefined;
		for (const client of held) client.releaseOutput();
	}
}
