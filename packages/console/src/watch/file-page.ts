import { formatBitrate, formatBytes, formatClock, formatCodec, formatDate } from "../shared/format.ts";
import { pageElement, setText } from "../shared/page-element.ts";
import { type FileFacts, fetchFiles, fetchStreams } from "../shared/server-api.ts";
import { DEFAULT_RTMP_PORT, type StreamName, watchPath } from "../shared/stream-address.ts";
import { showAddresses } from "./address-list.ts";
import { connectControls } from "./controls.ts";
import { canPlay } from "./engine.ts";
import { createFlvFileEngine, type FileEngine } from "./flv-file-engine.ts";
import { createNativeFileEngine } from "./native-file-engine.ts";
import { Timeline } from "./timeline.ts";

type State = "connecting" | "playing" | "paused" | "ended" | "reconnecting" | "unsupported";

const PILLS: Readonly<Record<State, readonly [text: string, tone: string]>> = {
	connecting: ["Loading", "calm"],
	playing: ["Playing", "calm"],
	paused: ["Paused", "calm"],
	ended: ["Ended", "calm"],
	reconnecting: ["Reconnecting", "warn"],
	unsupported: ["Cannot play", "bad"],
};

/** Milliseconds before each further try after the connection broke; the last one goes on. */
const RETRY_DELAYS = [500, 1000, 2000, 4000, 8000];
/** Milliseconds of playing after which a broken connection counts as the first again. */
const STEADY_AFTER = 5000;
/** How often it is asked how far a recording has grown, in milliseconds. */
const GROWTH_INTERVAL = 2000;
/** A picture that stands for a moment only is no news. */
const STARVED_BEFORE_VEIL = 700;

/** Plays a recording or on-demand file from `start` seconds on. */
export function showFilePage(stream: StreamName, file: FileFacts, start: number): void {
	document.body.dataset["mode"] = "file";
	showFacts(file);
	showAddresses(stream, DEFAULT_RTMP_PORT, file.file);
	fetchStreams().then(
		({ server }) => showAddresses(stream, server.rtmpPort, file.file),
		(error: unknown) => console.warn("Asking for the server's port failed:", error),
	);
	const playback = new FilePlayback(file);
	playback.open(start);
	if (file.recording) followGrowth(watchPath(stream), grown => playback.grow(grown));
}

/** Asks for a recording's length until it is finished. */
function followGrowth(path: string, onGrown: (file: FileFacts) => void): void {
	const ask = async () => {
		try {
			const { files } = document.hidden ? { files: [] } : await fetchFiles({ path });
			const [file] = files;
			if (file !== undefined) {
				showLength(file);
				onGrown(file);
				if (!file.recording) return;
			}
		} catch (error) {
			console.warn("Asking for the recording's length failed:", error);
		}
		setTimeout(ask, GROWTH_INTERVAL);
	};
	setTimeout(ask, GROWTH_INTERVAL);
}

class FilePlayback {
	#file: FileFacts;
	readonly #timeline: Timeline;
	readonly #video = pageElement("video", HTMLVideoElement);
	#state: State = "connecting";
	#engine: FileEngine | undefined;
	#failures = 0;
	#openedAt = 0;
	#starvedSince: number | undefined;
	#problem = "";

