import type { PeerError } from "../fault/index.ts";
import type { FilePatch } from "./fragment-init.ts";
import type { TrackFormat } from "./track-format.ts";

/** A track of an init segment. */
export type WrittenTrack = TrackFormat & {
	/** In the file, from 1. */
	readonly fileTrackId: number;
	/** In multitrack messages; 0 is the default track. */
	readonly trackId: number;
};

/** `ftyp` and `moov`: what a player needs before any fragment. */
export type InitSegment = {
	/** Empty where a file is gone on with. */
	readonly bytes: Uint8Array;
	/** Why it is written: the first one, another codec configuration, or a track that was not there before. */
	readonly reason: "start" | "resumed" | "configuration-changed" | "track-added";
	readonly tracks: readonly WrittenTrack[];
};

/**
 * One `moof` and its `mdat`. The times are those of the leading track: of the picture, where the fragment has any.
 *
 * ffmpeg 5 refuses a file that ends inside a `moof`, but not inside a box that it skips. A file that must open even
 * when its writer is killed in the middle of a write is written with `free` in place of the type (bytes 4 to 7), and
 * with `moof` over it when the rest is written.
 */
export type Fragment = {
	readonly bytes: Uint8Array;
	/** The decode time of the first sample, in milliseconds. */
	readonly startMillis: number;
	/** Where the last sample ends. */
	readonly endMillis: number;
	/** The leading track begins with a sample that needs no other. */
	readonly startsWithKeyframe: boolean;
};

/** How a file is completed. */
export type FileEnd = {
	/** The random access index (`mfra`), to be appended. */
	readonly index: Uint8Array;
	/** The durations, to be written over what the init segment has there. */
	readonly patches: readonly FilePatch[];
	/** From the first decode time to where the last sample ends, in milliseconds. */
	readonly durationMillis: number;
};

/** What a stream has and the file lacks. */
export type LeftOut = {
	readonly kind: "video" | "audio";
	readonly trackId: number;
	/** For people, such as `Sorenson H.263`. */
	readonly codec: string;
	/** MP4 has no place for the codec; or a configuration or a frame could not be read, and what needs it is missing. */
	readonly reason: "unsupported" | "malformed";
	/** Of the malformed: what was found. */
	readonly fault: PeerError | undefined;
};

/** Who receives what a `FragmentWriter` makes. The methods are called from within `write`, `cut` and `end`. */
export interface FragmentHandler {
	/** A file begins; everything up to the next call belongs to it and can be played with it alone. */
	onInit(init: InitSegment): void;
	onFragment(fragment: Fragment): void;
	/** The file is complete; with `isFile` only. The next call, if any, is `onInit`. */
	onFileEnd?(end: FileEnd): void;
	/** Called once for a track and a codec. The other tracks go on. */
	onLeftOut?(track: LeftOut): void;
}
