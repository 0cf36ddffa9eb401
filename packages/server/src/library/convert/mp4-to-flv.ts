import { FileError } from "@millrace/core/fault";
import { type Movie, type MovieTrack, openMovie } from "@millrace/core/mp4";
import { giveWay } from "../inspect/mp4-inspection.ts";
import type { MediaFile } from "../media-file.ts";
import type { WorkMeter } from "./file-progress.ts";
import { FlvOutput } from "./flv-output.ts";
import type { OutputFile } from "./output-file.ts";

/** What is read and written at once, about. */
const BATCH_BYTES = 512 * 1024;

/**
 * Writes what an MP4 file plays as FLV. The file then belongs to it and is closed.
 *
 * @param audioTrack the number of the sound track, from 1; `undefined`: the first that is enabled
 * @param onNote is told in a sentence what the FLV will lack
 * @throws {FileError} `FILE_NOT_CONVERTIBLE`, `FILE_NO_TRACK`, `FILE_INVALID`, `FILE_TOO_COMPLEX`, `FILE_UNREADABLE`
 */
export async function mp4ToFlv(
	file: MediaFile,
	output: OutputFile,
	audioTrack: number | undefined,
	meter: WorkMeter,
	onNote: (text: string) => void,
): Promise<void> {
	try {
		const movie = await openMovie(file, { pause: giveWay, ...(audioTrack === undefined ? {} : { audioTrack }) });
		refuseForeign(movie);
		for (const track of movie.tracks) {
			const isWritten = track === movie.videoTrack || track === movie.audioTrack || movie.textTracks.includes(track);
			if (!isWritten) onNote(leftOutText(track));
		}
		if (movie.isTruncated) onNote(`${file.path} was cut off; what is there is written.`);
		meter.totalSeconds = movie.durationMillis / 1000;
		const cursor = movie.cursor();
		const target = new FlvOutput(output, {
			metadata: movie.flvMetadata(),
			configurations: cursor.configurations(),
			keyframes: movie.keyframeTimes().length,
		});
		for (;;) {
			const messages = await cursor.read(BATCH_BYTES);
			if (messages.length === 0) break;
			await target.write(messages);
			meter.write(messages.at(-1)!.timestamp / 1000, output.bytes);
		}
		await target.end();
	} finally {
		file.close();
	}
}

/** Pictures or sound that are all of codecs that no message carries. */
function refuseForeign({ tracks, videoTrack, audioTrack }: Movie): void {
	const foreign = (kind: MovieTrack["kind"]) => tracks.filter(track => track.kind === kind && track.samples > 0);
	const missing = [
		...(videoTrack === undefined ? foreign("video") : []),
		...(audioTrack === undefined ? foreign("audio") : []),
	];
	if (missing.length === 0) return;
	const codecs = missing.map(({ codec, kind }) => `“${codec}” (${kind})`);
	throw new FileError("FILE_NOT_CONVERTIBLE", `FLV cannot carry ${codecs.join(" and ")}.`);
}

function leftOutText({ id, kind, codec, language, isPlayable }: MovieTrack): string {
	const what = kind === "other" ? "neither sound nor pictures" : `${kind}, ${codec}, ${language}`;
	const isSecond = isPlayable && kind !== "other";
	const why = isSecond ? "FLV holds one of each kind here" : "FLV cannot carry it";
	return `Track ${id} (${what}) is left out: ${why}.`;
}
