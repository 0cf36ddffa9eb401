import type { GrowingFile } from "../growing-file.ts";
import type { OpenFile } from "../media-file.ts";

/** How far a file may be read, and whether that changes. */
export interface FileGrowth {
	/** In bytes. */
	readonly end: number;
	readonly isGrowing: boolean;
	/** Looks again how far it may be read. */
	check(): Promise<void>;
	/** Calls `listener` whenever more can be read, and when the file stops growing; returns how to stop that. */
	onGrowth(listener: () => void): () => void;
	close(): void;
}

/** The growth of a file that our own recorder writes. */
export class RecordedGrowth implements FileGrowth {
	readonly #growing: GrowingFile;
	readonly #stops = new Set<() => void>();

	constructor(growing: GrowingFile) {
		this.#growing = growing;
	}

	get end(): number {
		return this.#growing.readableBytes;
	}

	get isGrowing(): boolean {
		return !this.#growing.isFinished;
	}

	async check(): Promise<void> {}

	onGrowth(listener: () => void): () => void {
		const stopListening = this.#growing.onGrowth(listener);
		const stop = () => {
			if (this.#stops.delete(stop)) stopListening();
		};
		this.#stops.add(stop);
		return stop;
	}

	close(): void {
		for (const stop of [...this.#stops]) stop();
	}
}

export type WatchOptions = {
	/** A file that was not written for this long is taken to be complete. Default 5000. */
	quietMillis?: number;
	/** How often a file is looked at while somebody waits for more of it. Default 500. */
	pollMillis?: number;
	/** Called after more was found, before the listeners are. */
	onMore?: () => Promise<void>;
};

/** The growth of a file that perhaps somebody else writes: it is looked at while anyone waits for more of it. */
export class WatchedGrowth implements FileGrowth {
	readonly #file: OpenFile;
	readonly #quietMillis: number;
	readonly #pollMillis: number;
	readonly #onMore: () => Promise<void>;
	readonly #listeners = new Set<() => void>();
	#changedAt: number;
	#timer: NodeJS.Timeout | undefined;
	#isClosed = false;

	constructor(file: OpenFile, options: WatchOptions = {}) {
		this.#file = file;
		this.#quietMillis = options.quietMillis ?? 5000;
		this.#pollMillis = options.pollMillis ?? 500;
		this.#onMore = options.onMore ?? (async () => {});
		// A clock that is ahead must not make a file grow for ever.
		this.#changedAt = Math.min(file.modifiedMillis, Date.now());
	}

	get end(): number {
		return this.#file.size;
	}

	get isGrowing(): boolean {
		return Date.now() - this.#changedAt < this.#quietMillis;
	}

	async check(): Promise<void> {
		const before = this.#file.size;
		await this.#file.refresh();
		if (this.#file.size <= before) return;
		this.#changedAt = Date.now();
		await this.#onMore();
		// It may have been taken for complete.
		this.#schedule();
	}

	onGrowth(listener: () => void): () => void {
		if (this.#isClosed) return () => {};
		// The same function may be given twice.
		const own = () => listener();
		this.#listeners.add(own);
		this.#schedule();
		return () => {
			this.#listeners.delete(own);
			if (this.#listeners.size === 0) this.#unschedule();
		};
	}

	close(): void {
		this.#isClosed = true;
		this.#listeners.clear();
		this.#unschedule();
	}

	#schedule(): void {
		if (this.#timer !== undefined || this.#isClosed || this.#listeners.size === 0 || !this.isGrowing) return;
		this.#timer = setTimeout(() => void this.#look(), this.#pollMillis).unref();
	}

	#unschedule(): void {
		clearTimeout(this.#timer);
		this.#timer = undefined;
	}

	async #look(): Promise<void> {
		const before = this.#file.size;
		try {
			await this.check();
		} catch {
			// Whoever reads next meets the same fault and reports it; waiting longer would hide it.
			this.#changedAt = 0;
		}
		this.#timer = undefined;
		if (this.#file.size > before || !this.isGrowing) for (const listener of [...this.#listeners]) listener();
		this.#schedule();
	}
}
