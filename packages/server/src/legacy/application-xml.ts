import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { XMLParser } from "fast-xml-parser";
import { decodeSource } from "../script/index.ts";

/** What `Application.xml` in an application's folder says that holds here. */
export type ApplicationXml = {
	/** What scripts find at `application.config`. */
	readonly config: Readonly<Record<string, string>>;
	/** What `application.allowDebug` is at first (`AllowDebugDefault`). */
	readonly allowDebug: boolean;
	/** Folders in which `load` looks, absolute, in order (`ScriptLibPath`). */
	readonly libraries: readonly string[];
	/** Folders that scripts reach by paths of their own (`FileObject`): `/videos` → `/srv/videos`. */
	readonly fileFolders: ReadonlyMap<string, string>;
	/** The highest `maxUnprocessedChars` of an `XMLSocket`; `undefined`: it says nothing. */
	readonly maxUnprocessedChars: number | undefined;
	/** The longest that a handler may run, in milliseconds (`MaxTimeOut`); `undefined`: it says nothing. */
	readonly turnMillis: number | undefined;
};

const FILE = "Application.xml";
/** Where the scripts' own settings stand: of the first server, and of the later ones. */
const ENGINES = ["ScriptEngine", "JSEngine"] as const;
/** A folder beside the scripts, or in the application, that needs no setting. */
const DEFAULT_LIBRARY = "scriptlib";

/** Reads the settings of an application of the old server. Throws an `Error` that names the file where it is no XML. */
export function readApplicationXml(folder: string): ApplicationXml {
	let text: string;
	try {
		text = decodeSource(readFileSync(join(folder, FILE)));
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
		text = "<Application/>";
	}
	const root = record(parse(text)["Application"]);
	const engines = ENGINES.map(name => record(root[name]));
	const setting = (name: string) => engines.map(engine => textOf(engine[name])).find(value => value !== "") ?? "";
	const config: Record<string, string> = {};
	for (const owner of [root, ...engines]) {
		for (const [name, value] of Object.entries(record(record(owner["ApplicationObject"])["config"]))) {
			if (!name.startsWith(ATTRIBUTE)) config[name] = textOf(value);
		}
	}
	const libraries = setting("ScriptLibPath")
		.split(";")
		.map(path => path.trim())
		.filter(path => path !== "");
	const seconds = Number(setting("MaxTimeOut"));
	const chars = Number(textOf(record(engines.map(engine => engine["XMLSocket"]).find(Boolean))["MaxUnprocessedChars"]));
	const fileFolders = new Map<string, string>();
	for (const engine of engines) {
		for (const each of listOf(record(engine["FileObject"])["VirtualDirectory"])) {
			const [path = "", target = ""] = textOf(each)
				.split(";")
				.map(part => part.trim());
			if (path !== "" && target !== "") fileFolders.set(path, resolve(folder, target));
		}
	}
	return {
		config,
		allowDebug: /^true$/i.test(textOf(record(root["Debug"])["AllowDebugDefault"])),
		libraries: [...libraries.map(path => resolve(folder, path)), join(folder, DEFAULT_LIBRARY)],
		fileFolders,
		maxUnprocessedChars: chars > 0 ? chars : undefined,
		turnMillis: seconds > 0 ? seconds * 1000 : undefined,
	};
}

const ATTRIBUTE = "@";
const TEXT = "#text";

function parse(text: string): Readonly<Record<string, unknown>> {
	const parser = new XMLParser({
		ignoreAttributes: false,
		attributeNamePrefix: ATTRIBUTE,
		textNodeName: TEXT,
		parseTagValue: false,
		processEntities: false,
		ignoreDeclaration: true,
	});
	try {
		return record(parser.parse(text, true));
	} catch (error) {
		throw new Error(`${FILE}: ${error instanceof Error ? error.message : String(error)}`);
	}
}

/** An element that stands there several times counts once, the last one. */
function record(value: unknown): Readonly<Record<string, unknown>> {
	const one: unknown = Array.isArray(value) ? value.at(-1) : value;
	return typeof one === "object" && one !== null ? (one as Record<string, unknown>) : {};
}

function listOf(value: unknown): readonly unknown[] {
	return Array.isArray(value) ? value : [value];
}

function textOf(value: unknown): string {
	const one: unknown = Array.isArray(value) ? value.at(-1) : value;
	return textOrNothing(typeof one === "string" ? one : record(one)[TEXT]);
}

function textOrNothing(value: unknown): string {
	return typeof value === "string" ? withoutEntities(value.trim()) : "";
}

const ENTITIES: Readonly<Record<string, string>> = { lt: "<", gt: ">", quot: '"', apos: "'", amp: "&" };

/** Letters by their numbers, and only the five entities that XML itself has: others could be made to grow without bound. */
function withoutEntities(text: string): string {
	return text.replace(/&(?:(lt|gt|quot|apos|amp)|#(\d{1,7})|#x([\da-f]{1,6}));/gi, (all, name, decimal, hex) => {
		if (name !== undefined) return ENTITIES[name as string] ?? all;
		const code = hex === undefined ? Number(decimal) : Number.parseInt(hex as string, 16);
		return code <= 0x10ffff ? String.fromCodePoint(code) : all;
	});
}
