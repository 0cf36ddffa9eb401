/** How far a work on a file is. */
export type FileProgress = {
	/** From 0 to 1. */
	readonly part: number;
	/** Media time that was passed, in seconds, and the whole. */
	readonly seconds: number;
	readonly totalSeconds: number;
	/** Bytes that were passed. */
	readonly bytes: number;
};

/** What all works on files can be told. */
export type FileWorkOptions = {
	/** Is told after each block how far it is. Default: nobody is. */
	readonly onProgress?: (progress: FileProgress) => void;
	/** Ends the work; it then rejects with the signal's reason and leaves nothing behind. Default: nothing does. */
	readonly signal?: AbortSignal;
};

/** The share of a work that is spent on looking through the file before anything is written. */
const LOOK_PART = 0.2;

/** Tells progress of a work in two passes, and ends it when it is told to. */
export class WorkMeter {
	readonly #options: FileWorkOptions;
	readonly #totalBytes: number;
	totalSeconds = 0;

	constructor(options: FileWorkOptions, totalBytes: number) {
		this.#options = options;
		this.#totalBytes = Math.max(1, totalBytes);
	}

	/** So many bytes were looked at. Throws where the work is to end. */
	look(bytes: number): void {
		this.#tell({ part: (bytes / this.#totalBytes) * LOOK_PART, seconds: 0, totalSeconds: this.totalSeconds, bytes });
	}

	/** Media up to this time was written. Throws where the work is to end. */
	write(seconds: number, bytes: number): void {
		const { totalSeconds } = this;
		const share = totalSeconds > 0 ? Math.min(1, seconds / totalSeconds) : 1;
		this.#tell({ part: LOOK_PART + (1 - LOOK_PART) * share, seconds, totalSeconds, bytes });
	}

	/** So many bytes were copied. Throws where the work is to end. */
	copy(bytes: number): void {
		const share = bytes / this.#totalBytes;
		const { totalSeconds } = this;
		const part = LOOK_PART + (1 - LOOK_PART) * share;
		this.#tell({ part, seconds: share * totalSeconds, totalSeconds, bytes });
	}

	#tell(progress: FileProgress): void {
		this.#options.signal?.throwIfAborted();
		this.#options.onProgress?.(progress);
	}
}
