import { MemoryPool } from "@millrace/core/bytes";
import { LimitError, PeerError } from "@millrace/core/fault";
import type { Call, PlayRequest, ServerConnection, ServerConnectionHandler, ServerStream } from "@millrace/core/rtmp";
import { type PermissionHandler, type PlayStats, type StreamFacts, StreamName } from "../app/index.ts";
import { addTally, emptyTally, type LiveStream, type MediaTally, messagesOf, type ViewerEnd } from "../hub/index.ts";
import { catalogName, DEFAULT_FILE_PLAYER, MediaOpener, type OpenedMedia } from "../library/index.ts";
import type { EventLog } from "../log/index.ts";
import { LivePlay } from "./live-play.ts";
import type { ApplicationRules, PeerContext } from "./peer-context.ts";
import { PlayController, type PlaylistOwner } from "./play-controller.ts";
import { type PlayItem, type Playing, type PlayTransport, wishOf } from "./playing.ts";

/** The connection whose streams are played on. */
export interface PlayHost extends PlayTransport {
	readonly connection: ServerConnection;
	readonly rules: ApplicationRules;
	/** The application whose streams they are, as the hub's keys have it. */
	readonly application: string;
	/** The client's virtual key at this moment; empty: it has none. */
	readonly virtualKey: string;
	/** Asks the application. */
	askToPlay(facts: StreamFacts, onAnswer: PermissionHandler): void;
	/** Tells the application that something is not played any more. */
	tellStopped(facts: StreamFacts): void;
	/** What was held while an answer was awaited has been handed on. */
	endTurn(): void;
}

/** Measures of all that one client plays. */
export type PlayDeskStats = {
	readonly playing: readonly PlayStats[];
	/** Of all plays so far. */
	readonly messages: number;
	readonly messagesDropped: number;
	readonly dropped: MediaTally;
	/** Messages and framed bytes that wait for the network. */
	readonly queued: MediaTally;
	readonly queuedBytes: number;
};

/** What a viewer and a stream that it is the first to wait for cost, in bytes, about. */
const PLAY_BYTES = 4096;
/** What each file beside a connection's first play costs: a block that has not been taken. */
const FILE_BYTES = 72 * 1024;

/** Keeps nothing: each block gets memory of its own. */
const NO_POOL = new MemoryPool(0, 0);

