import { Document, isMap, isScalar, isSeq, type Node } from "yaml";
import type { LoadedConfig } from "./load-config.ts";
import type { ServerOptions } from "./schema.ts";
import { type ConfigPath, rootNode, type SchemaNode } from "./schema-node.ts";
import { formatMeasure } from "./unit.ts";

const COMMENT_WIDTH = 100;

/**
 * The configuration as a YAML file: every setting with its description above it and, behind a value that is not the
 * default, where it was written. The text is a configuration file itself and resolves to the same options. The publish
 * key stands in it in the clear when the configuration names one.
 */
export function printConfig(options: ServerOptions, placeOf: LoadedConfig["placeOf"] = () => undefined): string {
	const document = new Document(writable(options, rootNode));
	annotate(document.contents, rootNode, [], placeOf);
	return document.toString({ lineWidth: 0 });
}

/** The options in the form that a person writes: units instead of bare numbers, absent keys left out. */
function writable(value: unknown, node: SchemaNode | undefined): unknown {
	if (node === undefined) return value;
	if (node.kind === "leaf") {
		const measured = node.type === "duration" || node.type === "size";
		return measured && typeof value === "number" ? formatMeasure(value, node.type) : value;
	}
	if (node.kind === "list") return (value as readonly unknown[]).map(item => writable(item, node.item));
	const present = Object.entries(value as object).filter(([, child]) => child !== undefined);
	return Object.fromEntries(
		present.map(([key, child]) => [key, writable(child, node.kind === "section" ? node.fields.get(key) : node.item)]),
	);
}

function annotate(
	contents: Node | null | undefined,
	node: SchemaNode,
	path: ConfigPath,
	placeOf: LoadedConfig["placeOf"],
): void {
	// Inside lists and named entries the descriptions would repeat for every one of them: the reference has them.
	if (node.kind !== "section" || !isMap(contents)) return;
	for (const pair of contents.items) {
		if (!isScalar(pair.key)) continue;
		const field = node.fields.get(String(pair.key.value));
		if (field === undefined) continue;
		const here = [...path, String(pair.key.value)];
		pair.key.commentBefore = wrapComment(describe(field), COMMENT_WIDTH - 2 * path.length);
		if (path.length === 0 && pair !== contents.items[0]) pair.key.spaceBefore = true;
		const place = field.kind === "section" ? undefined : placeOf(here);
		// Behind the key of a list or a mapping a comment would move below it.
		if (place !== undefined && isScalar(pair.value)) pair.value.comment = ` from ${place}`;
		else if (place !== undefined) pair.key.commentBefore += `\n From ${place}.`;
		const plainList = isSeq(pair.value) && pair.value.items.every(item => isScalar(item));
		if (plainList && isSeq(pair.value)) pair.value.flow = true;
		annotate(pair.value as Node | null, field, here, placeOf);
	}
}

function describe(node: SchemaNode): string {
	if (node.kind !== "leaf" || node.choices.length < 2) return node.description;
	return `${node.description} One of: ${node.choices.join(", ")}.`;
}

function wrapComment(text: string, width: number): string {
	const lines: string[] = [];
	let line = "";
	for (const word of text.split(" ")) {
		if (line !== "" && line.length + 1 + word.length > width) {
			lines.push(line);
			line = "";
		}
		line += ` ${word}`;
	}
	return [...lines, line].join("\n");
}
