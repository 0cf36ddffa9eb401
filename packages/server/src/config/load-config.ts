import { ConfigError, type ConfigProblem } from "./config-error.ts";
import { isMapping, LayeredConfig } from "./config-layer.ts";
import { explainIssue } from "./explain-issue.ts";
import { mainProtocolOf } from "./listener-schema.ts";
import { configSchema, type ServerOptions, type ServerOptionsInput } from "./schema.ts";
import { type ConfigPath, nodeAt, rootNode, type SchemaNode } from "./schema-node.ts";
import { readAssignments, readEnvironment, type TextSource } from "./text-source.ts";
import { readYamlFile } from "./yaml-source.ts";

/** A flag of the command line that sets one thing. */
export interface ConfigFlag {
	/** As the operator typed it, for messages: `--latency`. */
	readonly flag: string;
	/** A setting by its path, or one key of listeners: of the first with that protocol, or of all. */
	readonly target:
		| { readonly path: readonly string[] }
		| { readonly listeners: "rtmp" | "http" | "all"; readonly key: "host" | "port" };
	readonly value: unknown;
}

/** Where the configuration is taken from; a later field wins over an earlier one. */
export interface ConfigSources {
	/** A YAML file; undefined for none. */
	readonly file?: string | undefined;
	/** The variables of the process; only those that begin with `MILLRACE_` are looked at. */
	readonly environment?: Readonly<Record<string, string | undefined>> | undefined;
	/** Texts of `--set`, `key=value`. */
	readonly assignments?: readonly string[] | undefined;
	readonly flags?: readonly ConfigFlag[] | undefined;
}

/** A configuration that is sound, and where its values came from. */
export interface LoadedConfig {
	readonly options: ServerOptions;
	/** The place where the setting was written; undefined when it has its default. */
	placeOf(path: ConfigPath): string | undefined;
}

/** Reads and checks the configuration from all its sources. Throws a `ConfigError` that holds every problem found. */
export function loadConfig(sources: ConfigSources): LoadedConfig {
	const problems: ConfigProblem[] = [];
	const layers = new LayeredConfig();
	if (sources.file !== undefined) {
		const yaml = readYamlFile(sources.file);
		problems.push(...yaml.problems);
		layers.lay([], withoutEmptySections(yaml.value, rootNode), yaml.locate);
	}
	layText(layers, readEnvironment(sources.environment ?? {}), problems);
	layText(layers, readAssignments(sources.assignments ?? []), problems);
	for (const flag of sources.flags ?? []) layFlag(layers, flag);

	const given = layers.value();
	const parsed = configSchema.safeParse(given);
	for (const issue of parsed.error?.issues ?? []) {
		for (const { path, message } of explainIssue(issue, given)) problems.push({ place: layers.placeOf(path), message });
	}
	if (problems.length > 0 || parsed.data === undefined) throw new ConfigError(problems);
	return { options: parsed.data, placeOf: path => (layers.has(path) ? layers.placeOf(path) : undefined) };
}

/** Checks options that a program gives and fills in the defaults. Throws a `ConfigError` that holds every problem. */
export function resolveOptions(input: ServerOptionsInput): ServerOptions {
	const parsed = configSchema.safeParse(input);
	if (parsed.success) return parsed.data;
	const explanations = parsed.error.issues.flatMap(issue => explainIssue(issue, input));
	throw new ConfigError(explanations.map(({ message }) => ({ place: undefined, message })));
}

function layText(layers: LayeredConfig, source: TextSource, problems: ConfigProblem[]): void {
	problems.push(...source.problems);
	for (const { path, value, place } of source.settings) layers.lay(path, value, () => place);
}

function layFlag(layers: LayeredConfig, { flag, target, value }: ConfigFlag): void {
	if ("path" in target) {
		layers.lay(target.path, value, () => flag);
		return;
	}
	const listeners = layers.value()["listeners"] ?? defaultListeners();
	if (!Array.isArray(listeners)) return;
	const { key } = target;
	const matches = (item: unknown): boolean =>
		isMapping(item) &&
		(target.listeners === "all" || (item["protocol"] ?? mainProtocolOf(item["protocols"])) === target.listeners);
	const first = listeners.findIndex(matches);
	const chosen = (index: number): boolean => (target.listeners === "all" ? matches(listeners[index]) : index === first);
	if (target.listeners !== "all" && first < 0) {
		const items = [...listeners, { protocol: target.listeners, [key]: value }];
		layers.patchList(
			"listeners",
			items,
			path => path[1] === listeners.length,
			() => flag,
		);
		return;
	}
	const items = listeners.map((item, index) => (chosen(index) ? { ...item, [key]: value } : item));
	layers.patchList(
		"listeners",
		items,
		path => path[2] === key && chosen(Number(path[1])),
		() => flag,
	);
}

function defaultListeners(): unknown {
	const node = nodeAt(["listeners"]);
	return node?.kind === "list" ? node.default : [];
}

/** A section whose every line is commented out reads as null in YAML; it means the same as no section at all. */
function withoutEmptySections(value: unknown, node: SchemaNode | undefined): unknown {
	if (!isMapping(value) || node === undefined || node.kind === "leaf") return value;
	const entries = Object.entries(value).flatMap(([key, child]) => {
		const inner = node.kind === "section" ? node.fields.get(key) : node.item;
		if (child === null && inner?.kind === "section") return node.kind === "record" ? [[key, {}] as const] : [];
		return [[key, withoutEmptySections(child, inner)] as const];
	});
	return Object.fromEntries(entries);
}
