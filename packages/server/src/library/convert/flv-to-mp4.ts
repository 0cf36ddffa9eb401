import { FileError } from "@millrace/core/fault";
import { FLAG_CONFIGURATION, MEDIA_AUDIO, MEDIA_VIDEO, MediaMessage } from "@millrace/core/flv";
import { FragmentWriter, type LeftOut } from "@millrace/core/mp4";
import { FlvSource } from "../flv/flv-source.ts";
import { TAG_HEAD_BYTES } from "../flv/flv-tag-reader.ts";
import { isCoded } from "../flv/flv-timeline.ts";
import { FlvInspection, type TrackStart } from "../inspect/flv-inspection.ts";
import type { MediaFile } from "../media-file.ts";
import type { WorkMeter } from "./file-progress.ts";
import { FragmentOutput } from "./fragment-output.ts";
import type { OutputFile } from "./output-file.ts";

/** What is read and written at once, about. */
const BATCH_BYTES = 512 * 1024;
/** The writer waits for both kinds of media no longer than twice this, in milliseconds. */
const LATE_MILLIS = 1000;

/**
 * Writes what an FLV file holds as fragmented MP4. The file then belongs to it and is closed.
 *
 * @param onNote is told in a sentence what the MP4 will lack
 * @throws {FileError} `FILE_NOT_CONVERTIBLE`, `FILE_NO_TRACK`, `FILE_INVALID`, `FILE_UNREADABLE`
 */
export async function flvToMp4(
	file: MediaFile,
	output: OutputFile,
	meter: WorkMeter,
	onNote: (text: string) => void,
): Promise<void> {
	const starts = await lookThrough(file, meter);
	const source = await FlvSource.open(file);
	try {
		const target = new FragmentOutput(output, track => onNote(leftOutText(track)));
		// Both kinds must be known when the file begins, however late the second one comes.
		await target.write(starts.map(({ message }) => message));
		const begun = new Set(starts.filter(({ message }) => isCoded(message.flags)).map(({ message }) => message.type));
		meter.totalSeconds = source.durationMillis / 1000;
		const cursor = source.cursor();
		let dataMessages = 0;
		for (let isFirst = true; ; isFirst = false) {
			const messages = await cursor.read(BATCH_BYTES);
			if (messages.length === 0) break;
			if (isFirst) await target.write(cursor.configurations());
			await target.write(messages.filter(message => !(isCoded(message.flags) && begun.delete(message.type))));
			dataMessages += messages.filter(({ type }) => type !== MEDIA_AUDIO && type !== MEDIA_VIDEO).length;
			meter.write(messages.at(-1)!.timestamp / 1000, output.bytes);
		}
		await target.end();
		if (dataMessages > 0) onNote(`${dataMessages} data messages are left out: they have no place in MP4.`);
	} finally {
		source.release();
	}
}

/** Walks through the file and gives what the MP4 must know when it begins. The file is closed where it throws. */
async function lookThrough(file: MediaFile, meter: WorkMeter): Promise<TrackStart[]> {
	try {
		const inspection = await FlvInspection.run(file, bytes => meter.look(bytes));
		if (inspection.tracks.length === 0) {
			throw new FileError("FILE_NO_TRACK", `${file.path} holds neither sound nor pictures.`);
		}
		const hasFrames = (kind: string) => inspection.tracks.some(track => track.kind === kind && track.trackId === 0);
		const starts = [...inspection.starts].flatMap(([kind, start]) => (hasFrames(kind) ? [start] : []));
		refuseForeign(starts);
		const isAlone = (kind: string) => inspection.tracks.filter(track => track.kind === kind).length === 1;
		const needed = starts.filter(({ message: { flags, timestamp, isVideo } }) => {
			const isLate = starts.length > 1 && timestamp > LATE_MILLIS && isAlone(isVideo ? "video" : "audio");
			return (flags & FLAG_CONFIGURATION) !== 0 || isLate;
		});
		return await Promise.all(needed.map(start => wholeStart(file, start)));
	} catch (error) {
		file.close();
		throw error;
	}
}

/** A configuration as it is, at the start; a frame with all its bytes, at its own time. */
async function wholeStart(file: MediaFile, start: TrackStart): Promise<TrackStart> {
	const { message, offset, size } = start;
	if ((message.flags & FLAG_CONFIGURATION) !== 0) return { ...start, message: message.at(0) };
	const body = await file.read(offset + TAG_HEAD_BYTES, size);
	return { ...start, message: new MediaMessage(message.type, message.timestamp, body) };
}

/** Codecs that MP4 has no place for are known before anything is written. */
function refuseForeign(starts: readonly TrackStart[]): void {
	const foreign: string[] = [];
	const ignore = () => undefined;
	const onLeftOut = ({ reason, codec }: LeftOut) => {
		if (reason === "unsupported") foreign.push(codec);
	};
	const probe = new FragmentWriter({ onInit: ignore, onFragment: ignore, onLeftOut });
	for (const { message } of starts) probe.write(message);
	if (foreign.length > 0) throw new FileError("FILE_NOT_CONVERTIBLE", `MP4 cannot carry ${foreign.join(" and ")}.`);
}

function leftOutText({ kind, trackId, codec, reason, fault }: LeftOut): string {
	const track = trackId === 0 ? kind : `${kind} track ${trackId}`;
	if (reason === "unsupported") return `The ${track} is left out: MP4 cannot carry ${codec}.`;
	return `Some of the ${track} is left out: ${fault?.message ?? "it cannot be read."}`;
}
