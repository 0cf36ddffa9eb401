import type { MediaMessage } from "@millrace/core/flv";
import { type FlvContinuation, FlvRecording } from "./flv-recording.ts";

/** Where an FLV file goes. */
export interface FlvSink {
	/** Appends bytes, which are the sink's from then on. */
	write(bytes: Uint8Array): void | Promise<void>;
	/** Overwrites bytes that were written; left out where that cannot be done, as in a pipe. */
	patch?(offset: number, bytes: Uint8Array): void | Promise<void>;
}

export type PlayToFlvOptions = {
	/** Ends the file; `playToFlv` then resolves. */
	readonly signal?: AbortSignal;
	/** Ends the file at this length, in milliseconds of media time. */
	readonly durationMillis?: number;
	/** Goes on with a file that was broken off: the sink cuts it and appends. Default: a new file. */
	readonly continuation?: FlvContinuation;
	/** Is told of the file after each message that was written. */
	readonly onProgress?: (bytes: number, millis: number) => void;
};

export type PlayedToFlv = {
	/** The file's length. */
	readonly bytes: number;
	/** Media time, in milliseconds. */
	readonly millis: number;
};

/**
 * Writes what `NetStream.media()` gives as an FLV file, complete in itself whenever it ends: duration and size are
 * patched into its metadata where the sink can do that. What the media throws is thrown on after the file is complete.
 *
 * @throws UsageError where a file is gone on with whose last keyframe the stream does not hold
 */
export async function playToFlv(
	media: AsyncIterableIterator<MediaMessage, undefined>,
	sink: FlvSink,
	options: PlayToFlvOptions = {},
): Promise<PlayedToFlv> {
	const { signal, durationMillis = Number.POSITIVE_INFINITY, onProgress, continuation } = options;
	const recording = new FlvRecording(continuation);
	const stop = (): void => void media.return?.();
	signal?.addEventListener("abort", stop);
	if (signal?.aborted) stop();
	try {
		for await (const message of media) {
			const bytes = recording.add(message);
			if (bytes === undefined) continue;
			await sink.write(bytes);
			onProgress?.(recording.bytes, recording.millis);
			if (recording.millis >= durationMillis) break;
		}
	} finally {
		signal?.removeEventListener("abort", stop);
		if (sink.patch !== undefined && recording.missing === undefined)
			for (const { offset, bytes } of recording.finish()) await sink.patch(offset, bytes);
	}
	const { missing } = recording;
	if (missing !== undefined && !signal?.aborted) throw missing;
	return { bytes: recording.bytes, millis: recording.millis };
}
