import type { NetStream } from "@millrace/client";
import type { MediaMessage } from "@millrace/core/flv";
import type { CliContext } from "./cli-context.ts";
import { EXIT, fail, type StreamWork } from "./stream-command.ts";

/**
 * Plays a stream and passes its media on. Ends the command where nothing comes within `waitSeconds`: a server keeps a
 * player of a live stream waiting for its publisher, and says nothing.
 */
export async function playMedia(
	context: CliContext,
	{ stream, name, abort }: StreamWork,
	waitSeconds: number,
	consume: (media: AsyncIterableIterator<MediaMessage, undefined>) => Promise<void>,
): Promise<void> {
	let isLate = false;
	let hasMedia = false;
	// Seconds that a server may send ahead of a recorded stream, so that it is not paced too tightly.
	stream.bufferTime = 3;
	const media = watchFirst(stream, () => {
		hasMedia = true;
		clearTimeout(timer);
	});
	const timer = setTimeout(() => {
		isLate = true;
		void media.return?.();
	}, waitSeconds * 1000);
	const stop = (): void => clearTimeout(timer);
	abort.signal.addEventListener("abort", stop);
	try {
		await stream.playAsync(name);
		await consume(media);
	} finally {
		stop();
		abort.signal.removeEventListener("abort", stop);
	}
	if (isLate && !hasMedia) {
		fail(context, EXIT.notFound, `Nothing is published there: no media came within ${waitSeconds} s (--wait).`);
	}
	if (!hasMedia && !abort.signal.aborted) fail(context, EXIT.notFound, "The stream ended before any media came.");
	stream.close();
}

/** The stream's media; tells of the first audio or video. */
function watchFirst(stream: NetStream, onFirst: () => void): AsyncIterableIterator<MediaMessage, undefined> {
	stream.onMedia = message => {
		if (!message.isAudio && !message.isVideo) return;
		stream.onMedia = null;
		onFirst();
	};
	return stream.media();
}
