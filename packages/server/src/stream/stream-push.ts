import { type NetConnection, type NetStatusEvent, NetStream } from "@millrace/client";
import type { AmfValue } from "@millrace/core/amf";
import type { NetStatus, PublishMode } from "@millrace/core/rtmp";
import type { LiveStream } from "../hub/index.ts";
import type { PlayerSchedule } from "../library/index.ts";
import type { EventLog } from "../log/index.ts";
import { type RemoteObserver, type RemoteOptions, RemoteServer } from "./remote-server.ts";
import { StreamCarrier } from "./stream-carrier.ts";

/** Where a live stream is published besides. */
export type PushTarget = RemoteOptions & {
	/** The stream's name there, with a query where it needs one: many services want a key. */
	readonly name: string;
	/** What is asked for there. */
	readonly mode: PublishMode;
	/** Whether `releaseStream` and `FCPublish` are called as encoders do, which some servers wait for. */
	readonly fcPublish: boolean;
};

type StreamPushContext = { readonly schedule: PlayerSchedule; readonly log: EventLog };

/**
 * Publishes a live stream on another server for as long as somebody publishes it here (multi-point publish), and again
 * after each loss of the connection.
 */
export class StreamPush implements RemoteObserver {
	readonly #live: LiveStream;
	readonly #target: PushTarget;
	readonly #schedule: PlayerSchedule;
	readonly #tell: (status: NetStatus) => void;
	readonly #remote: RemoteServer;
	readonly #leave: () => void;
	#stream: NetStream | undefined;
	/** While the other server takes it. */
	#carrier: StreamCarrier | undefined;
	#bufferSeconds = 0;

	/** @param tell takes the statuses of the connection and of the stream there; called in turns of their own */
	constructor(
		live: LiveStream,
		target: PushTarget,
		{ schedule, log }: StreamPushContext,
		tell: (status: NetStatus) => void,
	) {
		this.#live = live;
		this.#target = target;
		this.#schedule = schedule;
		this.#tell = tell;
		this.#remote = new RemoteServer(target, this, log);
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

	/** How much may wait for the other server, in seconds; 0 (at first): as much as any connection may let wait. */
	setBufferTime(seconds: number): void {
		this.#bufferSeconds = seconds;
		if (this.#carrier !== undefined) this.#carrier.bufferSeconds = seconds;
	}

	/**
	 * Sends data to those who play it there. It is lost where the other server does not take the stream at the time.
	 *
	 * @throws UsageError `AMF_UNENCODABLE`
	 */
	send(handler: string, args: readonly AmfValue[]): void {
		if (this.#carrier !== undefined) this.#stream?.send(handler, ...args);
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
			if (stream === this.#stream) this.#onStreamStatus(stream, event.info);
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

	#onStreamStatus(stream: NetStream, status: NetStatus): void {
		const { code, level } = status;
		this.#tell(status);
		if (code === "NetStream.Publish.Start" && this.#carrier === undefined) {
			this.#remote.succeed();
			this.#carrier = new StreamCarrier(this.#live, this.#schedule, stream);
			this.#carrier.bufferSeconds = this.#bufferSeconds;
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
}

const IGNORED = { onResult: () => {}, onStatus: () => {} };
