import { FileError } from "@millrace/core/fault";
import {
	FLAG_CONFIGURATION,
	FLAG_KEYFRAME,
	FLAG_METADATA,
	FLV_HEADER_BYTES,
	FLV_TAG_OVERHEAD,
	MEDIA_AUDIO,
	MEDIA_DATA,
	MEDIA_DATA_AMF3,
	MEDIA_VIDEO,
	MediaMessage,
	mediaFlags,
	readFlvHeader,
} from "@millrace/core/flv";
import type { PlacedConfiguration } from "../growing-file.ts";
import { FileClock } from "./file-clock.ts";
import type { RecordingFileHandle } from "./file-system.ts";
import { KeyframeIndex } from "./keyframe-index.ts";
import { FLV_FIRST_TAG, type KeyframeFacts, MetadataRegion, type RegionFacts } from "./metadata-region.ts";
import { isConfiguration, isFrame } from "./stream-head.ts";

/** What an FLV file holds, as far as it must be known to go on with it. */
export type FlvTail = {
	/** Where the last whole tag ends, in bytes: what follows is torn. */
	readonly end: number;
	/** Our region at its start. */
	readonly region: MetadataRegion | undefined;
	readonly clock: FileClock;
	readonly index: KeyframeIndex;
	readonly configurations: PlacedConfiguration[];
	readonly lastKeyframe: KeyframeFacts | undefined;
	readonly hasAudio: boolean;
	readonly hasVideo: boolean;
	readonly reconfigured: boolean;
};

/** A file with more tags than this is not searched for its end. About 16 hours. */
const MAX_TAGS = 4_000_000;
/** Tags before the first frame that are looked through. */
const MAX_HEAD_TAGS = 256;
/** More than this behind the last whole tag is no torn tag, but a damaged file, and is not cut off. */
const MAX_TORN_BYTES = 64 * 1024 * 1024;
const BLOCK_BYTES = 16 * 1024;
const TAG_HEADER_BYTES = 11;
/** As much of a body as its flags need. */
const BODY_HEAD_BYTES = 32;
const MAX_CONFIGURATION_BYTES = 1024 * 1024;

/**
 * Finds the end of an FLV file. In a file that was recorded here it begins at the last keyframe that `onMetaData`
 * names, which is at most some seconds before the end; in others it goes through all tags.
 *
 * @throws {FileError} `FILE_INVALID` where it is no FLV file or damaged before its end, `FILE_TOO_COMPLEX` where it has
 *   too many tags
 */
export async function readFlvTail(file: RecordingFileHandle, size: number): Promise<FlvTail> {
	const scan = new TailScan(file, size);
	const first = await scan.start();
	const known = first === undefined ? undefined : MetadataRegion.read(first);
	if (known !== undefined) {
		scan.region = known.region;
		const { facts } = known;
		await scan.run(scan.position, MAX_HEAD_TAGS, true);
		const from = facts.lastKeyframe;
		// The index in the file knows nothing of configurations that changed.
		if (from !== undefined && !facts.reconfigured && (await scan.isKeyframeAt(from))) {
			scan.takeIndex(facts, from);
			await scan.run(from.position, MAX_TAGS, false);
			return scan.finish();
		}
		scan.restart();
	}
	await scan.run(scan.position, MAX_TAGS, false);
	return scan.finish();
}

type Tag = { readonly type: number; readonly size: number; readonly millis: number; readonly flags: number };

class TailScan {
	region: MetadataRegion | undefined;
	/** Where the next tag begins: the last whole one ends there. */
	position = FLV_FIRST_TAG;
	readonly #file: RecordingFileHandle;
	readonly #size: number;
	#clock = new FileClock();
	#index = new KeyframeIndex();
	#configurations: PlacedConfiguration[] = [];
	#lastKeyframe: KeyframeFacts | undefined;
	#hasAudio = false;
	#hasVideo = false;
	#reconfigured = false;
	#firstTag = FLV_FIRST_TAG;
	#block = new Uint8Array(0);
	#blockStart = 0;

	constructor(file: RecordingFileHandle, size: number) {
		this.#file = file;
		this.#size = size;
	}

