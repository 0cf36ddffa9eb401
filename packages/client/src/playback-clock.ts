import type { ClientPlatform } from "./connect/index.ts";
import { type BufferCode, Playback } from "./playback.ts";

/** A `Playback` that runs by a platform's clock and timer. Most deadlines move on before they come: one timer is enough. */
export class PlaybackClock {
	readonly #platform: ClientPlatform;
	readonly #playback: Playback;
	#stopTimer: (() => void) | undefined;
	#timerAt = Number.POSITIVE_INFINITY;

	constructor(platform: ClientPlatform, onStatus: (code: BufferCode) => void) {
		this.#platform = platform;
		this.#playback = new Playback(onStatus);
	}

	/** The time of what is played now, in milliseconds. */
	get position(): number {
		return this.#playback.position(this.#platform.now());
	}

	/** What has come and has not been played, in milliseconds. */
	get length(): number {
		return this.#playback.length(this.#platform.now());
	}

	/** The same, of audio or video alone. */
	lengthOf(kind: "audio" | "video"): number {
		return this.#playback.lengthOf(kind, this.#platform.now());
	}

	/** What is to be there before it plays, and above which a live stream is played faster, in milliseconds. */
	setBuffer(millis: number, maxMillis: number): void {
		this.#playback.bufferMillis = millis;
		this.#playback.maxBufferMillis = maxMillis;
		this.#playback.update(this.#platform.now());
		this.#arm();
	}

	setLive(isLive: boolean): void {
		this.#playback.isLive = isLive;
	}

	restart(position?: number): void {
		this.#playback.restart(position);
	}

	add(timestamp: number, isVideo: boolean): void {
		this.#playback.add(timestamp, isVideo, this.#platform.now());
		this.#arm();
	}

	flush(): void {
		this.#playback.flush(this.#platform.now());
		this.#arm();
	}

	pause(paused: boolean): void {
		const now = this.#platform.now();
		if (paused) this.#playback.pause(now);
		else this.#playback.resume(now);
		this.#arm();
	}

	stop(): void {
		this.#playback.stop(this.#platform.now());
		this.#stopTimer?.();
		this.#timerAt = Number.POSITIVE_INFINITY;
	}

	#arm(): void {
		const now = this.#platform.now();
		const deadline = this.#playback.deadline(now);
		if (deadline >= this.#timerAt) return;
		this.#stopTimer?.();
		this.#timerAt = deadline;
		this.#stopTimer = this.#platform.after(Math.max(1, deadline - now), () => {
			this.#timerAt = Number.POSITIVE_INFINITY;
			this.#playback.update(this.#platform.now());
			this.#arm();
		});
	}
}