/** All that one client plays, on any of its streams: from the command through the permission to the end. */
export class PlayDesk
	implements
		PlaylistOwner,
		Required<
			Pick<
				ServerConnectionHandler,
				"onPlay" | "onStop" | "onPause" | "onSeek" | "onReceiveChange" | "onBufferLength" | "onStreamLength"
			>
		>
{
	readonly #context: PeerContext;
	readonly #host: PlayHost;
	readonly #log: EventLog;
	readonly #opener: MediaOpener;
	readonly #blocks: MemoryPool;
	/** Of what is not played any more. */
	readonly #past = { messages: 0, missed: 0, dropped: emptyTally() };
	readonly #playing = new Map<ServerStream, { readonly controller: PlayController; readonly bytes: number }>();

	constructor(context: PeerContext, host: PlayHost, log: EventLog) {
		this.#context = context;
		this.#host = host;
		this.#log = log;
		this.#blocks = context.blocks ?? NO_POOL;
		this.#opener = new MediaOpener(
			context.hub,
			context.schedule && context.catalog,
			() => host.rules.hasLive ?? true,
			log,
			() => host.virtualKey,
		);
	}

	/** Streams that play. */
	get size(): number {
		return this.#playing.size;
	}

	/** Measures at this moment. */
	stats(now: number): PlayDeskStats {
		const queued = emptyTally();
		const dropped = { ...this.#past.dropped };
		let { messages, missed } = this.#past;
		let queuedBytes = 0;
		const playing: PlayStats[] = [];
		for (const [stream, { controller }] of this.#playing) {
			const { current } = controller;
			if (current === undefined) continue;
			const viewer = current.viewerStats(now);
			messages += current.messagesSent;
			if (viewer !== undefined) {
				addTally(queued, viewer.queued);
				addTally(dropped, viewer.dropped);
				missed += viewer.missedMessages;
				queuedBytes += viewer.queuedBytes;
			}
			playing.push({
				streamId: stream.id,
				stream: String(current.item.name),
				isRecorded: current.isRecorded,
				bytes: current.bytesSent,
				messages: current.messagesSent,
				viewer,
			});
		}
		const messagesDropped = missed + messagesOf(dropped);
		return { playing, messages, messagesDropped, queued, dropped, queuedBytes };
	}

	/** The connection's network has taken everything. */
	onDrain(now: number): void {
		for (const { controller } of this.#playing.values()) controller.onDrain(now);
	}

	// ── the client's commands ──

	onPlay(stream: ServerStream, request: PlayRequest): void {
		const { application } = this.#host;
		const item: PlayItem = { name: new StreamName(application, request.instance, request.name), request };
		this.#host.askToPlay(factsOf(item), refusal => {
			if (refusal !== undefined) stream.refuse(refusal, request.name);
			else if (stream.state === "playing") this.#add(stream, item);
			else if (stream.state === "play-pending") this.#begin(stream, item);
			this.#host.endTurn();
		});
	}

	onStop(stream: ServerStream): void {
		const controller = this.#take(stream);
		controller?.close();
		this.#host.connection.link.toleratesSilence = this.#playing.size > 0;
	}

	onPause(stream: ServerStream, paused: boolean, positionMillis: number, keepsBuffer: boolean): void {
		this.#playing.get(stream)?.controller.pause(paused, positionMillis, keepsBuffer);
	}

	onSeek(stream: ServerStream, positionMillis: number): void {
		this.#playing.get(stream)?.controller.seek(positionMillis);
	}

	onReceiveChange(stream: ServerStream): void {
		this.#playing.get(stream)?.controller.setFilter();
	}

	onBufferLength(stream: ServerStream): void {
		this.#playing.get(stream)?.controller.setBuffer();
	}

	onStreamLength(call: Call, address: Pick<PlayRequest, "name" | "prefix" | "instance">): void {
		const { connection } = this.#host;
		const { hub, catalog } = this.#context;
		const name = new StreamName(this.#host.application, address.instance, address.name);
		const answer = (millis: number) => {
			connection.sendResult(call, millis / 1000);
			connection.settle();
			this.#host.endTurn();
		};
		if (catalog === undefined || hub.find(name.key)?.isLive === true) {
			answer(0);
			return;
		}
		catalog
			.lengthMillis(catalogName({ name, prefix: address.prefix }), this.#host.virtualKey)
			.catch(error => {
				this.#opener.faultStatus(name, error);
				return undefined;
			})
			.then(millis => answer(millis ?? 0))
			.catch(error => this.#log.error("fault", { stream: String(name), error }));
	}

	// ── what the playlists ask for ──

	openLive({ name }: PlayItem): LiveStream {
		return this.#context.hub.open(name.key, this.#host.rules.live);
	}

	onItemGone(item: PlayItem, playing: Playing | undefined): void {
		if (playing !== undefined) {
			const skips = playing instanceof LivePlay ? playing.viewer.skips || undefined : undefined;
			this.#log.info("stop", { stream: String(item.name), skips });
			const past = this.#past;
			past.messages += playing.messagesSent;
			const viewer = playing.viewerStats(this.#context.now());
			if (viewer !== undefined) {
				past.missed += viewer.missedMessages;
				addTally(past.dropped, viewer.dropped);
			}
		}
		this.#host.tellStopped(factsOf(item));
	}

	onViewerEnded(stream: ServerStream, reason: ViewerEnd): void {
		const { link } = this.#host.connection;
		// The end of the connection ends every play.
		if (reason === "too-slow") link.close(new PeerError("VIEWER_TOO_SLOW"));
		else stream.state = "idle";
		this.#take(stream)?.close();
		this.#host.flush();
	}

	#add(stream: ServerStream, item: PlayItem): void {
		this.#playing.get(stream)?.controller.add(item);
		stream.settle();
	}

	#begin(stream: ServerStream, item: PlayItem): void {
		if (item.request.transition === "appendAndWait") {
			this.#makeController(stream, PLAY_BYTES)?.startWaiting(item);
			stream.settle();
			return;
		}
		let isNow = true;
		this.#opener.open(wishOf(item), opened => {
			this.#onOpened(stream, item, opened);
			if (!isNow) this.#host.endTurn();
		});
		isNow = false;
	}

	#onOpened(stream: ServerStream, item: PlayItem, opened: OpenedMedia): void {
		// The connection may have ended meanwhile; nothing else is done before this is settled.
		if (stream.state !== "play-pending" || !stream.isAsking) {
			if (opened.kind === "file") opened.source.release();
			this.#host.tellStopped(factsOf(item));
			return;
		}
		if (opened.kind === "refused") {
			stream.refuse(opened.status);
			this.#host.tellStopped(factsOf(item));
			return;
		}
		const bytes = opened.kind === "file" && this.#playing.size > 0 ? FILE_BYTES : PLAY_BYTES;
		const controller = this.#makeController(stream, bytes);
		if (controller === undefined) {
			if (opened.kind === "file") opened.source.release();
			return;
		}
		controller.start(item, opened);
		const waiting = opened.kind === "live" && !opened.isPublished ? true : undefined;
		const recorded = opened.kind === "file" ? true : undefined;
		this.#log.info("play", { stream: String(item.name), waiting, recorded });
		stream.settle();
	}

	/** `undefined`: the connection holds too much, and has been closed. */
	#makeController(stream: ServerStream, bytes: number): PlayController | undefined {
		const { link } = this.#host.connection;
		if (!link.account.add(bytes)) {
			link.close(new LimitError("SHARED_BYTES_SPENT", `It plays ${this.#playing.size} streams.`));
			return undefined;
		}
		const environment = {
			transport: this.#host,
			slab: this.#context.connection.slab,
			blocks: this.#blocks,
			schedule: this.#context.schedule,
			files: this.#host.rules.files ?? DEFAULT_FILE_PLAYER,
		};
		const controller = new PlayController(stream, environment, this.#opener, this);
		this.#playing.set(stream, { controller, bytes });
		// A viewer that takes what it is sent is alive, whether it answers pings (some never do) or not.
		link.toleratesSilence = true;
		return controller;
	}

	#take(stream: ServerStream): PlayController | undefined {
		const playing = this.#playing.get(stream);
		if (playing === undefined) return undefined;
		this.#playing.delete(stream);
		this.#host.connection.link.account.remove(playing.bytes);
		return playing.controller;
	}
}

function factsOf({ request }: PlayItem): StreamFacts {
	const { name, query, prefix } = request;
	return { name, query, mode: "play", ...(prefix !== "" && { prefix }) };
}
