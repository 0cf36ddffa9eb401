import type { AmfObject } from "@millrace/core/amf";
import { FileError, LimitError, PeerError } from "@millrace/core/fault";
import {
	FLAG_KEYFRAME,
	FLV_HEADER_BYTES,
	MEDIA_AUDIO,
	MEDIA_DATA,
	MEDIA_DATA_AMF3,
	MEDIA_VIDEO,
	MediaMessage,
	type MediaType,
	metadataOf,
	parseData,
	readFlvHeader,
} from "@millrace/core/flv";
import type { FlvMap } from "./flv-map.ts";
import { type ReadBudget, TAG_HEAD_BYTES, TAIL_BYTES, type TagView } from "./flv-tag-reader.ts";
import { isCoded, isTime, MAX_REGRESSION_MILLIS } from "./flv-timeline.ts";

/** What the start of a file tells. */
export type FlvStart = {
	/** The members of `onMetaData`; `undefined` where there is none or it cannot be read. */
	readonly metadata: AmfObject | undefined;
	/** The first keyframe, if it is near and no other picture comes before it. */
	readonly firstKeyframe: { readonly offset: number; readonly time: number } | undefined;
	/** The beginnings of the first coded messages of each kind: what they tell of the codecs. */
	readonly samples: readonly MediaMessage[];
};

/** How much of the start is looked at for sound and pictures. */
const START_BYTES = 256 * 1024;
/** How much is read until there is anything to play at all. */
const MAX_START_BYTES = 20 * 1024 * 1024;
/** Metadata that is larger is not read: more than its index of keyframes would be refused as AMF anyway. */
const MAX_METADATA_BYTES = 2 * 1024 * 1024;

/**
 * Reads the header and the first tags, and tells the map where tags and times begin and which kinds there are.
 *
 * @throws {FileError} `FILE_INVALID` where it is no FLV; `FILE_NO_TRACK` where no sound or picture is found at the
 * start, unless `mayBeEmpty`
 */
export async function readFlvStart(map: FlvMap, path: string, mayBeEmpty: boolean): Promise<FlvStart> {
	const { reader } = map;
	const header = readFlvHeader(await reader.read(0, FLV_HEADER_BYTES));
	if (header === undefined) throw new FileError("FILE_INVALID", `${path} does not begin with an FLV header.`);
	map.firstTag = header.headerBytes + TAIL_BYTES;
	const budget = { bytes: MAX_START_BYTES };
	await findBase(map, budget);
	const look = new StartLook(map);
	await map.scan(map.firstTag, reader.end, budget, (tag, time) => look.see(tag, time));
	if (map.firstSample === undefined && !mayBeEmpty) {
		throw new FileError("FILE_NO_TRACK", `${path} begins with neither sound nor pictures.`);
	}
	const { metadata: at } = look;
	const metadata = at === undefined ? undefined : await readMetadata(map, at.offset, at.size);
	// A kind that begins late is announced, as long as the header agrees with the metadata.
	if (metadata !== undefined) {
		map.hasVideo ||= header.hasVideo && ("videocodecid" in metadata || "width" in metadata);
		map.hasAudio ||= header.hasAudio && "audiocodecid" in metadata;
	}
	return { metadata, firstKeyframe: look.firstKeyframe, samples: look.samples };
}

/**
 * Times count from the first media tag, as muxers do; but from the first sample where the configurations in front of it
 * stand much earlier: they have time zero in recordings that began in the middle of a stream.
 */
async function findBase(map: FlvMap, budget: ReadBudget): Promise<void> {
	let first: number | undefined;
	let sample: number | undefined;
	await map.reader.walk(map.firstTag, map.reader.end, budget, tag => {
		if (!tag.isMedia || !isTime(tag.rawTime)) return true;
		const raw = tag.rawTime & 0x7fff_ffff;
		first ??= raw;
		if (isCoded(tag.flags)) sample = raw;
		return sample === undefined;
	});
	const isFar = first !== undefined && sample !== undefined && Math.abs(sample - first) > MAX_REGRESSION_MILLIS;
	map.timeline.base ??= isFar ? sample : first;
}

