import { AmfEcmaArray, type AmfObject, encodeAmf0 } from "@millrace/core/amf";
import { MillraceError, type UsageError } from "@millrace/core/fault";
import {
	dataAsAmf0,
	flvHeader,
	flvTag,
	MEDIA_DATA,
	MEDIA_DATA_AMF3,
	MediaMessage,
	metadataOf,
	parseData,
	recordedData,
} from "@millrace/core/flv";
import { type FlvResumePoint, FlvSplice, RESUME_MARGIN_MILLIS } from "./flv-resume.ts";
import { isData, MediaTimeline } from "./media-timeline.ts";

/** Bytes that are to stand at a place of the file that is written already. */
export type FilePatch = { readonly offset: number; readonly bytes: Uint8Array };

/** From where a recorded stream is to be played to go on with a file, in seconds. */
export function resumeSeconds({ point, startMillis = 0 }: FlvContinuation): number {
	// With a start the file's times begin at a keyframe before it, so that they are a little late.
	const margin = startMillis > 0 ? RESUME_MARGIN_MILLIS : 0;
	return Math.max(0, point.millis + startMillis - margin) / 1000;
}

/** What comes before the first frame is held to this number of messages. */
const MAX_HELD = 256;
const HEADER_BYTES = 13;
const HEADER_FLAGS_OFFSET = 4;
/** Marker and length of the name, the name, marker and count of the array; then length, name and marker of a member. */
const FIRST_VALUE_OFFSET = HEADER_BYTES + 11 + 13 + 5 + 2 + "duration".length + 1;
const SECOND_VALUE_OFFSET = FIRST_VALUE_OFFSET + 8 + 2 + "filesize".length + 1;

/** Where the rest of a file that was broken off comes from. */
export type FlvContinuation = {
	readonly point: FlvResumePoint;
	/**
	 * `recorded`: the stream is played from `resumeSeconds` on, and the file's last keyframe is found again; what comes
	 * before it is dropped. `live`: what comes is appended.
	 */
	readonly kind: "recorded" | "live";
	/** Where in the stream the file begins, about. Default 0. */
	readonly startMillis?: number;
};

/**
 * Makes an FLV file of what a player receives: times from zero on, video from its first keyframe on, metadata first
 * with room for duration and size, nothing in it that only concerns the player. Or goes on with a file that was broken
 * off. Pure: bytes come out, the caller writes them.
 */
