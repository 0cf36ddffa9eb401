import { copyFileSync, mkdirSync, readdirSync, renameSync, rmdirSync, rmSync, type Stats, statSync } from "node:fs";
import { encodeUtf8 } from "@millrace/core/bytes";
import { FileSandbox, type FileSandboxOptions, type SandboxPath } from "./file-sandbox.ts";
import type { ScriptFunction, ScriptObject, ScriptValue } from "./native-class.ts";
import { OpenFile, parseFileMode } from "./open-file.ts";
import type { ScriptRealm } from "./script-realm.ts";
import { decodeLine } from "./source-text.ts";

/** What stands behind one File object. */
type FileState = {
	/** Where scripts may not name the path, as it was given: nothing is there, and nothing can be done with it. */
	readonly name: string;
	type: FileType | undefined;
	open: OpenFile | undefined;
};

type FileType = "text" | "binary" | "utf8";

/** Files that one instance has open at once; no more can be opened. */
export const MAX_OPEN_FILES = 256;

const FILES = new WeakMap<ScriptObject, FileState>();
const UTF8_MARK = [0xef, 0xbb, 0xbf] as const;

/**
 * Defines `File`, which reaches the application's folder and its virtual directories, and nothing else. Whatever fails
 * gives `false`, `null` or −1 as the member's kind is, never an error. `text`, the system's encoding of that time, is
 * UTF-8 too, and what is read and is not UTF-8 is taken for Windows' Western European set; with a byte order mark it is
 * `utf8`, and says so. Lines end with LF. What is written goes to the disk at once; a file that a script
 * forgets is closed with the instance, or when the object is collected.
 */
export function defineFile(realm: ScriptRealm, options: FileSandboxOptions): void {
	const sandbox = new FileSandbox(options);
	const opened = new Set<OpenFile>();
	const forgotten = new FinalizationRegistry<OpenFile>(file => {
		if (opened.delete(file)) closeQuietly(file);
	});
	realm.onClose(() => {
		for (const file of opened) closeQuietly(file);
		opened.clear();
	});

	const close = (state: FileState): boolean => {
		const { open } = state;
		if (open === undefined) return false;
		state.open = undefined;
		state.type = undefined;
		opened.delete(open);
		forgotten.unregister(open);
		return closeQuietly(open);
	};
	const type: ScriptFunction = realm.defineClass({
		name: "File",
		construct(self, [path]) {
			const name = String(path ?? "");
			FILES.set(self, { name: sandbox.nameOf(name) ?? name, type: undefined, open: undefined });
		},
		methods: {
			open: (self, [kind, mode]) => {
				const state = stateOf(self);
				if (opened.size >= MAX_OPEN_FILES) return false;
				const file = open(sandbox, state, String(kind), String(mode));
				if (file === undefined) return false;
				opened.add(file);
				forgotten.register(self, file, file);
				return true;
			},
			close: self => close(stateOf(self)),
			flush: self => stateOf(self).open?.mode.canWrite ?? false,
			...readMethods(realm),
			...writeMethods(),
			copyTo: (self, [path]) => closedDo(sandbox, self, path, copyFile),
			renameTo: (self, [path]) => closedDo(sandbox, self, path, (from, to) => renameSync(from.path, to.path)),
			remove: (self, [recursive]) => remove(sandbox, stateOf(self), recursive === true),
			mkdir: (self, [name]) => mkdir(sandbox, stateOf(self), String(name)),
			list: (self, [filter]) => {
				const names = listNames(sandbox, stateOf(self));
				if (names === undefined) return null;
				const wanted = names.filter(name => typeof filter !== "function" || Reflect.apply(filter, self, [name]));
				const folder = stateOf(self).name;
				return realm.newArray(
					wanted.map(name => realm.construct(type, folder === "/" ? `/${name}` : `${folder}/${name}`)),
				);
			},
			toString: (self: ScriptObject) => stateOf(self).name,
		},
		accessors: {
			name: { get: self => stateOf(self).name },
			exists: { get: self => statOf(sandbox, self) !== undefined },
			isFile: { get: self => statOf(sandbox, self)?.isFile() ?? false },
			isDirectory: { get: self => statOf(sandbox, self)?.isDirectory() ?? false },
			isOpen: { get: self => stateOf(self).open !== undefined },
			length: { get: self => lengthOf(sandbox, stateOf(self)) },
			creationTime: { get: self => dateOf(realm, statOf(sandbox, self)?.birthtime) },
			lastModified: { get: self => dateOf(realm, statOf(sandbox, self)?.mtime) },
			// The rest says something of an open file only.
			type: { get: self => stateOf(self).type },
			mode: { get: self => stateOf(self).open?.mode.text },
			canRead: { get: self => stateOf(self).open?.mode.canRead },
			canWrite: { get: self => stateOf(self).open?.mode.canWrite },
			canAppend: { get: self => stateOf(self).open?.mode.isAppend },
			canReplace: { get: self => stateOf(self).open?.mode.isCreate },
			position: {
				get: self => stateOf(self).open?.position,
				set: (self, value) => {
					const { open } = stateOf(self);
					open?.skip((Number(value) || 0) - open.position);
				},
			},
		},
	});
}

