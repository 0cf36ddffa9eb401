/** What the picture's speed and place should become. */
export type Steering = { readonly rate: number; readonly seekTo: number | undefined };

const LEAST_TARGET = 0.5;
const MOST_TARGET = 4;
/** Behind the target by more than this, it jumps; below, it runs a little faster. */
const JUMP_EXCESS = 3;
/** An edge that was seen longer ago than one to two of these is forgotten: clocks of encoders drift. */
const EDGE_PERIOD = 15;

/**
 * Keeps playback near the newest data that has arrived. It only counts: the caller tells it times and places, all in
 * seconds, and does what `steer` answers.
 *
 * It aims at a cushion of buffered media, 0.5 s at first. A stall shows that the network needs more, so each one adds
 * to the cushion; a quiet minute takes a little away again.
 */
export class LiveEdge {
	#target = LEAST_TARGET;
	#lastChange = 0;
	/** The largest (buffered end - time of arrival) of the current and of the last period: the undelayed edge. */
	#edge = Number.NEGATIVE_INFINITY;
	#edgeBefore = Number.NEGATIVE_INFINITY;
	#periodStart = 0;

	/** The cushion that is aimed at, in seconds. */
	get target(): number {
		return this.#target;
	}

	/** A new connection: what was known of the edge is void, the cushion stays. */
	reset(): void {
		this.#edge = Number.NEGATIVE_INFINITY;
		this.#edgeBefore = Number.NEGATIVE_INFINITY;
	}

	/** Playback ran dry. */
	noteStall(now: number): void {
		this.#target = Math.min(MOST_TARGET, this.#target + 0.35);
		this.#lastChange = now;
	}

	/** Media up to `bufferedEnd` is there at time `now`. */
	observe(now: number, bufferedEnd: number): void {
		if (now - this.#periodStart > EDGE_PERIOD) {
			this.#edgeBefore = this.#edge;
			this.#edge = Number.NEGATIVE_INFINITY;
			this.#periodStart = now;
		}
		this.#edge = Math.max(this.#edge, bufferedEnd - now);
		if (now - this.#lastChange > 60) {
			this.#target = Math.max(LEAST_TARGET, this.#target - 0.1);
			this.#lastChange = now;
		}
	}

	/**
	 * How far the picture is behind the live edge: the edge runs on with the clock from the frame that arrived
	 * earliest, so data that is late counts as delay too, not only what lies in the buffer.
	 */
	behind(now: number, currentTime: number): number | undefined {
		const edge = Math.max(this.#edge, this.#edgeBefore);
		return Number.isFinite(edge) ? Math.max(0, edge + now - currentTime) : undefined;
	}

	/** What to do when `bufferedEnd - currentTime` seconds are in hand. */
	steer(bufferedEnd: number, currentTime: number): Steering {
		const excess = bufferedEnd - currentTime - this.#target;
		if (excess > JUMP_EXCESS) return { rate: 1, seekTo: bufferedEnd - this.#target };
		// Frames come in steps and a cushion breathes: a small excess is left alone. Pitch is kept by the browser.
		if (excess > 0.8) return { rate: 1.1, seekTo: undefined };
		if (excess > 0.25) return { rate: 1.04, seekTo: undefined };
		return { rate: 1, seekTo: undefined };
	}
}
