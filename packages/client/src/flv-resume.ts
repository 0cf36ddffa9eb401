import { UsageError } from "@millrace/core/fault";
import { FLV_TAG_OVERHEAD, FlvDemuxer, type FlvHeader, type MediaMessage } from "@millrace/core/flv";
import { isData } from "./media-timeline.ts";
import { isFrame, streamCall } from "./stream-message.ts";

/** Where a file that was broken off can be gone on with. Times are the file's, in milliseconds. */
export type FlvResumePoint = {
	/** Where the file is cut to go on with a recorded stream: before its last keyframe, or behind its last whole tag. */
	readonly cutBytes: number;
	/** From which time on a recorded stream is needed: that of the last keyframe, or of the last sound. */
	readonly millis: number;
	/** The body of the last keyframe, by which the place is found again; `undefined` where there is no video. */
	readonly keyframe: Uint8Array | undefined;
	/** The last sound before the cut; −1 without one. */
	readonly lastAudioMillis: number;
	/** Behind the last whole tag: where the file is cut to append, and the tag's size, which is missing there then. */
	readonly wholeBytes: number;
	readonly joint: Uint8Array;
	/** Where a live stream goes on, behind the last frame. */
	readonly endMillis: number;
	readonly hasAudio: boolean;
	readonly hasVideo: boolean;
	/** Where `onMetaData` has its numbers. */
	readonly places: { readonly duration: number | undefined; readonly filesize: number | undefined };
	/** The last configuration of each message type, which need not be repeated. */
	readonly configurations: ReadonlyMap<number, Uint8Array>;
};

/** Sound that comes before the keyframe that is looked for, and belongs behind it. */
const MAX_HELD = 256;
/** How far from where it is expected the keyframe is looked for. */
export const RESUME_MARGIN_MILLIS = 10_000;
/** What a live stream that is appended leaves between: a frame at 25 a second. */
const STEP_MILLIS = 40;
const TAG_HEADER_BYTES = 11;

/** Reads a file that was broken off, in pieces, for the place where it can be gone on with. */
export class FlvScan {
	readonly #demuxer: FlvDemuxer;
	readonly #configurations = new Map<number, Uint8Array>();
	#header: FlvHeader | undefined;
	#keyframe: { readonly message: MediaMessage; readonly offset: number; readonly lastAudio: number } | undefined;
	#places: FlvResumePoint["places"] | undefined;
	#last: MediaMessage | undefined;
	#lastAudio = -1;
	#end = -1;
	#hasAudio = false;
	#hasVideo = false;

	constructor() {
		this.#demuxer = new FlvDemuxer({
			onHeader: header => {
				this.#header = header;
			},
			onTag: (message, offset) => this.#onTag(message, offset),
		});
	}

	/** @throws PeerError FLV_BAD_SIGNATURE, LimitError FLV_TAG_TOO_LARGE */
	push(bytes: Uint8Array): void {
		this.#demuxer.push(bytes);
	}

	/** What was found, when everything has been read; `undefined` where no frame is in it. */
	point(): FlvResumePoint | undefined {
		const last = this.#last;
		if (last === undefined || this.#end < 0) return undefined;
		const keyframe = this.#keyframe;
		const wholeBytes = this.#demuxer.completeBytes;
		const joint = sizeOf(last);
		return {
			// Behind a whole tag its size is missing: it is there or half there, and is written again.
			cutBytes: keyframe?.offset ?? wholeBytes,
			millis: keyframe?.message.timestamp ?? this.#end,
			keyframe: keyframe?.message.payload,
			lastAudioMillis: keyframe?.lastAudio ?? this.#lastAudio,
			wholeBytes,
			joint,
			endMillis: this.#end + STEP_MILLIS,
			hasAudio: this.#hasAudio || this.#header?.hasAudio === true,
			hasVideo: this.#hasVideo || this.#header?.hasVideo === true,
			places: this.#places ?? { duration: undefined, filesize: undefined },
			configurations: this.#configurations,
		};
	}

	#onTag(message: MediaMessage, offset: number): void {
		this.#last = message;
		if (isData(message)) {
			if (this.#places === undefined && streamCall(message)?.name === "onMetaData") {
				this.#places = placesIn(message.payload, offset + TAG_HEADER_BYTES);
			}
			return;
		}
		if (message.isConfiguration) this.#configurations.set(message.type, message.payload);
		if (!isFrame(message)) return;
		this.#end = Math.max(this.#end, message.timestamp);
		if (message.isAudio) {
			this.#hasAudio = true;
			this.#lastAudio = message.timestamp;
			return;
		}
		this.#hasVideo = true;
		if (message.isKeyframe) this.#keyframe = { message, offset, lastAudio: this.#lastAudio };
	}
}

