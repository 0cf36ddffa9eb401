import {
	encodeMetadata,
	FlvDemuxer,
	flvHeader,
	MEDIA_DATA,
	MediaMessage,
	metadataOf,
	parseData,
	writeFlvTags,
} from "@millrace/core/flv";
import module from "mpegts.js";
import { createSeekIndex, placeOf } from "./seek-index.ts";

// As in `engine.ts`: the library's CommonJS exports are the object itself.
const mpegts = module as unknown as typeof module.default;
type Loader = module.default.BaseLoader;

export type FileEngine = { destroy(): void };

export type FileEngineHandler = {
	/** This browser cannot play what the file holds; `text` says what. */
	onUnsupported(text: string): void;
	/** The connection, the data or the decoder failed; another try may work. */
	onBroken(text: string): void;
	/** RFC 6381 strings of what the file holds, as far as they are known. */
	onCodecs(video: string | undefined, audio: string | undefined): void;
};

/** Seconds of media ahead of the picture beyond which no more is read. */
const ENOUGH_AHEAD = 20;
/** Milliseconds after which it is looked again whether more is wanted. */
const LOOK_AGAIN = 200;

/**
 * Plays a file as FLV on `video` by mpegts.js, from `start` seconds on. It reads only as far ahead as is useful, and
 * for each seek out of what is buffered asks the server for the file from there (`?start=`), so that every container
 * can be sought, with or without an index.
 */
export function createFlvFileEngine(
	video: HTMLVideoElement,
	url: string,
	duration: number,
	start: number,
	handler: FileEngineHandler,
): FileEngine {
	const feed = new FileFeed(url, duration, () => aheadOf(video) < ENOUGH_AHEAD, handler.onBroken);
	const player = mpegts.createPlayer(
		{ type: "flv", url: new URL(url, location.href).href },
		{
			customLoader: feed.loaderClass,
			enableStashBuffer: false,
			lazyLoad: false,
			deferLoadAfterSourceOpen: false,
			accurateSeek: true,
			autoCleanupSourceBuffer: true,
			autoCleanupMaxBackwardDuration: 60,
			autoCleanupMinBackwardDuration: 30,
		},
	);
	player.on(mpegts.Events.MEDIA_INFO, (info: { videoCodec?: string; audioCodec?: string }) =>
		handler.onCodecs(info.videoCodec, info.audioCodec),
	);
	player.on(mpegts.Events.ERROR, (_type: string, detail: string, info: { code?: number; msg?: string } | undefined) => {
		const said = info?.msg ?? detail;
		// 9 is DOMException's NotSupportedError: no source buffer for this codec.
		const noCodec = detail === mpegts.ErrorDetails.MEDIA_MSE_ERROR && info?.code === 9;
		if (noCodec || detail === mpegts.ErrorDetails.MEDIA_CODEC_UNSUPPORTED) {
			handler.onUnsupported(`This browser cannot play the file's video or audio format. (${said})`);
		} else handler.onBroken(said);
	});
	const onVideoError = () => handler.onBroken(video.error?.message || "The browser's decoder failed.");
	video.addEventListener("error", onVideoError);
	player.attachMediaElement(video);
	player.load();
	// The library takes times relative to the first message that it sees, so it must see the file's own.
	if (start > 0) player.currentTime = start;
	return {
		destroy() {
			video.removeEventListener("error", onVideoError);
			feed.stop();
			player.destroy();
		},
	};
}

function aheadOf(video: HTMLVideoElement): number {
	const { buffered, currentTime } = video;
	for (let at = 0; at < buffered.length; at++) {
		if (buffered.start(at) <= currentTime + 0.5 && currentTime <= buffered.end(at))
			return buffered.end(at) - currentTime;
	}
	return 0;
}

/** Reads the file from the server and hands it to whichever loader mpegts.js has made last. */
class FileFeed {
	readonly loaderClass: module.default.CustomLoaderConstructor;
	readonly #url: string;
	readonly #duration: number;
	readonly #wantsMore: () => boolean;
	readonly #onBroken: (text: string) => void;
	#loader: Loader | undefined;
	#abort = new AbortController();
	/** Where the next byte stands in what the library believes to be the file. */
	#position = 0;

