import type { Arena } from "@millrace/core/bytes";
import type { MediaMessage } from "@millrace/core/flv";
import type { PlayerSchedule, Sleeper } from "./file-player-schedule.ts";
import { MessageSelection } from "./file-player-selection.ts";
import type { MediaCursor, MediaSource } from "./media-source.ts";

/** How files are played, for all viewers of an application. */
export type FilePlayerOptions = {
	/** The least that is sent ahead of a viewer, whatever its buffer, in milliseconds. Default 2000, as Flash Media Server. */
	readonly minBufferMillis: number;
	/** After a seek, show from the very time, and not from the keyframe before it: for players that know how. Default false. */
	readonly exactSeek: boolean;
};

export const DEFAULT_FILE_PLAYER: FilePlayerOptions = { minBufferMillis: 2000, exactSeek: false };

/** Who is played to. */
export type FilePlayerPace = {
	/** What is due within so long is sent together, and the player sleeps for so long between, in milliseconds. */
	readonly restMillis: number;
	/** Whether payloads must stay valid behind the sink's `send`: for those who keep them. */
	readonly keepsPayloads: boolean;
};

/** A viewer, who buffers, and whose payloads are copied at once. */
export const VIEWER_PACE: FilePlayerPace = { restMillis: 500, keepsPayloads: false };

/** Which part of a file is played, in the file's time. */
export type PlayRange = {
	/** Begins at the keyframe at or before this time, in milliseconds. */
	readonly fromMillis: number;
	/** Nothing before this time is sent. Default: all from the keyframe on. */
	readonly skipBeforeMillis?: number;
	/** Ends before this time, in milliseconds. Default: at the end of the file. */
	readonly untilMillis?: number;
	/** A single picture, or sound where there are none. Default false. */
	readonly isSingle?: boolean;
	/** Whether it is sent in time, or all at once. Default true. */
	readonly isPaced?: boolean;
};

/** The viewer's network. Calls come one by one, never within a call of the player. */
export interface FilePlayerSink {
	/** Whether everything that was sent has been taken; where not, `FilePlayer.onDrain` must follow when it has. */
	isReady(): boolean;
	/** Playing begins, or goes on after a seek, at this time of the file, in milliseconds. `send` follows. */
	onPlaced(millis: number): void;
	/** Takes messages, after `isReady` was true. */
	send(batch: readonly MediaMessage[]): void;
	/** As much as the viewer's buffer holds has been sent. */
	onBufferFilled(): void;
	/** After `onBufferFilled`, more follows. */
	onBufferRefilled(): void;
	/** All has been sent. */
	onEnd(): void;
	/** The file cannot be read on, or the sink threw; the player has ended. */
	onFailed(error: unknown): void;
}

/** What is read and written at once at most, in bytes: a viewer costs a read, a block and a wake-up for each. */
const MOST_READ_BYTES = 72 * 1024;
/** What is read beyond the file's mean rate, for its ups and downs: a tenth more, and the least that is read. */
const READ_MARGIN = 1.1;
const LEAST_READ_BYTES = 8 * 1024;

/**
 * Plays one file to one viewer: sends ahead until the viewer's buffer is full, then as fast as the times say, and never
 * more than one block that the network has not taken. No more is read than is sent at once, so that between its turns a
 * player keeps nothing but its place. Commands take effect in the order in which they are given, whatever is being read
 * meanwhile; a newer place overrides one on the way.
 */
export class FilePlayer implements Sleeper {
	readonly source: MediaSource;
	/** Bytes of payload that were sent. */
	bytesSent = 0;

	readonly #cursor: MediaCursor;
	readonly #sink: FilePlayerSink;
	readonly #schedule: PlayerSchedule;
	readonly #options: FilePlayerOptions;
	readonly #restMillis: number;
	readonly #keepsPayloads: boolean;
	readonly #selection: MessageSelection;
	#stopGrowth: (() => void) | undefined;
	#move: Move | undefined;
	/** Time of the newest message that was sent; where nothing was, of the place. */
	#sentMillis = 0;
	#untilMillis = Number.POSITIVE_INFINITY;
	#bufferMillis = -1;
	#isPaced = true;
	#isPaused = false;
	#isHeld = false;
	#hasEnded = false;
	#isClosed = false;
	#isPumping = false;
	/** Something has changed since the last step began. */
	#isWanted = false;
	#hasGrown = false;
	/** Paused and moved: one picture is shown of the new place. */
	#owesPreview = false;
	#needsHead = false;
	/** What was read and not sent yet. */
	#batch: readonly MediaMessage[] = NOTHING;
	#index = 0;
	/** Which time of the file is shown, and since when; the clock starts with the first message that is sent. */
	#originMillis = 0;
	#originAt = Number.NaN;
	#bufferState: "filling" | "filled" | "refilled" = "filling";

