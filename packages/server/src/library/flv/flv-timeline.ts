import {
	FLAG_COMMAND,
	FLAG_CONFIGURATION,
	FLAG_EMPTY,
	FLAG_METADATA,
	FLAG_SEQUENCE_END,
	MEDIA_VIDEO,
} from "@millrace/core/flv";

/** A track that goes back further than this begins another file that was joined on; less is jitter (dossier: 1 s). */
export const MAX_REGRESSION_MILLIS = 1000;
/** How far script data may be ahead of the media before its time is not believed. */
const MAX_DATA_LEAD_MILLIS = 10_000;
/** Times in the last minute before zero come from an underflow and mean no time (OBS before 29.1.3). */
const UNDERFLOW_FROM = 2 ** 32 - 60_000;

/** Whether a message holds samples: the times of others (configurations, commands) are often zero and not believed. */
export function isCoded(flags: number): boolean {
	return (flags & (FLAG_CONFIGURATION | FLAG_METADATA | FLAG_SEQUENCE_END | FLAG_COMMAND | FLAG_EMPTY)) === 0;
}

/** Whether a tag's time field holds a time. */
export function isTime(rawTime: number): boolean {
	return rawTime < UNDERFLOW_FROM;
}

/**
 * From the times in a file's tags to milliseconds from its first media tag. A file that was joined from several has
 * parts, each of which goes on where the one before ended; parts are told as they are found, in any order.
 */
export class FlvTimeline {
	/** The time in the first media tag; `undefined` until there is one. */
	base: number | undefined;
	/** Rises when times that were told before have changed. */
	version = 0;
	readonly #offsets: number[] = [];
	/** How much later each part is than its tags say, compared with the part before. */
	readonly #shifts: number[] = [];

	/** Where each part but the first begins, in bytes. */
	get partOffsets(): readonly number[] {
		return this.#offsets;
	}

	/** The time of a tag, never below 0. */
	timeAt(offset: number, rawTime: number): number {
		const raw = rawTime & 0x7fff_ffff;
		this.base ??= raw;
		let time = raw - this.base;
		for (let index = 0; index < this.#offsets.length && this.#offsets[index]! <= offset; index++) {
			time += this.#shifts[index]!;
		}
		return Math.max(0, time);
	}

	/** From the tag at `offset` on, everything is later by so much. */
	beginPart(offset: number, shiftMillis: number): void {
		let index = this.#offsets.length;
		while (index > 0 && this.#offsets[index - 1]! > offset) index--;
		if (this.#offsets[index - 1] === offset || this.#offsets.length >= MAX_PARTS) return;
		this.#offsets.splice(index, 0, offset);
		this.#shifts.splice(index, 0, shiftMillis);
		this.version++;
	}
}

/** Tags whose times jump at random must not fill the memory. */
const MAX_PARTS = 1000;

/** Tells the times of tags that are read one after another, and finds where parts begin. */
export class FlvClock {
	readonly #timeline: FlvTimeline;
	#video = -1;
	#audio = -1;
	/** The time of the last media tag; 0 before the first. */
	now = 0;

	constructor(timeline: FlvTimeline) {
		this.#timeline = timeline;
	}

	/** The time of an audio or video tag with these flags. */
	media(type: number, flags: number, offset: number, rawTime: number): number {
		if (!isTime(rawTime)) return this.now;
		const isVideo = type === MEDIA_VIDEO;
		let time = this.#timeline.timeAt(offset, rawTime);
		if (!isCoded(flags)) return Math.abs(time - this.now) > MAX_REGRESSION_MILLIS ? this.now : time;
		// Compared within its track: tracks that are badly interleaved are no sign of a new part.
		const before = isVideo ? this.#video : this.#audio;
		if (before >= 0 && time < before - MAX_REGRESSION_MILLIS) {
			const end = Math.max(this.#video, this.#audio);
			this.#timeline.beginPart(offset, end - time);
			time = this.#timeline.timeAt(offset, rawTime);
			this.#video = -1;
			this.#audio = -1;
		}
		if (isVideo) this.#video = time;
		else this.#audio = time;
		this.now = time;
		return time;
	}

	/** The time of script data, which does not move the clock: in the middle of files it is often zero. */
	data(offset: number, rawTime: number): number {
		if (!isTime(rawTime) || this.#timeline.base === undefined) return this.now;
		const time = this.#timeline.timeAt(offset, rawTime);
		return time < this.now || time > this.now + MAX_DATA_LEAD_MILLIS ? this.now : time;
	}
}
