import { parseDocument } from "yaml";
import type { ConfigProblem } from "./config-error.ts";
import { isMapping } from "./config-layer.ts";
import { type ConfigPath, fixedNodes, nodeAt, rootNode, type SchemaNode } from "./schema-node.ts";
import { suggestionFor } from "./suggestion.ts";

/** Every variable that sets something begins with this. */
export const VARIABLE_PREFIX = "MILLRACE_";

/** A setting that came as text: from a variable of the environment or from a flag. */
export interface TextSetting {
	readonly path: ConfigPath;
	readonly value: unknown;
	/** The variable or the flag. */
	readonly place: string;
}

/** What text settings were read, and what was wrong with others. */
export interface TextSource {
	readonly settings: readonly TextSetting[];
	readonly problems: readonly ConfigProblem[];
}

/** The variable of a setting: `MILLRACE_LIVE_GOP_CACHE_MAX_BYTES` for `live.gopCache.maxBytes`. */
export function variableOf(path: readonly string[]): string {
	return VARIABLE_PREFIX + path.map(key => key.replace(/([a-z0-9])([A-Z])/g, "$1_$2").toUpperCase()).join("_");
}

/**
 * Reads the `MILLRACE_…` variables, sections before what lies inside them. An empty variable counts as not set. A
 * section or a list is written as YAML or JSON: `MILLRACE_LISTENERS='[{protocol: rtmp, port: 1936}]'`.
 */
export function readEnvironment(environment: Readonly<Record<string, string | undefined>>): TextSource {
	const paths = new Map<string, readonly string[]>();
	for (const { path } of fixedNodes()) paths.set(variableOf(path), path);
	const settings: TextSetting[] = [];
	const problems: ConfigProblem[] = [];
	for (const [name, text] of Object.entries(environment)) {
		if (!name.startsWith(VARIABLE_PREFIX) || text === undefined || text === "") continue;
		const path = paths.get(name);
		if (path !== undefined) {
			read(path, text, name, settings, problems);
			continue;
		}
		const near = suggestionFor(name.slice(VARIABLE_PREFIX.length), [...paths.keys()].map(withoutPrefix));
		problems.push({
			place: name,
			message: `unknown variable${near ? `, did you mean \`${VARIABLE_PREFIX}${near}\`?` : ""}`,
		});
	}
	settings.sort((left, right) => left.path.length - right.path.length);
	return { settings, problems };
}

/** Reads `key=value` texts of `--set`, such as `live.latency=scale`; lists are set as a whole. */
export function readAssignments(assignments: readonly string[]): TextSource {
	const settings: TextSetting[] = [];
	const problems: ConfigProblem[] = [];
	for (const assignment of assignments) {
		const cut = assignment.indexOf("=");
		if (cut <= 0) {
			problems.push({ place: "--set", message: `\`${assignment}\` is not of the form key=value` });
			continue;
		}
		const key = assignment.slice(0, cut).trim();
		const path = key.split(".");
		const place = `--set ${key}`;
		const list = path.findIndex((_, depth) => nodeAt(path.slice(0, depth))?.kind === "list");
		if (list >= 0) {
			const whole = path.slice(0, list).join(".");
			problems.push({ place, message: `a list is set as a whole: --set '${whole}=[…]'` });
			continue;
		}
		read(path, assignment.slice(cut + 1), place, settings, problems);
	}
	return { settings, problems };
}

/** The names that are known beside a key at this path, for suggestions; empty where any name may stand. */
export function keysAt(path: ConfigPath): readonly string[] {
	const node = path.length === 0 ? rootNode : nodeAt(path);
	return node?.kind === "section" ? [...node.fields.keys()] : [];
}

function read(path: ConfigPath, text: string, place: string, settings: TextSetting[], problems: ConfigProblem[]): void {
	const node = nodeAt(path);
	const value = plainValue(text, node);
	if (value === UNREADABLE) problems.push({ place, message: "the value is neither a plain value nor YAML or JSON" });
	else if (node !== undefined && node.kind !== "leaf" && node.kind !== "list" && !isMapping(value)) {
		problems.push({ place, message: "must be a mapping, such as `{key: value}`" });
	} else settings.push({ path, value, place });
}

const UNREADABLE = Symbol("unreadable");

function plainValue(text: string, node: SchemaNode | undefined): unknown {
	const quoted = /^\s*["']/.test(text);
	// Text is taken as it stands: a key such as 0123456789 or a path with `: ` in it needs no quotes here.
	if (node?.kind === "leaf" && (node.type === "string" || node.type === "choice") && !quoted) {
		return node.nullable && text === "null" ? null : text;
	}
	const document = parseDocument(text, { prettyErrors: false, logLevel: "silent" });
	if (document.errors.length > 0) return UNREADABLE;
	try {
		return document.toJS({ maxAliasCount: 0 }) as unknown;
	} catch (error) {
		if (!(error instanceof ReferenceError)) throw error;
		return UNREADABLE;
	}
}

function withoutPrefix(variable: string): string {
	return variable.slice(VARIABLE_PREFIX.length);
}
