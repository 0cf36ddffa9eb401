import { FileError } from "@millrace/core/fault";
import { MediaFile } from "../media-file.ts";

/** The families of containers that the file commands know. */
export type MediaContainer = "flv" | "mp4";

/** A file whose first bytes tell what it is. */
export type OpenMedia = { readonly file: MediaFile; readonly container: MediaContainer };

/**
 * Opens a file and tells its container by its content, whatever its name says.
 *
 * @throws {FileError} `FILE_UNREADABLE`; `FILE_INVALID`: it is neither; it is closed then
 */
export async function openMedia(path: string): Promise<OpenMedia> {
	const file = await MediaFile.open(path);
	try {
		const container = containerOf(await file.read(0, HEAD_BYTES));
		if (container === undefined) throw new FileError("FILE_INVALID", `${path} is neither FLV nor MP4.`);
		return { file, container };
	} catch (error) {
		file.close();
		throw error;
	}
}

/** The container of a file by its content. Throws as `openMedia`. */
export async function containerOfFile(path: string): Promise<MediaContainer> {
	const { file, container } = await openMedia(path);
	file.close();
	return container;
}

/** The container by its first twelve bytes; `undefined`: it is neither. */
export function containerOf(head: Uint8Array): MediaContainer | undefined {
	const text = String.fromCharCode(...head.subarray(0, HEAD_BYTES));
	if (text.startsWith("FLV")) return "flv";
	return MP4_FIRST_BOXES.has(text.slice(4, 8)) ? "mp4" : undefined;
}

/** The container that a path's extension names. */
export function containerOfPath(path: string): MediaContainer | undefined {
	const extension = /\.([^./\\]+)$/.exec(path)?.[1]?.toLowerCase() ?? "";
	if (extension === "flv") return "flv";
	return MP4_EXTENSIONS.has(extension) ? "mp4" : undefined;
}

const HEAD_BYTES = 12;
/** QuickTime files often have no `ftyp`, segments have `styp`. */
const MP4_FIRST_BOXES: ReadonlySet<string> = new Set([
	...["ftyp", "styp", "moov", "moof", "mdat", "free", "skip", "wide", "pnot", "uuid", "sidx", "PICT", "pdin", "junk"],
]);
const MP4_EXTENSIONS: ReadonlySet<string> = new Set(["mp4", "m4v", "m4a", "mov", "f4v"]);
