import { FLAG_COMMAND, FLAG_ENHANCED, FLAG_METADATA, MEDIA_VIDEO, MediaMessage } from "@millrace/core/flv";
import type { MediaSource } from "./media-source.ts";

/** Which part of a file is sent. Times are those of the file, in milliseconds. */
export type SelectedRange = {
	/** Nothing at this time or before it is sent, but configurations. */
	readonly afterMillis: number;
	/** Pictures before this time are put between the commands that make a player decode them without showing them. */
	readonly showFromMillis: number;
};

/** Audio and video lie so far apart in a file at most, in milliseconds. */
const INTERLEAVE_MILLIS = 1000;

/** Chooses from the messages of a file those that one viewer is to get. */
export class MessageSelection {
	wantsAudio = true;
	wantsVideo = true;
	/** What is not before this time is not sent; infinite: all is. */
	untilMillis = Number.POSITIVE_INFINITY;
	/** Only the next picture is sent; without video the next sound. */
	isSingle = false;

	readonly #source: MediaSource;
	#afterMillis = Number.NEGATIVE_INFINITY;
	#showFrom = Number.NEGATIVE_INFINITY;
	#isHiding = false;
	#awaitsKeyframe = false;
	#audioIsPast = false;
	#videoIsPast = false;

	constructor(source: MediaSource) {
		this.#source = source;
	}

	/** Whether every message is sent as it is. */
	get isPlain(): boolean {
		return (
			this.wantsAudio &&
			this.wantsVideo &&
			this.untilMillis === Number.POSITIVE_INFINITY &&
			!this.isSingle &&
			this.#afterMillis === Number.NEGATIVE_INFINITY &&
			this.#showFrom === Number.NEGATIVE_INFINITY &&
			!this.#awaitsKeyframe
		);
	}

	/** Pictures are sent that the viewer decodes and does not show. */
	get isHiding(): boolean {
		return this.#isHiding;
	}

	/** The player goes to another place. */
	restart({ afterMillis, showFromMillis }: SelectedRange): void {
		this.#afterMillis = afterMillis;
		this.#showFrom = showFromMillis;
		this.#isHiding = false;
		this.#audioIsPast = false;
		this.#videoIsPast = false;
		this.#awaitsKeyframe = false;
	}

	/** Chooses what is sent; video that comes back waits for a keyframe. True: configurations must be sent again. */
	setFilter(wantsAudio: boolean, wantsVideo: boolean): boolean {
		const gains = (wantsAudio && !this.wantsAudio) || (wantsVideo && !this.wantsVideo);
		if (wantsVideo && !this.wantsVideo) this.#awaitsKeyframe = true;
		this.wantsAudio = wantsAudio;
		this.wantsVideo = wantsVideo;
		return gains;
	}

	/**
	 * Puts the configurations that hold for `next` into `out`, but for those that stand there themselves in front of
	 * their medium's first frame.
	 */
	selectHead(configurations: readonly MediaMessage[], next: readonly MediaMessage[], out: MediaMessage[]): void {
		for (const configuration of configurations) {
			if (configuration.isAudio ? !this.wantsAudio : !this.wantsVideo) continue;
			const first = next.find(message => message.type === configuration.type);
			if (first?.isConfiguration !== true) out.push(configuration.at(next[0]!.timestamp));
		}
	}

	/** Puts a message into `out` if it is to be sent. True: nothing more is to be sent behind it. */
	select(message: MediaMessage, out: MediaMessage[]): boolean {
		const { timestamp, isAudio, isVideo } = message;
		if (timestamp >= this.untilMillis) return this.#isPastEnd(message);
		if (timestamp <= this.#afterMillis) {
			if (!message.isConfiguration) return false;
		} else if (timestamp > this.#afterMillis + INTERLEAVE_MILLIS) {
			this.#afterMillis = Number.NEGATIVE_INFINITY;
		}
		if (isAudio ? !this.wantsAudio : isVideo && !this.wantsVideo) return false;
		if (isVideo && this.#awaitsKeyframe && !message.isConfiguration) {
			if (!message.isKeyframe) return false;
			this.#awaitsKeyframe = false;
		}
		if (this.#showFrom !== Number.NEGATIVE_INFINITY && !this.#passesHiding(message, out)) return false;
		out.push(message);
		if (!this.isSingle || message.isConfiguration || (message.flags & FLAG_METADATA) !== 0) return false;
		return isVideo || (isAudio && !(this.#source.hasVideo && this.wantsVideo));
	}

	/** Before the time from which on is shown, pictures pass alone, behind a command that says so. */
	#passesHiding(message: MediaMessage, out: MediaMessage[]): boolean {
		const { timestamp, isVideo } = message;
		if (timestamp < this.#showFrom) {
			if (!isVideo) return false;
			if (!message.isConfiguration && !this.#isHiding) {
				this.#isHiding = true;
				out.push(seekCommand(message, SEEK_BEGINS));
			}
			return true;
		}
		// A sound may come before the last hidden picture's successor.
		if (this.#isHiding && !isVideo && timestamp < this.#showFrom + INTERLEAVE_MILLIS) return true;
		if (this.#isHiding) out.push(seekCommand(message, SEEK_ENDS));
		this.#isHiding = false;
		this.#showFrom = Number.NEGATIVE_INFINITY;
		return true;
	}

	#isPastEnd({ timestamp, isAudio, isVideo }: MediaMessage): boolean {
		if (isAudio) this.#audioIsPast = true;
		if (isVideo) this.#videoIsPast = true;
		if (timestamp >= this.untilMillis + INTERLEAVE_MILLIS) return true;
		const needsAudio = this.#source.hasAudio && this.wantsAudio;
		const needsVideo = this.#source.hasVideo && this.wantsVideo;
		return (this.#audioIsPast || !needsAudio) && (this.#videoIsPast || !needsVideo);
	}
}

const SEEK_BEGINS = 0;
const SEEK_ENDS = 1;
const LEGACY_AVC = 7;

/** A video command frame in the form of the stream's own frames (FLV 10.1 §E.4.3.1; Enhanced RTMP). */
function seekCommand({ isVideo, flags, payload, timestamp }: MediaMessage, command: number): MediaMessage {
	const isEnhanced = isVideo && (flags & FLAG_ENHANCED) !== 0;
	const codec = isVideo ? payload[0]! & 15 : LEGACY_AVC;
	const body = new Uint8Array([isEnhanced ? 0xd0 : 0x50 | codec, command]);
	return new MediaMessage(MEDIA_VIDEO, timestamp, body, FLAG_COMMAND | (isEnhanced ? FLAG_ENHANCED : 0));
}
