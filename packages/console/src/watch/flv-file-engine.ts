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
import { type FaultHandler, type Loader, type LoaderConstructor, mpegts, reportFaults } from "./mpegts.ts";
import { createSeekIndex, placeOf } from "./seek-index.ts";

/** What plays a file on the page's video element. */
export type FileEngine = {
	destroy(): void;
	/** The file has grown to so many seconds. */
	grow?(duration: number): void;
};

export type FileEngineHandler = FaultHandler & {
	/** RFC 6381 strings of what the file holds, as far as they are known. */
	onCodecs(video: string | undefined, audio: string | undefined): void;
};

/** Seconds of media ahead of the picture beyond which no more is read. */
const ENOUGH_AHEAD = 20;
/** Milliseconds after which it is looked again whether more is wanted. */
const LOOK_AGAIN = 200;
/** A place so many seconds behind what was read is asked for anew, not read up to. */
const FAR_AHEAD = 5;
/** Milliseconds in which the library asks for a place that was sought; it waits for a bar that is still dragged. */
const SEEK_ANSWER = 1000;
/**
 * What the library is told of a recording's length beyond what it is now, in seconds: it learns it once, at the start,
 * and the browser seeks no further. A recording that passes it is opened anew.
 */
const GROWTH_ROOM = 7200;
/** Seconds of what was handed on last that need not be buffered for the end to be told: sound and picture end apart. */
const TAIL = 1;
/** Milliseconds in which nothing more has been buffered when all is. */
const SETTLED = 1000;

/**
 * Plays a file as FLV on `video` by mpegts.js, from `start` seconds on. It reads only as far ahead as is useful, and
 * for each seek out of what is buffered asks the server for the file from there (`?start=`), so that every container
 * can be sought, with or without an index.
 */
export function createFlvFileEngine(
	video: HTMLVideoElement,
	url: string,
	duration: number,
	isGrowing: boolean,
	start: number,
	handler: FileEngineHandler,
): FileEngine {
	const told = isGrowing ? duration + GROWTH_ROOM : duration;
	const feed = new FileFeed(url, told, video, handler.onBroken);
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
	const letGo = reportFaults(player, video, "file", handler);
	player.attachMediaElement(video);
	player.load();
	// The library takes times relative to the first message that it sees, so it must see the file's own, and it knows
	// only then by which index to ask for another place.
	const onMetadata = () => {
		if (start > 0 && video.currentTime === 0) player.currentTime = start;
	};
	video.addEventListener("loadedmetadata", onMetadata, { once: true });
	return {
		grow(grown) {
			if (grown > told) handler.onBroken("The recording has outgrown what the player was told.");
		},
		destroy() {
			letGo();
			video.removeEventListener("loadedmetadata", onMetadata);
			feed.stop();
			player.destroy();
		},
	};
}

/** Reads the file from the server and hands it to whichever loader mpegts.js has made last. */
class FileFeed {
	readonly loaderClass: LoaderConstructor;
	readonly #url: string;
	readonly #duration: number;
	readonly #video: HTMLVideoElement;
	readonly #onBroken: (text: string) => void;
	readonly #onSeeking = () => {
		this.#soughtAt = performance.now();
	};
	#loader: Loader | undefined;
	#abort = new AbortController();
	#soughtAt = Number.NEGATIVE_INFINITY;
	/** The place that was asked for, in seconds. */
	#fedFrom = 0;
	/** The time of what was handed on last, in seconds: what is buffered is known only when it has been appended. */
	#fedUntil = Number.NEGATIVE_INFINITY;
	/** How far is buffered, and since when. */
	#bufferedUntil = 0;
	#bufferedSince = 0;
	/** Where the next byte stands in what the library believes to be the file. */
	#position = 0;

	constructor(url: string, duration: number, video: HTMLVideoElement, onBroken: (text: string) => void) {
		this.#url = url;
		this.#duration = duration;
		this.#video = video;
		this.#onBroken = onBroken;
		video.addEventListener("seeking", this.#onSeeking);
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
		this.#video.removeEventListener("seeking", this.#onSeeking);
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
		this.#fedFrom = place === "start" ? 0 : place;
		this.#fedUntil = Number.NEGATIVE_INFINITY;
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
				const until = media.at(-1)?.timestamp;
				await this.#untilWanted(signal);
				this.#hand(isFirst ? joined(header, tags) : tags);
				if (until !== undefined) this.#fedUntil = until / 1000;
				isFirst = false;
			}
			await this.#until(() => this.#loader !== undefined && this.#isEndDue(), signal);
			this.#loader?.onComplete(0, this.#position);
		} catch (error) {
			if (!signal.aborted) this.#onBroken(error instanceof Error ? error.message : String(error));
		}
	}

	/** Waits until the library and the picture can take more; throws when nobody waits for it any more. */
	#untilWanted(signal: AbortSignal): Promise<void> {
		return this.#until(() => this.#loader !== undefined && !this.#isLeaving() && this.#isWanted(), signal);
	}

	async #until(isTrue: () => boolean, signal: AbortSignal): Promise<void> {
		while (!signal.aborted && !isTrue()) await new Promise(resolve => setTimeout(resolve, LOOK_AGAIN));
		signal.throwIfAborted();
	}

	#isWanted(): boolean {
		return this.#fedUntil < this.#video.currentTime + ENOUGH_AHEAD;
	}

	/** Another place was sought, for which the library will ask: what comes here now would only be thrown away. */
	#isLeaving(): boolean {
		const { seeking, currentTime } = this.#video;
		if (!seeking || performance.now() - this.#soughtAt > SEEK_ANSWER) return false;
		return currentTime < this.#fedFrom || currentTime > Math.max(this.#fedFrom, this.#fedUntil) + FAR_AHEAD;
	}

	/**
	 * The library keeps the end in mind until all has been appended, also past a seek: it would then end what has not
	 * come yet, and the picture would stand at the place sought for ever, or at the file's end. So the end is told only
	 * when all has been appended, as far as that can be seen, or the picture waits for nothing else.
	 */
	#isEndDue(): boolean {
		const { seeking, currentTime, buffered } = this.#video;
		const last = this.#fedUntil - TAIL;
		if (seeking) return currentTime >= last && !this.#isLeaving();
		for (let at = 0; at < buffered.length; at++) {
			const end = buffered.end(at);
			if (buffered.start(at) > currentTime || currentTime > end) continue;
			return this.#isSettled(end) && (end >= last || currentTime >= end - TAIL);
		}
		return currentTime >= last;
	}

	/** Whether nothing has been appended for a while to what is buffered up to `end`. */
	#isSettled(end: number): boolean {
		const now = performance.now();
		if (end !== this.#bufferedUntil) {
			this.#bufferedUntil = end;
			this.#bufferedSince = now;
		}
		return now - this.#bufferedSince >= SETTLED;
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
