import { FileError } from "@millrace/core/fault";
import { type MediaContainer, openMedia } from "../inspect/media-container.ts";
import { type FileWorkOptions, WorkMeter } from "./file-progress.ts";
import { flvToMp4 } from "./flv-to-mp4.ts";
import { mp4ToFlv } from "./mp4-to-flv.ts";
import { OutputFile } from "./output-file.ts";

/** How a file is brought into another container. */
export type ConvertOptions = FileWorkOptions & {
	/** The container of the output; it must be another than that of the input. */
	readonly container: MediaContainer;
	/** What has the output's name is replaced. Default `false`: then it is a fault. */
	readonly overwrite?: boolean;
	/** Of an MP4, the number of the sound track, from 1. Default: the first that is enabled. */
	readonly audioTrack?: number;
	/** Is told in sentences what the output lacks. Default: nobody is. */
	readonly onNote?: (text: string) => void;
};

/** What was written. */
export type ConvertedFile = { readonly bytes: number; readonly seconds: number };

/**
 * Brings an FLV file into MP4, or an MP4 file into FLV, without encoding anything again; memory does not grow with the
 * file. The output appears when it is complete.
 *
 * @throws {FileError} `FILE_NOT_CONVERTIBLE`: a codec has no place there, or the output is of the input's kind;
 *   `FILE_INVALID`, `FILE_NO_TRACK`, `FILE_TOO_COMPLEX` of the input; `FILE_UNREADABLE` of either
 */
export async function convertFile(input: string, output: string, options: ConvertOptions): Promise<ConvertedFile> {
	const { container, audioTrack, overwrite = false, onNote = () => undefined } = options;
	const { file, container: from } = await openMedia(input);
	let target: OutputFile;
	try {
		if (from === container) {
			throw new FileError(
				"FILE_NOT_CONVERTIBLE",
				`${input} is ${from.toUpperCase()} already; there is nothing to convert.`,
			);
		}
		target = await OutputFile.create(output);
	} catch (error) {
		file.close();
		throw error;
	}
	const meter = new WorkMeter(options, file.size);
	try {
		if (from === "flv") await flvToMp4(file, target, meter, onNote);
		else await mp4ToFlv(file, target, audioTrack, meter, onNote);
		await target.commit({ overwrite });
		return { bytes: target.bytes, seconds: meter.totalSeconds };
	} finally {
		await target.discard();
	}
}
