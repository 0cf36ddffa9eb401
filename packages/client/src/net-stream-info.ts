import type { AmfValue } from "@millrace/core/amf";
import type { MediaMessage } from "@millrace/core/flv";
import { ByteMeter } from "./byte-meter.ts";
import type { MediaReaders } from "./media-readers.ts";

/**
 * Measures of a stream at one moment (ActionScript 3, `NetStreamInfo`). Bytes are payloads, received or sent; rates are
 * those of the last second; lengths are in seconds. `…BufferLength` is what has come and has not been played, by the
 * stream's clock; `…BufferByteLength` is what waits for readers of `media()`.
 */
export type NetStreamInfo = {
	readonly currentBytesPerSecond: number;
	readonly byteCount: number;
	/** The highest rate so far. */
	readonly maxBytesPerSecond: number;
	readonly audioBytesPerSecond: number;
	readonly videoBytesPerSecond: number;
	readonly dataBytesPerSecond: number;
	/** Of audio and video, by the stream's own clock: what one second of it has. Publishing: `currentBytesPerSecond`. */
	readonly playbackBytesPerSecond: number;
	readonly audioByteCount: number;
	readonly videoByteCount: number;
	readonly dataByteCount: number;
	readonly audioBufferByteLength: number;
	readonly videoBufferByteLength: number;
	readonly dataBufferByteLength: number;
	readonly audioBufferLength: number;
	readonly videoBufferLength: number;
	/** Always 0: data is handed over as it comes. */
	readonly dataBufferLength: number;
	/** Messages that were dropped: by a reader that is too slow, or sent while there was no stream. */
	readonly droppedFrames: number;
	/** RTMFP only; 0 here. */
	readonly audioLossRate: number;
	readonly videoLossRate: number;
	/** Round trip, smoothed over the last pings, in milliseconds; 0 before the first. */
	readonly SRTT: number;
	readonly isLive: boolean;
	/** The last `onMetaData`, or `null`. */
	readonly metaData: AmfValue;
	/** The last `onXMPData`, or `null`. */
	readonly xmpData: AmfValue;
	/** The address of the connection and the name of the stream. */
	readonly uri: string;
	readonly resourceName: string;
};

/** Keeps the counts behind `NetStreamInfo`. */
export class StreamMeters {
	readonly all = new ByteMeter();
	readonly audio = new ByteMeter();
	readonly video = new ByteMeter();
	readonly data = new ByteMeter();
	droppedFrames = 0;
	/** By the stream's own clock. */
	#placed = new ByteMeter();
	#placedAt = -1;

	add(message: MediaMessage, now: number): void {
		const bytes = message.payload.length;
		const meter = message.isVideo ? this.video : message.isAudio ? this.audio : this.data;
		this.all.add(bytes, now);
		meter.add(bytes, now);
	}

	/** Data that was sent. */
	addData(bytes: number, now: number): void {
		this.all.add(bytes, now);
		this.data.add(bytes, now);
	}

	/** Takes note of a frame on the stream's clock. */
	place({ timestamp, payload }: MediaMessage): void {
		// A step back is another part of the stream; audio and video are a little out of step.
		if (timestamp < this.#placedAt - MAX_STEP_BACK_MILLIS) {
			this.#placed = new ByteMeter();
			this.#placedAt = -1;
		}
		this.#placedAt = Math.max(this.#placedAt, timestamp);
		this.#placed.add(payload.length, this.#placedAt);
	}

	/** The measures, with what only the stream knows. */
	snapshot(
		now: number,
		readers: MediaReaders,
		more: Pick<
			NetStreamInfo,
			"audioBufferLength" | "videoBufferLength" | "SRTT" | "isLive" | "metaData" | "xmpData" | "uri" | "resourceName"
		>,
	): NetStreamInfo {
		const buffer = { audio: 0, video: 0, data: 0 };
		for (const queue of readers.queues) {
			for (const kind of ["audio", "video", "data"] as const) buffer[kind] += queue.buffered(kind);
		}
		const current = this.all.rate(now);
		return {
			currentBytesPerSecond: current,
			byteCount: this.all.total,
			maxBytesPerSecond: this.all.highest,
			audioBytesPerSecond: this.audio.rate(now),
			videoBytesPerSecond: this.video.rate(now),
			dataBytesPerSecond: this.data.rate(now),
			playbackBytesPerSecond: this.#placedAt < 0 ? current : this.#placed.rate(this.#placedAt),
			audioByteCount: this.audio.total,
			videoByteCount: this.video.total,
			dataByteCount: this.data.total,
			audioBufferByteLength: buffer.audio,
			videoBufferByteLength: buffer.video,
			dataBufferByteLength: buffer.data,
			dataBufferLength: 0,
			audioLossRate: 0,
			videoLossRate: 0,
			droppedFrames: this.droppedFrames + readers.droppedMessages,
			...more,
		};
	}
}

const MAX_STEP_BACK_MILLIS = 1000;
