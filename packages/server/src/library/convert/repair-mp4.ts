import { FileError } from "@millrace/core/fault";
import { repairFragments, scanFragments } from "@millrace/core/mp4";
import { mp4Faults, openScanned } from "../inspect/mp4-inspection.ts";
import type { MediaFile } from "../media-file.ts";
import type { WorkMeter } from "./file-progress.ts";
import type { OutputFile } from "./output-file.ts";
import type { RepairPlan } from "./repair-file.ts";

const BLOCK_BYTES = 1024 * 1024;

/**
 * Looks through an MP4 file. One of fragments is then copied up to its last whole one, with durations and index. The
 * file belongs to the plan, and is closed where it rejects.
 *
 * @throws {FileError} `FILE_NOT_REPAIRABLE`, also for a file without fragments that was cut off; as `openMovie`
 */
export async function planMp4Repair(file: MediaFile, meter: WorkMeter): Promise<RepairPlan> {
	try {
		const { movie, scan } = await open(file);
		const faults = mp4Faults(movie, file.size, scan);
		const seconds = movie.durationMillis / 1000;
		meter.totalSeconds = seconds;
		const write = async (output: OutputFile): Promise<number> => {
			if (scan === undefined) {
				await copy(file, file.size, output, meter);
				return seconds;
			}
			const { keptBytes, index, patches, durationMillis } = await repairFragments(file, scan);
			await copy(file, keptBytes, output, meter);
			await output.append(index);
			for (const { offset, bytes } of patches) await output.patch(offset, bytes);
			return durationMillis / 1000;
		};
		return { faults, seconds, write, close: () => file.close() };
	} catch (error) {
		file.close();
		throw error;
	}
}

async function open(file: MediaFile): Promise<Awaited<ReturnType<typeof openScanned>>> {
	const scan = await scanFragments(file);
	if (!scan.hasInit) {
		const why = "has no whole “moov”, without which nobody knows what its bytes are.";
		throw new FileError("FILE_NOT_REPAIRABLE", `${file.path} ${why}`);
	}
	const opened = await openScanned(file, scan);
	if (opened.scan === undefined && opened.movie.isTruncated) {
		const why = "is cut off, and as it is without fragments the rest is told in its tables.";
		throw new FileError("FILE_NOT_REPAIRABLE", `${file.path} ${why} What is left of it can be converted to FLV.`);
	}
	return opened;
}

async function copy(file: MediaFile, bytes: number, output: OutputFile, meter: WorkMeter): Promise<void> {
	for (let at = 0; at < bytes; ) {
		const block = await file.read(at, Math.min(BLOCK_BYTES, bytes - at));
		if (block.length === 0) throw new FileError("FILE_INVALID", `${file.path} became shorter while it was read.`);
		await output.append(block);
		at += block.length;
		meter.copy(at);
	}
}
