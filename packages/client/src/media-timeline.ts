import { MEDIA_DATA, MEDIA_DATA_AMF3, type MediaMessage } from "@millrace/core/flv";

/** A step back further than this begins a new stretch, as in files that were put together. */
const MAX_STEP_BACK_MILLIS = 1000;
/** What a message lasts where nothing tells: a frame at 25 a second. */
const DEFAULT_STEP_MILLIS = 40;

/**
 * Gives messages times that begin at zero and never jump back: over the repetitions of a file, and over stretches whose
 * clock begins anew. What comes before the first frame (metadata, configurations) gets its time, for files have them at
 * zero while the frames are elsewhere.
 */
export class MediaTimeline {
	#offset: number | undefined;
	#last = 0;
	/** By message type: the last time, and the step that led to it. */
	readonly #ends = new Map<number, { time: number; step: number }>();

	/**
	 * Goes on behind what a file holds already. With `keepsTimes` what comes has the file's times; otherwise its first
	 * frame is placed there.
	 */
	goOnAt(millis: number, keepsTimes: boolean): void {
		this.#last = millis;
		if (keepsTimes) this.#offset = 0;
	}

	/** The time at which the next stretch can begin: behind the last message of each kind. */
	get end(): number {
		let end = this.#last;
		for (const { time, step } of this.#ends.values()) end = Math.max(end, time + step);
		return end;
	}

	/** The message at its new time. */
	place(message: MediaMessage): MediaMessage {
		const isFrame = (message.isAudio || message.isVideo) && !message.isConfiguration;
		if (this.#offset === undefined && isFrame) this.#offset = this.end - message.timestamp;
		if (this.#offset === undefined) return message.at(this.#last);
		let time = message.timestamp + this.#offset;
		if (time < this.#last - MAX_STEP_BACK_MILLIS) {
			if (!isFrame) return message.at(this.#last);
			this.#offset = this.end - message.timestamp;
			time = this.end;
		}
		time = Math.max(0, time);
		if (isFrame) {
			const end = this.#ends.get(message.type);
			const step = end === undefined ? DEFAULT_STEP_MILLIS : time - end.time;
			this.#ends.set(message.type, { time, step: step > 0 ? step : (end?.step ?? DEFAULT_STEP_MILLIS) });
			this.#last = Math.max(this.#last, time);
		}
		return message.at(time);
	}

	/** What follows begins a new stretch, behind what was. */
	restart(): void {
		this.#last = this.end;
		this.#ends.clear();
		this.#offset = undefined;
	}
}

/** Whether a message is data: metadata, cue points, text. */
export function isData(message: MediaMessage): boolean {
	return message.type === MEDIA_DATA || message.type === MEDIA_DATA_AMF3;
}