export class FlvRecording {
	/** The file's length: what was there, and what has been returned so far. */
	bytes = 0;
	/** Where the file that was there is cut before more is written. */
	readonly cutBytes: number = 0;
	readonly #timeline = new MediaTimeline();
	#held: MediaMessage[] = [];
	#started = false;
	#hasAudio = false;
	#hasVideo = false;
	#hasKeyframe = false;
	#places: { readonly duration: number | undefined; readonly filesize: number | undefined } = {
		duration: FIRST_VALUE_OFFSET,
		filesize: SECOND_VALUE_OFFSET,
	};
	readonly #splice: FlvSplice | undefined;
	/** What belongs between the file that was there and what follows. */
	#joint: Uint8Array = new Uint8Array(0);

	/** @param continuation what was there */
	constructor(continuation?: FlvContinuation) {
		if (continuation === undefined) return;
		const { point, kind, startMillis } = continuation;
		const isRecorded = kind === "recorded";
		this.#started = true;
		this.#hasAudio = point.hasAudio;
		this.#hasVideo = point.hasVideo;
		this.#places = point.places;
		if (isRecorded) this.#splice = new FlvSplice(point, startMillis);
		this.cutBytes = isRecorded ? point.cutBytes : point.wholeBytes;
		if (this.cutBytes === point.wholeBytes) this.#joint = point.joint;
		this.bytes = this.cutBytes;
		this.#timeline.goOnAt(isRecorded ? point.millis : point.endMillis, isRecorded);
	}

	/** Media time, in milliseconds, with the last frame. */
	get millis(): number {
		return this.#started ? this.#timeline.end : 0;
	}

	/** Nothing was added yet, since the file's last keyframe has not come again. At the end that is an error. */
	get missing(): UsageError | undefined {
		return this.#splice?.missing;
	}

	/** Takes a message and returns what is to be written now, if anything. */
	add(message: MediaMessage): Uint8Array | undefined {
		if (this.#splice === undefined) return this.#addOne(message);
		const parts = this.#splice.take(message).flatMap(each => this.#addOne(each) ?? []);
		return parts.length === 0 ? undefined : joined(parts);
	}

	#addOne(message: MediaMessage): Uint8Array | undefined {
		const kept = this.#keep(message);
		if (kept === undefined) return undefined;
		const isFrame = !isData(kept) && !kept.isConfiguration;
		if (this.#started) {
			const joint = this.#joint;
			this.#joint = new Uint8Array(0);
			return this.#count(joined([joint, flvTag(this.#timeline.place(kept))]));
		}
		if (!isFrame) {
			if (this.#held.length < MAX_HELD) this.#held.push(kept);
			return undefined;
		}
		return this.#start(kept);
	}

	/** What is to be patched when nothing more comes: duration in seconds, size, and which tracks there are. */
	finish(): FilePatch[] {
		if (!this.#started) return [];
		return [
			{ offset: HEADER_FLAGS_OFFSET, bytes: Uint8Array.of((this.#hasAudio ? 4 : 0) | (this.#hasVideo ? 1 : 0)) },
			...patch(this.#places.duration, this.millis / 1000),
			...patch(this.#places.filesize, this.bytes),
		];
	}

	#start(first: MediaMessage): Uint8Array {
		this.#started = true;
		const metadataAt = this.#held.findLastIndex(message => readMetadata(message) !== undefined);
		const metadata = metadataAt < 0 ? {} : readMetadata(this.#held[metadataAt]!)!;
		const rest = this.#held.filter((_, index) => index !== metadataAt);
		this.#held = [];
		const head = new MediaMessage(MEDIA_DATA, 0, encodeHead(metadata));
		const placed = [head, ...[...rest, first].map(message => this.#timeline.place(message))];
		const parts = [flvHeader(true, true), ...placed.map(message => flvTag(message))];
		return this.#count(joined(parts));
	}

	#count(bytes: Uint8Array): Uint8Array {
		this.bytes += bytes.length;
		return bytes;
	}

	/** What belongs in a file. */
	#keep(message: MediaMessage): MediaMessage | undefined {
		if (message.payload.length === 0) return undefined;
		if (isData(message)) return recordable(message);
		if (message.isVideo) {
			if (message.isKeyframe) this.#hasKeyframe = true;
			else if (!this.#hasKeyframe && !message.isConfiguration) return undefined;
			this.#hasVideo = true;
		} else this.#hasAudio = true;
		return message;
	}
}

/** Data of the publisher, in AMF0 where that can hold it: few readers of files know the other. */
function recordable(message: MediaMessage): MediaMessage | undefined {
	try {
		const { handler } = parseData(message.payload, message.type as typeof MEDIA_DATA);
		if (handler === "onStatus" || handler === "onPlayStatus") return undefined;
	} catch (error) {
		// Data that is no AMF: some encoders send time codes so, and readers skip them.
		if (!(error instanceof MillraceError)) throw error;
		return undefined;
	}
	const bare = recordedData(message);
	if (bare?.type !== MEDIA_DATA_AMF3) return bare;
	const body = dataAsAmf0(bare.payload);
	return body === undefined ? bare : new MediaMessage(MEDIA_DATA, bare.timestamp, body);
}

function readMetadata(message: MediaMessage): AmfObject | undefined {
	if (message.type !== MEDIA_DATA) return undefined;
	return metadataOf(parseData(message.payload, message.type));
}

/** `onMetaData` with duration and size as the first members, where `finish` finds them. */
function encodeHead(metadata: AmfObject): Uint8Array {
	const { duration: _duration, filesize: _filesize, keyframes: _keyframes, ...rest } = metadata;
	return encodeAmf0("onMetaData", new AmfEcmaArray(Object.entries({ duration: 0, filesize: 0, ...rest })));
}

function patch(offset: number | undefined, value: number): FilePatch[] {
	return offset === undefined ? [] : [{ offset, bytes: doubleBytes(value) }];
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
	const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
	let offset = 0;
	for (const part of parts) {
		out.set(part, offset);
		offset += part.length;
	}
	return out;
}

function doubleBytes(value: number): Uint8Array {
	const bytes = new Uint8Array(8);
	new DataView(bytes.buffer).setFloat64(0, value);
	return bytes;
}
