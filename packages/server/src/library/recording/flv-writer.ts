import type { AmfObject } from "@millrace/core/amf";
import {
	codecFacts,
	FLV_MAX_BODY_BYTES,
	FLV_TAG_OVERHEAD,
	MEDIA_AUDIO,
	MEDIA_VIDEO,
	type MediaMessage,
	recordedData,
	writeFlvTags,
} from "@millrace/core/flv";
import { configurationKey, ownCopy, sameBytes } from "../../hub/index.ts";
import type { PlacedConfiguration } from "../growing-file.ts";
import { FileClock } from "./file-clock.ts";
import type { FlvTail } from "./flv-tail.ts";
import { KeyframeIndex } from "./keyframe-index.ts";
import { FLV_FIRST_TAG, type KeyframeFacts, MetadataRegion, type RegionFacts } from "./metadata-region.ts";
import type { FilePatch, RecordingWriter } from "./recording-writer.ts";
import { type FileHead, isConfiguration, isFrame, isMetadata } from "./stream-head.ts";

/** Keyframes that a file's `onMetaData` has room for: 18 KB. */
const INDEX_SLOTS = 1000;
/** Without video, so often a frame of sound stands in the index. */
const AUDIO_INDEX_MILLIS = 1000;
/** Configurations that are remembered with their places; a stream that changes them more often forgets old ones. */
const MAX_CONFIGURATIONS = 4096;
/** Times in FLV are signed 32-bit numbers. */
const MAX_MILLIS = 0x7fff_ffff;

/** What stands in a file before a writer goes on with it. */
type Written = Omit<FlvTail, "end"> & {
	/** Where the file ends. */
	readonly position: number;
};

/** Writes FLV (10.1 annex E): a file of its own, or the continuation of one. */
export class FlvWriter implements RecordingWriter {
	readonly index: KeyframeIndex;
	readonly #region: MetadataRegion | undefined;
	readonly #clock: FileClock;
	readonly #configurations: PlacedConfiguration[];
	readonly #known = new Map<string, Uint8Array>();
	/** What turns the stream's time into the file's. */
	readonly #offset: number;
	/** No time in what is added is below this. */
	readonly #floor: number;
	#metadata: MediaMessage | undefined;
	#pending: MediaMessage[] = [];
	#pendingBytes: number;
	/** Where the next tag begins. */
	#position: number;
	#startIsTaken: boolean;
	#lastKeyframe: KeyframeFacts | undefined;
	#lastIndexed = Number.NEGATIVE_INFINITY;
	#hasAudio: boolean;
	#hasVideo: boolean;
	#reconfigured: boolean;

	private constructor(written: Written, baseTime: number, startMillis: number) {
		this.#region = written.region;
		this.#clock = written.clock;
		this.index = written.index;
		this.#configurations = written.configurations;
		for (const { message } of written.configurations) this.#known.set(configurationKey(message), message.payload);
		this.#position = written.position;
		this.#lastKeyframe = written.lastKeyframe;
		this.#hasAudio = written.hasAudio;
		this.#hasVideo = written.hasVideo;
		this.#reconfigured = written.reconfigured;
		this.#offset = startMillis - baseTime;
		this.#floor = startMillis;
		this.#startIsTaken = written.position > 0;
		this.#pendingBytes = 0;
	}

	/**
	 * Begins a file.
	 *
	 * @param baseTime the stream's time that becomes 0 in the file
	 */
	static create(head: FileHead, baseTime: number, slots = INDEX_SLOTS): FlvWriter {
		const { configurations } = head;
		const region = MetadataRegion.create(head.metadata, derivedMembers(configurations), slots);
		const writer = new FlvWriter({ ...NOTHING_WRITTEN(), region }, baseTime, 0);
		writer.#position = region.bytes;
		writer.#pendingBytes = region.bytes;
		writer.#metadata = head.metadata;
		writer.#begin(configurations, baseTime);
		return writer;
	}

	/**
	 * Goes on with a file behind what `tail` found in it.
	 *
	 * @param gapMillis between the end of the file's last frame and the first new one
	 */
	static resume(tail: FlvTail, head: FileHead, baseTime: number, gapMillis = 0): FlvWriter {
		const start = tail.clock.nextMillis + gapMillis;
		const writer = new FlvWriter({ ...tail, position: tail.end }, baseTime, start <= MAX_MILLIS ? start : Number.NaN);
		// The region describes what the file began with, which may be another stream.
		writer.#metadata = head.metadata;
		writer.#begin(head.configurations, baseTime);
		return writer;
	}

	/** A writer for a file as it stands, for its `patches` only. */
	static describe(tail: FlvTail): FlvWriter {
		return new FlvWriter({ ...tail, position: tail.end }, 0, tail.clock.nextMillis);
	}

	get durationMillis(): number {
		return this.#clock.endMillis;
	}

	get pendingBytes(): number {
		return this.#pendingBytes;
	}

	get readyBytes(): number {
		return this.#pendingBytes;
	}

