import type { AmfValue } from "../amf/index.ts";
import { TYPE_USER_CONTROL } from "./message/message-type.ts";
import { EVENT_STREAM_BEGIN, EVENT_STREAM_EOF, encodeUserControl } from "./message/user-control.ts";
import { type NetStatus, netStatus } from "./net-status.ts";
import type { ServerConnection } from "./server-connection.ts";
import type { StreamAddress } from "./url.ts";

/** What a client asks for with `publish`. */
export type PublishRequest = StreamAddress & {
	/** `live`, `record`, `append` or `appendWithGap`; anything else counts as `live`. */
	readonly mode: "live" | "record" | "append" | "appendWithGap";
};

/** What a client asks for with `play`. Times are in milliseconds, as they stand on the wire. */
export type PlayRequest = StreamAddress & {
	/** −2000: live or recorded, −1000: live only, 0 and more: recorded, from there. */
	readonly startMillis: number;
	/** −1000: to the end, 0: one frame. */
	readonly lengthMillis: number;
	/** Whether the playlist begins anew. */
	readonly reset: boolean;
};

/** A stream's state, by what was asked and whether it was granted. */
export type StreamState = "idle" | "publish-pending" | "publishing" | "play-pending" | "playing";

/** One message stream of a connection, made by `createStream`: a publisher's or a player's NetStream. */
export class ServerStream {
	readonly connection: ServerConnection;
	/** Message stream id. */
	readonly id: number;
	state: StreamState = "idle";
	/** The name under which it publishes or plays, and the instance that it belongs to. */
	name = "";
	instance = "";
	paused = false;
	wantsAudio = true;
	wantsVideo = true;
	/** What the client says it buffers, in milliseconds. */
	bufferMillis = 0;

	constructor(connection: ServerConnection, id: number) {
		this.connection = connection;
		this.id = id;
	}

	/** Grants a pending publish: stream begin, then `NetStream.Publish.Start`. */
	acceptPublish(): void {
		if (this.state !== "publish-pending") return;
		this.state = "publishing";
		this.sendEvent(EVENT_STREAM_BEGIN);
		this.sendStatus(this.status("NetStream.Publish.Start", `'${this.name}' is now published.`));
		this.connection.settle();
	}

	/** Grants a pending play of a live stream, in the order that players expect (`|RtmpSampleAccess` before media). */
	acceptPlay(reset: boolean): void {
		if (this.state !== "play-pending") return;
		this.state = "playing";
		this.paused = false;
		this.sendEvent(EVENT_STREAM_BEGIN);
		if (reset) this.sendStatus(this.status("NetStream.Play.Reset", `Playing and resetting ${this.name}.`));
		this.sendStatus(this.status("NetStream.Play.Start", `Started playing ${this.name}.`, { isFastPlay: false }));
		this.sendData("|RtmpSampleAccess", true, true);
		this.connection.settle();
	}

	/** Refuses a pending publish or play. */
	refuse(status: NetStatus): void {
		if (this.state !== "publish-pending" && this.state !== "play-pending") return;
		this.state = "idle";
		this.sendStatus({ ...status, details: this.name, clientid: this.connection.clientId });
		this.connection.settle();
	}

	/** An info object about this stream: `details` is its name. */
	status(code: Parameters<typeof netStatus>[0], description?: string, more?: Record<string, AmfValue>): NetStatus {
		return netStatus(code, description, { details: this.name, clientid: this.connection.clientId, ...more });
	}

	/** Sends `onStatus` on this stream. */
	sendStatus(status: NetStatus): void {
		this.connection.sendCommand("onStatus", 0, null, [status], this.id);
	}

	/** Sends a data message: a handler of the client's NetStream is called. */
	sendData(handler: string, ...args: AmfValue[]): void {
		this.connection.sendData(this.id, handler, args);
	}

	/** Sends a user control event about this stream. */
	sendEvent(event: number): void {
		this.connection.link.sendControl(TYPE_USER_CONTROL, encodeUserControl(event, this.id));
	}

	/** Tells a player that its stream has ended: end of file, then `NetStream.Play.Stop`. */
	endPlay(): void {
		this.sendEvent(EVENT_STREAM_EOF);
		this.sendStatus(this.status("NetStream.Play.Stop", `Stopped playing ${this.name}.`));
		this.state = "idle";
	}
}
