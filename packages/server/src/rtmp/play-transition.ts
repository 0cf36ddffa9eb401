import { findKeyframe, type MediaOpener, type MediaSource, type OpenedMedia } from "../library/index.ts";
import { FilePlay } from "./file-play.ts";
import { LivePlay } from "./live-play.ts";
import type { PlayController } from "./play-controller.ts";
import { type PlayItem, type Playing, wishOf } from "./playing.ts";

/**
 * `play2` on a stream that plays: another quality of the same programme from a keyframe on (`switch`), or something else
 * at once (`swap`). What plays goes on until the new one has its first message, and where that fails. A newer transition
 * overrides one on the way.
 */
export class PlayTransitions {
	readonly #controller: PlayController;
	readonly #opener: MediaOpener;
	/** What is being looked for; `undefined`: nothing is. */
	#wanted: PlayItem | undefined;
	/** What has been found and takes over when its time has come. */
	#pending: FilePlay | LivePlay | undefined;
	/** Where a pending file begins, in its own time. */
	#pendingFrom = 0;
	/** What takes over, and has not sent anything yet. */
	#incoming: PlayItem | undefined;
	/** The same, where it is a file whose metadata has not been told. */
	#switched: FilePlay | undefined;

	constructor(controller: PlayController, opener: MediaOpener) {
		this.#controller = controller;
		this.#opener = opener;
	}

	get pending(): Playing | undefined {
		return this.#pending;
	}

