import { formatClock } from "../shared/format.ts";
import { pageElement, setText } from "../shared/page-element.ts";

/** Seconds that an arrow key goes. */
const STEP = 5;

/** The bar by which a file is sought, its clock, and the arrow keys. */
export class Timeline {
	readonly #video: HTMLVideoElement;
	readonly #bar = pageElement("seek", HTMLInputElement);
	readonly #isGrowing: boolean;
	#duration: number;
	#isDragged = false;

	/** `duration` in seconds, until the video element knows better, or `grow` says more of a growing file. */
	constructor(video: HTMLVideoElement, duration: number, isGrowing: boolean) {
		this.#video = video;
		this.#isGrowing = isGrowing;
		this.#duration = duration;
		const bar = this.#bar;
		bar.addEventListener("input", () => {
			this.#isDragged = true;
			this.#show(Number(bar.value));
		});
		bar.addEventListener("change", () => {
			this.#isDragged = false;
			this.#goTo(Number(bar.value));
		});
		for (const event of ["timeupdate", "durationchange", "progress", "seeking", "seeked", "ended"])
			video.addEventListener(event, () => this.#follow());
		document.addEventListener("keydown", event => {
			if (event.ctrlKey || event.metaKey || event.altKey || event.target instanceof HTMLInputElement) return;
			if (event.key !== "ArrowLeft" && event.key !== "ArrowRight") return;
			event.preventDefault();
			this.#goTo(video.currentTime + (event.key === "ArrowLeft" ? -STEP : STEP));
		});
		this.#follow();
	}

	/** The file has grown to so many seconds. */
	grow(duration: number): void {
		if (duration <= this.#duration) return;
		this.#duration = duration;
		this.#follow();
	}

	get #length(): number {
		const { duration } = this.#video;
		if (this.#isGrowing) return Math.max(this.#duration, this.#video.currentTime);
		return Number.isFinite(duration) && duration > 0 ? Math.max(duration, this.#duration) : this.#duration;
	}

	#goTo(seconds: number): void {
		this.#video.currentTime = Math.min(Math.max(0, seconds), Math.max(0, this.#length - 0.1));
	}

	#follow(): void {
		if (!this.#isDragged) this.#show(this.#video.currentTime);
	}

	#show(seconds: number): void {
		const duration = this.#length;
		const bar = this.#bar;
		const clock = `${formatClock(seconds)} / ${formatClock(duration)}`;
		bar.max = String(duration);
		bar.value = String(seconds);
		bar.setAttribute("aria-valuetext", clock);
		setText(pageElement("clock", HTMLElement), clock);
		const share = (value: number) => `${duration > 0 ? Math.min(100, (value / duration) * 100) : 0}%`;
		bar.style.setProperty("--played", share(seconds));
		bar.style.setProperty("--buffered", share(Math.max(seconds, this.#bufferedEnd())));
	}

	#bufferedEnd(): number {
		const { buffered, currentTime } = this.#video;
		for (let at = 0; at < buffered.length; at++) {
			if (buffered.start(at) <= currentTime + 0.5 && currentTime <= buffered.end(at)) return buffered.end(at);
		}
		return currentTime;
	}
}
