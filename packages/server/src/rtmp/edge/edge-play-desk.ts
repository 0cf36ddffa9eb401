import { type NetStatusEvent, NetStream } from "@millrace/client";
import type { MediaMessage } from "@millrace/core/flv";
import type { Call, NetStatus, PlayRequest, ServerStream } from "@millrace/core/rtmp";
import { StreamName } from "../../app/index.ts";
import type { PlayDesk, PlayDeskStats, PlayHost } from "../play-desk.ts";
import { streamTitle } from "./edge-address.ts";
import type { EdgeClient } from "./edge-client.ts";
import { EdgeFilePlay } from "./edge-file-play.ts";

/**
 * All that one client of an edge plays. Each play is asked for at the origin, on the client's own connection there. What
 * is live then comes by the hub, once for all who play it; a file is passed on to this client alone.
 */
export class EdgePlayDesk {
	readonly #client: EdgeClient;
	readonly #host: PlayHost;
	/** Plays what is live. */
	readonly #live: PlayDesk;
	readonly #files = new Map<ServerStream, EdgeFilePlay>();
	/** Plays that the origin has not answered. */
	readonly #asked = new Map<ServerStream, NetStream>();

	constructor(client: EdgeClient, host: PlayHost, live: PlayDesk) {
		this.#client = client;
		this.#host = host;
		this.#live = live;
	}

	get size(): number {
		return this.#live.size + this.#files.size;
	}

	stats(now: number): PlayDeskStats {
		return this.#live.stats(now);
	}

	onDrain(now: number): void {
		this.#live.onDrain(now);
		for (const file of this.#files.values()) file.onDrain();
	}

	onPlay(stream: ServerStream, request: PlayRequest): void {
		const playing = this.#files.get(stream);
		if (playing !== undefined && !request.reset) {
			// The origin has the playlist.
			playing.upstream.play(...playArguments(request), false);
			stream.settle();
			return;
		}
		this.#closeFile(stream);
		const upstream = new NetStream(this.#client.connection);
		this.#asked.set(stream, upstream);
		const finish = (refusal: NetStatus | undefined) => {
			if (this.#asked.get(stream) !== upstream || this.#client.isClosed) return;
			this.#asked.delete(stream);
			if (refusal === undefined) this.#begin(stream, request, upstream);
			else {
				upstream.close();
				stream.refuse(refusal, request.name);
			}
			this.#host.endTurn();
		};
		upstream.client = { onPlayStatus: () => {}, onMetaData: () => {} };
		upstream.addEventListener("netStatus", ({ info }: NetStatusEvent) => {
			if (info.level === "error") finish(info);
			else if (info.code === "NetStream.Play.Start") finish(undefined);
		});
		// Where a server says nothing before.
		const onFirst = (message: MediaMessage) => {
			if (message.isAudio || message.isVideo) finish(undefined);
			if (upstream.onMedia !== onFirst) upstream.onMedia?.(message);
		};
		upstream.onMedia = onFirst;
		upstream.play(...playArguments(request), true);
	}

	onStop(stream: ServerStream): void {
		this.#asked.get(stream)?.close();
		this.#asked.delete(stream);
		this.#closeFile(stream);
		this.#live.onStop(stream);
		// The live ones alone decided there.
		this.#host.connection.link.toleratesSilence = this.size > 0;
	}

	onPause(stream: ServerStream, paused: boolean, positionMillis: number, keepsBuffer: boolean): void {
		const file = this.#files.get(stream);
		if (file === undefined) this.#live.onPause(stream, paused, positionMillis, keepsBuffer);
		else file.pause(paused, positionMillis, keepsBuffer);
	}

	onSeek(stream: ServerStream, positionMillis: number): void {
		const file = this.#files.get(stream);
		if (file === undefined) this.#live.onSeek(stream, positionMillis);
		else file.seek(positionMillis);
	}

	onReceiveChange(stream: ServerStream): void {
		const file = this.#files.get(stream);
		if (file === undefined) this.#live.onReceiveChange(stream);
		else file.setFilter();
	}

	onBufferLength(stream: ServerStream): void {
		const file = this.#files.get(stream);
		if (file === undefined) this.#live.onBufferLength(stream);
		else file.setBuffer();
	}

	onStreamLength(call: Call): void {
		const { connection } = this.#host;
		const answer = (value: unknown) => {
			connection.sendResult(call, typeof value === "number" ? value : 0);
			connection.settle();
			this.#host.endTurn();
		};
		this.#client.connection.call("getStreamLength", { onResult: answer, onStatus: () => answer(0) }, ...call.args);
	}

	#begin(stream: ServerStream, request: PlayRequest, upstream: NetStream): void {
		const { name } = request;
		if (stream.state !== "play-pending" && stream.state !== "playing") {
			upstream.close();
			stream.settle();
			return;
		}
		if (upstream.info.isLive) {
			const key = new StreamName(this.#host.application, request.instance, name).key;
			this.#client.joinFeed(name, key, upstream);
			// What is live here is all that there is.
			this.#live.onPlay(stream, { ...request, startMillis: -1000 });
			return;
		}
		const { link } = this.#host.connection;
		const file = new EdgeFilePlay(stream, upstream, this.#host.output);
		this.#files.set(stream, file);
		link.toleratesSilence = true;
		if (stream.state === "play-pending") stream.grantPlay({ reset: request.reset, isRecorded: true });
		if (stream.bufferMillis >= 0) file.setBuffer();
		stream.settle();
	}

	#closeFile(stream: ServerStream): void {
		this.#files.get(stream)?.close();
		this.#files.delete(stream);
	}
}

/** As they are to be given to the origin, in its units. */
function playArguments(request: PlayRequest): [string, number, number] {
	const { startMillis, lengthMillis } = request;
	return [streamTitle(request), startMillis / 1000, lengthMillis < 0 ? -1 : lengthMillis / 1000];
}
