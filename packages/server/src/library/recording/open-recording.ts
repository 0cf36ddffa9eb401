import { FileError } from "@millrace/core/fault";
import { type FragmentResume, type LeftOut, readFragmentEnd } from "@millrace/core/mp4";
import { codeOf, type FileFacts, type RecordingFileHandle, type RecordingFileSystem } from "./file-system.ts";
import { readFlvTail } from "./flv-tail.ts";
import { FlvWriter } from "./flv-writer.ts";
import { Mp4Writer } from "./mp4-writer.ts";
import type { RecordingFormatName } from "./recording-name.ts";
import { type FilePatch, type RecordingWriter, RefusingWriter } from "./recording-writer.ts";
import type { FileHead } from "./stream-head.ts";

/** How a recording treats a file that is there already. */
export type RecordingMode = "record" | "append" | "appendWithGap";

type AppendMode = Exclude<RecordingMode, "record">;

/** A file that is ready to be written. */
export type OpenRecording = {
	readonly handle: RecordingFileHandle;
	readonly writer: RecordingWriter;
	/** Where the writer's bytes go: the size of what stands there already. */
	readonly position: number;
	/** The first bytes are about to be written. */
	prepare?(): Promise<void>;
	/** The first bytes are on the disk: the file takes its name, and the place of what had it. */
	settle(): Promise<void>;
	/** Nothing could be written: leaves what stood there before. The handle is closed already. */
	undo(): Promise<void>;
	/** What is to be written over in the file as it stands after writing has failed. */
	describe(size: number): Promise<readonly FilePatch[]>;
};

/** What a file begins with, and at which time of the stream. */
export type RecordingStart = {
	readonly head: FileHead;
	readonly baseTime: number;
	/** Told once for each track that the format has no place for. */
	readonly onLeftOut: (track: LeftOut) => void;
	/** Told where the file that stands there cannot be gone on with, and another one is begun. */
	readonly onRefused: (text: string) => void;
};

/** What becomes of a file that a recording replaces. */
export type ReplacedFile = "remove" | "keep";

/**
 * Makes a file. It stands under another name until something is in it: a crash leaves no empty file under the final one,
 * and what stood there before it is not touched. What an earlier crash left under that other name is removed.
 */
export async function createRecording(
	fs: RecordingFileSystem,
	path: string,
	format: RecordingFormatName,
	start: RecordingStart,
	replaced: ReplacedFile,
): Promise<OpenRecording> {
	const begun = `${path}.new`;
	await fs.remove(begun);
	const handle = await fs.open(begun, "create");
	return {
		handle,
		writer:
			format === "flv"
				? FlvWriter.create(start.head, start.baseTime)
				: new Mp4Writer(start.head, start.baseTime, start.onLeftOut),
		position: 0,
		async settle() {
			const before = replaced === "keep" ? await fs.stat(path) : undefined;
			if (before !== undefined) await fs.rename(path, await freeName(fs, path, before));
			await fs.rename(begun, path);
		},
		undo: () => fs.remove(begun),
		describe: async size => (format === "flv" ? describeFlv(handle, size) : []),
	};
}

/**
 * Opens an FLV file to go on behind its end, or makes it where there is none.
 *
 * @param now milliseconds since 1970
 * @throws {FileError} as `readFlvTail`
 */
export function appendFlv(
	fs: RecordingFileSystem,
	path: string,
	start: RecordingStart,
	mode: AppendMode,
	now: number,
): Promise<OpenRecording> {
	return append(fs, path, "flv", start, async (handle, before) => {
		const tail = await readFlvTail(handle, before.size);
		if (tail.end < before.size) await handle.truncate(tail.end);
		return {
			writer: FlvWriter.resume(tail, start.head, start.baseTime, gapOf(mode, before, now)),
			position: tail.end,
			describe: size => describeFlv(handle, size),
		};
	});
}

/**
 * Opens a fragmented MP4 file to go on behind its last whole fragment, or makes it where there is none. A file that is
 * none of ours, or is of other codec configurations, stays as it is, and its writer takes nothing.
 *
 * @param now milliseconds since 1970
 */
