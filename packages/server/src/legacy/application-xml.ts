import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { XMLParser } from "fast-xml-parser";

/** What `Application.xml` in an application's folder says that holds here. */
export type ApplicationXml = {
	/** What scripts find at `application.config`. */
	readonly config: Readonly<Record<string, string>>;
	/** Folders in which `load` looks, absolute, in order (`ScriptLibPath`). */
	readonly libraries: readonly string[];
	/** The longest that a handler may run, in milliseconds (`MaxTimeOut`); `undefined`: it says nothing. */
	readonly turnMillis: number | undefined;
	/** What an instance may use, in MiB (`RuntimeSize`); `undefined`: it says nothing. */
	readonly memoryMebibytes: number | undefined;
};

const FILE = "Application.xml";
const NOTHING: ApplicationXml = { config: {}, libraries: [], turnMillis: undefined, memoryMebibytes: undefined };
/** Where the scripts' own settings stand: of the first server, and of the later ones. */
const ENGINES = ["ScriptEngine", "JSEngine"] as const;
/** A folder beside the scripts, or in the application, that needs no setting. */
const DEFAULT_LIBRARY = "scriptlib";

/** Reads the settings of an application of the old server. Throws an `Error` that names the file where it is no XML. */
export function readApplicationXml(folder: string): ApplicationXml {
	let text: string;
	try {
		text = readFileSync(join(folder, FILE), "utf8");
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
		return { ...NOTHING, libraries: [join(folder, DEFAULT_LIBRARY)] };
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
	const kibibytes = Number(setting("RuntimeSize"));
	return {
		config,
		libraries: [...libraries.map(path => resolve(folder, path)), join(folder, DEFAULT_LIBRARY)],
		turnMillis: seconds > 0 ? seconds * 1000 : undefined,
		memoryMebibytes: kibibytes > 0 ? Math.ceil(kibibytes / 1024) : undefined,
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

function textOf(value: unknown): string {
	const one: unknown = Array.isArray(value) ? value.at(-1) : value;
	return textOrNothing(typeof one === "string" ? one : record(one)[TEXT]);
}

function textOrNothing(value: unknown): string {
	return typeof value === "string" ? withoutEntities(value.trim()) : "";
}

const ENTITIES: Readonly<Record<string, string>> = { lt: "<", gt: ">", quot: '"', apos: "'", amp: "&" };

/** Only the five that XML itself has: others could be made to grow without bound. */
function withoutEntities(text: string): string {
	return text.replace(/&(lt|gt|quot|apos|amp);/g, (_all, name: string) => ENTITIES[name]!);
}
