import { LiveEdge } from "./live-edge.ts";

/** Milliseconds that the picture may stand with media ahead of it before it is put at the live edge. */
const STUCK_BEFORE_JUMP = 1500;
/** Milliseconds after which the connection is opened anew. */
const STUCK_BEFORE_RESTART = 6000;

/** Watches a video element: keeps it near the live edge, counts its frames, and notices when it is stuck. */
export class LivePlayback {
	readonly #video: HTMLVideoElement;
	readonly #edge = new LiveEdge();
	readonly #onStuck: () => void;
	#roundTrip: number | undefined;
	#decoded = 0;
	#dropped = 0;
	#lastTotal = 0;
	#lastDropped = 0;
	#placed = false;
	#jumped = false;
	#lastTime = 0;
	#lastEnd = 0;
	#movedAt = 0;

	constructor(video: HTMLVideoElement, onStuck: () => void) {
		this.#video = video;
		this.#onStuck = onStuck;
		video.muted = true;
		video.addEventListener("waiting", () => {
			// Running dry before the first placing is the start itself, not a stall.
			if (this.#placed && !video.seeking) this.#edge.noteStall(performance.now() / 1000);
		});
		setInterval(() => this.#tick(), 100);
	}

	/** Frames decoded since the page was opened. */
	get framesDecoded(): number {
		return this.#decoded;
	}

	get framesDropped(): number {
		return this.#dropped;
	}

	/** Seconds behind the live edge, with half a round trip; `undefined` while nothing plays. */
	get latency(): number | undefined {
		if (!this.#placed || this.#video.readyState < 2) return undefined;
		const behind = this.#edge.behind(performance.now() / 1000, this.#video.currentTime);
		return behind === undefined ? undefined : behind + (this.#roundTrip ?? 0) / 2000;
	}

	/** Milliseconds of buffered media still to play. */
	get bufferedMillis(): number {
		const end = this.#bufferedEnd();
		return end === undefined ? 0 : Math.max(0, (end - this.#video.currentTime) * 1000);
	}

	/** Half of what a question to the server takes, in milliseconds: the network's part of the latency. */
	get networkMillis(): number | undefined {
		return this.#roundTrip === undefined ? undefined : this.#roundTrip / 2;
	}

	/** True while the picture stands although it should move. */
	get starved(): boolean {
		return !this.#video.paused && this.#video.readyState < 3;
	}

	get paused(): boolean {
		return this.#video.paused;
	}

	get size(): { width: number; height: number } | undefined {
		const { videoWidth: width, videoHeight: height } = this.#video;
		return width > 0 && height > 0 ? { width, height } : undefined;
	}

	/** A new media source was attached to the element. */
	begin(): void {
		this.#placed = false;
		this.#lastEnd = 0;
		this.#movedAt = performance.now();
		this.#edge.reset();
		this.#video.play().catch((error: unknown) => {
			// A newer source aborts the older start; a browser that forbids even muted autoplay leaves the play button.
			if (!(error instanceof DOMException && error.name === "AbortError")) console.warn("No autoplay:", error);
		});
	}

	/** One more measured round trip, in milliseconds; the smallest of late ones is the network's own. */
	noteRoundTrip(millis: number): void {
		this.#roundTrip = this.#roundTrip === undefined ? millis : Math.min(millis, this.#roundTrip * 1.1);
	}

	toLiveEdge(): void {
		const end = this.#bufferedEnd();
		if (end === undefined) return;
		const target = end - this.#edge.target;
		if (target > this.#video.currentTime) this.#video.currentTime = target;
	}

	#tick(): void {
		this.#countFrames();
		const video = this.#video;
		const end = this.#bufferedEnd();
		if (end === undefined) return;
		const now = performance.now();
		if (end > this.#lastEnd) this.#edge.observe(now / 1000, end);
		this.#noteMovement(now, end);
		if (video.paused || video.readyState < 2) return;
		if (!this.#placed) {
			// The server sends from the last keyframe on: the past of it is skipped once, then speed does the rest.
			this.#placed = true;
			if (end - video.currentTime > this.#edge.target + 0.6) this.toLiveEdge();
			return;
		}
		const { rate, seekTo } = this.#edge.steer(end, video.currentTime);
		if (video.playbackRate !== rate) video.playbackRate = rate;
		if (seekTo !== undefined && !video.seeking) video.currentTime = seekTo;
	}

	/** A picture that stands with media ahead of it hangs before a gap, or its decoder does. */
	#noteMovement(now: number, end: number): void {
		const video = this.#video;
		const moved = video.currentTime !== this.#lastTime;
		this.#lastTime = video.currentTime;
		this.#lastEnd = end;
		if (moved || video.paused || end - video.currentTime < 0.3) {
			this.#movedAt = now;
			this.#jumped = false;
		} else if (now - this.#movedAt > STUCK_BEFORE_RESTART) {
			this.#movedAt = now;
			this.#onStuck();
		} else if (now - this.#movedAt > STUCK_BEFORE_JUMP && !this.#jumped) {
			this.#jumped = true;
			this.toLiveEdge();
		}
	}

	#countFrames(): void {
		const { totalVideoFrames: total, droppedVideoFrames: dropped } = this.#video.getVideoPlaybackQuality();
		// A new media source starts the browser's counters over.
		this.#decoded += total >= this.#lastTotal ? total - this.#lastTotal : total;
		this.#dropped += dropped >= this.#lastDropped ? dropped - this.#lastDropped : dropped;
		this.#lastTotal = total;
		this.#lastDropped = dropped;
	}

	#bufferedEnd(): number | undefined {
		const { buffered } = this.#video;
		return buffered.length === 0 ? undefined : buffered.end(buffered.length - 1);
	}
}