type Methods = Record<string, (self: ScriptObject, args: readonly ScriptValue[]) => ScriptValue>;

function readMethods(realm: ScriptRealm): Methods {
	return {
		read: (self, [count]) =>
			use(self, "read", "text", "", file => decodeLine(file.readCharacters(Math.max(0, Number(count) || 0)))),
		readln: self =>
			use(self, "read", "text", null, file => {
				const line = file.readLine();
				return line === undefined ? null : decodeLine(line);
			}),
		readAll: self =>
			use(self, "read", "text", null, file => {
				const lines: string[] = [];
				for (let line = file.readLine(); line !== undefined; line = file.readLine()) lines.push(decodeLine(line));
				return realm.newArray(lines);
			}),
		readByte: self => use(self, "read", "binary", -1, file => file.readByte() ?? -1),
		eof: self => {
			const { open } = stateOf(self);
			return attempt(true, () => open?.atEnd ?? true);
		},
		seek: (self, [bytes]) => stateOf(self).open?.skip(Number(bytes) || 0) ?? -1,
	};
}

function writeMethods(): Methods {
	const put = (self: ScriptObject, bytes: Uint8Array, kind: "text" | "binary") =>
		use(self, "write", kind, false, file => {
			file.write(bytes);
			return true;
		});
	return {
		write: (self, values) => put(self, encodeUtf8(values.map(String).join("")), "text"),
		writeln: (self, values) => put(self, encodeUtf8(`${values.map(String).join("")}\n`), "text"),
		writeAll: (self, [values]) => {
			if (typeof values !== "object" || values === null) return false;
			const length = Number(Reflect.get(values, "length")) || 0;
			const lines = Array.from({ length }, (_, index) => `${String(Reflect.get(values, index))}\n`);
			return put(self, encodeUtf8(lines.join("")), "text");
		},
		writeByte: (self, [byte]) => put(self, Uint8Array.of(Number(byte)), "binary"),
	};
}

/** Opens what a File stands for. `undefined`: it is open, the words are none, or the disk says no. */
function open(sandbox: FileSandbox, state: FileState, type: string, modes: string): OpenFile | undefined {
	const mode = parseFileMode(modes);
	const place = reach(sandbox, state);
	if (!isFileType(type) || mode === undefined || place === undefined || state.open !== undefined) return undefined;
	return attempt(undefined, () => {
		// A pipe or a device would keep the whole application waiting.
		if (stat(place)?.isFile() === false) return undefined;
		const file = new OpenFile(place.path, mode);
		state.open = file;
		state.type = type;
		if (type !== "binary" && mode.canRead && !mode.isAppend && skipMark(file)) state.type = "utf8";
		return file;
	});
}

/** A byte order mark is no part of the text. Returns whether there is one. */
function skipMark(file: OpenFile): boolean {
	const isMarked = UTF8_MARK.every(byte => file.readByte() === byte);
	if (!isMarked) file.skip(-file.position);
	return isMarked;
}

