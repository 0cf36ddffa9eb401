/** Streams that are played one into the other in a row, at most. */
const MAX_CHAIN = 16;

/** Which streams play which others live, on the whole server: nothing may run in a ring. */
export class RelayGraph {
	/** By whoever plays: two of them may wait to publish one stream. */
	readonly #relays = new Map<object, { readonly target: string; readonly source: string }>();

	/**
	 * Somebody begins to play one stream into another. False: the stream would get back what it sends, or the row would
	 * be too long.
	 */
	begin(owner: object, target: string, source: string): boolean {
		let keys = new Set([source]);
		for (let length = 0; keys.size > 0; length++) {
			if (keys.has(target) || length >= MAX_CHAIN) return false;
			const before = new Set<string>();
			for (const relay of this.#relays.values()) if (keys.has(relay.target)) before.add(relay.source);
			keys = before;
		}
		this.#relays.set(owner, { target, source });
		return true;
	}

	end(owner: object): void {
		this.#relays.delete(owner);
	}
}
