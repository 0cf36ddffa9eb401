import { formatBitrate, formatCodec, formatDuration } from "../shared/format.ts";
import { pageElement, setText } from "../shared/page-element.ts";
import type { StreamFacts } from "../shared/server-api.ts";
import type { Transport } from "./connection.ts";
import type { MediaFacts } from "./engine.ts";
import type { LivePlayback } from "./live-playback.ts";
import type { WatchSession, WatchState } from "./session.ts";

/** Everything that the watch page shows, taken at one moment. */
export type WatchMoment = {
	readonly session: WatchSession;
	readonly playback: LivePlayback;
	/** What the server says of the stream; `undefined` when it has none, or does not answer. */
	readonly facts: StreamFacts | undefined;
	/** What was found in the received data. */
	readonly media: MediaFacts | undefined;
	/** How long the stream has been on the air by the server's clock. */
	readonly onAirMillis: number | undefined;
};

type Message = { pill: string; tone: "live" | "warn" | "bad" | "calm"; title: string; text: string; busy: boolean };

const MESSAGES: Record<WatchState, Message> = {
	connecting: { pill: "Connecting", tone: "calm", title: "Connecting …", text: "", busy: true },
	waiting: {
		pill: "Waiting",
		tone: "warn",
		title: "Waiting for the stream",
		text: "Nobody is publishing it right now. It starts here by itself.",
		busy: true,
	},
	playing: { pill: "Live", tone: "live", title: "", text: "", busy: false },
	reconnecting: {
		pill: "Reconnecting",
		tone: "warn",
		title: "The stream has stopped",
		text: "It goes on here by itself when it comes back.",
		busy: true,
	},
	unreachable: {
		pill: "Offline",
		tone: "bad",
		title: "The server does not answer",
		text: "Trying again …",
		busy: true,
	},
	refused: { pill: "Refused", tone: "bad", title: "Not allowed", text: "", busy: false },
	unsupported: {
		pill: "Cannot play",
		tone: "bad",
		title: "This browser cannot play the stream",
		text: "",
		busy: false,
	},
};

const TRANSPORT_NAMES: Record<Transport, string> = { ws: "WebSocket-FLV", http: "HTTP-FLV" };

/** The watch page's texts. */
export class WatchView {
	#starvedSince: number | undefined;

	constructor(forced: Transport | undefined) {
		showTransportChoice(forced);
	}

	show({ session, playback, facts, media, onAirMillis }: WatchMoment): void {
		const message = MESSAGES[session.state];
		this.#showMessage(message, session.problem ?? message.text, session.state === "playing" && playback.starved);

		const playing = session.state === "playing";
		const { latency, networkMillis } = playback;
		set("latency", playing && latency !== undefined ? `${latency.toFixed(1)} s` : "–");
		const network = networkMillis === undefined ? "" : `, ${Math.max(1, Math.round(networkMillis))} ms network`;
		const buffered = (playback.bufferedMillis / 1000).toFixed(1);
		set("latency-note", playing && latency !== undefined ? `${buffered} s buffered${network}` : "");
		set("bitrate", formatBitrate(session.bitrate));
		const size = playback.size;
		const rate = facts?.framerate ? `, ${Math.round(facts.framerate * 100) / 100} fps` : "";
		set("resolution", playing && size ? `${size.width} × ${size.height}${rate}` : "–");
		set("video-codec", formatCodec(media?.videoCodec ?? facts?.videoCodec));
		set(
			"audio-codec",
			media?.hasAudio === false && !facts?.audioCodec ? "none" : formatCodec(media?.audioCodec ?? facts?.audioCodec),
		);
		set("dropped", playback.framesDecoded > 0 ? `${playback.framesDropped} of ${playback.framesDecoded}` : "–");
		set("viewers", facts ? String(facts.viewers) : "–");
		set("since", onAirMillis === undefined ? "–" : formatDuration(onAirMillis));
		set("transport", TRANSPORT_NAMES[session.transport]);
	}

	#showMessage(message: Message, text: string, starved: boolean): void {
		// A gap of a moment is no news.
		this.#starvedSince = starved ? (this.#starvedSince ?? performance.now()) : undefined;
		const buffering = this.#starvedSince !== undefined && performance.now() - this.#starvedSince > 700;
		const title = buffering ? "Buffering …" : message.title;
		setText(pageElement("state", HTMLElement), message.pill);
		pageElement("state", HTMLElement).dataset["tone"] = message.tone;
		pageElement("live", HTMLElement).dataset["tone"] = message.tone;
		set("veil-title", title);
		set("veil-text", text);
		pageElement("spinner", HTMLElement).hidden = !(message.busy || buffering);
		pageElement("veil", HTMLElement).hidden = title === "";
	}
}

/** The page for a browser without Media Source Extensions. */
export function showUnsupported(text: string): void {
	const message = MESSAGES.unsupported;
	set("state", message.pill);
	pageElement("state", HTMLElement).dataset["tone"] = message.tone;
	set("veil-title", message.title);
	set("veil-text", `${text} The addresses below work in other players.`);
	pageElement("spinner", HTMLElement).hidden = true;
	pageElement("controls", HTMLElement).hidden = true;
}

function showTransportChoice(forced: Transport | undefined): void {
	const choices = [
		[undefined, "automatic"],
		["ws", "WebSocket"],
		["http", "HTTP"],
	] as const;
	const links = choices.map(([transport, label]) => {
		const link = document.createElement("a");
		link.href = transport ? `?transport=${transport}` : location.pathname;
		link.textContent = label;
		if (transport === forced) link.setAttribute("aria-current", "true");
		return link;
	});
	pageElement("transport-choice", HTMLElement).replaceChildren(...links);
}

function set(id: string, text: string): void {
	setText(pageElement(id, HTMLElement), text);
}
