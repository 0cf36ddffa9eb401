import { MEDIA_VIDEO, type MediaType } from "@millrace/core/flv";
import type { GatherWindow, HubClock, LiveStreamOptions } from "./hub-options.ts";

/**
 * The network input of a publisher. While it is held, what arrives waits in the operating system, and is then read at
 * once: waking for each packet costs more than handling it.
 */
export interface PacedInput {
	/** Called again at each window's begin: it may rest no longer for reasons of its own. */
	hold(): void;
	release(): void;
	/** Reads what waits, and rests on. False: nothing waits, or it cannot be read so: it is to be released. */
	read(): boolean;
}

/** Flushing may take this part of the time at most: when it takes more, the window grows. */
const MAX_FLUSH_SHARE = 0.6;
/** Video at this distance or closer carries the audio with it in `interactive` mode, in milliseconds. */
const REGULAR_VIDEO_MILLIS = 60;
/** Held input must fit into any socket's receive buffer with room to spare, in bytes. */
const MAX_HELD_BYTES = 24 * 1024;
/**
 * Windows end on a grid of about this many milliseconds, the same for all streams, so that they share their wake-ups: a
 * wake-up costs more than a flush.
 */
const GRID_MILLIS = 25;
/** Shorter rests save nothing. */
const MIN_HOLD_MILLIS = 8;

/**
 * When a stream's batch is flushed: by the latency mode, and later when the machine falls behind, so that overload turns
 * into larger batches and not into queues. It also lets the publisher's input rest while nothing is due.
 */
export class FlushSchedule {
	/** What holds for this stream in place of the latency mode; it counts from the next window on. */
	gather: GatherWindow = {};
	readonly #options: LiveStreamOptions;
	readonly #clock: HubClock;
	/** Flushes the batch and returns how many bytes of payload were in it. */
	readonly #flush: () => number;
	#input: PacedInput | undefined;
	#isHeld = false;
	#isDue = false;
	/** The last of the window is being read, and the flush follows. */
	#isEnding = false;
	#cancelFlush: (() => void) | undefined;
	#cancelRead: (() => void) | undefined;
	#dueAt = 0;
	#flushedAt = 0;
	/** How long a flush takes, and how late the timer calls for it, in milliseconds, smoothed. */
	#flushMillis = 0;
	#lateMillis = 0;
	/** What comes in, in bytes a millisecond, smoothed. */
	#byteRate = 0;
	#videoAt = -1;
	/** Distance of video messages as they arrive, in milliseconds, smoothed; infinite before the second. */
	#videoMillis = Number.POSITIVE_INFINITY;

