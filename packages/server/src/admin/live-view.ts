import { StreamName } from "../app/index.ts";
import type { Hub, LiveStream } from "../hub/index.ts";
import type { ServerFacts, ServerView, StreamFacts } from "./server-view.ts";

/** Reads a running server's hub. */
export class LiveView implements ServerView {
	readonly #hub: Hub;
	readonly #server: () => ServerFacts;
	/** Milliseconds between the hub's monotonic clock and the time since 1970. */
	readonly #epochOffset: number;

	constructor(hub: Hub, epochOffset: number, server: () => ServerFacts) {
		this.#hub = hub;
		this.#epochOffset = epochOffset;
		this.#server = server;
	}

	server(): ServerFacts {
		return this.#server();
	}

	streams(): StreamFacts[] {
		const streams: StreamFacts[] = [];
		for (const live of this.#hub.streams()) if (live.isLive) streams.push(this.#facts(live));
		return streams.sort((a, b) => (a.path < b.path ? -1 : 1));
	}

	#facts(live: LiveStream): StreamFacts {
		const name = StreamName.fromKey(live.key);
		const codec = live.cache.codecFacts();
		return {
			application: name.application,
			instance: name.instance,
			name: name.name,
			path: name.path,
			publishing: live.isPublishing,
			since: Math.round(live.publishedSince + this.#epochOffset),
			viewers: live.viewerCount,
			bitrate: live.bitrate,
			bytesIn: live.bytesIn,
			bytesOut: live.bytesOut,
			videoCodec: codec.videoCodecString ?? codec.videoCodec,
			audioCodec: codec.audioCodecString ?? codec.audioCodec,
			width: codec.width,
			height: codec.height,
			framerate: codec.framerate,
		};
	}
}
