import type { AmfValue } from "../amf/index.ts";
import { TYPE_USER_CONTROL } from "./message/message-type.ts";
import {
	EVENT_STREAM_BEGIN,
	EVENT_STREAM_EOF,
	EVENT_STREAM_IS_RECORDED,
	encodeUserControl,
} from "./message/user-control.ts";
import { type NetStatus, netStatus } from "./net-status.ts";
import type { PlayTransition } from "./play-transition.ts";
import type { ServerConnection } from "./server-connection.ts";
import type { StreamAddress } from "./url.ts";

/** What a client asks for with `publish`. */
export type PublishRequest = StreamAddress & {
	/** `live`, `record`, `append` or `appendWithGap`; anything else counts as `live`. */
	readonly mode: "live" | "record" | "append" | "appendWithGap";
};

/** What a client asks for with `play` or `play2`. Times are in milliseconds. */
export type PlayRequest = StreamAddress & {
	readonly instance: string;
	/** −2000: live or recorded, −1000: live only, 0 and more: recorded, from there. */
	readonly startMillis: number;
	/** −1000: to the end, 0: one frame. */
	readonly lengthMillis: number;
	/** Whether the playlist begins anew. */
	readonly reset: boolean;
	/** False: all at once, whatever the times say (`reset` of 2 and 3). */
	readonly isPaced: boolean;
	/** Of `play2`; `undefined` for `play`. */
	readonly transition: Exclude<PlayTransition, "stop"> | undefined;
	/** Of `play2`: which stream of the playlist is meant; empty: the one that plays. */
	readonly oldName: string;
	/** Of `play2`: where to switch, on the player's clock; −1: as soon as possible. */
	readonly offsetMillis: number;
};

/** What is said when something begins to play. */
export type PlayStart = {
	/** The playlist began anew. */
	readonly reset: boolean;
	readonly isRecorded: boolean;
};

/** A stream's state, by what was asked and whether it was granted. */
export type StreamState = "idle" | "publish-pending" | "publishing" | "play-pending" | "playing";

/** One message stream of a connection, made by `createStream`: a publisher's or a player's NetStream. */
export class ServerStream {
	readonly connection: ServerConnection;
	/** Message stream id. */
	readonly id: number;
	state: StreamState = "idle";
	/** A permission is pending: to publish, to play, or to change the playlist. */
	isAsking = false;
	/** The name under which it publishes or plays, and the instance that it belongs to. */
	name = "";
	instance = "";
	paused = false;
	wantsAudio = true;
	wantsVideo = true;
	/** What the client says it buffers, in milliseconds; −1: it has said nothing. */
	bufferMillis = -1;

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
		this.settle();
	}

	/**
	 * Grants a pending play, in the order that players expect (`|RtmpSampleAccess` before media). Where the playlist of
	 * a stream that plays was added to, nothing is said. `settle` must follow.
	 */
	grantPlay(start: PlayStart): void {
		if (this.state !== "play-pending") return;
		this.state = "playing";
		this.paused = false;
		this.tellStart(start);
	}

	/** `grantPlay` of a live stream, and `settle`. */
	acceptPlay(reset: boolean): void {
		if (this.state !== "play-pending" && this.state !== "playing") return;
		this.grantPlay({ reset, isRecorded: false });
		this.settle();
	}

	/** Refuses what is pending. What plays goes on. */
	refuse(status: NetStatus, name = this.name): void {
		if (!this.isAsking) return;
		if (this.state !== "playing") this.state = "idle";
		this.sendStatus({ ...status, details: name, clientid: this.connection.clientId });
		this.settle();
	}

	/** The pending permission has been given or refused: what the client sent behind it goes on. */
	settle(): void {
		if (!this.isAsking) return;
		this.isAsking = false;
		this.connection.settle();
	}

	/** Says that what is called `name` begins to play. */
	tellStart({ reset, isRecorded }: PlayStart): void {
		if (isRecorded) this.sendEvent(EVENT_STREAM_IS_RECORDED);
		this.sendEvent(EVENT_STREAM_BEGIN);
		if (reset) this.sendStatus(this.status("NetStream.Play.Reset", `Playing and resetting ${this.name}.`));
		this.sendStatus(this.status("NetStream.Play.Start", `Started playing ${this.name}.`, { isFastPlay: false }));
		const { audio, video } = this.connection.sampleAccess(this);
		this.sendData("|RtmpSampleAccess", audio, video);
	}

	/** Says that playing has stopped; `isEnd`: because there is nothing more. */
	tellStop(isEnd: boolean): void {
		if (isEnd) this.sendEvent(EVENT_STREAM_EOF);
		this.sendStatus(this.status("NetStream.Play.Stop", `Stopped playing ${this.name}.`));
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
}
