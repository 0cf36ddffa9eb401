import type { NetStatus } from "@millrace/core/rtmp";
import type { LegacyInfo } from "./legacy-instance.ts";

/** A status of ours as what a script's `onStatus` is told. */
export function infoOf(status: NetStatus): LegacyInfo {
	const { level } = status;
	return { ...status, level: level === "error" || level === "warning" ? level : "status" };
}