export function appendMp4(
	fs: RecordingFileSystem,
	path: string,
	start: RecordingStart,
	mode: AppendMode,
	now: number,
): Promise<OpenRecording> {
	return append(fs, path, "mp4", start, async (handle, before) => {
		const resume = await readMp4End(handle, before.size);
		const describe = async () => [];
		if (resume === undefined) {
			start.onRefused("It is no MP4 of fragments that can be gone on with: the recording goes on in another file.");
			return { writer: new RefusingWriter(), position: 0, describe };
		}
		const baseTime = start.baseTime - resume.endMillis - gapOf(mode, before, now);
		const onRefused = () =>
			start.onRefused("The stream has other tracks or codec configurations than the file: it goes on in another file.");
		return {
			writer: new Mp4Writer(start.head, baseTime, start.onLeftOut, { resume, onRefused }),
			position: resume.keptBytes,
			describe,
			async prepare() {
				// As of a file that is not finished: what follows the last whole fragment is torn, or its index.
				for (const { offset, bytes } of resume.patches) await handle.write(bytes, offset);
				if (resume.keptBytes < before.size) await handle.truncate(resume.keptBytes);
			},
		};
	});
}

/** Whether a recording may not be made for want of rights, rather than for another fault. */
export function isNoAccess(error: unknown): boolean {
	return NO_ACCESS.has(codeOf(error));
}

/** Whether the disk, or what this process may use of it, is full. */
export function isDiskFull(error: unknown): "disk" | "quota" | undefined {
	const code = codeOf(error);
	return code === "ENOSPC" ? "disk" : code === "EDQUOT" ? "quota" : undefined;
}

const NO_ACCESS: ReadonlySet<string> = new Set([
	...["EACCES", "EPERM", "EROFS", "EBUSY", "ETXTBSY", "EISDIR", "ENOTDIR", "ENAMETOOLONG", "ELOOP"],
]);
/** Old files of one second that are kept beside each other. */
const MAX_SAME_NAMES = 1000;

/** A file with more fragments than this is not gone on with: some seven hours. */
const MAX_FRAGMENTS = 100_000;

/** Opens a file that is there for `goOn`, or makes it. */
async function append(
	fs: RecordingFileSystem,
	path: string,
	format: RecordingFormatName,
	start: RecordingStart,
	goOn: (handle: RecordingFileHandle, before: FileFacts) => Promise<Omit<OpenRecording, "handle" | "settle" | "undo">>,
): Promise<OpenRecording> {
	const before = await fs.stat(path);
	if (before === undefined || before.size === 0) return createRecording(fs, path, format, start, "remove");
	const handle = await fs.open(path, "update");
	try {
		return { handle, settle: async () => {}, undo: async () => {}, ...(await goOn(handle, before)) };
	} catch (error) {
		await handle.close();
		throw error;
	}
}

/** How long ago a file was last written, where that is to be seen in it, in milliseconds. */
function gapOf(mode: AppendMode, { modifiedAt }: FileFacts, now: number): number {
	return mode === "append" ? 0 : Math.max(0, Math.round(now - modifiedAt));
}

/** `undefined`: it cannot be gone on with. */
async function readMp4End(handle: RecordingFileHandle, size: number): Promise<FragmentResume | undefined> {
	const read = async (offset: number, length: number) => {
		const into = new Uint8Array(length);
		return into.subarray(0, await handle.read(into, offset));
	};
	try {
		const resume = await readFragmentEnd({ size, read });
		return resume === undefined || resume.fragments > MAX_FRAGMENTS ? undefined : resume;
	} catch (error) {
		if (error instanceof FileError) return undefined;
		throw error;
	}
}

async function describeFlv(handle: RecordingFileHandle, size: number): Promise<readonly FilePatch[]> {
	return FlvWriter.describe(await readFlvTail(handle, size)).patches();
}

/** Where a file goes that is replaced and kept: under a name with the time when it was last written. */
async function freeName(fs: RecordingFileSystem, path: string, { modifiedAt }: FileFacts): Promise<string> {
	const dot = path.lastIndexOf(".");
	const stamp = new Date(modifiedAt).toISOString().slice(0, 19).replaceAll(/[-:]/g, "").replace("T", "-");
	for (let n = 1; n <= MAX_SAME_NAMES; n++) {
		const name = `${path.slice(0, dot)}.${stamp}${n === 1 ? "" : `-${n}`}${path.slice(dot)}`;
		if ((await fs.stat(name)) === undefined) return name;
	}
	throw new FileError("FILE_UNREADABLE", `There are ${MAX_SAME_NAMES} older files of ${path} already.`);
}