/**
 * Finds in a recorded stream that is received again the place where a file was broken off: the file's last keyframe. From
 * there on the messages come out with the file's times.
 */
export class FlvSplice {
	readonly #point: FlvResumePoint;
	/** What is added to a message's time; `undefined` before the place is found. */
	#offset: number | undefined;
	#held: MediaMessage[] = [];
	/** Where the place is about, on the stream's clock. */
	readonly #expected: number;

	/** @param startMillis where in the stream the file begins, about: a server begins at the keyframe before */
	constructor(point: FlvResumePoint, startMillis = 0) {
		this.#point = point;
		this.#expected = point.millis + startMillis;
		// Sound alone has nothing that would be found again: its times are what was asked for.
		if (point.keyframe === undefined) this.#offset = -startMillis;
	}

	/** What is wrong where nothing more comes and the place was not found. */
	get missing(): UsageError | undefined {
		if (this.#offset !== undefined) return undefined;
		const at = (this.#point.millis / 1000).toFixed(3);
		return new UsageError("USAGE", `The stream does not hold the file's last keyframe, at ${at} s: it is another one.`);
	}

	/**
	 * What of the message, and of those before it, belongs behind the file.
	 *
	 * @throws UsageError where the keyframe does not come: it is another stream
	 */
	take(message: MediaMessage): MediaMessage[] {
		if (message.payload.length === 0) return [];
		if (this.#offset === undefined && !this.#find(message)) return [];
		const messages = [...this.#held, message];
		this.#held = [];
		return messages.flatMap(each => this.#placed(each) ?? []);
	}

	/** Still pictures repeat: an equal keyframe much earlier is another one. */
	#find(message: MediaMessage): boolean {
		const { keyframe, millis } = this.#point;
		if (!isFrame(message)) return false;
		if (message.isAudio) {
			this.#held.push(message);
			if (this.#held.length > MAX_HELD) this.#held.shift();
			return false;
		}
		if (!message.isKeyframe || message.timestamp < this.#expected - RESUME_MARGIN_MILLIS) return false;
		if (areEqual(message.payload, keyframe!)) {
			this.#offset = millis - message.timestamp;
			return true;
		}
		if (message.timestamp <= this.#expected + RESUME_MARGIN_MILLIS) return false;
		throw this.missing;
	}

	/** The message at its place in the file, unless that has it already. */
	#placed(message: MediaMessage): MediaMessage | undefined {
		const { configurations, lastAudioMillis, millis } = this.#point;
		if (isData(message) && streamCall(message)?.name === "onMetaData") return undefined;
		const time = message.timestamp + this.#offset!;
		if (!isFrame(message)) {
			const known = configurations.get(message.type);
			if (message.isConfiguration && known !== undefined && areEqual(known, message.payload)) return undefined;
			return message.at(Math.max(time, millis));
		}
		// What came before the file's begin was never in it.
		return time < 0 || (message.isAudio && time <= lastAudioMillis) ? undefined : message.at(time);
	}
}

/** Where the numbers of an `onMetaData` stand: behind their names, as AMF0 has them. */
function placesIn(payload: Uint8Array, offset: number): FlvResumePoint["places"] {
	const find = (name: string): number | undefined => {
		const pattern = [0, name.length, ...new TextEncoder().encode(name), 0];
		for (let at = 0; at + pattern.length + 8 <= payload.length; at++) {
			if (pattern.every((byte, index) => payload[at + index] === byte)) return offset + at + pattern.length;
		}
		return undefined;
	};
	return { duration: find("duration"), filesize: find("filesize") };
}

/** The size of a tag, as it stands behind it. */
function sizeOf(message: MediaMessage): Uint8Array {
	const size = message.payload.length + FLV_TAG_OVERHEAD - 4;
	return Uint8Array.of(size >>> 24, size >>> 16, size >>> 8, size);
}

function areEqual(one: Uint8Array, other: Uint8Array): boolean {
	return one.length === other.length && one.every((byte, index) => byte === other[index]);
}