	constructor(url: string, duration: number, wantsMore: () => boolean, onBroken: (text: string) => void) {
		this.#url = url;
		this.#duration = duration;
		this.#wantsMore = wantsMore;
		this.#onBroken = onBroken;
		const feed = this;
		this.loaderClass = class extends mpegts.BaseLoader {
			constructor() {
				super("millrace-file");
			}
			override open(_source: unknown, range: { from: number }): void {
				this._status = mpegts.LoaderStatus.kBuffering;
				feed.#open(this, range.from);
			}
			override abort(): void {
				this._status = mpegts.LoaderStatus.kComplete;
				// The reading itself waits: the library may only rest, and then goes on at the same place.
				feed.#loader = undefined;
			}
		};
	}

	stop(): void {
		this.#loader = undefined;
		this.#abort.abort();
	}

	#open(loader: Loader, from: number): void {
		this.#loader = loader;
		const place = placeOf(from);
		if (place === "next") return;
		this.#abort.abort();
		this.#abort = new AbortController();
		this.#position = from;
		void this.#read(place, this.#abort.signal);
	}

	async #read(place: "start" | number, signal: AbortSignal): Promise<void> {
		let messages: MediaMessage[] = [];
		let header = flvHeader(true, true);
		const demuxer = new FlvDemuxer({
			onHeader: ({ hasAudio, hasVideo }) => {
				header = flvHeader(hasAudio, hasVideo);
			},
			onTag: message => messages.push(message),
		});
		let isFirst = place === "start";
		try {
			const response = await fetch(`${this.#url}?start=${place === "start" ? 0 : place}`, {
				signal,
				cache: "no-store",
			});
			if (!response.ok || response.body === null) throw new Error(`The server answered ${response.status}.`);
			const reader = response.body.getReader();
			for (;;) {
				await this.#untilWanted(signal);
				const { done, value } = await reader.read();
				if (done) break;
				demuxer.push(value);
				if (messages.length === 0) continue;
				const media = messages.filter(message => message.type !== MEDIA_DATA);
				const tags = writeFlvTags(isFirst ? [this.#metadata(messages), ...media] : media);
				messages = [];
				await this.#untilWanted(signal);
				this.#hand(isFirst ? joined(header, tags) : tags);
				isFirst = false;
			}
			await this.#untilWanted(signal);
			this.#loader?.onComplete(0, this.#position);
		} catch (error) {
			if (!signal.aborted) this.#onBroken(error instanceof Error ? error.message : String(error));
		}
	}

	/** Waits until the library and the picture can take more; throws when nobody waits for it any more. */
	async #untilWanted(signal: AbortSignal): Promise<void> {
		while (!signal.aborted && (this.#loader === undefined || !this.#wantsMore())) {
			await new Promise(resolve => setTimeout(resolve, LOOK_AGAIN));
		}
		signal.throwIfAborted();
	}

	/** `bytes` fill their memory, of which the library becomes the owner. */
	#hand(bytes: Uint8Array): void {
		if (bytes.length === 0) return;
		const position = this.#position;
		this.#position += bytes.length;
		this.#loader?.onDataArrival(bytes.buffer as ArrayBuffer, position, this.#position);
	}

	/** The file's metadata, with an index by which the library seeks. */
	#metadata(messages: readonly MediaMessage[]): MediaMessage {
		const data = messages.find(message => message.type === MEDIA_DATA);
		const members = data === undefined ? undefined : metadataOf(parseData(data.payload, MEDIA_DATA));
		const { times, filepositions } = createSeekIndex(this.#duration);
		const keyframes = { times: [...times], filepositions: [...filepositions] };
		return new MediaMessage(MEDIA_DATA, 0, encodeMetadata({ ...members, duration: this.#duration, keyframes }));
	}
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
	const out = new Uint8Array(a.length + b.length);
	out.set(a);
	out.set(b, a.length);
	return out;
}
