import { pageElement } from "../shared/page-element.ts";
import { pollStreams, type StreamFacts } from "../shared/server-api.ts";
import { DEFAULT_RTMP_PORT, type StreamName, streamAddresses } from "../shared/stream-address.ts";
import { showAddresses } from "./address-list.ts";
import { browserConnect, type Transport } from "./connection.ts";
import { connectControls } from "./controls.ts";
import { canPlay, createMpegtsEngine, type MediaFacts } from "./engine.ts";
import { LivePlayback } from "./live-playback.ts";
import { WatchSession } from "./session.ts";
import { showUnsupported, WatchView } from "./watch-view.ts";

/** Plays a live stream, or waits for it. */
export function showLivePage(stream: StreamName): void {
	showAddresses(stream, DEFAULT_RTMP_PORT);
	if (canPlay()) play(stream);
	else showUnsupported("This browser has no Media Source Extensions, which live playback in a page needs.");
}

function play(stream: StreamName): void {
	const forced = new URLSearchParams(location.search).get("transport");
	const transports: Transport[] = forced === "ws" || forced === "http" ? [forced] : ["ws", "http"];
	const video = pageElement("video", HTMLVideoElement);
	let facts: StreamFacts | undefined;
	let media: MediaFacts | undefined;
	let serverNow = 0;
	let serverNowAt = 0;

	const playback = new LivePlayback(video, () => session.restart());
	const session = new WatchSession({
		transports,
		connect: browserConnect(streamAddresses(location, DEFAULT_RTMP_PORT, stream)),
		createEngine: handler => {
			media = undefined;
			const engine = createMpegtsEngine(video, handler, found => {
				media = found;
			});
			playback.begin();
			return engine;
		},
		onChange: () => show(),
	});
	const view = new WatchView(transports.length === 1 ? transports[0] : undefined);
	const show = () =>
		view.show({
			session,
			playback,
			facts,
			media,
			onAirMillis: facts?.publishing ? serverNow + (performance.now() - serverNowAt) - facts.since : undefined,
		});

	connectControls(video, () => playback.toLiveEdge());
	exposeStats(session, playback);
	pollStreams({
		onAnswer(answer, now, roundTrip) {
			serverNow = now;
			serverNowAt = performance.now();
			facts = answer.streams.find(other => isSame(other, stream));
			playback.noteRoundTrip(roundTrip);
			session.noteFacts(facts?.publishing ?? false, facts?.since);
			showAddresses(stream, answer.server.rtmpPort);
		},
		onFailure() {
			facts = undefined;
			session.noteFacts(undefined, undefined);
		},
	});
	whenVisible(() => session.start());
	addEventListener("pagehide", () => session.stop());
	// A page out of the back-forward cache has no connection any more.
	addEventListener("pageshow", event => {
		if (event.persisted) location.reload();
	});
}

function isSame(a: StreamName, b: StreamName): boolean {
	return a.application === b.application && a.instance === b.instance && a.name === b.name;
}

/** A page that was opened in the background would collect data that its player does not take. */
function whenVisible(action: () => void): void {
	if (!document.hidden) {
		action();
		return;
	}
	document.addEventListener("visibilitychange", action, { once: true });
}

/** `window.__millrace`: what tests and curious people may read. Nothing in it can be written. */
function exposeStats(session: WatchSession, playback: LivePlayback): void {
	const stats = Object.freeze({
		/** `connecting`, `waiting`, `playing`, `reconnecting`, `unreachable`, `refused` or `unsupported`. */
		get state() {
			return session.state;
		},
		/** `ws` or `http`. */
		get transport() {
			return session.transport;
		},
		/** Frames decoded since the page was opened. */
		get framesDecoded() {
			return playback.framesDecoded;
		},
		get framesDropped() {
			return playback.framesDropped;
		},
		/** Seconds behind the live edge, estimated; `undefined` while nothing plays. */
		get latency() {
			return playback.latency;
		},
		/** Bits per second received; `undefined` while nothing plays. */
		get bitrate() {
			return session.bitrate;
		},
	});
	Object.defineProperty(window, "__millrace", { value: stats, enumerable: true });
}
