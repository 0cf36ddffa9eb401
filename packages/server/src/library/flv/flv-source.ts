import type { AmfObject } from "@millrace/core/amf";
import { codecFacts, type MediaMessage } from "@millrace/core/flv";
import { Gate } from "../gate.ts";
import type { GrowingFile } from "../growing-file.ts";
import type { OpenFile } from "../media-file.ts";
import type { MediaCursor, MediaSource } from "../media-source.ts";
import { type FileGrowth, RecordedGrowth, WatchedGrowth, type WatchOptions } from "./file-growth.ts";
import { FlvCursor, type FlvCursorHost } from "./flv-cursor.ts";
import { readFlvEnd } from "./flv-end.ts";
import { FlvMap } from "./flv-map.ts";
import { type FlvPlace, FlvSeeker } from "./flv-seeker.ts";
import { type FlvStart, readFlvStart } from "./flv-start.ts";
import { surveyParts } from "./flv-survey.ts";
import { FlvTagReader, TAG_HEAD_BYTES, TAIL_BYTES, tagSize, u32 } from "./flv-tag-reader.ts";
import { MAX_REGRESSION_MILLIS } from "./flv-timeline.ts";
import { type KeyframeTable, keyframeTableOf } from "./keyframe-table.ts";

/** How an FLV file is opened. */
export type FlvSourceOptions = Pick<WatchOptions, "quietMillis" | "pollMillis">;

/** Searches in one file that run at once, each with some hundred kilobytes of memory. */
const SEARCHES_AT_ONCE = 4;
/** How far a file's own word may be from its last messages to be the exact one. */
const MAX_LAST_MESSAGE_MILLIS = 100;
/** Configurations stand right in front of the keyframe from which they hold: so many tags before it are looked at. */
const TAGS_BEFORE = 4;
const TAGS_BEFORE_BYTES = 8 * 1024;

/**
 * An FLV file, complete or being written, by our recorder or by others. Nothing is read whole: opening reads the start
 * and the end, a seek what it needs to find its place.
 *
 * A change of codec configuration in the middle of a file is known to those who seek behind it if it stands at the start
 * of a joined part or right before the keyframe, or was read before.
 */
export class FlvSource implements MediaSource {
	readonly path: string;
	readonly #file: OpenFile;
	readonly #growing: GrowingFile | undefined;
	readonly #growth: FileGrowth;
	readonly #map: FlvMap;
	readonly #seeker: FlvSeeker;
	readonly #gate = new Gate(SEARCHES_AT_ONCE);
	readonly #host: FlvCursorHost;
	#start: FlvStart = { metadata: undefined, firstKeyframe: undefined, samples: [] };
	#table: KeyframeTable | undefined;
	#metadata: AmfObject = {};
	#durationMillis = 0;
	#configurationsTaken = 0;
	#survey: Promise<void> | undefined;

	/**
	 * Reads the start and the end of a file, which then belongs to the source.
	 *
	 * @throws {FileError} `FILE_INVALID`, `FILE_NO_TRACK`, `FILE_UNREADABLE`; the file is closed then
	 */
	static open(file: OpenFile, options: FlvSourceOptions = {}): Promise<FlvSource> {
		return new FlvSource(file, options, undefined).#opened();
	}

	/** As `open`, of a file that our recorder is writing. It may hold nothing to play as yet. */
	static openGrowing(file: OpenFile, growing: GrowingFile): Promise<FlvSource> {
		return new FlvSource(file, {}, growing).#opened();
	}

	private constructor(file: OpenFile, options: FlvSourceOptions, growing: GrowingFile | undefined) {
		this.path = file.path;
		this.#file = file;
		this.#growing = growing;
		this.#growth =
			growing === undefined
				? new WatchedGrowth(file, { ...options, onMore: () => this.#readEnd() })
				: new RecordedGrowth(growing);
		this.#map = new FlvMap(new FlvTagReader(file, () => this.#growth.end));
		this.#seeker = new FlvSeeker(
			this.#map,
			() => this.#growing?.keyframes ?? this.#table,
			() => this.durationMillis,
		);
		this.#host = {
			path: file.path,
			map: this.#map,
			place: millis => this.#gate.run(() => this.#place(millis)),
			configurationsAt: offset => this.#configurationsAt(offset),
			check: () => this.#growth.check(),
		};
	}

	get bytes(): number {
		return this.#growth.end;
	}

	get durationMillis(): number {
		return this.#growing?.durationMillis ?? this.#durationMillis;
	}

	get hasVideo(): boolean {
		return this.#growing?.hasVideo ?? this.#map.hasVideo;
	}

	get hasAudio(): boolean {
		return this.#growing?.hasAudio ?? this.#map.hasAudio;
	}

	get metadata(): AmfObject {
		return this.#growing?.metadata ?? this.#metadata;
	}

	get isGrowing(): boolean {
		return this.#growth.isGrowing;
	}

