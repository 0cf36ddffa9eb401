/** From this share of its limit on, an application's memory is low (`onLowMemory`, `Application.Resource.LowMemory`). */
export const LOW_MEMORY_SHARE = 0.8;
/** It must have come down to this share before it can be low once more. */
export const RECOVERED_MEMORY_SHARE = 0.7;

/** Finds out when memory becomes low: once, until there is enough of it again. */
export class LowMemoryAlarm {
	#isLow = false;

	/** Takes a measure, in bytes. True: memory has become low. */
	measure(used: number, limit: number): boolean {
		const wasLow = this.#isLow;
		this.#isLow = used >= limit * (wasLow ? RECOVERED_MEMORY_SHARE : LOW_MEMORY_SHARE);
		return this.#isLow && !wasLow;
	}
}