	/** Reads the file's header; returns its first tag, where that is data. */
	async start(): Promise<MediaMessage | undefined> {
		const header = readFlvHeader(await this.#bytes(0, FLV_HEADER_BYTES));
		if (header === undefined) throw new FileError("FILE_INVALID", "It does not begin as FLV.");
		this.#firstTag = header.headerBytes + 4;
		this.position = this.#firstTag;
		const tag = await this.#tagAt(this.position);
		if (this.#firstTag !== FLV_FIRST_TAG || tag === undefined) return undefined;
		if (tag.type !== MEDIA_DATA && tag.type !== MEDIA_DATA_AMF3) return undefined;
		if (tag.size > MAX_CONFIGURATION_BYTES) return undefined;
		const type = tag.type === MEDIA_DATA ? MEDIA_DATA : MEDIA_DATA_AMF3;
		return new MediaMessage(type, 0, await this.#bytes(this.position + TAG_HEADER_BYTES, tag.size));
	}

	/** Forgets what was found. */
	restart(): void {
		this.position = this.#firstTag;
		this.#clock = new FileClock();
		this.#index = new KeyframeIndex();
		this.#configurations = [];
		this.#hasAudio = false;
		this.#hasVideo = false;
	}

	async isKeyframeAt({ position, millis }: KeyframeFacts): Promise<boolean> {
		if (position < this.#firstTag || position >= this.#size) return false;
		const tag = await this.#tagAt(position);
		return tag?.type === MEDIA_VIDEO && tag.millis === millis && (tag.flags & FLAG_KEYFRAME) !== 0;
	}

	/** Takes over the index that stands in the file, up to where tags will be read. */
	takeIndex({ keyframes, hasAudio, hasVideo }: RegionFacts, until: KeyframeFacts): void {
		this.#hasAudio ||= hasAudio;
		this.#hasVideo ||= hasVideo;
		const places = new Set(this.#configurations.map(({ position }) => position));
		for (const { millis, position } of keyframes) {
			if (position < until.position && !places.has(position)) this.#index.add(millis, position);
		}
	}

	/**
	 * Goes through the tags from a position on.
	 *
	 * @param headOnly ends at the first frame
	 */
	async run(from: number, maxTags: number, headOnly: boolean): Promise<void> {
		this.position = from;
		for (let count = 0; ; count++) {
			const tag = await this.#tagAt(this.position);
			if (tag === undefined) return;
			if (count >= maxTags) {
				if (headOnly) return;
				throw new FileError("FILE_TOO_COMPLEX", `It has more than ${maxTags} tags; its end was not looked for.`);
			}
			const { type } = tag;
			if (type === MEDIA_AUDIO || type === MEDIA_VIDEO) {
				const isConfig = (tag.flags & (FLAG_CONFIGURATION | FLAG_METADATA)) !== 0;
				if (!isConfig && headOnly) return;
				await this.#note(type, tag, isConfig);
			}
			this.position += tag.size + FLV_TAG_OVERHEAD;
		}
	}

	finish(): FlvTail {
		const torn = this.#size - this.position;
		if (torn > MAX_TORN_BYTES) {
			throw new FileError("FILE_INVALID", `It is damaged at byte ${this.position}, ${torn} bytes before its end.`);
		}
		return {
			end: this.position,
			region: this.region,
			clock: this.#clock,
			index: this.#index,
			configurations: this.#configurations,
			lastKeyframe: this.#lastKeyframe,
			hasAudio: this.#hasAudio,
			hasVideo: this.#hasVideo,
			reconfigured: this.#reconfigured,
		};
	}

	async #note(type: typeof MEDIA_AUDIO | typeof MEDIA_VIDEO, tag: Tag, isConfig: boolean): Promise<void> {
		if (type === MEDIA_AUDIO) this.#hasAudio = true;
		else this.#hasVideo = true;
		const { position } = this;
		if (isConfig) {
			if (tag.size > MAX_CONFIGURATION_BYTES) return;
			const payload = await this.#bytes(position + TAG_HEADER_BYTES, tag.size);
			const message = new MediaMessage(type, tag.millis, payload);
			if (!isConfiguration(message)) return;
			if (this.#clock.lastMillis >= 0) this.#reconfigured = true;
			this.#configurations.push({ position, message });
			return;
		}
		const head = new MediaMessage(type, tag.millis, ANY_BODY, tag.flags);
		if (tag.size === 0 || !isFrame(head)) return;
		this.#clock.add(head, tag.millis);
		if (head.isKeyframe) {
			this.#index.add(tag.millis, position);
			this.#lastKeyframe = { millis: tag.millis, position };
		}
	}

	/** The tag at a position; `undefined`: none is whole there. */
	async #tagAt(position: number): Promise<Tag | undefined> {
		if (position + FLV_TAG_OVERHEAD > this.#size) return undefined;
		const head = await this.#bytes(position, TAG_HEADER_BYTES + BODY_HEAD_BYTES);
		const type = head[0]! & 0x1f;
		const size = (head[1]! << 16) | (head[2]! << 8) | head[3]!;
		const end = position + FLV_TAG_OVERHEAD + size;
		if (end > this.#size || (head[8]! | head[9]! | head[10]!) !== 0) return undefined;
		const isKnown = type === MEDIA_AUDIO || type === MEDIA_VIDEO || type === MEDIA_DATA || type === MEDIA_DATA_AMF3;
		if (!isKnown && !(await this.#isUnknownTag(type, end, size))) return undefined;
		const millis = ((head[7]! & 0x7f) << 24) | (head[4]! << 16) | (head[5]! << 8) | head[6]!;
		const body = head.subarray(TAG_HEADER_BYTES, TAG_HEADER_BYTES + Math.min(size, BODY_HEAD_BYTES));
		return { type, size, millis, flags: isKnown ? mediaFlags(type, body) : 0 };
	}

	/** Zeros, as file systems leave them after a crash, would be empty tags of type 0 without end. */
	async #isUnknownTag(type: number, end: number, size: number): Promise<boolean> {
		if (type === 0) return false;
		const [a = 0, b = 0, c = 0, d = 0] = await this.#bytes(end - 4, 4);
		return ((a << 24) | (b << 16) | (c << 8) | d) === size + TAG_HEADER_BYTES;
	}

	/** Bytes of the file, fewer where it ends; read ahead by blocks. */
	async #bytes(position: number, length: number): Promise<Uint8Array> {
		const at = position - this.#blockStart;
		if (at < 0 || at + length > this.#block.length) {
			const wanted = Math.min(Math.max(length, BLOCK_BYTES), Math.max(this.#size - position, 0));
			const block = new Uint8Array(wanted);
			const filled = await this.#file.read(block, position);
			this.#block = block.subarray(0, filled);
			this.#blockStart = position;
			return this.#block.subarray(0, length);
		}
		return this.#block.slice(at, at + length);
	}
}

/** Stands for a frame's body, which is not read. */
const ANY_BODY = new Uint8Array(1);
