import type { WriteBlock } from "../net/index.ts";
import type { HubClock, LiveStreamOptions } from "./hub-options.ts";
import { LiveStream, type LiveStreamOwner } from "./live-stream.ts";
import type { Viewer } from "./viewer.ts";

/** What happens in the hub that operators want to know. */
export interface HubObserver {
	onViewerSkipped(stream: LiveStream, viewer: Viewer): void;
}

const SWEEP_MILLIS = 1000;

/** The directory of live streams. Keys are the caller's: the hub knows nothing of applications. */
export class Hub implements LiveStreamOwner {
	readonly #streams = new Map<string, LiveStream>();
	readonly #clock: HubClock;
	readonly #observer: HubObserver;
	readonly #write: WriteBlock | undefined;
	/** Runs while there are streams: a hub that nobody uses keeps no timer. */
	#cancelSweep: (() => void) | undefined;

	/** @param write how viewers are written to together; default: by the operating system */
	constructor(clock: HubClock, observer: HubObserver, write?: WriteBlock) {
		this.#clock = clock;
		this.#observer = observer;
		this.#write = write;
	}

	/** Streams that are published, watched or waited for. */
	streams(): IterableIterator<LiveStream> {
		return this.#streams.values();
	}

	find(key: string): LiveStream | undefined {
		return this.#streams.get(key);
	}

	/** The stream of that key, which is made where there is none; `options` count only then. */
	open(key: string, options: LiveStreamOptions): LiveStream {
		let stream = this.#streams.get(key);
		if (stream === undefined) {
			stream = new LiveStream(key, this, options, this.#clock, this.#write);
			this.#streams.set(key, stream);
			if (this.#cancelSweep === undefined) this.#scheduleSweep();
		}
		return stream;
	}

	/** Tells every publisher and viewer that the server stops, and forgets all streams. */
	stop(): void {
		for (const stream of [...this.#streams.values()]) stream.stop();
		this.#streams.clear();
		this.#cancelSweep?.();
		this.#cancelSweep = undefined;
	}

	onStreamIdle(stream: LiveStream): void {
		if (this.#streams.get(stream.key) === stream) this.#streams.delete(stream.key);
	}

	onViewerSkipped(stream: LiveStream, viewer: Viewer): void {
		this.#observer.onViewerSkipped(stream, viewer);
	}

	#sweep(): void {
		const now = this.#clock.now();
		for (const stream of [...this.#streams.values()]) stream.sweep(now);
		this.#cancelSweep = undefined;
		if (this.#streams.size > 0) this.#scheduleSweep();
	}

	#scheduleSweep(): void {
		this.#cancelSweep = this.#clock.schedule(SWEEP_MILLIS, () => this.#sweep());
	}
}
