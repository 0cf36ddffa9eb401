import { type NetConnection, type NetStatusEvent, NetStream } from "@millrace/client";
import { MEDIA_VIDEO, type MediaMessage } from "@millrace/core/flv";
import type { NetStatus, PublishMode } from "@millrace/core/rtmp";
import { StreamName } from "../app/index.ts";
import type { LiveStream } from "../hub/index.ts";
import { isFrame, type PlayerSchedule } from "../library/index.ts";
import type { ChannelItem, ItemObserver, PlayingItem } from "./channel-item.ts";
import { LiveItem } from "./live-item.ts";
import { type RemoteObserver, type RemoteOptions, RemoteServer } from "./remote-server.ts";

/** Where a live stream is published besides. */
export type PushTarget = RemoteOptions & {
	/** The stream's name there, with a query where it needs one: many services want a key. */
	readonly name: string;
	/** What is asked for there. */
	readonly mode: PublishMode;
	/** Whether `releaseStream` and `FCPublish` are called as encoders do, which some servers wait for. */
	readonly fcPublish: boolean;
};

/** More bytes than these that the other server has not taken: frames are left out up to a keyframe. */
const MAX_BACKLOG_BYTES = 4 * 1024 * 1024;
/** When the backlog is as small as this, frames may be sent again. */
const LOW_BACKLOG_BYTES = 256 * 1024;

/**
 * Publishes a live stream on another server for as long as somebody publishes it here (multi-point publish). It begins
 * with the last keyframe, behind configurations and data that hold there, and so again after each loss of the
 * connection. A server that is too slow gets fewer pictures, not later ones.
 */
export class StreamPush implements RemoteObserver, ItemObserver {
	readonly #live: LiveStream;
	readonly #target: PushTarget;
	readonly #schedule: PlayerSchedule;
	readonly #tell: (status: NetStatus) => void;
	readonly #remote: RemoteServer;
	readonly #leave: () => void;
	#stream: NetStream | undefined;
	/** What carries the stream, while the other server takes it. */
	#carrier: LiveItem | undefined;
	/** Frames are left out. */
	#skips = false;

	/** @param tell takes the statuses of the connection and of the stream there; called in turns of their own */
	constructor(live: LiveStream, target: PushTarget, schedule: PlayerSchedule, tell: (status: NetStatus) => void) {
		this.#live = live;
		this.#target = target;
		this.#schedule = schedule;
		this.#tell = tell;
		this.#remote = new RemoteServer(target, this);
		const release = live.hold();
		const detach = live.attachTap({
			onMessages: () => {},
			onPublisher: () => this.#remote.open(),
			onPublisherLost: () => {},
			onEnded: () => this.#stop(),
		});
		this.#leave = () => {
			detach();
			release();
		};
		if (live.isLive) this.#remote.open();
	}

	/** Ends it for good. */
	close(): void {
		this.#leave();
		this.#stop();
	}

	// ── the other server ──

	onConnected(connection: NetConnection): void {
		const { name, mode, fcPublish } = this.#target;
		const stream = new NetStream(connection);
		this.#stream = stream;
		stream.addEventListener("netStatus", (event: NetStatusEvent) => {
			if (stream === this.#stream) this.#onStreamStatus(event.info);
		});
		if (fcPublish) {
			// Whatever is answered makes no difference: not all servers know them.
			connection.call("releaseStream", IGNORED, name);
			connection.call("FCPublish", IGNORED, name);
		}
		stream.publish(name, mode);
	}

	onLost(): void {
		this.#carrier?.close();
		this.#carrier = undefined;
		this.#stream = undefined;
	}

	onConnectionStatus(status: NetStatus): void {
		this.#tell(status);
	}

	#onStreamStatus(status: NetStatus): void {
		const { code, level } = status;
		this.#tell(status);
		if (code === "NetStream.Publish.Start" && this.#carrier === undefined) {
			this.#remote.succeed();
			this.#skips = false;
			this.#carrier = new LiveItem(itemOf(this.#live), this.#live, this.#schedule, this);
			this.#carrier.start();
		} else if (level === "error" && !code.startsWith("NetStream.Record.")) {
			this.#remote.retry();
		}
	}

	#stop(): void {
		this.#carrier?.close();
		this.#carrier = undefined;
		this.#stream?.close();
		this.#stream = undefined;
		this.#remote.close();
	}

	// ── the stream here ──

	onMessages(_carrier: PlayingItem, batch: readonly MediaMessage[]): void {
		const stream = this.#stream;
		if (stream === undefined) return;
		for (const message of batch) if (!isFrame(message) || this.#hasRoom(stream, message)) stream.sendMedia(message);
	}

	#hasRoom({ backlog }: NetStream, { type, isKeyframe }: MediaMessage): boolean {
		if (backlog > MAX_BACKLOG_BYTES) this.#skips = true;
		const isEntry = type === MEDIA_VIDEO ? isKeyframe : !this.#live.cache.hasVideo;
		if (isEntry && backlog < LOW_BACKLOG_BYTES) this.#skips = false;
		return !this.#skips;
	}

	/** The tap tells these too. */
	onSourceLost(): void {}

	onSourceBegins(): void {}

	/** A live stream without a length neither ends by itself nor fails. */
	onPlayed(): void {}

	onRefused(): void {}

	onFailed(): void {}

	onStatus(): void {}
}

const IGNORED = { onResult: () => {}, onStatus: () => {} };

function itemOf({ key }: LiveStream): ChannelItem {
	const name = StreamName.fromKey(key);
	return { wish: { name, prefix: "", startMillis: -1000 }, title: name.name, lengthMillis: -1, isPaced: true };
}