/** Does something with a closed thing that is there and another path, neither of which is a root. */
function closedDo(
	sandbox: FileSandbox,
	self: ScriptObject,
	path: ScriptValue,
	act: (from: SandboxPath, to: SandboxPath) => void,
): boolean {
	const state = stateOf(self);
	const from = reach(sandbox, state);
	const to = sandbox.resolve(String(path ?? ""));
	if (from === undefined || to === undefined || from.isRoot || to.isRoot || state.open !== undefined) return false;
	return attempt(false, () => {
		if (stat(from) === undefined) return false;
		act(from, to);
		return true;
	});
}

/** A pipe or a device would keep the whole application waiting. */
function copyFile(from: SandboxPath, to: SandboxPath): void {
	if (stat(from)?.isFile() !== true || stat(to)?.isFile() === false) throw new Error("It is no file.");
	copyFileSync(from.path, to.path);
}

function remove(sandbox: FileSandbox, state: FileState, recursive: boolean): boolean {
	const place = reach(sandbox, state);
	if (place === undefined || place.isRoot || state.open !== undefined) return false;
	return attempt(false, () => {
		if (stat(place)?.isDirectory() && !recursive) rmdirSync(place.path);
		else rmSync(place.path, { recursive });
		return true;
	});
}

function mkdir(sandbox: FileSandbox, state: FileState, name: string): boolean {
	const folder = reach(sandbox, state);
	const place = folder && sandbox.resolve(`${folder.name}/${name}`);
	if (folder === undefined || place === undefined) return false;
	return attempt(false, () => {
		if (stat(folder)?.isDirectory() !== true) return false;
		mkdirSync(place.path);
		return true;
	});
}

/** What a folder holds, by name; without links that lead out of the sandbox. `undefined`: it is no folder. */
function listNames(sandbox: FileSandbox, state: FileState): string[] | undefined {
	const folder = reach(sandbox, state);
	if (folder === undefined) return undefined;
	return attempt(undefined, () =>
		readdirSync(folder.path, { withFileTypes: true })
			.filter(entry => !entry.isSymbolicLink() || sandbox.resolve(`${folder.name}/${entry.name}`) !== undefined)
			.map(({ name }) => name)
			.sort(),
	);
}

function lengthOf(sandbox: FileSandbox, state: FileState): number | undefined {
	const place = reach(sandbox, state);
	const facts = place && stat(place);
	return facts?.isDirectory() ? listNames(sandbox, state)?.length : facts?.size;
}

/** The place of a File as it is now: a link may have been put there since the object was made. */
function reach(sandbox: FileSandbox, state: FileState): SandboxPath | undefined {
	return sandbox.resolve(state.name);
}

function statOf(sandbox: FileSandbox, self: ScriptObject): Stats | undefined {
	const place = reach(sandbox, stateOf(self));
	return place && stat(place);
}

function stat(place: SandboxPath): Stats | undefined {
	return attempt(undefined, () => statSync(place.path, { throwIfNoEntry: false }));
}

function dateOf(realm: ScriptRealm, date: Date | undefined): ScriptValue {
	return date && realm.toScript(date);
}

/** Does something with a file that is open for it; elsewhere, and where the disk says no, the answer is `failure`. */
function use<Value>(
	self: ScriptObject,
	purpose: "read" | "write",
	kind: "text" | "binary",
	failure: Value,
	act: (file: OpenFile) => Value,
): Value {
	const { open, type } = stateOf(self);
	if (open === undefined || (type === "binary") !== (kind === "binary")) return failure;
	if (!(purpose === "read" ? open.mode.canRead : open.mode.canWrite)) return failure;
	return attempt(failure, () => act(open));
}

function stateOf(self: ScriptObject): FileState {
	const state = FILES.get(self);
	if (state === undefined) throw new TypeError("The object is no File.");
	return state;
}

function isFileType(type: string): type is FileType {
	return type === "text" || type === "binary" || type === "utf8";
}

/** The old server's File gave `false` (or the like) where the disk or the mode says no; scripts look at nothing else. */
function attempt<Value>(failure: Value, act: () => Value): Value {
	try {
		return act();
	} catch {
		return failure;
	}
}

function closeQuietly(file: OpenFile): boolean {
	return attempt(false, () => {
		file.close();
		return true;
	});
}
