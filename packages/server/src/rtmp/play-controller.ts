import { EVENT_STREAM_EOF, type NetStatus, netStatus, type ServerStream } from "@millrace/core/rtmp";
import type { LiveStream, ViewerEnd } from "../hub/index.ts";
import type { MediaOpener, MediaSource, OpenedMedia } from "../library/index.ts";
import type { Continuation } from "./continuing-framer.ts";
import { FilePlay, type FileStart } from "./file-play.ts";
import { LivePlay } from "./live-play.ts";
import { PlayTransitions } from "./play-transition.ts";
import { type PlayEnvironment, type PlayItem, type Playing, type PlayObserver, wishOf } from "./playing.ts";

/** What a playlist asks of its peer. */
export interface PlaylistOwner {
	openLive(item: PlayItem): LiveStream;
	/** An item that was granted is not played, or not any more. */
	onItemGone(item: PlayItem, playing: Playing | undefined): void;
	/** Playing has ended for a reason that lies with the hub. */
	onViewerEnded(stream: ServerStream, reason: ViewerEnd): void;
}

/** Items that wait in one playlist; a client that adds more is refused. */
const MAX_PLAYLIST_ITEMS = 256;

/**
 * What one NetStream plays: an item at a time, live or recorded, and those that follow it. It stays when all has been
 * played, for the client may still seek back into what it has not shown yet.
 */
export class PlayController implements PlayObserver {
	readonly stream: ServerStream;
	readonly #environment: PlayEnvironment;
	readonly #opener: MediaOpener;
	readonly #owner: PlaylistOwner;
	readonly #transitions: PlayTransitions;
	#current: Playing | undefined;
	#list: PlayItem[] = [];
	/** Items at the head of the list are not played before the client says so. */
	#isWaiting = false;
	/** The current item is over, and the next one being looked for, or there is none. */
	#isOver = true;
	#isOpening = false;
	#isClosed = false;
	/** Of the items that are over, for the end of the playlist. */
	#playedMillis = 0;
	#playedBytes = 0;

	constructor(stream: ServerStream, environment: PlayEnvironment, opener: MediaOpener, owner: PlaylistOwner) {
		this.stream = stream;
		this.#environment = environment;
		this.#opener = opener;
		this.#owner = owner;
		this.#transitions = new PlayTransitions(this, opener);
	}

	get current(): Playing | undefined {
		return this.#current;
	}

	/** Begins a new playlist with what its first item turned out to be. */
	start(item: PlayItem, opened: Exclude<OpenedMedia, { kind: "refused" }>): void {
		const { reset } = item.request;
		this.stream.grantPlay({ reset, isRecorded: opened.kind === "file" });
		this.#begin(item, opened, undefined);
	}

	/** Begins a playlist that waits for the client to say so. */
	startWaiting(item: PlayItem): void {
		this.stream.state = "playing";
		this.stream.paused = false;
		this.#list.push(item);
		this.#isWaiting = true;
	}

