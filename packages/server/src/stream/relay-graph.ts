/** Streams that are played one into the other in a row, at most: each hands on within the call that hands to it. */
export const MAX_CHAIN = 16;

/** Which streams play which others live, on the whole server: nothing may run in a ring. */
export class RelayGraph {
	/** By whoever plays: two of them may wait to publish one stream. */
	readonly #relays = new Map<object, Relay>();

	/**
	 * Somebody begins to play one stream into another. False: the stream would get back what it sends, or the row would
	 * be longer than `MAX_CHAIN`.
	 */
	begin(owner: object, target: string, source: string): boolean {
		const below = this.#reach(source, relay => [relay.target, relay.source]);
		if (below.keys.has(target)) return false;
		const above = this.#reach(target, relay => [relay.source, relay.target]);
		if (below.length + above.length > MAX_CHAIN) return false;
		this.#relays.set(owner, { target, source });
		return true;
	}

	end(owner: object): void {
		this.#relays.delete(owner);
	}

	/** All that is reached from a stream by one step after the other, and by how many streams the longest way leads. */
	#reach(start: string, step: (relay: Relay) => [from: string, to: string]): { keys: Set<string>; length: number } {
		const keys = new Set<string>();
		let last = new Set([start]);
		let length = 0;
		for (; last.size > 0; length++) {
			const next = new Set<string>();
			for (const key of last) keys.add(key);
			for (const relay of this.#relays.values()) {
				const [from, to] = step(relay);
				if (last.has(from)) next.add(to);
			}
			last = next;
		}
		return { keys, length };
	}
}

type Relay = { readonly target: string; readonly source: string };
