import type { AmfObject } from "@millrace/core/amf";
import type { MediaMessage } from "@millrace/core/flv";

/**
 * A file that is being recorded, for whoever plays it meanwhile. All members are read afresh each time they are needed;
 * nothing is copied. Everything it tells is in the file already, in whole tags or fragments.
 */
export interface GrowingFile {
	/** Absolute. */
	readonly path: string;
	/** How many bytes from the start can be read from the file. It only grows, unless writing fails. */
	readonly readableBytes: number;
	/** From the first message to the end of the last readable one, in milliseconds. */
	readonly durationMillis: number;
	readonly hasVideo: boolean;
	readonly hasAudio: boolean;
	/** What `onMetaData` tells a player that joins now. */
	readonly metadata: AmfObject;
	/** The keyframes within `readableBytes`, all of them or thinned out; without video, frames of sound. */
	readonly keyframes: GrowingKeyframes;
	/** Every codec configuration that the file holds, in the order of the file, without repetitions. */
	readonly configurations: readonly PlacedConfiguration[];
	/** Nothing more will be written. */
	readonly isFinished: boolean;
	/** Calls `listener` whenever more can be read, and once more when the file is finished; returns how to stop that. */
	onGrowth(listener: () => void): () => void;
}

/** Keyframes in ascending order. The arrays may be longer than `count`, and may be other ones after growth. */
export type GrowingKeyframes = {
	readonly count: number;
	/** Milliseconds as they stand in the file. */
	readonly times: Float64Array;
	/** Bytes from the start of the file to the keyframe's tag, or its fragment. */
	readonly positions: Float64Array;
};

/** A codec configuration, and where in the file its tag begins. */
export type PlacedConfiguration = { readonly position: number; readonly message: MediaMessage };
