import { MEDIA_AUDIO, MEDIA_VIDEO, type MediaType } from "@millrace/core/flv";
import { emptyTally } from "./media-tally.ts";
import { RateMeter } from "./rate-meter.ts";

/** What a publisher sends of one kind. */
export type MediaRate = {
	readonly messages: number;
	readonly bytes: number;
	/** Measured over the last seconds. */
	readonly messagesPerSecond: number;
	readonly bytesPerSecond: number;
};

/** Counts what comes into a live stream. A message costs some additions and allocates nothing. */
export class StreamMeter {
	messagesIn = 0;
	bytesIn = 0;
	/** Frames of a publisher that came back which were dropped before its first keyframe. */
	droppedMessages = 0;
	readonly #tally = emptyTally();
	readonly #audioArrival = new ArrivalMeter();
	readonly #videoArrival = new ArrivalMeter();
	readonly #bytesRate = new RateMeter();
	readonly #outRate = new RateMeter();
	readonly #audioRate = new RateMeter();
	readonly #videoRate = new RateMeter();
	readonly #dataRate = new RateMeter();
	readonly #audioMessageRate = new RateMeter();
	readonly #videoMessageRate = new RateMeter();
	readonly #dataMessageRate = new RateMeter();

	/** @param time of the message on the stream's clock; `now` on the hub's, in milliseconds */
	note(type: MediaType, bytes: number, time: number, now: number): void {
		this.messagesIn++;
		this.bytesIn += bytes;
		const tally = this.#tally;
		if (type === MEDIA_VIDEO) {
			tally.videoMessages++;
			tally.videoBytes += bytes;
			this.#videoArrival.note(time, now);
		} else if (type === MEDIA_AUDIO) {
			tally.audioMessages++;
			tally.audioBytes += bytes;
			this.#audioArrival.note(time, now);
		} else {
			tally.dataMessages++;
			tally.dataBytes += bytes;
		}
	}

	/** Another publisher begins: how the former one's media came is of no interest. */
	restart(): void {
		this.#audioArrival.restart();
		this.#videoArrival.restart();
	}

	/** To be called each second. */
	sweep(bytesOut: number, now: number): void {
		const tally = this.#tally;
		this.#outRate.measure(bytesOut, now);
		this.#bytesRate.measure(this.bytesIn, now);
		this.#audioRate.measure(tally.audioBytes, now);
		this.#videoRate.measure(tally.videoBytes, now);
		this.#dataRate.measure(tally.dataBytes, now);
		this.#audioMessageRate.measure(tally.audioMessages, now);
		this.#videoMessageRate.measure(tally.videoMessages, now);
		this.#dataMessageRate.measure(tally.dataMessages, now);
	}

	get bytesPerSecond(): number {
		return this.#bytesRate.perSecond;
	}

	/** What viewers are sent. */
	get bytesPerSecondOut(): number {
		return this.#outRate.perSecond;
	}

	/**
	 * How unevenly media arrives, in milliseconds (RFC 3550 §6.4.1): that of video, or of audio where there is none. The
	 * rests that the server's own input takes are in it.
	 */
	get jitterMillis(): number {
		return this.#tally.videoMessages > 0 ? this.#videoArrival.jitterMillis : this.#audioArrival.jitterMillis;
	}

	rates(): { audio: MediaRate; video: MediaRate; data: MediaRate } {
		const { audioMessages, audioBytes, videoMessages, videoBytes, dataMessages, dataBytes } = this.#tally;
		return {
			audio: rateOf(audioMessages, audioBytes, this.#audioMessageRate, this.#audioRate),
			video: rateOf(videoMessages, videoBytes, this.#videoMessageRate, this.#videoRate),
			data: rateOf(dataMessages, dataBytes, this.#dataMessageRate, this.#dataRate),
		};
	}
}

/** A step of the publisher's clock beyond this is no jitter. */
const MAX_STEP_MILLIS = 10_000;

class ArrivalMeter {
	jitterMillis = 0;
	#transit = 0;
	#isFirst = true;

	note(time: number, now: number): void {
		const transit = now - time;
		const step = Math.abs(transit - this.#transit);
		this.#transit = transit;
		if (this.#isFirst || step > MAX_STEP_MILLIS) this.#isFirst = false;
		else this.jitterMillis += (step - this.jitterMillis) / 16;
	}

	restart(): void {
		this.jitterMillis = 0;
		this.#isFirst = true;
	}
}

function rateOf(messages: number, bytes: number, messageRate: RateMeter, byteRate: RateMeter): MediaRate {
	return {
		messages,
		bytes,
		messagesPerSecond: Math.round(messageRate.perSecond * 10) / 10,
		bytesPerSecond: Math.round(byteRate.perSecond),
	};
}
