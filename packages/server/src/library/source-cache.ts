import type { AmfObject } from "@millrace/core/amf";
import type { MediaCursor, MediaSource } from "./media-source.ts";

/** One caller's hold on a source that others have too. Releasing it twice counts once. */
export class SourceHold implements MediaSource {
	readonly #source: MediaSource;
	readonly #onRelease: () => void;
	#isReleased = false;

	constructor(source: MediaSource, onRelease: () => void) {
		this.#source = source;
		this.#onRelease = onRelease;
	}

	get path(): string {
		return this.#source.path;
	}

	get bytes(): number {
		return this.#source.bytes;
	}

	get durationMillis(): number {
		return this.#source.durationMillis;
	}

	get hasVideo(): boolean {
		return this.#source.hasVideo;
	}

	get hasAudio(): boolean {
		return this.#source.hasAudio;
	}

	get metadata(): AmfObject {
		return this.#source.metadata;
	}

	get isGrowing(): boolean {
		return this.#source.isGrowing;
	}

	get flaws(): readonly string[] {
		return this.#source.flaws ?? [];
	}

	cursor(): MediaCursor {
		return this.#source.cursor();
	}

	onGrowth(listener: () => void): () => void {
		return this.#source.onGrowth(listener);
	}

	release(): void {
		if (this.#isReleased) return;
		this.#isReleased = true;
		this.#onRelease();
	}
}

/** A source that is open, or being opened, and how many hold it. */
type Entry = {
	readonly opening: Promise<MediaSource>;
	source: MediaSource | undefined;
	holds: number;
	timer: NodeJS.Timeout | undefined;
};

/** Files that are kept open while nobody plays them; beyond, the one that rested longest is closed. */
const MAX_RESTING = 64;

/** The open sources by a key: opened once however many ask, and closed some time after the last one left. */
export class SourceCache {
	readonly #keepMillis: number;
	readonly #entries = new Map<string, Entry>();
	/** Keys that nobody holds, longest first. */
	readonly #resting = new Set<string>();
	#isClosed = false;

	/** @param keepMillis how long a source stays open after its last release */
	constructor(keepMillis: number) {
		this.#keepMillis = keepMillis;
	}

	/** How many are open. */
	get size(): number {
		return this.#entries.size;
	}

	/** The source under a key as it is held already, without opening anything. */
	peek(key: string): MediaSource | undefined {
		return this.#entries.get(key)?.source;
	}

	/** A hold on the source of that key, which `open` opens where it is not yet. What `open` throws is thrown to all. */
	async hold(key: string, open: () => Promise<MediaSource>): Promise<MediaSource> {
		let entry = this.#entries.get(key);
		if (entry === undefined) {
			entry = { opening: open(), source: undefined, holds: 0, timer: undefined };
			this.#entries.set(key, entry);
		}
		entry.holds++;
		clearTimeout(entry.timer);
		this.#resting.delete(key);
		try {
			entry.source = await entry.opening;
		} catch (error) {
			if (this.#entries.get(key) === entry) this.#entries.delete(key);
			throw error;
		}
		const held = entry;
		return new SourceHold(entry.source, () => this.#leave(key, held));
	}

	/** Closes what nobody holds, now, and the others as they are released. */
	close(): void {
		this.#isClosed = true;
		for (const key of [...this.#resting]) this.#drop(key);
	}

	#leave(key: string, entry: Entry): void {
		if (--entry.holds > 0) return;
		this.#resting.add(key);
		if (this.#isClosed) return this.#drop(key);
		entry.timer = setTimeout(() => this.#drop(key), this.#keepMillis).unref();
		if (this.#resting.size <= MAX_RESTING) return;
		const [longest] = this.#resting;
		this.#drop(longest!);
	}

	#drop(key: string): void {
		const entry = this.#entries.get(key);
		this.#resting.delete(key);
		if (entry === undefined) return;
		clearTimeout(entry.timer);
		this.#entries.delete(key);
		entry.source?.release();
	}
}