	cursor(): MediaCursor {
		return new FlvCursor(this.#host);
	}

	onGrowth(listener: () => void): () => void {
		return this.#growth.onGrowth(listener);
	}

	release(): void {
		this.#growth.close();
		this.#file.close();
	}

	async #opened(): Promise<FlvSource> {
		try {
			this.#start = await readFlvStart(this.#map, this.path, this.#growing !== undefined);
			if (this.#growing === undefined) await this.#openComplete(this.#start.metadata);
			return this;
		} catch (error) {
			this.release();
			throw error;
		}
	}

	async #openComplete(metadata: AmfObject | undefined): Promise<void> {
		await this.#readEnd();
		const told = Number(metadata?.["duration"]) * 1000;
		// Where the file's own word agrees with its end, it was not joined from several.
		if (Math.abs(told - this.#durationMillis) > MAX_REGRESSION_MILLIS || Number.isNaN(told)) {
			const { version } = this.#map.timeline;
			await this.#surveyed();
			if (this.#map.timeline.version !== version) await this.#readEnd();
			if (this.#durationMillis === 0 && told > 0 && Number.isFinite(told)) this.#durationMillis = Math.round(told);
		}
		// The writer knew how long the last message lasts; here that is a guess from the one before.
		if (Math.abs(told - this.#durationMillis) <= MAX_LAST_MESSAGE_MILLIS) this.#durationMillis = Math.round(told);
		if (metadata !== undefined) this.#table = keyframeTableOf(metadata);
		this.#metadata = this.#describe(metadata);
	}

	/** Metadata as players get it: with the true duration, and without the index, whose places in the file mean nothing. */
	#describe(metadata: AmfObject | undefined): AmfObject {
		const seconds = this.#durationMillis / 1000;
		if (metadata === undefined)
			return { duration: seconds, ...factsOf(this.#configurationsAt(0), this.#start.samples) };
		const { keyframes: _, ...rest } = metadata;
		const told = Number(rest["duration"]);
		const isTrue = Math.abs(told - seconds) * 1000 <= MAX_REGRESSION_MILLIS;
		return { ...rest, duration: isTrue ? told : seconds };
	}

	async #readEnd(): Promise<void> {
		const end = await readFlvEnd(this.#map);
		if (end === undefined) {
			this.#map.mediaEnd = Math.max(this.#map.mediaEnd, this.#map.firstTag);
			return;
		}
		this.#map.mediaEnd = end.mediaEnd;
		this.#durationMillis = end.durationMillis;
	}

	#surveyed(): Promise<void> {
		this.#survey ??= surveyParts(this.#map);
		return this.#survey;
	}

	async #place(millis: number): Promise<FlvPlace | undefined> {
		const map = this.#map;
		if (this.#growing !== undefined) {
			map.mediaEnd = this.#growth.end;
			map.hasVideo = this.#growing.hasVideo;
			map.hasAudio = this.#growing.hasAudio;
			// It may have been empty when it was opened.
			if (map.firstSample === undefined) this.#start = await readFlvStart(map, this.path, true);
		}
		const place = await this.#seeker.seek(millis);
		const { firstKeyframe } = this.#start;
		const { firstSample } = map;
		if (place === undefined) return undefined;
		if (place.offset === firstKeyframe?.offset && firstSample !== undefined) {
			// The sound in front of the first picture belongs to it.
			const isNear = place.time - firstSample.time <= MAX_REGRESSION_MILLIS;
			if (isNear || millis <= firstSample.time) return { offset: map.firstTag, time: firstSample.time };
		}
		await this.#lookBefore(place.offset);
		return place;
	}

	/** Notes configurations that stand right in front of a tag. */
	async #lookBefore(offset: number): Promise<void> {
		const map = this.#map;
		const start = Math.max(map.firstTag, offset - TAGS_BEFORE_BYTES);
		if (start >= offset) return;
		const bytes = await map.reader.read(start, offset - start);
		let at = bytes.length;
		for (let count = 0; count < TAGS_BEFORE && at >= TAG_HEAD_BYTES + TAIL_BYTES; count++) {
			const before = at - TAIL_BYTES - u32(bytes, at - TAIL_BYTES);
			if (before < 0 || tagSize(bytes, before) + TAG_HEAD_BYTES + TAIL_BYTES !== at - before) break;
			at = before;
		}
		if (at < bytes.length) await map.scan(start + at, offset, { bytes: TAGS_BEFORE_BYTES }, () => true);
	}

	#configurationsAt(offset: number): Map<string, MediaMessage> {
		const log = this.#map.configurations;
		const told = this.#growing?.configurations ?? [];
		for (; this.#configurationsTaken < told.length; this.#configurationsTaken++) {
			const { position, message } = told[this.#configurationsTaken]!;
			log.note(position, message);
		}
		return log.inForceAt(Math.max(offset, this.#map.firstSample?.offset ?? 0));
	}
}

/** What a file without metadata tells of itself. */
function factsOf(configurations: Map<string, MediaMessage>, samples: readonly MediaMessage[]): AmfObject {
	const messages = [...configurations.values(), ...samples];
	const facts = codecFacts(messages);
	const metadata: AmfObject = {};
	const set = (name: string, value: number | undefined) => {
		if (value !== undefined) metadata[name] = value;
	};
	set("width", facts.width);
	set("height", facts.height);
	set("framerate", facts.framerate);
	set("audiosamplerate", facts.sampleRate);
	set("audiochannels", facts.channels);
	for (const { isVideo, payload } of samples) {
		const head = payload[0]!;
		const isEnhanced = isVideo ? (head & 0x80) !== 0 : head >> 4 === 9;
		if (isEnhanced && payload.length < 5) continue;
		metadata[isVideo ? "videocodecid" : "audiocodecid"] = isEnhanced
			? u32(payload, 1)
			: isVideo
				? head & 15
				: head >> 4;
	}
	return metadata;
}
