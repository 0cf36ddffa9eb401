import { FLAG_CONFIGURATION, FLAG_METADATA, type MediaMessage } from "@millrace/core/flv";
import type { StreamCache } from "./stream-cache.ts";

/** Without a keyframe for this long after a publisher came back, its frames are passed on as they are. */
const KEYFRAME_WAIT_MILLIS = 10_000;

/** Holds back the pictures of a publisher who has come back until one can be decoded without those before. */
export class ResumeGate {
	/** Pictures are held back until this time; −1: none are. */
	#until = -1;

	/** A publisher begins; `isReturn`: viewers have had pictures of the one before. */
	begin(isReturn: boolean, now: number): void {
		this.#until = isReturn ? now + KEYFRAME_WAIT_MILLIS : -1;
	}

	/** Whether a video message is passed on. */
	passes(message: MediaMessage, now: number): boolean {
		if (this.#until < 0 || (message.flags & (FLAG_CONFIGURATION | FLAG_METADATA)) !== 0) return true;
		if (!message.isKeyframe && now < this.#until) return false;
		this.#until = -1;
		return true;
	}
}

/**
 * Where in a batch waiting viewers may start: at its first keyframe; without video, or where keyframes are too rare, at
 * its beginning. −1: nowhere.
 */
export function resumeIndex(batch: readonly MediaMessage[], cache: StreamCache): number {
	const keyframe = batch.findIndex(message => message.isKeyframe);
	if (keyframe >= 0) return keyframe;
	const audioOnly = !cache.hasVideo && !batch.some(message => message.isVideo);
	return audioOnly || cache.overflowed ? 0 : -1;
}
