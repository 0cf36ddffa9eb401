import { MEDIA_AUDIO, MEDIA_VIDEO, type MediaMessage } from "@millrace/core/flv";
import { ownCopy } from "../../hub/index.ts";
import { isConfiguration, isFrame, isMetadata, type StreamHead } from "./stream-head.ts";

/** Sound that came so long without any video is the whole stream, in milliseconds of it. */
const AUDIO_ONLY_MILLIS = 1000;
/** Without a keyframe for so long, pictures are recorded as they are: some encoders never mark one. */
const KEYFRAME_WAIT_MILLIS = 10_000;
/** More than this is not held back. */
const MAX_HELD_BYTES = 1024 * 1024;
const MAX_HELD_MESSAGES = 1000;

/**
 * Decides where a recording begins: at the first keyframe, with the sound before it unless pictures came in between
 * that nobody can decode; in a stream without video, at its first sound.
 */
export class StartGate {
	readonly #head: StreamHead;
	#held: MediaMessage[] = [];
	#heldBytes = 0;
	#firstPicture = Number.NaN;
	#hasLostPictures = false;

	constructor(head: StreamHead) {
		this.#head = head;
	}

	/**
	 * Takes the messages of a batch, which the head has noted already.
	 *
	 * @returns what a file begins with behind its head; `undefined`: it does not begin yet
	 */
	offer(batch: readonly MediaMessage[], from = 0): readonly MediaMessage[] | undefined {
		for (let i = from; i < batch.length; i++) {
			const message = batch[i]!;
			if (isConfiguration(message) || isMetadata(message)) continue;
			if (this.#isStart(message)) return this.#open(batch.slice(i));
			if (message.type === MEDIA_VIDEO) {
				// The sound of pictures that are lost goes with them.
				this.#hasLostPictures ||= isFrame(message);
				this.#held = [];
				this.#heldBytes = 0;
			} else if (!this.#hasLostPictures) {
				this.#hold(message);
			}
		}
		return undefined;
	}

	/** The stream has ended: what was held may be all of it. */
	end(): readonly MediaMessage[] | undefined {
		return !this.#head.hasVideo && this.#held.some(isFrame) ? this.#open([]) : undefined;
	}

	#isStart(message: MediaMessage): boolean {
		if (!isFrame(message)) return false;
		if (message.type === MEDIA_VIDEO) {
			if (Number.isNaN(this.#firstPicture)) this.#firstPicture = message.timestamp;
			return message.isKeyframe || message.timestamp - this.#firstPicture >= KEYFRAME_WAIT_MILLIS;
		}
		if (this.#head.hasVideo) return false;
		const first = this.#held.find(isFrame);
		return first !== undefined && message.timestamp - first.timestamp >= AUDIO_ONLY_MILLIS;
	}

	#hold(message: MediaMessage): void {
		if (message.payload.length > MAX_HELD_BYTES) return;
		this.#held.push(ownCopy(message));
		this.#heldBytes += message.payload.length;
		while (this.#heldBytes > MAX_HELD_BYTES || this.#held.length > MAX_HELD_MESSAGES) {
			this.#heldBytes -= this.#held.shift()!.payload.length;
		}
	}

	#open(rest: readonly MediaMessage[]): readonly MediaMessage[] {
		const held = this.#held;
		this.#held = [];
		this.#heldBytes = 0;
		return [...held, ...rest];
	}
}

/** A file may begin with this message where the one before ends. */
export function mayCutAt(message: MediaMessage, hasVideo: boolean): boolean {
	return isFrame(message) && (message.isKeyframe || (message.type === MEDIA_AUDIO && !hasVideo));
}
