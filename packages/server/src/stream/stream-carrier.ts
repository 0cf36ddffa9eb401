import type { NetStream } from "@millrace/client";
import { MEDIA_VIDEO, type MediaMessage } from "@millrace/core/flv";
import { StreamName } from "../app/index.ts";
import type { LiveStream } from "../hub/index.ts";
import { isFrame, type PlayerSchedule } from "../library/index.ts";
import type { ChannelItem, ItemObserver, PlayingItem } from "./channel-item.ts";
import { LiveItem } from "./live-item.ts";

/** More bytes than these that the other server has not taken: frames are left out up to a keyframe. */
const MAX_BACKLOG_BYTES = 4 * 1024 * 1024;
/** When the backlog is as small as this, frames may be sent again; no bound is lower. */
const LOW_BACKLOG_BYTES = 256 * 1024;

/**
 * Sends a live stream on a stream that publishes on another server: from the last keyframe on, behind configurations
 * and data that hold there. A server that is too slow gets fewer pictures, not later ones.
 */
export class StreamCarrier implements ItemObserver {
	/** How much may wait for the other server, in seconds of the stream; 0: `MAX_BACKLOG_BYTES`, which is also the most. */
	bufferSeconds = 0;
	readonly #live: LiveStream;
	readonly #stream: NetStream;
	readonly #item: LiveItem;
	/** Frames are left out. */
	#skips = false;

	constructor(live: LiveStream, schedule: PlayerSchedule, stream: NetStream) {
		this.#live = live;
		this.#stream = stream;
		this.#item = new LiveItem(itemOf(live), live, schedule, this);
		this.#item.start();
	}

	/** Ends it. What was sent stays published there until the stream is closed. */
	close(): void {
		this.#item.close();
	}

	onMessages(_item: PlayingItem, batch: readonly MediaMessage[]): void {
		for (const message of batch) if (!isFrame(message) || this.#hasRoom(message)) this.#stream.sendMedia(message);
	}

	#hasRoom({ type, isKeyframe }: MediaMessage): boolean {
		const { backlog } = this.#stream;
		if (backlog > this.#maxBacklog) this.#skips = true;
		const isEntry = type === MEDIA_VIDEO ? isKeyframe : !this.#live.cache.hasVideo;
		if (isEntry && backlog < LOW_BACKLOG_BYTES) this.#skips = false;
		return !this.#skips;
	}

	get #maxBacklog(): number {
		const wanted = this.bufferSeconds * this.#live.meter.bytesPerSecond;
		return wanted > 0 ? Math.min(Math.max(wanted, LOW_BACKLOG_BYTES), MAX_BACKLOG_BYTES) : MAX_BACKLOG_BYTES;
	}

	/** Whoever has made it sees to these. */
	onSourceLost(): void {}

	onSourceBegins(): void {}

	/** A live stream without a length neither ends by itself nor fails. */
	onPlayed(): void {}

	onRefused(): void {}

	onFailed(): void {}

	onStatus(): void {}
}

function itemOf({ key }: LiveStream): ChannelItem {
	const name = StreamName.fromKey(key);
	return { wish: { name, prefix: "", startMillis: -1000 }, title: name.name, lengthMillis: -1, isPaced: true };
}
