import { UsageError } from "@millrace/core/fault";

/** The ending of a file that holds a shared object, as Flash Media Server has it. */
export const OBJECT_FILE_ENDING = ".fso";

/** Longest name of an object, in characters. */
const MAX_NAME_LENGTH = 1024;
/** Folders in a name at most. */
const MAX_FOLDERS = 16;
/** Longest part of a path, in bytes, ending and all: file systems allow 255. */
const MAX_PART_BYTES = 240;

/** What some system does not take in file names, our own sign for it, and a dot or blank at the end. */
const UNSAFE = /[%\\:*?"<>|]|[. ]$/g;
/** What Windows takes for devices, whatever follows the dot. */
const DEVICE = /^(con|prn|aux|nul|com\d|lpt\d)(?=\.|$)/i;

/**
 * Throws a `UsageError` (`SHARED_OBJECT_NAME`) for what cannot name a shared object: nothing, control characters, parts
 * between slashes that are empty or lead elsewhere, and what is too long.
 */
export function checkObjectName(name: string): void {
	if (name.length > MAX_NAME_LENGTH) throw refused(name, `It has more than ${MAX_NAME_LENGTH} characters.`);
	if (/\p{Cc}/u.test(name) || !name.isWellFormed()) throw refused(name, "It holds characters that are refused.");
	const parts = name.split("/");
	if (parts.length > MAX_FOLDERS + 1) throw refused(name, `It has more than ${MAX_FOLDERS} folders.`);
	if (parts.some(part => part === "" || part === "." || part === "..")) {
		throw refused(name, "A part of it is empty or leads elsewhere.");
	}
}

/**
 * The path of an object's file inside the folder of its instance, with `/` between its parts. What file systems do not
 * take is written as `%` and its code, so that each name has a path of its own.
 *
 * @throws UsageError SHARED_OBJECT_NAME
 */
export function objectPath(name: string): string {
	checkObjectName(name);
	const parts = name.split("/").map(safePart);
	const file = `${parts.pop()}${OBJECT_FILE_ENDING}`;
	// A folder must not look like an object's file.
	const folders = parts.map(part => (part.endsWith(OBJECT_FILE_ENDING) ? `${part.slice(0, -4)}%2Efso` : part));
	for (const part of [...folders, file]) {
		if (Buffer.byteLength(part) > MAX_PART_BYTES) throw refused(name, "A part of it is too long for a file's name.");
	}
	return [...folders, file].join("/");
}

/** The object's name for a path that `objectPath` made; `undefined` for other files. */
export function objectNameOf(path: string): string | undefined {
	if (!path.endsWith(OBJECT_FILE_ENDING)) return undefined;
	const name = path
		.slice(0, -OBJECT_FILE_ENDING.length)
		.replace(/%([0-9A-F]{2})/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)));
	try {
		return objectPath(name) === path ? name : undefined;
	} catch (error) {
		if (error instanceof UsageError) return undefined;
		throw error;
	}
}

/**
 * Whether a pattern of `clearSharedObjects` means an object: `*` stands for any characters, `?` for one. A slash in
 * front means nothing; `/` alone means all.
 */
export function matchesObject(pattern: string, name: string): boolean {
	const glob = pattern.replace(/^\//, "");
	if (glob === "") return true;
	let at = 0;
	let star = -1;
	let retry = 0;
	let index = 0;
	while (index < name.length) {
		if (glob[at] === "*") {
			star = at++;
			retry = index;
		} else if (glob[at] === "?" || glob[at] === name[index]) {
			at++;
			index++;
		} else if (star >= 0) {
			at = star + 1;
			index = ++retry;
		} else return false;
	}
	while (glob[at] === "*") at++;
	return at === glob.length;
}

function safePart(part: string): string {
	const safe = part.replace(UNSAFE, codeOf);
	return DEVICE.test(safe) ? codeOf(safe[0]!) + safe.slice(1) : safe;
}

function codeOf(character: string): string {
	return `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`;
}

function refused(name: string, why: string): UsageError {
	return new UsageError("SHARED_OBJECT_NAME", `${JSON.stringify(name.slice(0, 100))}: ${why}`);
}
