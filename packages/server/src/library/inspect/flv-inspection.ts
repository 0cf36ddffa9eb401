import type { AmfObject } from "@millrace/core/amf";
import { PeerError } from "@millrace/core/fault";
import {
	AUDIO_AAC,
	audioCodecName,
	codecFacts,
	FLAG_CONFIGURATION,
	FLAG_KEYFRAME,
	FOURCC_AAC,
	FOURCC_AVC,
	FOURCC_HEVC,
	FOURCC_VVC,
	MEDIA_AUDIO,
	MEDIA_VIDEO,
	MediaMessage,
	metadataOf,
	parseAudioTag,
	parseData,
	parseVideoTag,
	VIDEO_AVC,
	VIDEO_PRESTANDARD_HEVC,
	videoCodecName,
} from "@millrace/core/flv";
import { configurationKey, isBlankConfiguration, sameBytes } from "../../hub/index.ts";
import { MAX_CONFIGURATION_BYTES } from "../flv/configuration-log.ts";
import { isOnMetaData } from "../flv/flv-start.ts";
import { TAG_HEAD_BYTES } from "../flv/flv-tag-reader.ts";
import { FlvClock, FlvTimeline, isCoded, isTime, MAX_REGRESSION_MILLIS } from "../flv/flv-timeline.ts";
import type { OpenFile } from "../media-file.ts";
import { flvFaults } from "./flv-fault.ts";
import { type FlvWalkEnd, type FlvWalker, type WalkedTag, walkFlv } from "./flv-walk.ts";
import { IndexCheck } from "./index-check.ts";
import { bitrateOf, type MediaReport } from "./media-report.ts";
import { TrackTally } from "./track-tally.ts";

/** Metadata that is larger is not read, as elsewhere. */
const MAX_METADATA_BYTES = 2 * 1024 * 1024;
/** Tracks that are counted apart; a message numbers them with a byte. */
const MAX_TRACKS = 64;

/** Something that was found more than once. */
export class Found {
	count = 0;
	/** Of the first. */
	offset: number | undefined;

	add(offset: number): void {
		this.count++;
		this.offset ??= offset;
	}
}

/** A configuration, or the beginning of a frame of a codec that needs none, and where its tag stands. */
export type TrackStart = { readonly message: MediaMessage; readonly offset: number; readonly size: number };

/** What a walk through a whole FLV file finds. Times are in milliseconds from the first message. */
export class FlvInspection implements FlvWalker {
	readonly file: OpenFile;
	readonly timeline = new FlvTimeline();
	readonly tracks: TrackTally[] = [];
	readonly wrongTails = new Found();
	readonly damage = new Found();
	damagedBytes = 0;
	readonly backwards = new Found();
	readonly unconfigured = new Found();
	readonly encrypted = new Found();
	/** Configurations that are not what they were before. */
	readonly changes = new Found();
	/** What tells first what the default track of each kind is. */
	readonly starts = new Map<"video" | "audio", TrackStart>();
	metadata: AmfObject | undefined;
	index = new IndexCheck(undefined);
	end: FlvWalkEnd = { wholeBytes: 0, tornBytes: 0 };
	readonly #clock = new FlvClock(this.timeline);
	/** The time in the first tag of media, whatever it holds. */
	#firstRaw: number | undefined;
	readonly #configurations = new Map<string, MediaMessage>();
	readonly #facts: MediaMessage[] = [];

	private constructor(file: OpenFile) {
		this.file = file;
	}

	/**
	 * Walks through a file, which stays open.
	 *
	 * @param onProgress is told the bytes that were passed; what it throws ends the walk
	 * @throws {FileError} `FILE_INVALID`: it is no FLV; `FILE_UNREADABLE`
	 */
	static async run(file: OpenFile, onProgress?: (bytes: number) => void): Promise<FlvInspection> {
		const inspection = new FlvInspection(file);
		inspection.end = await walkFlv(file, inspection, onProgress);
		return inspection;
	}

	/** From the first message to the end of the last. */
	get durationMillis(): number {
		return Math.max(0, ...this.tracks.map(track => track.endMillis));
	}

