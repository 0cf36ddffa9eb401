/** What a media file holds, and what is wrong with it. */
export type MediaReport = {
	readonly path: string;
	readonly container: "FLV" | "MP4" | "fragmented MP4";
	readonly bytes: number;
	/** From the first message to the end of the last, as found, whatever the file says. */
	readonly seconds: number;
	/** Of everything, in bits a second; `undefined` where there is no time. */
	readonly bitrate: number | undefined;
	readonly tracks: readonly TrackReport[];
	readonly faults: readonly FileFault[];
};

export type TrackReport = {
	readonly kind: "video" | "audio" | "other";
	/** As the file numbers it: from 0 in FLV, where 0 is the default track; in MP4 the track's id. */
	readonly id: number;
	/** For people where it is known, such as `H.264`; else as the file names it. */
	readonly codec: string;
	/** RFC 6381, such as `avc1.64001F`. */
	readonly codecString: string | undefined;
	/** ISO 639-2; `undefined` where the container has none. */
	readonly language: string | undefined;
	readonly seconds: number;
	/** Coded frames, or in MP4 samples. */
	readonly frames: number;
	readonly bytes: number;
	readonly bitrate: number | undefined;
	readonly width: number | undefined;
	readonly height: number | undefined;
	/** Measured over the whole track. */
	readonly framerate: number | undefined;
	readonly sampleRate: number | undefined;
	readonly channels: number | undefined;
	/** Of the pictures that are played. */
	readonly keyframes: KeyframeReport | undefined;
};

export type KeyframeReport = {
	readonly count: number;
	/** Seconds between two that follow each other; `undefined` where there are none such. */
	readonly longestDistance: number | undefined;
};

/** What can be wrong with a file. */
export type FaultKind =
	| "empty"
	| "truncated"
	| "damaged"
	| "previous-tag-size"
	| "times-begin-anew"
	| "times-go-back"
	| "times-begin-late"
	| "no-configuration"
	| "configuration-changes"
	| "no-keyframe"
	| "encrypted"
	| "no-metadata"
	| "wrong-duration"
	| "wrong-size"
	| "no-index"
	| "wrong-index"
	| "wrong-tables"
	| "wrong-edit-list"
	| "unplayable-track";

export type FileFault = {
	readonly kind: FaultKind;
	/** `note`: it harms no player that is made well. */
	readonly severity: "fault" | "note";
	/** A whole sentence. */
	readonly text: string;
	/** How often it was found. */
	readonly count: number;
	/** Where it was found first, in bytes from the start of the file. */
	readonly offset: number | undefined;
	/** `millrace repair` mends it. */
	readonly canRepair: boolean;
};

/** Further apart than this, two durations are not the same. */
export const DURATION_TOLERANCE_MILLIS = 500;

/** Bits a second; `undefined` without time. */
export function bitrateOf(bytes: number, seconds: number): number | undefined {
	return seconds > 0 ? (bytes * 8) / seconds : undefined;
}