	/** A granted `play` without reset, or `play2`. */
	add(item: PlayItem): void {
		const { transition } = item.request;
		if (transition === "swap" || transition === "switch") {
			this.#transitions.begin(item);
			return;
		}
		if (transition === "resume") {
			this.#owner.onItemGone(item, undefined);
			this.#isWaiting = false;
		} else if (this.#list.length >= MAX_PLAYLIST_ITEMS) {
			this.refuse(item, `The playlist holds ${MAX_PLAYLIST_ITEMS} items already.`);
			return;
		} else {
			this.#isWaiting = transition === "appendAndWait" && (this.#isWaiting || this.#list.length === 0);
			this.#list.push(item);
		}
		if (this.#isOver) this.#next();
	}

	/** An item that was granted is not played after all. */
	forget(item: PlayItem): void {
		this.#owner.onItemGone(item, undefined);
	}

	/** Sends what has been said. */
	flush(): void {
		this.#environment.transport.flush();
	}

	/** Puts an item in the place of one that has not begun. False: there is none of that name. */
	replace(oldName: string, item: PlayItem): boolean {
		const index = this.#list.findIndex(each => each.name.name === oldName);
		if (index < 0) return false;
		this.#owner.onItemGone(this.#list[index]!, undefined);
		this.#list[index] = item;
		return true;
	}

	/** A change of the playlist fails; what plays goes on. */
	refuse(item: PlayItem, description: string): void {
		const { stream } = this;
		const details = item.name.name;
		stream.sendStatus(stream.status("NetStream.Play.Failed", description, { details }));
		this.#owner.onItemGone(item, undefined);
		this.flush();
	}

	pause(paused: boolean, positionMillis: number, keepsBuffer: boolean): void {
		this.#current?.pause(paused, positionMillis, keepsBuffer);
		this.#transitions.pause(paused);
		this.#noteReplay();
	}

	seek(positionMillis: number): void {
		this.#transitions.hurry();
		this.#current?.seek(positionMillis);
		this.#noteReplay();
	}

	setFilter(): void {
		this.#current?.setFilter();
		this.#transitions.pending?.setFilter();
	}

	setBuffer(): void {
		this.#current?.setBuffer();
	}

	onDrain(now: number): void {
		this.#current?.onDrain(now);
		this.#transitions.pending?.onDrain(now);
	}

	/** Ends all, silently. */
	close(): void {
		if (this.#isClosed) return;
		this.#isClosed = true;
		this.#transitions.cancel();
		const current = this.#current;
		this.#current = undefined;
		if (current !== undefined) {
			current.close();
			this.#owner.onItemGone(current.item, current);
		}
		for (const item of this.#list.splice(0)) this.#owner.onItemGone(item, undefined);
	}

	/** Makes a file's player, which sends nothing yet. */
	makeFile(item: PlayItem, source: MediaSource): FilePlay {
		const { schedule } = this.#environment;
		if (schedule === undefined) throw new Error("Files need a schedule.");
		return new FilePlay(this.stream, item, source, { ...this.#environment, schedule }, this);
	}

	/** Makes a viewer of a live stream. */
	makeLive(item: PlayItem, continuation?: Continuation): LivePlay {
		return new LivePlay(this.stream, item, this.#owner.openLive(item), this.#environment, this, continuation);
	}

	/** Puts something else in the place of what plays. */
	become(next: Playing): void {
		const old = this.#current;
		this.#current = next;
		this.#isOver = false;
		this.stream.name = next.item.name.name;
		if (old === undefined) return;
		old.close();
		this.#owner.onItemGone(old.item, old);
	}

	/** Lets an item follow what plays, at once, on the clock of what was played. */
	follow(item: PlayItem, opened: Exclude<OpenedMedia, { kind: "refused" }>): void {
		const continuesAt = this.#current?.endMillis;
		this.stream.name = item.name.name;
		this.#begin(item, opened, continuesAt);
	}

	// ── what plays ──

	onFirstMedia(playing: Playing): void {
		this.#transitions.onFirstMedia(playing);
	}

	onPlayed(playing: Playing): void {
		if (this.#transitions.onPlayed(playing) || playing !== this.#current) return;
		this.#isOver = true;
		this.#next();
	}

	onFailed(playing: Playing, error: unknown): void {
		const status = this.#opener.faultStatus(playing.item.name, error);
		if (this.#transitions.onFailed(playing, status.description) || playing !== this.#current) return;
		this.#tell(playing.item, status);
		this.#isOver = true;
		if (this.#list.length > 0) {
			this.#next();
			return;
		}
		this.stream.tellStop(true);
		this.flush();
	}

	onUnpublished(playing: Playing): boolean {
		if (this.#transitions.onFailed(playing, "The stream is not published any more.")) return true;
		if (playing !== this.#current || this.#list.length === 0 || this.#isWaiting) return false;
		this.#isOver = true;
		this.#next();
		return true;
	}

	onViewerEnded(playing: Playing, reason: ViewerEnd): void {
		if (this.#transitions.onFailed(playing, "The stream has ended.")) return;
		this.#owner.onViewerEnded(this.stream, reason);
	}

	// ── the playlist ──

	#begin(
		item: PlayItem,
		opened: Exclude<OpenedMedia, { kind: "refused" }>,
		continuesAtMillis: number | undefined,
	): void {
		if (opened.kind === "live") {
			const endMillis = continuesAtMillis;
			const play =
				endMillis === undefined
					? this.makeLive(item)
					: this.makeLive(item, {
							endMillis: () => endMillis,
							waitsForKeyframe: false,
							offsetMillis: Number.NEGATIVE_INFINITY,
							wantsVideo: () => this.stream.wantsVideo,
						});
			this.become(play);
			return;
		}
		const play = this.makeFile(item, opened.source);
		// Players count from the place where they begin, librtmp's resumption above all; only what goes on after the loss of
		// a connection keeps its times.
		const isResumed = continuesAtMillis === undefined && item.request.transition === "resume";
		const start: FileStart = isResumed ? {} : { continuesAtMillis: continuesAtMillis ?? 0 };
		this.become(play);
		play.tellData();
		play.start(start);
	}

	/** What plays is over: the next item begins, or all has been played. */
	#next(): void {
		if (this.#isOpening || this.#isClosed) return;
		const item = this.#isWaiting ? undefined : this.#list.shift();
		if (item === undefined) {
			if (this.#list.length === 0) this.#complete();
			return;
		}
		this.#isOpening = true;
		this.#opener.open(wishOf(item), opened => {
			this.#isOpening = false;
			if (this.#isClosed) {
				if (opened.kind === "file") opened.source.release();
				this.#owner.onItemGone(item, undefined);
			} else if (opened.kind === "refused") {
				this.#tell(item, opened.status);
				this.#owner.onItemGone(item, undefined);
				this.#next();
			} else {
				this.#switchTo(item, opened);
			}
			this.#environment.transport.flush();
		});
	}

	#switchTo(item: PlayItem, opened: Exclude<OpenedMedia, { kind: "refused" }>): void {
		const { stream } = this;
		const old = this.#current;
		if (old !== undefined) {
			this.#playedMillis += old.durationMillis;
			this.#playedBytes += old.bytesSent;
			const details = item.name.name;
			stream.sendData("onPlayStatus", stream.status("NetStream.Play.Switch", `Playing ${details}.`, { details }));
		}
		stream.name = item.name.name;
		stream.tellStart({ reset: false, isRecorded: opened.kind === "file" });
		this.follow(item, opened);
	}

	#tell(item: PlayItem, status: NetStatus): void {
		const { stream } = this;
		stream.sendStatus({ ...status, details: item.name.name, clientid: stream.connection.clientId });
	}

	/** A file that was over plays again after a seek. */
	#noteReplay(): void {
		const current = this.#current;
		if (current instanceof FilePlay) this.#isOver = current.player.hasEnded;
	}

	#complete(): void {
		const { stream } = this;
		const current = this.#current;
		if (current === undefined) return;
		stream.sendEvent(EVENT_STREAM_EOF);
		const duration = (this.#playedMillis + current.durationMillis) / 1000;
		const bytes = this.#playedBytes + current.bytesSent;
		stream.sendData("onPlayStatus", netStatus("NetStream.Play.Complete", undefined, { duration, bytes }));
		stream.tellStop(false);
		// A viewer whose time is over is sent nothing more; a file may still be sought.
		if (!current.isRecorded) current.close();
		this.#environment.transport.flush();
	}
}
