import { join, normalize, sep } from "node:path";
import type { StreamName } from "../../app/index.ts";

export type RecordingFormatName = "flv" | "mp4";

/** Where recordings of a stream go. */
export type RecordingNameOptions = {
	/** The folder of all applications; nothing is written outside it. */
	readonly folder: string;
	/** Path below the folder without extension, with `{app}`, `{instance}`, `{stream}`, `{date}`, `{time}`, `{n}`. */
	readonly template: string;
	/** As `process.platform`. */
	readonly platform: string;
};

/** The members that a template may hold. */
export const NAME_FIELDS = ["app", "instance", "stream", "date", "time", "n"] as const;

/** The longest name of a file or folder that common file systems take, in bytes; some are left for what is set aside. */
const MAX_SEGMENT_BYTES = 255 - 24;
/** Names that Windows gives to devices, whatever their extension. */
const WINDOWS_DEVICE = /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i;
const EXTENSIONS: Readonly<Record<RecordingFormatName, RegExp>> = {
	flv: /\.flv$/i,
	mp4: /\.(mp4|m4v|m4a|f4v|mov)$/i,
};

/**
 * The path of a recording's `n`th file, from 1. A name that ends in the format's extension gets no second one, as when
 * names are looked up. From the second file on, a template without `{n}` gets `-002` and so on behind it. Date and time
 * are in UTC.
 *
 * @returns `undefined` where the name would leave the folder or is none that a file can have
 */
export function recordingPath(
	stream: StreamName,
	format: RecordingFormatName,
	n: number,
	date: Date,
	options: RecordingNameOptions,
): string | undefined {
	const number = String(n).padStart(3, "0");
	const [day = "", time = ""] = date.toISOString().slice(0, 19).split("T");
	const given = EXTENSIONS[format].exec(stream.name)?.[0] ?? "";
	const fields: Record<(typeof NAME_FIELDS)[number], string> = {
		app: stream.application,
		instance: stream.instance,
		stream: stream.name.slice(0, stream.name.length - given.length),
		date: day,
		time: time.replaceAll(":", "-"),
		n: number,
	};
	const filled = options.template.replaceAll(/\{(\w+)\}/g, (whole, name: string) =>
		Object.hasOwn(fields, name) ? fields[name as keyof typeof fields] : whole,
	);
	const numbered = n === 1 || options.template.includes("{n}") ? filled : `${filled}-${number}`;
	const segments = `${numbered}${given || `.${format}`}`.split("/");
	if (!segments.every(segment => isSafe(segment, options.platform))) return undefined;
	const folder = normalize(options.folder);
	const path = join(folder, ...segments);
	return path.startsWith(folder.endsWith(sep) ? folder : folder + sep) ? path : undefined;
}

function isSafe(segment: string, platform: string): boolean {
	if (segment === "" || segment === "." || segment === "..") return false;
	if (/[\p{Cc}\\/]/u.test(segment) || new TextEncoder().encode(segment).length > MAX_SEGMENT_BYTES) return false;
	if (platform !== "win32") return true;
	return !WINDOWS_DEVICE.test(segment) && !/[. ]$|[<>:"|?*]/.test(segment);
}
