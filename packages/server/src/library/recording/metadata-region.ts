import { type AmfObject, type AmfValue, encodeAmf0 } from "@millrace/core/amf";
import { PeerError } from "@millrace/core/fault";
import {
	encodeMetadata,
	FLV_TAG_OVERHEAD,
	flvHeader,
	flvTag,
	MEDIA_DATA,
	MEDIA_DATA_AMF3,
	MediaMessage,
	metadataOf,
	parseData,
} from "@millrace/core/flv";

/** What a region tells of its file. */
export type RegionFacts = {
	readonly hasAudio: boolean;
	readonly hasVideo: boolean;
	/** To the end of the last frame, in milliseconds. */
	readonly durationMillis: number;
	readonly fileBytes: number;
	/** Time of the last frame, in milliseconds. */
	readonly lastMillis: number;
	/** Keyframes by time and place, at most `slots`; the first may be the video's configuration. */
	readonly keyframes: readonly KeyframeFacts[];
	/** The last keyframe, which `keyframes` may leave out. */
	readonly lastKeyframe: KeyframeFacts | undefined;
	/** Codec configurations changed after the start of the file. */
	readonly reconfigured: boolean;
};

export type KeyframeFacts = { readonly millis: number; readonly position: number };

/** Where the first tag of an FLV file begins. */
export const FLV_FIRST_TAG = 13;

/**
 * The start of a recorded FLV file: its header, and an `onMetaData` tag that has always the same size, so that it can
 * be written over in one piece. What length, size and keyframes do not need, the member `filler` takes. It is an object
 * of short strings because FFmpeg gives up on strings of 1,024 bytes, and shows those of the first level as tags.
 */
export class MetadataRegion {
	/** Size of the whole, with the header, in bytes. */
	readonly bytes: number;
	/** The most keyframes that it can hold. */
	readonly slots: number;
	readonly #members: AmfObject;

	private constructor(members: AmfObject, slots: number, bytes: number) {
		this.#members = members;
		this.slots = slots;
		this.bytes = bytes;
	}

	/**
	 * The region of a new file.
	 *
	 * @param published payload of the publisher's `onMetaData`, of which short values are taken over
	 */
	static create(published: MediaMessage | undefined, derived: AmfObject, slots: number): MetadataRegion {
		const members = { ...derived, ...(published === undefined ? {} : describing(published)) };
		const bytes = FLV_FIRST_TAG + FLV_TAG_OVERHEAD + bodyBytes(members) + slots * SLOT_BYTES + MIN_FILLER_BYTES;
		return new MetadataRegion(members, slots, bytes);
	}

	/** The region that a file begins with, with its facts; `undefined`: the first tag of that file is none of ours. */
	static read(first: MediaMessage): { region: MetadataRegion; facts: RegionFacts } | undefined {
		const members = readMembers(first);
		if (members === undefined || members["metadatacreator"] !== CREATOR || !("filler" in members)) return undefined;
		const kept: AmfObject = {};
		for (const [name, value] of Object.entries(members)) {
			if (!OWN_MEMBERS.has(name) && isShort(value)) kept[name] = value;
		}
		const room = first.payload.length - bodyBytes(kept) - MIN_FILLER_BYTES;
		if (room < 0) return undefined;
		const bytes = FLV_FIRST_TAG + FLV_TAG_OVERHEAD + first.payload.length;
		return { region: new MetadataRegion(kept, Math.floor(room / SLOT_BYTES), bytes), facts: factsOf(members) };
	}

