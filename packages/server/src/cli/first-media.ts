import type { MediaOptions, NetStream } from "@millrace/client";
import type { MediaMessage } from "@millrace/core/flv";
import type { CliContext } from "./cli-context.ts";
import { EXIT, fail, type StreamWork } from "./stream-command.ts";

/** How a stream is asked for. */
export type PlayAsk = {
	/** As in `NetStream.play`, in seconds. Default: live or recorded. */
	readonly start?: number;
	/** What becomes of frames that wait for a reader that falls behind. Default: as in `NetStream.media`. */
	readonly whenFull?: MediaOptions["whenFull"];
};

/**
 * Plays a stream and passes its media on. Ends the command where nothing comes within `waitSeconds`: a server keeps a
 * player of a live stream waiting for its publisher, and says nothing.
 */
export async function playMedia(
	context: CliContext,
	{ stream, name, abort }: StreamWork,
	waitSeconds: number,
	{ start, ...reading }: PlayAsk,
	consume: (media: AsyncIterableIterator<MediaMessage, undefined>) => Promise<void>,
): Promise<void> {
	let isLate = false;
	let hasMedia = false;
	// A server may send this far ahead of a recorded stream.
	stream.bufferTime = BUFFER_SECONDS;
	const media = watchFirst(stream, reading, () => {
		hasMedia = true;
		clearTimeout(timer);
	});
	const timer = setTimeout(() => {
		isLate = true;
		stream.close();
	}, waitSeconds * 1000);
	const stop = (): void => stream.close();
	abort.signal.addEventListener("abort", stop);
	try {
		await stream.playAsync(name, start);
		await consume(media);
	} catch (error) {
		if (!isLate) throw error;
	} finally {
		clearTimeout(timer);
		abort.signal.removeEventListener("abort", stop);
	}
	if (isLate)
		fail(context, EXIT.notFound, `Nothing is published there: no media came within ${waitSeconds} s (--wait).`);
	if (!hasMedia && !abort.signal.aborted) fail(context, EXIT.notFound, "The stream ended before any media came.");
	stream.close();
}

const BUFFER_SECONDS = 3;

/** The stream's media; tells of the first audio or video. */
function watchFirst(
	stream: NetStream,
	reading: MediaOptions,
	onFirst: () => void,
): AsyncIterableIterator<MediaMessage, undefined> {
	stream.onMedia = message => {
		if (!message.isAudio && !message.isVideo) return;
		stream.onMedia = null;
		onFirst();
	};
	return stream.media(reading);
}
