import { FileError } from "@millrace/core/fault";
import { type NetStatus, netStatus } from "@millrace/core/rtmp";
import type { PublisherEnd } from "../../hub/index.ts";
import { isDiskFull, isNoAccess } from "./open-recording.ts";

/**
 * Why a recording, or one of its files, ended. `segment`: another file goes on. `publisher-…`: as the publication
 * ended. `stopped`: by command. `max-…`: at a limit. The others are faults.
 */
export type RecordingEndReason =
	| "segment"
	| "stopped"
	| `publisher-${Exclude<PublisherEnd, "server-stopping">}`
	| "server-stopping"
	| "max-duration"
	| "max-size"
	| "disk-floor"
	| "disk-full"
	| "quota"
	| "no-access"
	| "already-recording"
	| "failed";

/** One file that is finished. */
export type FinishedFile = {
	readonly path: string;
	readonly bytes: number;
	readonly durationMillis: number;
	readonly reason: RecordingEndReason;
};

/** How a recording ended. */
export type RecordingEnd = {
	readonly reason: RecordingEndReason;
	/** In the order in which they were begun; empty where nothing came that could be recorded. */
	readonly files: readonly FinishedFile[];
	/** The system's or the file's error, of faults. */
	readonly error: unknown;
};

/** Why writing or opening failed. */
export function reasonOf(error: unknown): RecordingEndReason {
	const full = isDiskFull(error);
	if (full !== undefined) return full === "quota" ? "quota" : "disk-full";
	return isNoAccess(error) ? "no-access" : "failed";
}

/** Ends that nobody wished for. */
export function isFault(reason: RecordingEndReason): boolean {
	return FAULTS.has(reason);
}

/**
 * The status that tells a publisher of an end (client reference, NetStream status codes): a full disk is a failure, a
 * quota or the floor that the operator set for the disk is a quota.
 */
export function statusOfEnd(reason: RecordingEndReason, error: unknown, name: string): NetStatus {
	const more = { details: name };
	switch (reason) {
		case "no-access":
			return netStatus("NetStream.Record.NoAccess", `${name} cannot be written.`, more);
		case "already-recording":
			return netStatus("NetStream.Record.AlreadyExists", `${name} is already being recorded.`, more);
		case "disk-floor":
			return netStatus("NetStream.Record.DiskQuotaExceeded", "The disk has too little room left.", more);
		case "quota":
			return netStatus("NetStream.Record.DiskQuotaExceeded", undefined, more);
		case "disk-full":
			return netStatus("NetStream.Record.Failed", "The disk is full.", more);
		case "failed":
			return netStatus("NetStream.Record.Failed", failureText(error), more);
		case "max-duration":
			return netStatus("NetStream.Record.Stop", `${name} has reached its longest duration.`, more);
		case "max-size":
			return netStatus("NetStream.Record.Stop", `${name} has reached its largest size.`, more);
		default:
			return netStatus("NetStream.Record.Stop", `Recording of ${name} stopped.`, more);
	}
}

const FAULTS: ReadonlySet<RecordingEndReason> = new Set([
	...(["disk-floor", "disk-full", "quota", "no-access", "already-recording", "failed"] as const),
]);

/** The system's errors name paths of the server, which a publisher need not know. */
function failureText(error: unknown): string {
	return error instanceof FileError ? error.message : "The file cannot be written.";
}
