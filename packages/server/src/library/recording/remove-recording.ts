import type { RecordingFileSystem } from "./file-system.ts";

/** What became of a wish to delete recordings. */
export type RemovalResult = "removed" | "absent" | "recording";

/** The most files of one name that are deleted. */
const MAX_FILES = 100_000;

/**
 * Deletes a recording: its file, and those that follow it in number. Nothing is deleted while one of them is being
 * written.
 *
 * @param path the `n`th file's, from 1; `undefined`: there can be none
 * @throws the system's errors
 */
export async function removeRecording(
	fs: RecordingFileSystem,
	path: (n: number) => string | undefined,
	isWritten: (path: string) => boolean,
): Promise<RemovalResult> {
	const paths: string[] = [];
	for (let n = 1; n <= MAX_FILES; n++) {
		const next = path(n);
		if (next === undefined || next === paths.at(-1)) break;
		if (isWritten(next)) return "recording";
		if ((await fs.stat(next))?.isFile !== true) break;
		paths.push(next);
	}
	// It may have begun to be written meanwhile.
	if (paths.some(isWritten)) return "recording";
	for (const each of paths) await fs.remove(each);
	return paths.length > 0 ? "removed" : "absent";
}
