import { realpath } from "node:fs/promises";
import { FileError } from "@millrace/core/fault";
import { openMedia } from "../inspect/media-container.ts";
import type { FileFault } from "../inspect/media-report.ts";
import { unreadable } from "../media-file.ts";
import { type FileWorkOptions, WorkMeter } from "./file-progress.ts";
import { type CommitOptions, isTaken, OutputFile } from "./output-file.ts";
import { planFlvRepair } from "./repair-flv.ts";
import { planMp4Repair } from "./repair-mp4.ts";

/** How a file is repaired. */
export type RepairOptions = FileWorkOptions & {
	/** Where the repaired file goes. Default: in the place of the broken one, which is kept beside as `.bak`. */
	readonly output?: string;
	/** What has the name of the output or of the backup is replaced. Default `false`: then it is a fault. */
	readonly overwrite?: boolean;
};

/** What became of a file. */
export type RepairedFile = {
	/** What was wrong, and is no more; empty: nothing was, and nothing was written unless there is an `output`. */
	readonly mended: readonly FileFault[];
	/** What is wrong still. */
	readonly left: readonly FileFault[];
	/** Of the file as it is now. */
	readonly seconds: number;
	readonly bytes: number;
	/** Where the broken file is; `undefined`: where it was. */
	readonly backup: string | undefined;
};

/** What is to be done to a file that was looked through. */
export interface RepairPlan {
	readonly faults: readonly FileFault[];
	readonly seconds: number;
	/** Writes what the file is to be; resolves to how long it is, in seconds. */
	write(output: OutputFile): Promise<number>;
	close(): void;
}

/**
 * Repairs an FLV or a file of fragments: cuts off what was torn, passes over what is damaged, writes length and index.
 * The file is replaced in one step when everything is written; memory does not grow with the file.
 *
 * @throws {FileError} `FILE_NOT_REPAIRABLE`, and as `inspectFile`; `FILE_UNREADABLE`, also where a backup is there
 */
export async function repairFile(path: string, options: RepairOptions = {}): Promise<RepairedFile> {
	const { output, overwrite = false } = options;
	const { file, container } = await openMedia(path);
	const meter = new WorkMeter(options, file.size);
	const plan = await (container === "flv" ? planFlvRepair(file, meter) : planMp4Repair(file, meter));
	try {
		const mended = plan.faults.filter(fault => fault.canRepair);
		const left = plan.faults.filter(fault => !fault.canRepair);
		const bytes = file.size;
		if (mended.length === 0 && output === undefined) {
			return { mended, left, seconds: plan.seconds, bytes, backup: undefined };
		}
		const place = output ?? (await placeOf(path));
		const commit: CommitOptions = output === undefined ? { overwrite, backup: `${place}.bak` } : { overwrite };
		if (commit.backup !== undefined && !overwrite && (await isTaken(commit.backup))) {
			throw new FileError("FILE_UNREADABLE", `There is a backup already: ${commit.backup}.`);
		}
		const target = await OutputFile.create(place);
		try {
			const seconds = await plan.write(target);
			await target.commit(commit);
			return { mended, left, seconds, bytes: target.bytes, backup: commit.backup };
		} finally {
			await target.discard();
		}
	} finally {
		plan.close();
	}
}

/** Behind a link is the file that is repaired. */
async function placeOf(path: string): Promise<string> {
	try {
		return await realpath(path);
	} catch (cause) {
		throw unreadable(path, cause);
	}
}
