import type { MediaMessage } from "@millrace/core/flv";
import {
	FilePlayer,
	type FilePlayerPace,
	type FilePlayerSink,
	type MediaSource,
	type PlayerSchedule,
	type Sleeper,
} from "../library/index.ts";
import type { ChannelItem, ItemObserver, PlayingItem } from "./channel-item.ts";
import { liveMetadata } from "./item-data.ts";
import type { Timeline } from "./timeline.ts";

/** Viewers of a live stream do not buffer as those of files do, and the stream's cache and recorders keep what they get. */
const CHANNEL_PACE: FilePlayerPace = { restMillis: 50, keepsPayloads: true };

/** A file that a channel plays: sent in real time, so far ahead as the channel wants to be. */
export class FileItem implements PlayingItem, FilePlayerSink, Sleeper {
	readonly item: ChannelItem;
	readonly #source: MediaSource;
	readonly #timeline: Timeline;
	readonly #leadMillis: number;
	readonly #schedule: PlayerSchedule;
	readonly #observer: ItemObserver;
	#player: FilePlayer | undefined;
	#hears = true;
	#sees = true;
	#hasBegun = false;
	#isClosed = false;

	/** The source is this object's to release from now on. */
	constructor(
		item: ChannelItem,
		source: MediaSource,
		channel: { readonly timeline: Timeline; readonly leadMillis: number; readonly schedule: PlayerSchedule },
		observer: ItemObserver,
	) {
		this.item = item;
		this.#source = source;
		this.#timeline = channel.timeline;
		this.#leadMillis = channel.leadMillis;
		this.#schedule = channel.schedule;
		this.#observer = observer;
	}

	get hasAudio(): boolean {
		return this.#source.hasAudio && this.#hears;
	}

	get hasVideo(): boolean {
		return this.#source.hasVideo && this.#sees;
	}

	start(): void {
		const lead = this.#leadMillis;
		const { isPaced, lengthMillis, wish } = this.item;
		const ahead = this.#timeline.begin(this.#schedule.now(), lead);
		if (isPaced && ahead > lead) {
			this.#schedule.wakeAfter(this, ahead - lead);
			return;
		}
		const options = { minBufferMillis: Math.max(0, lead - ahead), exactSeek: false };
		const player = new FilePlayer(this.#source, this, this.#schedule, options, CHANNEL_PACE);
		this.#player = player;
		player.setFilter(this.#hears, this.#sees);
		const fromMillis = Math.max(0, wish.startMillis);
		player.start({
			fromMillis,
			isPaced,
			isSingle: lengthMillis === 0,
			...(lengthMillis > 0 && { untilMillis: fromMillis + lengthMillis }),
		});
	}

	/** What was sent ahead before it has become due. */
	wake(): void {
		this.start();
	}

	setReceive(audio: boolean, video: boolean): void {
		this.#hears = audio;
		this.#sees = video;
		this.#player?.setFilter(audio, video);
	}

	close(): void {
		if (this.#isClosed) return;
		this.#isClosed = true;
		this.#schedule.cancel(this);
		this.#player?.close();
		this.#source.release();
	}

	// ── the player ──

	/** The hub takes everything; what is too much for a viewer is that viewer's to lose. */
	isReady(): boolean {
		return true;
	}

	onPlaced(): void {}

	send(batch: readonly MediaMessage[]): void {
		if (this.#hasBegun) {
			this.#observer.onMessages(this, batch);
			return;
		}
		this.#hasBegun = true;
		this.#observer.onMessages(this, [liveMetadata(this.#source.metadata, batch[0]!.timestamp), ...batch]);
	}

	onBufferFilled(): void {}

	onBufferRefilled(): void {}

	onEnd(): void {
		if (!this.#isClosed) this.#observer.onPlayed(this);
	}

	onFailed(error: unknown): void {
		this.#observer.onFailed(this, error);
	}
}
