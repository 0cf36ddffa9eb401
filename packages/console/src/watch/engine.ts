import { type Loader, type LoaderConstructor, mpegts, reportFaults } from "./mpegts.ts";
import type { Engine, EngineHandler } from "./session.ts";

/** What the stream turned out to hold, as far as it is known yet. */
export type MediaFacts = {
	readonly videoCodec: string | undefined;
	readonly audioCodec: string | undefined;
	readonly hasAudio: boolean | undefined;
};

/** Whether this browser has what playing FLV needs (Media Source Extensions). */
export function canPlay(): boolean {
	return mpegts.getFeatureList().mseLivePlayback;
}

/** Plays the FLV bytes that are fed to it on `video`, by mpegts.js and Media Source Extensions. */
export function createMpegtsEngine(
	video: HTMLVideoElement,
	handler: EngineHandler,
	onMediaFacts: (facts: MediaFacts) => void,
): Engine {
	const pipe = new BytePipe();
	const player = mpegts.createPlayer(
		{ type: "flv", isLive: true, url: location.href },
		{
			customLoader: pipe.loaderClass,
			enableStashBuffer: false,
			lazyLoad: false,
			// The session starts in a visible page only, where the media source opens at once.
			deferLoadAfterSourceOpen: false,
			autoCleanupSourceBuffer: true,
			autoCleanupMaxBackwardDuration: 40,
			autoCleanupMinBackwardDuration: 20,
		},
	);
	player.on(mpegts.Events.MEDIA_INFO, (info: MediaFacts) => onMediaFacts(info));
	const letGo = reportFaults(player, video, "stream", handler);
	player.attachMediaElement(video);
	player.load();
	return {
		feed: bytes => pipe.feed(bytes),
		destroy: () => {
			letGo();
			player.destroy();
		},
	};
}

/** Hands bytes that came by our own connection to mpegts.js, which wants to open a "loader" for them. */
class BytePipe {
	#received = 0;
	#waiting: ArrayBuffer[] = [];
	#loader: Loader | undefined;
	readonly loaderClass: LoaderConstructor;

	constructor() {
		const pipe = this;
		this.loaderClass = class extends mpegts.BaseLoader {
			constructor() {
				super("millrace-pipe");
			}
			override open(): void {
				this._status = mpegts.LoaderStatus.kBuffering;
				pipe.#attach(this);
			}
			override abort(): void {
				this._status = mpegts.LoaderStatus.kComplete;
				pipe.#loader = undefined;
			}
		};
	}

	feed(bytes: ArrayBuffer): void {
		if (!this.#loader) {
			this.#waiting.push(bytes);
			return;
		}
		const start = this.#received;
		this.#received += bytes.byteLength;
		this.#loader.onDataArrival(bytes, start, this.#received);
	}

	#attach(loader: Loader): void {
		this.#loader = loader;
		const waiting = this.#waiting;
		this.#waiting = [];
		for (const bytes of waiting) this.feed(bytes);
	}
}
