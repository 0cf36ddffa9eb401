import { FileError } from "@millrace/core/fault";
import { MEDIA_AUDIO, MEDIA_VIDEO } from "@millrace/core/flv";
import { FlvSource } from "../flv/flv-source.ts";
import { LATE_START_MILLIS } from "../inspect/flv-fault.ts";
import { FlvInspection } from "../inspect/flv-inspection.ts";
import type { MediaFile } from "../media-file.ts";
import type { WorkMeter } from "./file-progress.ts";
import { FlvOutput } from "./flv-output.ts";
import type { OutputFile } from "./output-file.ts";
import type { RepairPlan } from "./repair-file.ts";

/** What is read and written at once, about. */
const BATCH_BYTES = 512 * 1024;

/**
 * Looks through an FLV file. Its messages are then written anew: what is whole of them, joined parts one after the
 * other, with length and index. The file belongs to the plan, and is closed where it rejects.
 *
 * @throws {FileError} `FILE_NOT_REPAIRABLE`, `FILE_INVALID`, `FILE_UNREADABLE`
 */
export async function planFlvRepair(file: MediaFile, meter: WorkMeter): Promise<RepairPlan> {
	try {
		const inspection = await FlvInspection.run(file, bytes => meter.look(bytes));
		const { faults, seconds } = inspection.report();
		if (inspection.tracks.length === 0) {
			throw new FileError("FILE_NOT_REPAIRABLE", `${file.path} holds neither sound nor pictures.`);
		}
		if (inspection.encrypted.count > 0) throw new FileError("FILE_NOT_REPAIRABLE", `${file.path} is encrypted.`);
		return { faults, seconds, write: output => rewrite(file, inspection, output, meter), close: () => file.close() };
	} catch (error) {
		file.close();
		throw error;
	}
}

async function rewrite(
	file: MediaFile,
	{ tracks, timeline, durationMillis }: FlvInspection,
	output: OutputFile,
	meter: WorkMeter,
): Promise<number> {
	const source = await FlvSource.open(file);
	try {
		const base = timeline.base ?? 0;
		// What a muxer chose as the first time stays; hours of a clock that ran before do not.
		const start = base > LATE_START_MILLIS ? 0 : base;
		meter.totalSeconds = durationMillis / 1000;
		const cursor = source.cursor();
		let messages = await cursor.read(BATCH_BYTES);
		const target = new FlvOutput(output, {
			metadata: source.metadata,
			configurations: cursor.configurations(),
			keyframes: tracks.reduce((sum, track) => sum + track.keyframes, 0),
		});
		while (messages.length > 0) {
			await target.write(start === 0 ? messages : messages.map(message => message.at(message.timestamp + start)));
			const { timestamp } =
				messages.findLast(({ type }) => type === MEDIA_AUDIO || type === MEDIA_VIDEO) ?? messages[0]!;
			meter.write(timestamp / 1000, output.bytes);
			messages = await cursor.read(BATCH_BYTES);
		}
		await target.end();
		return target.durationMillis / 1000;
	} finally {
		source.release();
	}
}
