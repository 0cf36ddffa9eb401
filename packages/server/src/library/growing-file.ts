import type { AmfObject } from "@millrace/core/amf";
import type { MediaMessage } from "@millrace/core/flv";

/**
 * An FLV file that is being written here, as the recorder tells it to those who play it meanwhile. All members are read
 * afresh each time they are needed; nothing is copied, so reading them must be cheap.
 */
export interface GrowingFile {
	/** Absolute, in the form in which the media library joins it: normalised, links not resolved. */
	readonly path: string;
	/**
	 * How many bytes from the start are whole tags and can be read from the file by others. It only grows; it is 0 until
	 * the file stands under its path.
	 */
	readonly readableBytes: number;
	/** From the first message to the end of the last readable one, in milliseconds. */
	readonly durationMillis: number;
	readonly hasVideo: boolean;
	readonly hasAudio: boolean;
	/** What `onMetaData` tells a player that joins now. */
	readonly metadata: AmfObject;
	/** The keyframes within `readableBytes`, all of them or thinned out. */
	readonly keyframes: GrowingKeyframes;
	/**
	 * Every codec configuration that the file holds, in the order of the file. A repetition of what is in force already
	 * may be left out.
	 */
	readonly configurations: readonly PlacedConfiguration[];
	/** Nothing more will be written. `readableBytes` is final; the file stays where it is. */
	readonly isFinished: boolean;
	/** Calls `listener` whenever more can be read, and once more when the file is finished; returns how to stop that. */
	onGrowth(listener: () => void): () => void;
}

/** Keyframes in ascending order. The arrays may be longer than `count`, and may be other ones after growth. */
export interface GrowingKeyframes {
	readonly count: number;
	/** Milliseconds as they stand in the tags. */
	readonly times: Float64Array;
	/** Bytes from the start of the file to the header of the keyframe's tag. */
	readonly positions: Float64Array;
}

/** A codec configuration and where it stands. */
export interface PlacedConfiguration {
	/** Bytes from the start of the file to the header of its tag. */
	readonly position: number;
	readonly message: MediaMessage;
}
