import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { isMap, isScalar, isSeq, LineCounter, type Node, type Pair, parseDocument } from "yaml";
import type { ConfigProblem } from "./config-error.ts";
import { isMapping, type Locate } from "./config-layer.ts";

/** A configuration file may not be larger than this. */
export const MAX_FILE_BYTES = 1024 * 1024;

/** Aliases (`*name`) may multiply what they stand for up to this many times over all; a real file has a handful. */
const MAX_ALIASES = 100;

/** No use to anyone: after the first few, syntax errors follow from one another. */
const MAX_SYNTAX_PROBLEMS = 10;

/** What was read from a YAML text: its top mapping, the problems of its syntax, and where each value stands. */
export interface YamlSource {
	/** Empty when there are problems, and for an empty file. */
	readonly value: Readonly<Record<string, unknown>>;
	readonly problems: readonly ConfigProblem[];
	readonly locate: Locate;
}

/** Reads a configuration file. What the system refuses, or a file that is too large, is a problem, not an exception. */
export function readYamlFile(file: string, shownAs = file): YamlSource {
	let bytes: Uint8Array;
	try {
		bytes = readBounded(file);
	} catch (error) {
		return failed(shownAs, readFailure(error));
	}
	if (bytes.length > MAX_FILE_BYTES) return failed(shownAs, "the file is larger than 1 MiB");
	try {
		return parseYaml(new TextDecoder("utf-8", { fatal: true }).decode(bytes), shownAs);
	} catch (error) {
		if (!(error instanceof TypeError)) throw error;
		return failed(shownAs, "the file is not UTF-8 text; save it as UTF-8");
	}
}

/** Reads a configuration text; `shownAs` is the file name in the places of problems. */
export function parseYaml(text: string, shownAs: string): YamlSource {
	const lines = new LineCounter();
	const place = (offset: number | undefined): string => {
		if (offset === undefined) return shownAs;
		const { line, col } = lines.linePos(offset);
		return `${shownAs}:${line}:${col}`;
	};
	const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, logLevel: "silent" });
	if (document.errors.length > 0) {
		const problems = document.errors
			.slice(0, MAX_SYNTAX_PROBLEMS)
			.map(error => ({ place: place(error.pos[0]), message: firstLine(error.message) }));
		return { value: {}, problems, locate: () => shownAs };
	}
	const contents = document.contents;
	let value: unknown;
	try {
		value = document.toJS({ maxAliasCount: MAX_ALIASES });
	} catch (error) {
		if (!(error instanceof ReferenceError)) throw error;
		return failed(shownAs, "its aliases (`*name`) repeat too much; write the values out");
	}
	if (value === null || value === undefined) return { value: {}, problems: [], locate: () => shownAs };
	if (!isMapping(value)) return failed(place(contents?.range?.[0]), "the file must hold settings as `key: value`");
	return { value, problems: [], locate: path => place(offsetOf(contents, path)) };
}

/** Reads at most one byte more than is allowed, so that a device or a growing file cannot fill the memory. */
function readBounded(file: string): Uint8Array {
	const handle = openSync(file, "r");
	try {
		if (fstatSync(handle).isDirectory()) throw Object.assign(new Error("is a directory"), { code: "EISDIR" });
		const buffer = new Uint8Array(MAX_FILE_BYTES + 1);
		let length = 0;
		for (;;) {
			const count = readSync(handle, buffer, length, buffer.length - length, null);
			length += count;
			if (count === 0 || length === buffer.length) return buffer.subarray(0, length);
		}
	} finally {
		closeSync(handle);
	}
}

function readFailure(error: unknown): string {
	switch ((error as NodeJS.ErrnoException).code) {
		case "ENOENT":
			return "the file does not exist";
		case "EACCES":
		case "EPERM":
			return "the file may not be read by this user";
		case "EISDIR":
			return "this is a folder, not a file";
		default:
			return `the file cannot be read: ${error instanceof Error ? error.message : String(error)}`;
	}
}

/** The offset of the key at the path, or of the list element; the nearest part around it where the path leads nowhere. */
function offsetOf(root: Node | null, path: readonly (string | number)[]): number | undefined {
	let node: unknown = root;
	let offset = root?.range?.[0];
	for (const key of path) {
		if (isMap(node)) {
			const pair: Pair | undefined = node.items.find(
				item => isScalar(item.key) && String(item.key.value) === String(key),
			);
			if (pair === undefined) break;
			offset = (pair.key as Node).range?.[0] ?? offset;
			node = pair.value;
		} else if (isSeq(node)) {
			const item = node.items[Number(key)] as Node | undefined;
			if (item === undefined) break;
			offset = item.range?.[0] ?? offset;
			node = item;
		} else break;
	}
	return offset;
}

function failed(place: string, message: string): YamlSource {
	return { value: {}, problems: [{ place, message }], locate: () => place };
}

function firstLine(message: string): string {
	return message.split("\n", 1)[0] ?? message;
}
