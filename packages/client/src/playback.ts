import type { StatusCode } from "@millrace/core/rtmp";

/** What a player tells of its buffer. */
export type BufferCode = Extract<StatusCode, `NetStream.Buffer.${string}`>;

/** A stretch of received media whose times go on, in milliseconds. */
type Stretch = { readonly from: number; end: number; audioEnd: number; videoEnd: number };

/** A step back further than this begins a new stretch: the next item of a playlist, or another publisher. */
const MAX_STEP_BACK_MILLIS = 1000;
/** How much faster a live stream is played to catch up (ActionScript 3, `bufferTimeMax`). */
const LEAST_HASTE = 1.015;
const MOST_HASTE = 1.0625;

/**
 * The buffer and the playhead of a player that decodes nothing: told when which media came, it knows what would be on
 * the screen, by the wall clock. Pure: times are arguments, in milliseconds. `update` is due at `deadline`.
 *
 * | state | what happens | status |
 * |---|---|---|
 * | buffering | as much as `bufferMillis` is there | `Buffer.Full`: it plays |
 * | playing | everything has been played | `Buffer.Empty`: it buffers again |
 * | any | no more will come | `Buffer.Flush`: the rest is played, then `Buffer.Empty` |
 *
 * With a `bufferMillis` of 0 nothing is buffered: each frame is played as it comes, and running dry is not reported.
 */
export class Playback {
	/** What is to be there before it plays. */
	bufferMillis = 100;
	/** Live streams are played a little faster while more than this is there. 0: never. */
	maxBufferMillis = 0;
	isLive = true;
	readonly #onStatus: (code: BufferCode) => void;
	#state: "idle" | "buffering" | "playing" | "over" = "idle";
	#isPaused = false;
	#isFlushed = false;
	/** The playhead is in the first one. */
	#stretches: Stretch[] = [];
	#position = 0;
	#advancedAt = 0;

	/** @param onStatus is called from within `add`, `flush` and `update` */
	constructor(onStatus: (code: BufferCode) => void) {
		this.#onStatus = onStatus;
	}

	/** Begins anew, with an empty buffer; the playhead stands there until media comes. */
	restart(position = 0): void {
		this.#state = "buffering";
		this.#isFlushed = false;
		this.#stretches = [];
		this.#position = position;
	}

	/** Nothing is played any more; the playhead stays where it is. */
	stop(now: number): void {
		this.#advance(now);
		this.#state = "idle";
		this.#isPaused = false;
		this.#stretches = [];
	}

	/** Takes note of a frame that has come. */
	add(timestamp: number, isVideo: boolean, now: number): void {
		if (this.#state === "idle") return;
		this.#advance(now);
		if (this.#state === "over") this.restart(this.#position);
		let last = this.#stretches.at(-1);
		if (last === undefined || timestamp < last.end - MAX_STEP_BACK_MILLIS) {
			if (last === undefined) this.#position = timestamp;
			last = { from: timestamp, end: timestamp, audioEnd: timestamp, videoEnd: timestamp };
			this.#stretches.push(last);
		}
		last.end = Math.max(last.end, timestamp);
		if (isVideo) last.videoEnd = last.end;
		else last.audioEnd = last.end;
		if (this.#state === "playing" && this.isLive && this.bufferMillis === 0 && !this.#isPaused) this.#jumpToEnd();
		this.update(now);
	}

	/** No more will come: what is there is played out. */
	flush(now: number): void {
		if (this.#isFlushed || this.#stretches.length === 0 || this.#state === "over") return;
		this.#isFlushed = true;
		this.#onStatus("NetStream.Buffer.Flush");
		this.update(now);
	}

	pause(now: number): void {
		this.#advance(now);
		this.#isPaused = true;
	}

	resume(now: number): void {
		this.#advance(now);
		this.#isPaused = false;
	}

	/** The playhead: the time of what is played now. */
	position(now: number): number {
		this.#advance(now);
		return this.#position;
	}

	/** What has come and has not been played. */
	length(now: number): number {
		this.#advance(now);
		return this.#left();
	}

	/** The same, of audio or video alone. */
	lengthOf(kind: "audio" | "video", now: number): number {
		const last = this.#stretches.at(-1);
		if (last === undefined) return 0;
		const end = kind === "audio" ? last.audioEnd : last.videoEnd;
		return Math.max(0, this.length(now) - (last.end - end));
	}

	/** When `update` is to be called at the latest: what is there will have been played then. */
	deadline(now: number): number {
		if (this.#state !== "playing" || this.#isPaused) return Number.POSITIVE_INFINITY;
		if (this.bufferMillis === 0 && !this.#isFlushed) return Number.POSITIVE_INFINITY;
		return now + this.length(now) / this.#speed();
	}

	/** Reports what has changed. */
	update(now: number): void {
		this.#advance(now);
		if (this.#stretches.length === 0) return;
		const left = this.#left();
		if (this.#state === "buffering" && (this.#isFlushed || left >= this.bufferMillis)) {
			this.#state = "playing";
			this.#advancedAt = now;
			if (!this.#isFlushed) this.#onStatus("NetStream.Buffer.Full");
		}
		if (this.#state !== "playing" || this.#isPaused || this.#left() >= 1) return;
		if (this.#isFlushed) {
			this.#state = "over";
			this.#onStatus("NetStream.Buffer.Empty");
		} else if (this.bufferMillis > 0) {
			this.#state = "buffering";
			this.#onStatus("NetStream.Buffer.Empty");
		}
	}

	#advance(now: number): void {
		let step = (now - this.#advancedAt) * this.#speed();
		this.#advancedAt = now;
		if (this.#state !== "playing" || this.#isPaused) return;
		while (this.#stretches.length > 1 && this.#position + step >= this.#stretches[0]!.end) {
			step -= this.#stretches[0]!.end - this.#position;
			this.#stretches.shift();
			this.#position = this.#stretches[0]!.from;
		}
		const first = this.#stretches[0];
		if (first !== undefined) this.#position = Math.min(first.end, this.#position + step);
	}

	#jumpToEnd(): void {
		this.#stretches = this.#stretches.slice(-1);
		this.#position = this.#stretches[0]!.end;
	}

	#left(): number {
		let left = -this.#position;
		for (const [index, { from, end }] of this.#stretches.entries()) left += index === 0 ? end : end - from;
		return this.#stretches.length === 0 ? 0 : Math.max(0, left);
	}

	#speed(): number {
		const most = this.maxBufferMillis;
		if (!this.isLive || most <= 0) return 1;
		const excess = this.#left() / most - 1;
		return excess <= 0 ? 1 : Math.min(MOST_HASTE, LEAST_HASTE + excess * (MOST_HASTE - LEAST_HASTE));
	}
}