	report(): MediaReport {
		const { path, size } = this.file;
		const seconds = this.durationMillis / 1000;
		const facts = codecFacts(this.#facts);
		const tracks = this.tracks.map(track => track.report(facts)).sort((a, b) => order(a) - order(b));
		return {
			path,
			container: "FLV",
			bytes: size,
			seconds,
			bitrate: bitrateOf(size, seconds),
			tracks,
			faults: flvFaults(this),
		};
	}

	onDamage(offset: number, bytes: number): void {
		this.damage.add(offset);
		this.damagedBytes += bytes;
	}

	onTag(tag: WalkedTag): Promise<void> | undefined {
		if (!tag.hasRightTail) this.wrongTails.add(tag.offset);
		if (tag.isFiltered) {
			this.encrypted.add(tag.offset);
			return undefined;
		}
		if (tag.type !== MEDIA_AUDIO && tag.type !== MEDIA_VIDEO) {
			const isFirst = this.metadata === undefined && isOnMetaData(tag.head) && tag.size <= MAX_METADATA_BYTES;
			return isFirst ? this.#readMetadata(tag) : undefined;
		}
		this.#placeZero(tag);
		if (isCoded(tag.flags)) this.#count(tag);
		else if ((tag.flags & FLAG_CONFIGURATION) !== 0 && tag.size <= MAX_CONFIGURATION_BYTES) return this.#configure(tag);
		return undefined;
	}

	/** Times count from where those of `FlvSource` do: both are used of one file. */
	#placeZero({ rawTime, flags }: WalkedTag): void {
		if (this.timeline.base !== undefined || !isTime(rawTime)) return;
		const raw = rawTime & 0x7fff_ffff;
		this.#firstRaw ??= raw;
		if (!isCoded(flags)) return;
		const isFar = Math.abs(raw - this.#firstRaw) > MAX_REGRESSION_MILLIS;
		this.timeline.base = isFar ? raw : this.#firstRaw;
	}

	#count(tag: WalkedTag): void {
		const { offset, size, flags } = tag;
		const kind = tag.type === MEDIA_VIDEO ? "video" : "audio";
		const parts = this.timeline.partOffsets.length;
		const millis = this.#clock.media(tag.type, flags, offset, tag.rawTime);
		const { trackId, codec } = trackOf(tag);
		const track = this.#track(kind, trackId, codec);
		if (millis < track.lastMillis && this.timeline.partOffsets.length === parts) this.backwards.add(offset);
		if (trackId === 0 && !this.starts.has(kind)) {
			if (NEEDS_CONFIGURATION[kind].has(codec)) this.unconfigured.add(offset);
			else this.#start(kind, { message: new MediaMessage(tag.type, millis, tag.head.slice(), flags), offset, size });
		}
		track.add(millis, size, flags);
		if (kind === "video" && (flags & FLAG_KEYFRAME) !== 0) this.index.see(offset, millis, this.timeline.base ?? 0);
	}

	async #configure({ type, offset, size, flags }: WalkedTag): Promise<void> {
		const bytes = await this.file.read(offset + TAG_HEAD_BYTES, size);
		const message = new MediaMessage(type, this.#clock.now, bytes, flags);
		if (bytes.length < size || isBlankConfiguration(message)) return;
		const kind = message.isVideo ? "video" : "audio";
		// Indexes often begin with the configuration of the pictures.
		if (message.isVideo) this.index.see(offset, this.#clock.now, this.timeline.base ?? 0);
		if (!this.starts.has(kind)) this.#start(kind, { message, offset, size });
		const key = configurationKey(message);
		const before = this.#configurations.get(key);
		this.#configurations.set(key, message);
		if (before !== undefined && !sameBytes(before.payload, bytes)) this.changes.add(offset);
	}

	#start(kind: "video" | "audio", start: TrackStart): void {
		this.starts.set(kind, start);
		this.#facts.push(start.message);
	}

	async #readMetadata({ type, offset, size }: WalkedTag): Promise<void> {
		const bytes = await this.file.read(offset + TAG_HEAD_BYTES, size);
		try {
			const metadata = metadataOf(parseData(bytes, type as Parameters<typeof parseData>[1]));
			if (metadata === undefined) return;
			this.metadata = metadata;
			this.index = new IndexCheck(metadata);
			this.#facts.unshift(new MediaMessage(type, 0, bytes));
		} catch (fault) {
			// Metadata that cannot be read counts as absent.
			if (!(fault instanceof PeerError)) throw fault;
		}
	}

	#track(kind: "video" | "audio", trackId: number, codec: number): TrackTally {
		const known = this.tracks.find(track => track.kind === kind && track.trackId === trackId);
		if (known !== undefined) return known;
		const name = kind === "video" ? videoCodecName(codec) : audioCodecName(codec);
		const track = new TrackTally(kind, trackId, name);
		if (this.tracks.length < MAX_TRACKS) this.tracks.push(track);
		return track;
	}
}

/** Codecs of which no decoder knows a frame without the configuration in front. */
const NEEDS_CONFIGURATION: Record<"video" | "audio", ReadonlySet<number>> = {
	video: new Set([VIDEO_AVC, VIDEO_PRESTANDARD_HEVC, FOURCC_AVC, FOURCC_HEVC, FOURCC_VVC]),
	audio: new Set([AUDIO_AAC, FOURCC_AAC]),
};

/** The track that a frame belongs to; of messages with several tracks, the default one. */
function trackOf({ type, head }: WalkedTag): { trackId: number; codec: number } {
	const isVideo = type === MEDIA_VIDEO;
	try {
		const tag = isVideo ? parseVideoTag(head) : parseAudioTag(head);
		if (tag?.tracks.length === 1) return tag.tracks[0]!;
	} catch (fault) {
		// Of several tracks the sizes pass what was read of the message.
		if (!(fault instanceof PeerError)) throw fault;
	}
	return { trackId: 0, codec: isVideo ? head[0]! & 15 : head[0]! >> 4 };
}

/** Pictures first, then by number. */
function order({ kind, id }: { readonly kind: string; readonly id: number }): number {
	return (kind === "video" ? 0 : 1000) + id;
}
