import type { RecordingFileOptions } from "./recording-file.ts";
import type { RecordingFormatName } from "./recording-name.ts";

/** How an application's streams are recorded: the section `record` of the configuration, resolved. */
export type RecordSettings = RecordingFileOptions & {
	/** `publisher`: what publishers ask for; `always`: also every stream of `streams`; `off`: nothing but by command. */
	readonly mode: "off" | "publisher" | "always";
	/** Whether publishers may record that were let in only because everybody is. */
	readonly anonymous: boolean;
	/** Patterns of stream names, with `*`; for `always`. */
	readonly streams: readonly string[];
	/** What `always` does with a file that is there. */
	readonly existing: "append" | "appendWithGap" | "replace";
	/** What becomes of a file that is replaced. */
	readonly replaced: "remove" | "keep";
	readonly format: RecordingFormatName;
	/** See `recordingPath`. */
	readonly name: string;
	/** A file is ended at the first keyframe after so long, and another begun; 0: never. */
	readonly segmentMillis: number;
	/** The same by size. */
	readonly segmentBytes: number;
	/** A recording ends after so long, over all its files; 0: never. */
	readonly maxMillis: number;
	/** The same by size. */
	readonly maxBytes: number;
	/** A recording does not begin, and ends, where the disk has less than this left, in bytes. */
	readonly freeBytes: number;
	/** What may wait for the disk, in bytes of memory; beyond it, frames are left out up to a keyframe. */
	readonly queueBytes: number;
};
