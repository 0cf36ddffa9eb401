import {
	type CollectionNode,
	type LeafNode,
	rootNode,
	type SchemaNode,
	type SectionNode,
	variableOf,
} from "../../packages/server/src/config/index.ts";
import { markdownTable } from "./table.ts";

const INTRODUCTION = `<!-- Written by \`npm run reference\` from the configuration's schema. Change that, not this page. -->

# Configuration

Every setting has a default: a server needs no configuration at all. A setting is taken from, the later winning,

1. the file \`millrace.yaml\` in the folder where the server is started, or the one named with \`-c\`;
2. a variable of the environment, \`MILLRACE_\` and the setting's path in capitals: \`MILLRACE_LIVE_LATENCY=scale\` sets \`live.latency\`. Lists and mappings are written as YAML or JSON, and an empty variable counts as not set;
3. \`--set live.latency=scale\` on the command line;
4. a flag of its own, such as \`--latency scale\`.

A **duration** is a number of milliseconds or text such as \`500ms\`, \`30s\`, \`2m\`, \`1h\`; a **size** is a number of bytes or text such as \`64KiB\`, \`8MiB\`.

\`millrace check\` reports every problem with its place. \`millrace print-config\` prints the configuration in force as a file with comments, and \`millrace print-config --schema\` a JSON Schema for editors.`;

/** The page of every setting. */
export function configurationReference(): string {
	const top = [...rootNode.fields].filter(([, node]) => node.kind === "leaf");
	const parts = [INTRODUCTION];
	for (const [key, node] of rootNode.fields) {
		if (node.kind === "section") parts.push(sectionPart(key, node));
		else if (node.kind !== "leaf") parts.push(collectionPart(key, node));
	}
	parts.push(`## Further settings\n\n${table(top.map(([key, node]) => [[key], node] as const))}`);
	return `${parts.join("\n\n")}\n`;
}

function sectionPart(key: string, node: SectionNode): string {
	return `## ${key}\n\n${node.description}\n\n${table([...rowsOf(node, [key])])}`;
}

function collectionPart(key: string, node: CollectionNode): string {
	const { item } = node;
	const what = node.kind === "list" ? "each element" : "each";
	const head = `## ${key}\n\n${node.description} Default: ${code(node.default)}. Variable: \`${variableOf([key])}\`.`;
	if (item.kind !== "section") return head;
	const rows = [...item.fields].map(([name, field]) => {
		// An override has the keys of the section that it overrides: they are not listed twice.
		const [type, value] = field.kind === "leaf" ? [typeOf(field), defaultOf(field)] : ["mapping", "nothing"];
		return [`\`${name}\``, type, value, field.description];
	});
	const described = item.description === "" ? "" : `${item.description} `;
	const keys = markdownTable(["key", "type", "default", "meaning"], rows);
	return `${head}\n\n${described}The keys of ${what}:\n\n${keys}`;
}

function* rowsOf(node: SectionNode, path: readonly string[]): Generator<readonly [readonly string[], SchemaNode]> {
	for (const [key, field] of node.fields) {
		yield [[...path, key], field];
		if (field.kind === "section") yield* rowsOf(field, [...path, key]);
	}
}

function table(settings: readonly (readonly [readonly string[], SchemaNode])[]): string {
	const rows = settings.map(([path, node]) => {
		const type = node.kind === "section" ? "mapping" : node.kind === "leaf" ? typeOf(node) : node.kind;
		const value = node.kind === "section" ? "" : defaultOf(node);
		return [`\`${path.join(".")}\``, type, value, node.description, `\`${variableOf(path)}\``];
	});
	return markdownTable(["setting", "type", "default", "meaning", "variable"], rows);
}

function typeOf(node: LeafNode): string {
	const words = node.type === "choice" ? node.choices.map(choice => `\`${choice}\``).join(", ") : node.type;
	return `${words}${node.bounds === undefined ? "" : `, ${node.bounds}`}${node.nullable ? " or `null`" : ""}`;
}

function defaultOf(node: LeafNode | CollectionNode): string {
	return node.default === undefined ? "" : code(node.default);
}

function code(value: unknown): string {
	return `\`${typeof value === "string" ? value : JSON.stringify(value)}\``;
}
