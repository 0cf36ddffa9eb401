import { FlvInspection } from "./flv-inspection.ts";
import { openMedia } from "./media-container.ts";
import type { MediaReport } from "./media-report.ts";
import { inspectMp4 } from "./mp4-inspection.ts";

/** How a file is looked at. */
export type InspectOptions = {
	/** Is told how many bytes were read, and of how many. Default: nobody is. */
	readonly onProgress?: (bytes: number, of: number) => void;
	/** Ends it; it then rejects with the signal's reason. Default: nothing does. */
	readonly signal?: AbortSignal;
};

/**
 * Tells what a file holds and what is wrong with it. An FLV is read to its end, of an MP4 the tables.
 *
 * @throws {FileError} `FILE_UNREADABLE`; `FILE_INVALID`: it is neither FLV nor MP4, or cannot be read as such;
 *   `FILE_NO_TRACK`, `FILE_TOO_COMPLEX` of MP4
 */
export async function inspectFile(path: string, { onProgress, signal }: InspectOptions = {}): Promise<MediaReport> {
	const { file, container } = await openMedia(path);
	try {
		if (container === "mp4") return await inspectMp4(file);
		const inspection = await FlvInspection.run(file, bytes => {
			signal?.throwIfAborted();
			onProgress?.(bytes, file.size);
		});
		return inspection.report();
	} finally {
		file.close();
	}
}
