import type { Slab } from "@millrace/core/bytes";
import { EVENT_STREAM_BEGIN, EVENT_STREAM_EOF, netStatus, type ServerStream } from "@millrace/core/rtmp";
import type { Framer, LiveStream, Viewer, ViewerEnd, ViewerSink } from "../hub/index.ts";
import { RtmpFramer } from "./rtmp-framer.ts";

/** The connection of a playing stream, as its session needs it. */
export interface PlayTransport {
	/** Sends what the connection has queued, then the block, unless the client has not taken what was sent before. */
	offer(block: Uint8Array): boolean;
	/** Sends what the connection has queued. */
	flush(): void;
	/** The hub has let go of a player. */
	onViewerEnded(stream: ServerStream, reason: ViewerEnd): void;
}

/** How often a player is told that it is too slow, in milliseconds. */
const SLOW_NOTICE_MILLIS = 10_000;

/** One NetStream that plays a live stream: a viewer of the hub on one side, a message stream on the other. */
export class PlaySession implements ViewerSink {
	readonly framer: Framer;
	readonly live: LiveStream;
	readonly viewer: Viewer;
	readonly #stream: ServerStream;
	readonly #transport: PlayTransport;
	#toldSlowAt = Number.NEGATIVE_INFINITY;

	/** Attaches to the live stream; its cached start is written before the constructor returns. */
	constructor(stream: ServerStream, live: LiveStream, transport: PlayTransport, slab?: Slab) {
		this.#stream = stream;
		this.#transport = transport;
		this.live = live;
		const { connection } = stream;
		this.framer = new RtmpFramer(connection.link.chunkSize, stream.id, connection.objectEncoding, slab);
		this.viewer = live.attach(this, stream.wantsAudio, stream.wantsVideo);
	}

	offer(block: Uint8Array): boolean {
		return this.#transport.offer(block);
	}

	onPublished(): void {
		const stream = this.#stream;
		stream.sendEvent(EVENT_STREAM_BEGIN);
		stream.sendStatus(stream.status("NetStream.Play.PublishNotify", `${stream.name} is now published.`));
		this.#transport.flush();
	}

	onUnpublished(): void {
		const stream = this.#stream;
		stream.sendEvent(EVENT_STREAM_EOF);
		stream.sendStatus(stream.status("NetStream.Play.UnpublishNotify", `${stream.name} is now unpublished.`));
		this.#transport.flush();
	}

	onSkipped(now: number): void {
		if (now - this.#toldSlowAt < SLOW_NOTICE_MILLIS) return;
		this.#toldSlowAt = now;
		this.#stream.sendStatus(this.#stream.status("NetStream.Play.InsufficientBW"));
	}

	onEnded(reason: ViewerEnd): void {
		if (reason === "server-stopping") this.#stream.sendStatus(netStatus("NetStream.Play.Stop", "The server stops."));
		this.#transport.onViewerEnded(this.#stream, reason);
	}
}