	readonly #onTimer = (): void => {
		this.#lateMillis = smooth(this.#lateMillis, Math.max(0, this.#clock.now() - this.#dueAt));
		// What waits in the operating system belongs to this batch: it is read first.
		this.#isEnding = true;
		const isRead = !this.#isHeld || this.#input?.read() === true;
		this.#isEnding = false;
		if (isRead) {
			this.#run();
			return;
		}
		this.#cancelFlush = this.#clock.afterInput(() => {
			this.#cancelFlush = undefined;
			this.#run();
		});
		this.#release();
	};

	constructor(options: LiveStreamOptions, clock: HubClock, flush: () => number) {
		this.#options = options;
		this.#clock = clock;
		this.#flush = flush;
	}

	/** A publisher begins. Without `input` it is read as it comes. */
	begin(input: PacedInput | undefined): void {
		this.end();
		this.#input = input;
		this.#byteRate = 0;
		this.#videoAt = -1;
		this.#videoMillis = Number.POSITIVE_INFINITY;
	}

	/** The publisher has gone, or the stream is flushed for another reason. */
	end(): void {
		this.#cancelFlush?.();
		this.#cancelFlush = undefined;
		this.#isDue = false;
		// Forgotten first: what the release brings must not let it rest again.
		const input = this.#input;
		this.#input = undefined;
		this.#release(input);
	}

	/** A message has joined the batch, which has so many bytes of payload with it. */
	onMessage(type: MediaType, now: number, batchBytes: number): void {
		if (type === MEDIA_VIDEO) this.#noteVideo(now);
		if (this.#isDue) return;
		const wait = batchBytes < this.#maxBytes ? this.#window(type, now) : 0;
		if (wait <= 0) this.#isDue = true;
		else if (this.#cancelFlush === undefined) this.#startTimer(wait, now);
	}

	/** All that came together has joined the batch. */
	endTurn(now: number): void {
		if (this.#isEnding) return;
		if (this.#isDue) this.#run();
		else if (this.#cancelFlush !== undefined && this.#gatherMillis > 0) this.#hold(this.#dueAt - now);
	}

	/** The batch has been flushed, whoever asked for it. */
	onFlushed(startedAt: number, endedAt: number, bytes: number): void {
		this.#isDue = false;
		if (!this.#isHeld) {
			this.#cancelFlush?.();
			this.#cancelFlush = undefined;
		}
		this.#flushMillis = smooth(this.#flushMillis, endedAt - startedAt);
		if (this.#flushedAt > 0 && startedAt > this.#flushedAt) {
			const rate = bytes / (startedAt - this.#flushedAt);
			this.#byteRate = this.#byteRate === 0 ? rate : smooth(this.#byteRate, rate);
		}
		this.#flushedAt = endedAt;
	}

	#run(): void {
		this.#cancelFlush?.();
		this.#cancelFlush = undefined;
		const bytes = this.#flush();
		if (this.#input === undefined) return;
		if (bytes === 0 || this.#gatherMillis === 0) {
			this.#release();
			return;
		}
		// More will come: the next window begins now, and what falls into it is read at its end.
		const now = this.#clock.now();
		this.#startTimer(this.#window(MEDIA_VIDEO, now), now);
		this.#hold(this.#dueAt - now);
	}

	#startTimer(wait: number, now: number): void {
		const latest = now + wait;
		const isOnGrid = this.#gatherMillis > 0 && wait >= GRID_MILLIS;
		this.#dueAt = isOnGrid ? latest - (latest % (wait / Math.ceil(wait / GRID_MILLIS))) : latest;
		this.#cancelFlush = this.#clock.schedule(this.#dueAt - now, this.#onTimer);
	}

	/** Lets the input rest until the window ends, in so many milliseconds; it is read whenever no more would fit. */
	#hold(millis: number): void {
		if (this.#input === undefined || this.#byteRate === 0) return;
		const fitting = Math.min(MAX_HELD_BYTES, this.#maxBytes) / this.#byteRate;
		if (Math.min(millis, fitting) < MIN_HOLD_MILLIS) {
			this.#release();
			return;
		}
		this.#isHeld = true;
		this.#input.hold();
		this.#cancelRead?.();
		this.#cancelRead = millis <= fitting ? undefined : this.#clock.schedule(fitting, this.#onFull);
	}

	readonly #onFull = (): void => {
		this.#cancelRead = undefined;
		if (this.#input?.read() !== true) this.#release();
	};

	#release(input: PacedInput | undefined = this.#input): void {
		this.#cancelRead?.();
		this.#cancelRead = undefined;
		if (!this.#isHeld) return;
		this.#isHeld = false;
		input?.release();
	}

	/** How long messages wait for others as such, and not only while there is too much to do: 0 in `interactive` mode. */
	get #gatherMillis(): number {
		const { latency, defaultWindowMillis, scaleWindowMillis } = this.#options;
		if (this.gather.maxMillis !== undefined) return this.gather.maxMillis;
		if (latency === "interactive") return 0;
		return latency === "scale" ? scaleWindowMillis : defaultWindowMillis;
	}

	get #maxBytes(): number {
		return this.gather.maxBytes ?? Number.POSITIVE_INFINITY;
	}

	/** How long a message may wait for others, in milliseconds. */
	#window(type: MediaType, now: number): number {
		const load = Math.max(this.#flushMillis / MAX_FLUSH_SHARE, this.#lateMillis * 2);
		const underLoad = Math.min(this.#options.scaleWindowMillis, load);
		const wait = this.#gatherMillis;
		if (wait > 0) return Math.max(wait, underLoad);
		// Who wants nothing gathered wants audio at once, too.
		if (type === MEDIA_VIDEO || this.gather.maxMillis === 0) return this.#flushedAt + underLoad - now;
		return Math.max(this.#audioWindow(now), underLoad);
	}

	/** Audio goes with the next video message where one is due soon: a flush of its own costs as much as that one. */
	#audioWindow(now: number): number {
		const { audioFlushMillis } = this.#options;
		const videoIsDue = this.#videoMillis <= REGULAR_VIDEO_MILLIS && now - this.#videoAt < 2 * this.#videoMillis;
		return videoIsDue ? Math.max(audioFlushMillis, 1.5 * this.#videoMillis) : audioFlushMillis;
	}

	#noteVideo(now: number): void {
		if (this.#videoAt >= 0) {
			const distance = now - this.#videoAt;
			this.#videoMillis = Number.isFinite(this.#videoMillis) ? smooth(this.#videoMillis, distance) : distance;
		}
		this.#videoAt = now;
	}
}

function smooth(average: number, sample: number): number {
	return average * 0.8 + sample * 0.2;
}