class StartLook {
	metadata: { offset: number; size: number } | undefined;
	firstKeyframe: { offset: number; time: number } | undefined;
	readonly samples: MediaMessage[] = [];
	readonly #map: FlvMap;
	#hasPicture = false;

	constructor(map: FlvMap) {
		this.#map = map;
	}

	see(tag: TagView, time: number): boolean {
		const map = this.#map;
		if (tag.isMedia && isCoded(tag.flags)) map.firstSample ??= { offset: tag.offset, time };
		if (!tag.isMedia) {
			const isMetadata = (tag.type === MEDIA_DATA || tag.type === MEDIA_DATA_AMF3) && isOnMetaData(tag.head);
			if (isMetadata && this.samples.length === 0) this.metadata ??= { offset: tag.offset, size: tag.size };
		} else if (tag.type === MEDIA_VIDEO) {
			map.hasVideo = true;
			this.#seePicture(tag, time);
		} else {
			if (!map.hasAudio || !this.#has(MEDIA_AUDIO)) this.#keep(tag);
			map.hasAudio = true;
		}
		const hasAll = this.firstKeyframe !== undefined && this.#has(MEDIA_AUDIO);
		const isFar = tag.offset > map.firstTag + START_BYTES + (this.metadata?.size ?? 0);
		return !hasAll && !(isFar && map.firstSample !== undefined);
	}

	#seePicture(tag: TagView, time: number): void {
		if (!isCoded(tag.flags)) return;
		const isKeyframe = (tag.flags & FLAG_KEYFRAME) !== 0;
		if (!this.#hasPicture) {
			this.#keep(tag);
			if (isKeyframe) this.firstKeyframe = { offset: tag.offset, time };
		}
		if (isKeyframe) this.#map.memory.note(tag.offset, time);
		this.#hasPicture = true;
	}

	#has(type: number): boolean {
		return this.samples.some(sample => sample.type === type);
	}

	#keep(tag: TagView): void {
		if (!isCoded(tag.flags)) return;
		this.samples.push(new MediaMessage(tag.type as MediaType, 0, tag.head.slice()));
	}
}

/** Whether a data message's payload is `onMetaData`, with what may stand in front of the name. */
export function isOnMetaData(payload: Uint8Array): boolean {
	let at = payload[0] === 0 ? 1 : 0;
	if (startsWith(payload, at, SET_DATA_FRAME)) at += SET_DATA_FRAME.length;
	return startsWith(payload, at, ON_META_DATA);
}

const SET_DATA_FRAME = amfName("@setDataFrame");
const ON_META_DATA = amfName("onMetaData");

function amfName(name: string): Uint8Array {
	return new Uint8Array([2, 0, name.length, ...Buffer.from(name)]);
}

function startsWith(bytes: Uint8Array, at: number, what: Uint8Array): boolean {
	for (let index = 0; index < what.length; index++) if (bytes[at + index] !== what[index]) return false;
	return true;
}

async function readMetadata(map: FlvMap, offset: number, size: number): Promise<AmfObject | undefined> {
	if (size > MAX_METADATA_BYTES) return undefined;
	const bytes = await map.reader.read(offset, TAG_HEAD_BYTES + size);
	const type = (bytes[0] ?? 0) === MEDIA_DATA_AMF3 ? MEDIA_DATA_AMF3 : MEDIA_DATA;
	try {
		return metadataOf(parseData(bytes.subarray(TAG_HEAD_BYTES), type));
	} catch (fault) {
		// What cannot be read counts as absent: everything in it can be found in the file.
		if (fault instanceof PeerError || fault instanceof LimitError) return undefined;
		throw fault;
	}
}