	/** Takes a granted `swap` or `switch`. */
	begin(item: PlayItem): void {
		const controller = this.#controller;
		const { oldName } = item.request;
		const current = controller.current;
		if (oldName !== "" && oldName !== current?.item.name.name) {
			if (controller.replace(oldName, item)) this.#tellAccepted(item);
			else controller.refuse(item, `${oldName} is not in the playlist.`);
			return;
		}
		this.#drop("Another transition was asked for.");
		this.#wanted = item;
		this.#opener.open(wishOf(item), opened => {
			if (this.#wanted === item) this.#onOpened(item, opened);
			else if (opened.kind === "file") opened.source.release();
			controller.flush();
		});
	}

	/** The viewer pauses, or goes on. */
	pause(paused: boolean): void {
		if (this.#pending instanceof LivePlay) this.#pending.viewer.setPaused(paused);
	}

	/** The viewer seeks: what is found takes over at once, what is not found yet is forgotten. */
	hurry(): void {
		const pending = this.#pending;
		if (pending instanceof FilePlay) this.#takeOver(pending);
		else this.#drop("A seek came between.");
	}

	/** Forgets what is on the way; the client is gone. */
	cancel(): void {
		const item = this.#forget();
		if (item !== undefined) this.#controller.forget(item);
		this.#incoming = undefined;
		this.#switched = undefined;
	}

	/** A play sends its first message. */
	onFirstMedia(playing: Playing): void {
		if (playing === this.#pending) {
			this.#pending = undefined;
			this.#wanted = undefined;
			this.#controller.become(playing);
			this.#incoming = playing.item;
		}
		if (playing.item !== this.#incoming) return;
		this.#incoming = undefined;
		const { stream } = this.#controller;
		stream.sendData("onPlayStatus", stream.status("NetStream.Play.TransitionComplete"));
		if (playing === this.#switched) this.#switched.tellMetadata();
		this.#switched = undefined;
	}

	/** A play is over. True: something else takes over. */
	onPlayed(playing: Playing): boolean {
		const pending = this.#pending;
		if (playing !== this.#controller.current || !(pending instanceof FilePlay)) return false;
		this.#takeOver(pending);
		return true;
	}

	/** A play cannot go on. True: it was one that had not taken over. */
	onFailed(playing: Playing, reason: string): boolean {
		if (playing !== this.#pending) return false;
		this.#drop(reason);
		return true;
	}

	#onOpened(item: PlayItem, opened: OpenedMedia): void {
		const controller = this.#controller;
		const { current } = controller;
		const isAbsent = opened.kind === "live" && !opened.isPublished;
		if (opened.kind === "refused" || isAbsent) {
			this.#drop(opened.kind === "refused" ? opened.status.description : `${item.name.name} was not found.`);
		} else if (item.request.transition === "switch" && opened.kind === "file" && current instanceof FilePlay) {
			this.#switchFile(item, opened.source, current);
		} else if (item.request.transition === "switch" && opened.kind === "live" && current instanceof LivePlay) {
			this.#switchLive(item, current);
		} else {
			this.#wanted = undefined;
			this.#tellAccepted(item);
			this.#incoming = item;
			controller.follow(item, opened);
		}
	}

	/** The old one goes on until a keyframe of the new one; where the client names an earlier time, it stops at once. */
	#switchFile(item: PlayItem, source: MediaSource, old: FilePlay): void {
		const { offsetMillis } = item.request;
		const sent = old.player.sentMillis;
		const named = offsetMillis < 0 ? sent + 1 : offsetMillis - old.offsetMillis;
		if (old.player.hasEnded && offsetMillis < 0) {
			source.release();
			this.#drop("All of what plays has been sent.");
			return;
		}
		if (named <= sent) {
			this.#tellAccepted(item);
			this.#takeOver(this.#pend(item, source, Math.max(0, named)), false);
			return;
		}
		old.player.hold();
		findKeyframe(source, named).then(
			at => this.#onKeyframe(item, source, old, at),
			error => {
				this.#opener.faultStatus(item.name, error);
				this.#onKeyframe(item, source, old, undefined);
			},
		);
	}

	#onKeyframe(item: PlayItem, source: MediaSource, old: FilePlay, at: number | undefined): void {
		if (this.#wanted !== item) {
			source.release();
			return;
		}
		if (at === undefined) {
			source.release();
			this.#drop(`${item.name.name} has no keyframe to switch at.`);
			return;
		}
		this.#tellAccepted(item);
		const pending = this.#pend(item, source, at);
		if (old.player.hasEnded) this.#takeOver(pending);
		else old.player.release(at);
		this.#controller.flush();
	}

	#pend(item: PlayItem, source: MediaSource, fromMillis: number): FilePlay {
		const pending = this.#controller.makeFile(item, source);
		this.#pending = pending;
		this.#pendingFrom = fromMillis;
		return pending;
	}

	#switchLive(item: PlayItem, old: LivePlay): void {
		this.#tellAccepted(item);
		this.#pending = this.#controller.makeLive(item, {
			endMillis: () => old.endMillis,
			waitsForKeyframe: true,
			offsetMillis: old.offsetMillis,
			wantsVideo: () => this.#controller.stream.wantsVideo,
		});
	}

	/** `isExact`: it begins at a keyframe that is known, and with nothing before it. */
	#takeOver(pending: FilePlay, isExact = true): void {
		const old = this.#controller.current;
		const offsetMillis = old instanceof FilePlay ? old.offsetMillis : 0;
		const fromMillis = this.#pendingFrom;
		this.#pending = undefined;
		this.#wanted = undefined;
		this.#controller.become(pending);
		this.#incoming = pending.item;
		this.#switched = pending;
		pending.start({ fromMillis, offsetMillis, ...(isExact && { skipBeforeMillis: fromMillis }) });
	}

	/** Gives a transition up, with a word to the client; the old one goes on. */
	#drop(reason: string): void {
		const item = this.#forget();
		if (item !== undefined) this.#controller.refuse(item, reason);
	}

	#forget(): PlayItem | undefined {
		const item = this.#wanted;
		this.#wanted = undefined;
		this.#pending?.close();
		this.#pending = undefined;
		const { current } = this.#controller;
		if (item !== undefined && current instanceof FilePlay) current.player.release();
		return item;
	}

	#tellAccepted(item: PlayItem): void {
		const { stream } = this.#controller;
		const details = item.name.name;
		const more = { reason: "NetStream.Transition.Success", details };
		stream.sendStatus(stream.status("NetStream.Play.Transition", `Transition to ${details}.`, more));
	}
}
