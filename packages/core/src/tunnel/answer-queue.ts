/** What waits for a client's next request: slices, which are never joined here, because viewers share them. */
export class AnswerQueue {
	#slices: Uint8Array[] = [];
	#length = 0;

	/** Bytes that wait. */
	get length(): number {
		return this.#length;
	}

	push(bytes: Uint8Array): void {
		if (bytes.length === 0) return;
		this.#slices.push(bytes);
		this.#length += bytes.length;
	}

	/** Moves up to `maxBytes` to the end of `target`; gives how many they are. */
	moveTo(target: Uint8Array[], maxBytes: number): number {
		let moved = 0;
		let whole = 0;
		for (const slice of this.#slices) {
			const room = maxBytes - moved;
			if (room === 0) break;
			if (slice.length > room) {
				target.push(slice.subarray(0, room));
				this.#slices[whole] = slice.subarray(room);
				moved += room;
				break;
			}
			target.push(slice);
			moved += slice.length;
			whole++;
		}
		this.#slices.splice(0, whole);
		this.#length -= moved;
		return moved;
	}

	clear(): void {
		this.#slices = [];
		this.#length = 0;
	}
}