	/** Nothing is read before `start`. */
	constructor(
		source: MediaSource,
		sink: FilePlayerSink,
		schedule: PlayerSchedule,
		options: FilePlayerOptions,
		{ restMillis, keepsPayloads } = VIEWER_PACE,
	) {
		this.source = source;
		this.#cursor = source.cursor();
		this.#restMillis = restMillis;
		this.#keepsPayloads = keepsPayloads;
		this.#sink = sink;
		this.#schedule = schedule;
		this.#options = options;
		this.#selection = new MessageSelection(source);
	}

	/** Time of the newest message that was sent, in milliseconds of the file. */
	get sentMillis(): number {
		return this.#sentMillis;
	}

	/** Where the part that is played ends, in milliseconds of the file; of a growing file, as it is now. */
	get endMillis(): number {
		return Math.max(this.#sentMillis, Math.min(this.#selection.untilMillis, this.source.durationMillis));
	}

	/** All has been sent, or nothing more can be. */
	get hasEnded(): boolean {
		return this.#hasEnded || this.#isClosed;
	}

	/** Begins. Called once. */
	start(range: PlayRange): void {
		const selection = this.#selection;
		this.#untilMillis = range.untilMillis ?? Number.POSITIVE_INFINITY;
		selection.untilMillis = this.#untilMillis;
		selection.isSingle = range.isSingle ?? false;
		this.#isPaced = range.isPaced ?? true;
		if (this.source.isGrowing) this.#stopGrowth = this.source.onGrowth(() => this.#onGrowth());
		this.#moveTo({ toMillis: range.fromMillis, kind: "start", skipBeforeMillis: range.skipBeforeMillis });
	}

	/** Goes to the keyframe at or before a time, in milliseconds of the file; a paused player shows its picture. */
	seek(millis: number): void {
		this.#owesPreview = this.#isPaused && this.source.hasVideo && this.#selection.wantsVideo;
		this.#moveTo({ toMillis: millis, kind: "seek" });
	}

	/** Stops sending. */
	pause(): void {
		this.#isPaused = true;
		this.#owesPreview = false;
		this.#schedule.cancel(this);
	}

	/**
	 * Goes on after `pause`: the viewer's buffer is filled anew. Where the viewer has kept nothing past `fromMillis`, what
	 * was sent of it is sent again, beginning with the message behind that time: its decoder stands there.
	 */
	resume(fromMillis?: number): void {
		this.#isPaused = false;
		this.#owesPreview = false;
		const isBehind = fromMillis !== undefined && fromMillis < this.#sentMillis && this.#move === undefined;
		if (isBehind) {
			this.#moveTo({ toMillis: fromMillis, kind: "return" });
			return;
		}
		this.#startClock(this.#sentMillis);
		this.#pump();
	}

	/** How much the viewer buffers, in milliseconds; 0: as much as it gets; −1: it has not said. */
	setBufferMillis(millis: number): void {
		if (millis > this.#bufferMillis) this.#bufferState = "filling";
		this.#bufferMillis = millis;
		this.#schedule.cancel(this);
		this.#pump();
	}

	/** Which media are sent. Video that comes back begins with a keyframe. */
	setFilter(wantsAudio: boolean, wantsVideo: boolean): void {
		if (this.#selection.setFilter(wantsAudio, wantsVideo)) this.#needsHead = true;
	}

	/** Sends nothing until `release`, beside any pause. */
	hold(): void {
		this.#isHeld = true;
	}

	/** Goes on after `hold`: to the end of its range, or where something else follows, to that time at the latest. */
	release(untilMillis = Number.POSITIVE_INFINITY): void {
		this.#isHeld = false;
		this.#selection.untilMillis = Math.min(untilMillis, this.#untilMillis);
		this.#pump();
	}

	/** The network has taken everything. */
	onDrain(): void {
		this.#pump();
	}

	/** Called by the schedule. */
	wake(): void {
		this.#pump();
	}

	/** Ends; nothing is sent or reported any more. The source is the caller's to release, at once. */
	close(): void {
		this.#isClosed = true;
		this.#batch = NOTHING;
		this.#schedule.cancel(this);
		this.#stopGrowth?.();
		this.#stopGrowth = undefined;
	}

	#moveTo(move: Move): void {
		this.#move = move;
		this.#hasEnded = false;
		this.#schedule.cancel(this);
		this.#pump();
	}

	#onGrowth(): void {
		this.#hasGrown = true;
		if (!this.#schedule.isWaiting(this)) this.#pump();
	}

	#pump(): void {
		this.#isWanted = true;
		if (!this.#isPumping && !this.#isClosed) void this.#run();
	}

	async #run(): Promise<void> {
		this.#isPumping = true;
		try {
			// Each step looks at everything afresh, for the viewer may have asked for something else meanwhile.
			while (this.#isWanted) {
				this.#isWanted = false;
				// The sink is never called within a call of the player.
				await undefined;
				while (await this.#step());
			}
		} catch (error) {
			if (!this.#isClosed) {
				this.close();
				this.#sink.onFailed(error);
			}
		} finally {
			this.#isPumping = false;
		}
	}

	/** Does one thing: moves, reads or sends. False: nothing is to be done now. */
	async #step(): Promise<boolean> {
		if (this.#isClosed) return false;
		if (this.#move !== undefined) return this.#place(this.#move);
		if (!this.#maySend()) return false;
		if (this.#index >= this.#batch.length) return this.#read();
		return this.#sendDue();
	}

	#maySend(): boolean {
		if (this.#hasEnded || this.#isHeld || (this.#isPaused && !this.#owesPreview)) return false;
		if (!this.#sink.isReady()) return false;
		if (this.#owesPreview || this.#sentMillis <= this.#horizon()) return true;
		this.#rest(this.#sentMillis);
		return false;
	}

	async #place(move: Move): Promise<boolean> {
		const needsNoSeek = move.kind === "start" && move.toMillis <= 0;
		const placed = needsNoSeek ? 0 : await this.#cursor.seek(move.toMillis);
		// A newer place overrides this one.
		if (this.#isClosed || this.#move !== move) return true;
		this.#move = undefined;
		this.#batch = NOTHING;
		this.#index = 0;
		const isReturn = move.kind === "return";
		const isExact = this.#options.exactSeek && !isReturn && this.source.hasVideo && placed < move.toMillis;
		const skipped = move.skipBeforeMillis === undefined ? Number.NEGATIVE_INFINITY : move.skipBeforeMillis - 1;
		this.#selection.restart({
			afterMillis: isReturn ? move.toMillis : skipped,
			showFromMillis: isExact ? move.toMillis : Number.NEGATIVE_INFINITY,
		});
		this.#needsHead = !isReturn;
		const begin = isReturn || isExact ? move.toMillis : Math.max(placed, move.skipBeforeMillis ?? 0);
		this.#sentMillis = begin;
		this.#startClock(begin);
		if (!isReturn) this.#sink.onPlaced(placed);
		return true;
	}

	/** Reads what is due, when it is this player's turn, and sends it. */
	async #read(): Promise<boolean> {
		const { turns } = this.#schedule;
		const turn = turns.begin();
		const memory = turn instanceof Promise ? await turn : turn;
		try {
			// Much may have happened meanwhile.
			if (this.#isClosed || this.#move !== undefined || !this.#maySend()) return true;
			return await this.#readInto(memory);
		} finally {
			turns.end(memory, this.#index < this.#batch.length);
		}
	}

	async #readInto(memory: Arena): Promise<boolean> {
		const { source } = this;
		const isGrowing = source.isGrowing;
		const until = this.#limit();
		this.#hasGrown = false;
		const batch = await this.#cursor.read(this.#bytesUntil(until), until, this.#keepsPayloads ? undefined : memory);
		if (this.#isClosed || this.#move !== undefined) return true;
		this.#batch = batch;
		this.#index = 0;
		if (batch.length > 0) return !this.#maySend() || this.#sendDue();
		const { nextMillis } = this.#cursor;
		if (nextMillis !== undefined) {
			this.#rest(nextMillis);
			return false;
		}
		if (isGrowing) return this.#hasGrown;
		this.#end();
		return false;
	}

	/** About so many bytes there are from the last message to that time. */
	#bytesUntil(millis: number): number {
		const { bytes, durationMillis } = this.source;
		const wanted = ((millis - this.#sentMillis) * bytes * READ_MARGIN) / durationMillis + LEAST_READ_BYTES;
		// Of a file without duration it is no number, or an infinite one.
		return wanted < MOST_READ_BYTES ? Math.max(wanted, LEAST_READ_BYTES) : MOST_READ_BYTES;
	}

	/** Up to which time is sent now: what is nearly due goes with the rest, for two blocks cost more than one. */
	#limit(): number {
		return this.#owesPreview ? Number.POSITIVE_INFINITY : this.#horizon() + this.#restMillis;
	}

	/** Sends of what was read as much as is due. */
	#sendDue(): boolean {
		const batch = this.#batch;
		const out: MediaMessage[] = [];
		const limit = this.#limit();
		const isWhole = this.#index === 0 && batch.at(-1)!.timestamp <= limit;
		let isDone = false;
		if (this.#needsHead) this.#selection.selectHead(this.#cursor.configurations(), batch.slice(this.#index), out);
		this.#needsHead = false;
		if (isWhole && out.length === 0 && this.#selection.isPlain && !this.#owesPreview) {
			this.#batch = NOTHING;
			this.#index = 0;
			this.#send(batch);
			return true;
		}
		while (this.#index < batch.length && !isDone) {
			const message = batch[this.#index]!;
			if (message.timestamp > limit) break;
			this.#index++;
			isDone = this.#selection.select(message, out);
			if (!this.#owesPreview || !message.isVideo || message.isConfiguration || this.#selection.isHiding) continue;
			this.#owesPreview = false;
			break;
		}
		if (out.length > 0) this.#send(out);
		else if (this.#index < batch.length) this.#rest(batch[this.#index]!.timestamp);
		if (isDone) this.#end();
		if (this.#index >= batch.length) this.#batch = NOTHING;
		return !isDone && (out.length > 0 || this.#index >= batch.length);
	}

	#send(batch: readonly MediaMessage[]): void {
		if (Number.isNaN(this.#originAt)) this.#originAt = this.#schedule.now();
		if (this.#bufferState === "filled") {
			this.#bufferState = "refilled";
			this.#sink.onBufferRefilled();
		}
		for (let i = 0; i < batch.length; i++) this.bytesSent += batch[i]!.payload.length;
		this.#sentMillis = Math.max(this.#sentMillis, batch.at(-1)!.timestamp);
		this.#sink.send(batch);
	}

	#end(): void {
		this.#hasEnded = true;
		this.#batch = NOTHING;
		this.#index = 0;
		this.#sink.onEnd();
	}

	/** Up to which time of the file may be sent now. */
	#horizon(): number {
		const ahead = this.#bufferMillis === 0 ? Number.POSITIVE_INFINITY : this.#bufferMillis;
		if (!this.#isPaced || this.#selection.isSingle) return Number.POSITIVE_INFINITY;
		const shown = Number.isNaN(this.#originAt) ? 0 : this.#schedule.now() - this.#originAt;
		return this.#originMillis + shown + Math.max(ahead, this.#options.minBufferMillis);
	}

	/** Sleeps until the message of that time is due, and for long enough that much is due at once. */
	#rest(millis: number): void {
		// Who has not said how much it buffers cannot have had enough: rtmpdump answers Stream Buffer Empty with a pause, and
		// one that came before its Set Buffer Length was followed by the rest of the file, which it wrote twice.
		if (this.#bufferState === "filling" && this.#bufferMillis >= 0) {
			this.#bufferState = "filled";
			this.#sink.onBufferFilled();
		}
		const rest = Math.min(this.#restMillis, this.#options.minBufferMillis / 2);
		this.#schedule.wakeAfter(this, Math.max(rest, millis - this.#horizon()));
	}

	#startClock(millis: number): void {
		this.#originMillis = millis;
		this.#originAt = Number.NaN;
		this.#bufferState = "filling";
	}
}

const NOTHING: readonly MediaMessage[] = [];

/** A place that is wanted: where playing begins, a seek, or a return to what the viewer has not kept. */
type Move = {
	readonly toMillis: number;
	readonly kind: "start" | "seek" | "return";
	readonly skipBeforeMillis?: number | undefined;
};
