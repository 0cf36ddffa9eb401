import type { AmfObject } from "@millrace/core/amf";
import type { Arena } from "@millrace/core/bytes";
import type { MediaMessage } from "@millrace/core/flv";

/**
 * One recording or on-demand file, opened once and shared by everyone who plays it. Whatever the container, what comes
 * out are the messages that a live stream would have had: decode times in milliseconds from 0, payloads as FLV tag
 * bodies.
 */
export interface MediaSource {
	readonly path: string;
	/** Size in bytes; of a file that is being recorded, what is readable now. */
	readonly bytes: number;
	/** From the first message to the end of the last, in milliseconds; of a growing file, what is readable now. */
	readonly durationMillis: number;
	readonly hasVideo: boolean;
	readonly hasAudio: boolean;
	/** What `onMetaData` tells a player. */
	readonly metadata: AmfObject;
	/** The file is being recorded: its end is not its end. */
	readonly isGrowing: boolean;
	/** What is wrong with it, in whole sentences, although it can be played. Default: nothing is known. */
	readonly flaws?: readonly string[];

	/** A place in the file, at its start. */
	cursor(): MediaCursor;
	/** Calls `listener` whenever more can be read, and when the file stops growing; returns how to stop that. */
	onGrowth(listener: () => void): () => void;
	/** The caller needs it no longer; the last one closes the file. Cursors must not be used afterwards. */
	release(): void;
}

/** One viewer's place in a file. Calls must not overlap. */
export interface MediaCursor {
	/** The time of the message before which the last `read` ended for its `untilMillis`; `undefined`: it did not. */
	readonly nextMillis?: number | undefined;
	/**
	 * What a decoder needs before the messages that follow: codec configurations, at the time of the message that comes
	 * next. Valid once `seek` or the first `read` has resolved.
	 */
	configurations(): readonly MediaMessage[];
	/**
	 * Goes to the last keyframe at or before `millis` (without video: to the last message at or before it; before the
	 * first: to the first) and resolves to the time of the message there. Past the end it goes to the last keyframe.
	 *
	 * @throws {FileError} `FILE_INVALID` where the file turns out to be broken, `FILE_UNREADABLE` where reading fails
	 */
	seek(millis: number): Promise<number>;
	/**
	 * The next messages in decode order, about `maxBytes` of them and at least one; configurations of the codecs are
	 * among them only where they change. Empty at the end, at the present end of a growing file, or where `nextMillis`
	 * tells that what comes is too late.
	 *
	 * @param untilMillis messages after this time may be left for later. Default: none are.
	 * @param memory may be taken for the payloads, which are valid then as long as it is. Default: their own.
	 * @throws {FileError} as `seek`
	 */
	read(maxBytes: number, untilMillis?: number, memory?: Arena): Promise<readonly MediaMessage[]>;
}
