import { z } from "zod";
import { configSchema } from "./schema.ts";
import { unwrapped } from "./section.ts";
import { formatMeasure, unitBoundsOf } from "./unit.ts";

/** Where a setting stands: `["live", "gopCache", "maxBytes"]`, with numbers inside lists. */
export type ConfigPath = readonly (string | number)[];

/** A mapping with known keys. */
export interface SectionNode {
	readonly kind: "section";
	readonly description: string;
	readonly fields: ReadonlyMap<string, SchemaNode>;
}

/** A list, or a mapping with names that the operator chooses. */
export interface CollectionNode {
	readonly kind: "list" | "record";
	readonly description: string;
	readonly default: unknown;
	readonly item: SchemaNode;
}

/** A single value. */
export interface LeafNode {
	readonly kind: "leaf";
	readonly description: string;
	readonly type: "string" | "integer" | "boolean" | "choice" | "duration" | "size" | "value";
	/** The form that a person writes; undefined where the key may be absent without a default. */
	readonly default: unknown;
	readonly nullable: boolean;
	/** Only of `choice`. */
	readonly choices: readonly string[];
	/** The bounds in words that a person reads: `1 to 65535`, `100ms to 10m`. */
	readonly bounds: string | undefined;
}

/** One part of the configuration as the schema describes it, without the schema library's own shapes. */
export type SchemaNode = SectionNode | CollectionNode | LeafNode;

/** The whole configuration. */
export const rootNode: SectionNode = sectionOf(configSchema, "");

/** The node at a path, undefined where the schema has none. */
export function nodeAt(path: ConfigPath): SchemaNode | undefined {
	let node: SchemaNode | undefined = rootNode;
	for (const key of path) {
		if (node === undefined || node.kind === "leaf") return undefined;
		node = node.kind === "section" ? node.fields.get(String(key)) : node.item;
	}
	return node;
}

/** Every section and setting below the root that has a fixed path, parents first, in the order of the schema. */
export function* fixedNodes(
	node: SectionNode = rootNode,
	path: readonly string[] = [],
): Generator<{ readonly path: readonly string[]; readonly node: SchemaNode }> {
	for (const [key, field] of node.fields) {
		const here = [...path, key];
		yield { path: here, node: field };
		if (field.kind === "section") yield* fixedNodes(field, here);
	}
}

function nodeOf(schema: z.ZodType): SchemaNode {
	const description = schema.description ?? "";
	const inner = unwrapped(schema);
	if (inner instanceof z.ZodObject) return sectionOf(inner, description);
	if (inner instanceof z.ZodArray) {
		return { kind: "list", description, default: defaultOf(schema), item: nodeOf(inner.element as z.ZodType) };
	}
	if (inner instanceof z.ZodRecord) {
		return { kind: "record", description, default: defaultOf(schema), item: nodeOf(inner.valueType as z.ZodType) };
	}
	const measured = unitBoundsOf(inner);
	if (measured === undefined && inner instanceof z.ZodPipe) {
		const rewrites = inner.in instanceof z.ZodTransform;
		return { ...nodeOf((rewrites ? inner.out : inner.in) as z.ZodType), ...(description && { description }) };
	}
	return leafOf(inner, { description, default: defaultOf(schema) });
}

function sectionOf(schema: z.ZodObject, description: string): SectionNode {
	const fields = new Map<string, SchemaNode>();
	for (const [key, field] of Object.entries(schema.shape as Record<string, z.ZodType>)) fields.set(key, nodeOf(field));
	return { kind: "section", description: description || (schema.description ?? ""), fields };
}

function leafOf(schema: z.ZodType, common: { description: string; default: unknown }): LeafNode {
	const nullable = schema instanceof z.ZodNullable;
	const bare = nullable ? (schema.unwrap() as z.ZodType) : schema;
	const leaf = { kind: "leaf", ...common, nullable, choices: [], bounds: undefined } as const;
	const measured = unitBoundsOf(bare);
	if (measured !== undefined) {
		const { unit, minimum, maximum } = measured;
		const bounds = `${formatMeasure(minimum, unit)} to ${formatMeasure(maximum, unit)}`;
		return { ...leaf, type: unit, bounds };
	}
	if (bare instanceof z.ZodEnum) return { ...leaf, type: "choice", choices: bare.options.map(String) };
	if (bare instanceof z.ZodLiteral) return { ...leaf, type: "choice", choices: [...bare.values].map(String) };
	if (bare instanceof z.ZodNumber) return { ...leaf, type: "integer", bounds: `${bare.minValue} to ${bare.maxValue}` };
	if (bare instanceof z.ZodBoolean) return { ...leaf, type: "boolean" };
	if (bare instanceof z.ZodString) return { ...leaf, type: "string" };
	// Whatever a person writes.
	if (bare instanceof z.ZodLazy) return { ...leaf, type: "value" };
	throw new TypeError(`The configuration holds a ${bare.type} that has no description for readers`);
}

/** The default in the form that was written in the schema: `30s` for a duration, not its resolved number. */
function defaultOf(schema: z.ZodType): unknown {
	if (schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault) return schema.def.defaultValue;
	return undefined;
}
