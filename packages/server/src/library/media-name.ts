/** What kind of source a name asks for. */
export type MediaKind = "flv" | "mp4" | "mp3" | "id3";

/** A file that a name may mean, relative to a media folder, with `/` between its parts. */
export type NameCandidate = { readonly path: string; readonly kind: MediaKind };

/** By extension in lower case, as it is understood without a prefix; after `mp4:` the first ones are tried in this order. */
const MP4_EXTENSIONS = ["mp4", "f4v", "m4v", "mov", "m4a", "3gp"];
const MP4_MORE_EXTENSIONS = ["f4a", "f4p", "f4b", "3g2", "qt"];

const MAX_NAME_LENGTH = 1024;
/** Deeper folders are not looked into. */
const MAX_PARTS = 32;

/**
 * What is refused in any part of a name: control characters, separators of Windows, drive letters and streams of NTFS.
 * Percent signs are characters as others: nothing decodes a name here.
 */
const FORBIDDEN = /[\p{Cc}\\:*?"<>|]/u;

/**
 * The files that a name may mean, in the order in which they are looked for: `sample`, `flv:sample`, `mp4:dir/film`,
 * `mp3:song.mp3`, `id3:song`. Without a prefix it is an FLV first, then exactly the file that is named, then an MP4 and
 * an MP3. Empty where the name could leave the folder, is hidden (a part that begins with a dot) or has another prefix.
 */
export function nameCandidates(name: string): readonly NameCandidate[] {
	const prefixed = /^(flv|mp4|mp3|id3):(.*)$/s.exec(name);
	const path = prefixed?.[2] ?? name;
	if (!isSafePath(path)) return [];
	const extension = extensionOf(path);
	const exactly = (kind: MediaKind): NameCandidate => ({ path, kind });
	const withExtension = (added: string, kind: MediaKind): NameCandidate => ({ path: `${path}.${added}`, kind });
	switch (prefixed?.[1]) {
		case "flv":
			return [...(extension === "flv" ? [exactly("flv")] : []), withExtension("flv", "flv")];
		case "mp3":
		case "id3": {
			const kind = prefixed[1];
			return [...(extension === "mp3" ? [exactly(kind)] : []), withExtension("mp3", kind)];
		}
		case "mp4":
			return [
				...(kindOfExtension(extension) === "mp4" ? [exactly("mp4")] : []),
				...MP4_EXTENSIONS.map(added => withExtension(added, "mp4")),
			];
		default: {
			const kind = kindOfExtension(extension);
			return [
				withExtension("flv", "flv"),
				...(kind === undefined ? [] : [exactly(kind)]),
				withExtension("mp4", "mp4"),
				withExtension("mp3", "mp3"),
			];
		}
	}
}

/** The one file that a path with an extension means, as it lies in a folder; empty as for `nameCandidates`. */
export function exactCandidates(path: string): readonly NameCandidate[] {
	const kind = kindOfFile(path);
	return kind === undefined || !isSafePath(path) ? [] : [{ path, kind }];
}

/** What a path's extension says; `undefined`: it is no media file. */
export function kindOfFile(path: string): Exclude<MediaKind, "id3"> | undefined {
	return kindOfExtension(extensionOf(path));
}

/** The name under which a file is listed, such that `nameCandidates` leads back to it; `undefined`: it is no media file. */
export function nameOfFile(path: string): string | undefined {
	const kind = kindOfFile(path);
	if (kind === undefined || !isSafePath(path)) return undefined;
	if (kind === "mp4") return `mp4:${path}`;
	const bare = path.slice(0, -4);
	return kind === "mp3" ? `mp3:${bare}` : bare;
}

/**
 * Whether a relative path stays within the folder that it is joined to, on every system: no empty parts, no `.` or `..`,
 * none that begins with a dot or ends with a dot or a space (which Windows drops), no absolute path, no drive.
 */
export function isSafePath(path: string): boolean {
	if (path === "" || path.length > MAX_NAME_LENGTH || FORBIDDEN.test(path)) return false;
	const parts = path.split("/");
	return parts.length <= MAX_PARTS && parts.every(part => part !== "" && !part.startsWith(".") && !/[. ]$/.test(part));
}

function kindOfExtension(extension: string): Exclude<MediaKind, "id3"> | undefined {
	if (extension === "flv" || extension === "mp3") return extension;
	return MP4_EXTENSIONS.includes(extension) || MP4_MORE_EXTENSIONS.includes(extension) ? "mp4" : undefined;
}

/** In lower case; empty where there is none. */
function extensionOf(path: string): string {
	return /\.([A-Za-z0-9]{1,4})$/.exec(path)?.[1]?.toLowerCase() ?? "";
}