	constructor(file: FileFacts) {
		this.#file = file;
		const video = this.#video;
		video.muted = true;
		this.#timeline = new Timeline(video, secondsOf(file), file.recording);
		connectControls(video, () => {});
		for (const event of ["playing", "pause", "play", "ended", "seeked"])
			video.addEventListener(event, () => this.#follow());
		for (const event of ["loadedmetadata", "resize"]) video.addEventListener(event, () => this.#showPicture());
		setInterval(() => this.#show(), 250);
		addEventListener("pagehide", () => this.#engine?.destroy());
		// A page out of the back-forward cache has no connection any more.
		addEventListener("pageshow", event => {
			if (event.persisted) location.reload();
		});
		this.#exposeStats();
	}

	open(at: number): void {
		const { kind, path, file } = this.#file;
		const video = this.#video;
		const handler = {
			onUnsupported: (text: string) => this.#giveUp(text),
			onBroken: (text: string) => this.#retry(text),
			onCodecs: (videoCodec: string | undefined, audioCodec: string | undefined) => {
				const codecs = [videoCodec, audioCodec].filter(codec => codec !== undefined).map(formatCodec);
				set("file-format", [kind.toUpperCase(), ...codecs].join(" · "));
			},
		};
		this.#openedAt = performance.now();
		if (kind === "flv" && !canPlay()) {
			return this.#giveUp("This browser has no Media Source Extensions, which playing FLV in a page needs.");
		}
		if (this.#file.duration === undefined) return this.#giveUp("The server cannot read the file.");
		this.#engine =
			kind === "flv"
				? createFlvFileEngine(video, `${path}.flv`, secondsOf(this.#file), this.#file.recording, at, handler)
				: createNativeFileEngine(video, file, at, handler);
		video.play().catch((error: unknown) => {
			// A newer source aborts the older start; a browser that forbids even muted autoplay leaves the play button.
			if (!(error instanceof DOMException && error.name === "AbortError")) console.warn("No autoplay:", error);
		});
	}

	/** The file is longer by now, or finished. */
	grow(file: FileFacts): void {
		this.#file = file;
		this.#timeline.grow(secondsOf(file));
		this.#engine?.grow?.(secondsOf(file));
	}

	#retry(text: string): void {
		if (this.#state === "reconnecting" || this.#state === "unsupported") return;
		console.warn("Playback broke:", text);
		if (performance.now() - this.#openedAt > STEADY_AFTER) this.#failures = 0;
		const delay = RETRY_DELAYS[Math.min(this.#failures++, RETRY_DELAYS.length - 1)]!;
		this.#set("reconnecting");
		setTimeout(() => {
			// It may have been sought meanwhile.
			const at = this.#video.currentTime;
			this.#engine?.destroy();
			this.#set("connecting");
			this.open(at);
		}, delay);
	}

	#giveUp(text: string): void {
		this.#engine?.destroy();
		this.#engine = undefined;
		this.#problem = text;
		this.#set("unsupported");
	}

	/** Takes the state from the video element, unless it is the connection that counts. */
	#follow(): void {
		const { ended, paused, readyState } = this.#video;
		if (this.#state === "reconnecting" || this.#state === "unsupported" || readyState < 2) return;
		this.#set(ended ? "ended" : paused ? "paused" : "playing");
	}

	#set(state: State): void {
		this.#state = state;
		this.#show();
	}

	#show(): void {
		const { paused, readyState } = this.#video;
		const isStarved = this.#state === "playing" && !paused && readyState < 3;
		this.#starvedSince = isStarved ? (this.#starvedSince ?? performance.now()) : undefined;
		const isBuffering =
			this.#starvedSince !== undefined && performance.now() - this.#starvedSince > STARVED_BEFORE_VEIL;
		const isBusy = this.#state === "connecting" || this.#state === "reconnecting" || isBuffering;
		const titles: Partial<Record<State, string>> = {
			connecting: "Loading …",
			reconnecting: "The connection broke",
			unsupported: "This file cannot be played here",
		};
		const title = isBuffering ? "Buffering …" : (titles[this.#state] ?? "");
		const [text, tone] = PILLS[this.#state];
		const pill = pageElement("state", HTMLElement);
		setText(pill, text);
		pill.dataset["tone"] = tone;
		set("veil-title", title);
		set("veil-text", this.#state === "reconnecting" ? "Trying again …" : this.#problem);
		pageElement("spinner", HTMLElement).hidden = !isBusy;
		pageElement("veil", HTMLElement).hidden = title === "";
		pageElement("controls", HTMLElement).hidden = this.#state === "unsupported";
	}

	#showPicture(): void {
		const { videoWidth: width, videoHeight: height, readyState } = this.#video;
		set("file-picture", width > 0 ? `${width} × ${height}` : readyState > 0 ? "none" : "–");
	}

	/** `window.__millrace`: what tests and curious people may read. Nothing in it can be written. */
	#exposeStats(): void {
		const playback = this;
		const video = this.#video;
		const stats = Object.freeze({
			/** `connecting`, `playing`, `paused`, `ended`, `reconnecting` or `unsupported`. */
			get state() {
				return playback.#state;
			},
			/** `flv`: as FLV by Media Source Extensions; `file`: by the browser itself. */
			get transport() {
				return playback.#file.kind === "flv" ? "flv" : "file";
			},
			/** Frames decoded since the page was opened or last reconnected. */
			get framesDecoded() {
				return video.getVideoPlaybackQuality().totalVideoFrames;
			},
			get framesDropped() {
				return video.getVideoPlaybackQuality().droppedVideoFrames;
			},
		});
		Object.defineProperty(window, "__millrace", { value: stats, enumerable: true });
	}
}

const secondsOf = ({ duration = 0 }: FileFacts) => duration / 1000;

function showLength({ bytes, duration, modified, recording }: FileFacts): void {
	set("file-length", formatClock(duration === undefined ? undefined : duration / 1000));
	set("file-size", formatBytes(bytes));
	set("file-bitrate", formatBitrate(duration ? (bytes * 8000) / duration : undefined));
	set("file-modified", recording ? "being recorded" : formatDate(modified));
}

function showFacts(facts: FileFacts): void {
	const { kind, file } = facts;
	showLength(facts);
	set("file-format", kind.toUpperCase());
	const download = document.createElement("a");
	download.className = "button";
	download.href = file;
	download.download = "";
	download.textContent = "Download";
	pageElement("file-links", HTMLElement).append(download);
}

function set(id: string, text: string): void {
	setText(pageElement(id, HTMLElement), text);
}