	add(message: MediaMessage): boolean {
		const recorded = recordedData(message);
		const size = message.payload.length;
		if (recorded === undefined || size === 0 || size > FLV_MAX_BODY_BYTES) return true;
		if (this.#isKnown(message)) return true;
		const time = Math.max(message.timestamp + this.#offset, this.#floor);
		// Not a number where even the start was past the end of time.
		if (!(time <= MAX_MILLIS)) return false;
		this.#append(recorded.at(time));
		return true;
	}

	take(_final: boolean): Uint8Array {
		const tags = writeFlvTags(this.#pending);
		this.#pending = [];
		this.#pendingBytes = 0;
		if (this.#startIsTaken) return tags;
		this.#startIsTaken = true;
		const start = this.patches()[0]!.bytes;
		const bytes = new Uint8Array(start.length + tags.length);
		bytes.set(start);
		bytes.set(tags, start.length);
		return bytes;
	}

	patches(): readonly FilePatch[] {
		const region = this.#region;
		return region === undefined ? [] : [{ position: 0, bytes: region.render(this.#facts(region.slots)) }];
	}

	get metadata(): AmfObject {
		return this.#region?.describe(this.#facts(0)) ?? {};
	}

	get configurations(): readonly PlacedConfiguration[] {
		return this.#configurations;
	}

	get hasAudio(): boolean {
		return this.#hasAudio;
	}

	get hasVideo(): boolean {
		return this.#hasVideo;
	}

	#facts(slots: number): RegionFacts {
		return {
			hasAudio: this.#hasAudio,
			hasVideo: this.#hasVideo,
			durationMillis: this.#clock.endMillis,
			fileBytes: this.#position,
			lastMillis: Math.max(this.#clock.lastMillis, 0),
			keyframes: this.#hasVideo ? this.#keyframes(slots) : [],
			lastKeyframe: this.#lastKeyframe,
			reconfigured: this.#reconfigured,
		};
	}

	wholeBytes(bytes: Uint8Array, length: number): number {
		// Only the first bytes of a file begin with its header.
		let at = bytes[0] === 0x46 ? FLV_FIRST_TAG : 0;
		if (at > length) return 0;
		for (;;) {
			const next = at + FLV_TAG_OVERHEAD + ((bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!);
			if (at + 4 > length || next > length) return at;
			at = next;
		}
	}

	#begin(configurations: readonly MediaMessage[], baseTime: number): void {
		for (const configuration of configurations) this.add(configuration.at(baseTime));
	}

	#append(message: MediaMessage): void {
		const { timestamp: millis, type, payload } = message;
		const position = this.#position;
		if (type === MEDIA_AUDIO) this.#hasAudio = true;
		if (type === MEDIA_VIDEO && !this.#hasVideo) {
			this.#hasVideo = true;
			// Until now the index held sound.
			this.index.clear();
		}
		if (isConfiguration(message)) this.#place(ownCopy(message));
		else if (isFrame(message)) {
			this.#clock.add(message, millis);
			if (message.isKeyframe) {
				this.#lastKeyframe = { millis, position };
				this.index.add(millis, position);
			} else if (!this.#hasVideo && millis - this.#lastIndexed >= AUDIO_INDEX_MILLIS) {
				this.#lastIndexed = millis;
				this.index.add(millis, position);
			}
		}
		this.#pending.push(message);
		const size = payload.length + FLV_TAG_OVERHEAD;
		this.#pendingBytes += size;
		this.#position += size;
	}

	/** A configuration or metadata that says what holds already: of a publisher that came back, or repeats itself. */
	#isKnown(message: MediaMessage): boolean {
		if (isConfiguration(message)) {
			const key = configurationKey(message);
			const known = this.#known.get(key);
			if (known !== undefined && sameBytes(known, message.payload)) return true;
			this.#known.set(key, message.payload.slice());
			return false;
		}
		if (!isMetadata(message)) return false;
		const before = this.#metadata;
		this.#metadata = message;
		return before !== undefined && sameBytes(before.payload, message.payload);
	}

	#place(message: MediaMessage): void {
		if (this.#clock.lastMillis >= 0) this.#reconfigured = true;
		this.#configurations.push({ position: this.#position, message });
		if (this.#configurations.length > MAX_CONFIGURATIONS) this.#configurations.shift();
	}

	/** The index as players of old expect it: the first entry is the video's configuration, where there is one. */
	#keyframes(slots: number): KeyframeFacts[] {
		const first = this.#configurations.find(({ message }) => message.isVideo);
		const isAtStart = first !== undefined && (this.index.count === 0 || first.position < this.index.positions[0]!);
		const keyframes: KeyframeFacts[] = isAtStart && slots > 0 ? [{ millis: 0, position: first.position }] : [];
		for (const i of this.index.thinned(slots - keyframes.length)) {
			keyframes.push({ millis: this.index.times[i]!, position: this.index.positions[i]! });
		}
		return keyframes;
	}
}

const NOTHING_WRITTEN = (): Omit<Written, "region"> => ({
	position: 0,
	clock: new FileClock(),
	index: new KeyframeIndex(),
	configurations: [],
	lastKeyframe: undefined,
	hasAudio: false,
	hasVideo: false,
	reconfigured: false,
});

/** What the configurations tell, for publishers that send no metadata. */
function derivedMembers(configurations: readonly MediaMessage[]): AmfObject {
	const { width, height, framerate, sampleRate, channels } = codecFacts(configurations);
	const members: AmfObject = {};
	if (width !== undefined) members["width"] = width;
	if (height !== undefined) members["height"] = height;
	if (framerate !== undefined) members["framerate"] = framerate;
	if (sampleRate !== undefined) members["audiosamplerate"] = sampleRate;
	if (channels !== undefined) members["audiochannels"] = channels;
	return members;
}