	/** The members that a player is told, without the keyframes' table. */
	describe(facts: RegionFacts): AmfObject {
		const { keyframes: _, ...members } = regionMembers(this.#members, facts);
		return members;
	}

	/** The region's bytes, from the file's first on. */
	render(facts: RegionFacts): Uint8Array {
		const bytes = new Uint8Array(this.bytes);
		bytes.set(flvHeader(facts.hasAudio, facts.hasVideo));
		const body = this.bytes - FLV_FIRST_TAG - FLV_TAG_OVERHEAD;
		const members = regionMembers(this.#members, facts);
		const filler = fillerOf(body - encodeMetadata(members).length);
		bytes.set(flvTag(new MediaMessage(MEDIA_DATA, 0, encodeMetadata({ ...members, filler }))), FLV_FIRST_TAG);
		return bytes;
	}
}

const CREATOR = "Millrace";
const OWN_MEMBERS: ReadonlySet<string> = new Set([
	...["duration", "filesize", "hasMetadata", "hasAudio", "hasVideo", "hasKeyframes", "canSeekToEnd", "lasttimestamp"],
	...["lastkeyframetimestamp", "lastkeyframelocation", "reconfigured", "metadatacreator", "keyframes", "filler"],
	// What an encoder says of a file that it does not write.
	...["datasize", "videosize", "audiosize", "hasCuePoints", "cuePoints"],
]);
/** Two numbers in AMF0 arrays. */
const SLOT_BYTES = 18;
/** The member's name, its object's marker and end, and one empty string in it. */
const FILLER_OVERHEAD = 12;
const FILL_OVERHEAD = 7;
const MIN_FILLER_BYTES = FILLER_OVERHEAD + FILL_OVERHEAD;
const MAX_FILL = 1000;
const MAX_MEMBERS = 100;
const MAX_TEXT = 250;

const NO_FACTS: RegionFacts = {
	hasAudio: false,
	hasVideo: false,
	durationMillis: 0,
	fileBytes: 0,
	lastMillis: 0,
	keyframes: [],
	lastKeyframe: undefined,
	reconfigured: false,
};

function regionMembers(members: AmfObject, facts: RegionFacts): AmfObject {
	const { keyframes, lastKeyframe } = facts;
	return {
		duration: facts.durationMillis / 1000,
		filesize: facts.fileBytes,
		hasMetadata: true,
		hasAudio: facts.hasAudio,
		hasVideo: facts.hasVideo,
		hasKeyframes: keyframes.length > 0,
		canSeekToEnd: false,
		lasttimestamp: facts.lastMillis / 1000,
		lastkeyframetimestamp: (lastKeyframe?.millis ?? 0) / 1000,
		lastkeyframelocation: lastKeyframe?.position ?? 0,
		reconfigured: facts.reconfigured,
		metadatacreator: CREATOR,
		...members,
		// FFmpeg complains of an empty table.
		...(keyframes.length > 0 ? { keyframes: tableOf(keyframes) } : {}),
	};
}

function tableOf(keyframes: readonly KeyframeFacts[]): AmfObject {
	return {
		times: keyframes.map(keyframe => keyframe.millis / 1000),
		filepositions: keyframes.map(keyframe => keyframe.position),
	};
}

/** What the body takes with an empty table of keyframes, and without filler. */
function bodyBytes(members: AmfObject): number {
	return encodeMetadata({ ...regionMembers(members, NO_FACTS), keyframes: tableOf([]) }).length;
}

/** An object whose member takes exactly so many bytes. */
function fillerOf(bytes: number): AmfObject {
	const rest = bytes - FILLER_OVERHEAD;
	const count = Math.ceil(rest / (FILL_OVERHEAD + MAX_FILL));
	const filler: AmfObject = {};
	for (let i = 0; i < count; i++) {
		const share = Math.floor((rest * (i + 1)) / count) - Math.floor((rest * i) / count);
		filler[i.toString(36).padStart(2, "0")] = " ".repeat(share - FILL_OVERHEAD);
	}
	return filler;
}

/** Members that describe the stream; what speaks of a file's length or places is ours to say. */
function describing(published: MediaMessage): AmfObject {
	const members: AmfObject = {};
	let count = 0;
	for (const [name, value] of Object.entries(readMembers(published) ?? {})) {
		if (OWN_MEMBERS.has(name) || name.length > MAX_TEXT || !isShort(value) || count++ >= MAX_MEMBERS) continue;
		members[name] = value;
	}
	return members;
}

function isShort(value: AmfValue): boolean {
	if (typeof value === "string") return encodeAmf0(value).length <= MAX_TEXT;
	return typeof value === "number" || typeof value === "boolean" || value instanceof Date;
}

function readMembers({ type, payload }: MediaMessage): AmfObject | undefined {
	if (type !== MEDIA_DATA && type !== MEDIA_DATA_AMF3) return undefined;
	try {
		return metadataOf(parseData(payload, type));
	} catch (fault) {
		// Metadata that cannot be read describes nothing.
		if (fault instanceof PeerError) return undefined;
		throw fault;
	}
}

function factsOf(members: AmfObject): RegionFacts {
	const number = (name: string): number => {
		const value = members[name];
		return typeof value === "number" && Number.isFinite(value) && value >= 0 ? value : 0;
	};
	const table = members["keyframes"] as AmfObject | undefined;
	const numbers = (value: AmfValue): readonly AmfValue[] => (Array.isArray(value) ? value : []);
	const times = numbers(table?.["times"]);
	const positions = numbers(table?.["filepositions"]);
	const keyframes: KeyframeFacts[] = [];
	for (const [i, time] of times.entries()) {
		const position = positions[i];
		if (typeof time !== "number" || typeof position !== "number") break;
		keyframes.push({ millis: Math.round(time * 1000), position });
	}
	const last = { millis: Math.round(number("lastkeyframetimestamp") * 1000), position: number("lastkeyframelocation") };
	return {
		hasAudio: members["hasAudio"] === true,
		hasVideo: members["hasVideo"] === true,
		durationMillis: Math.round(number("duration") * 1000),
		fileBytes: number("filesize"),
		lastMillis: Math.round(number("lasttimestamp") * 1000),
		keyframes,
		lastKeyframe: last.position === 0 ? undefined : last,
		reconfigured: members["reconfigured"] !== false,
	};
}
