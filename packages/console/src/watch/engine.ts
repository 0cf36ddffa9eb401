import module from "mpegts.js";
import type { Engine, EngineHandler } from "./session.ts";

// The library's CommonJS exports are the object itself; its type file claims an ES module around it.
const mpegts = module as unknown as typeof module.default;
type Loader = module.default.BaseLoader;

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
	player.on(mpegts.Events.ERROR, (_type: string, detail: string, info: { code?: number; msg?: string } | undefined) => {
		const said = info?.msg ?? detail;
		// 9 is DOMException's NotSupportedError: no source buffer for this codec.
		const noCodec = detail === mpegts.ErrorDetails.MEDIA_MSE_ERROR && info?.code === 9;
		if (noCodec || detail === mpegts.ErrorDetails.MEDIA_CODEC_UNSUPPORTED) {
			handler.onUnsupported(`This browser cannot play the stream's video or audio format. (${said})`);
		} else {
			handler.onBroken(said);
		}
	});
	const onVideoError = () => handler.onBroken(video.error?.message || "The browser's decoder failed.");
	video.addEventListener("error", onVideoError);
	player.attachMediaElement(video);
	player.load();
	return {
		feed: bytes => pipe.feed(bytes),
		destroy: () => {
			video.removeEventListener("error", onVideoError);
			player.destroy();
		},
	};
}

/** Hands bytes that came by our own connection to mpegts.js, which wants to open a "loader" for them. */
class BytePipe {
	#received = 0;
	#waiting: ArrayBuffer[] = [];
	#loader: Loader | undefined;
	readonly loaderClass: module.default.CustomLoaderConstructor;

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
