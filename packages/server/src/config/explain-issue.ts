import type { z } from "zod";
import { type ConfigPath, nodeAt, type SchemaNode } from "./schema-node.ts";
import { suggestionFor } from "./suggestion.ts";
import { keysAt } from "./text-source.ts";

/** One problem that the schema found: the path to show and look up, and what is wrong there in words. */
export interface Explanation {
	readonly path: ConfigPath;
	readonly message: string;
}

/** Turns what the schema library found into sentences for the operator. An unknown key gives one each. */
export function explainIssue(issue: z.core.$ZodIssue, root: unknown): readonly Explanation[] {
	const path = issue.path.filter(key => typeof key !== "symbol");
	if (issue.code === "unrecognized_keys") {
		return issue.keys.map(key => ({ path: [...path, key], message: unknownKey(path, key) }));
	}
	if (issue.code === "invalid_key") {
		const reason = issue.issues[0]?.message ?? "is not allowed";
		return [{ path, message: `the name \`${String(path.at(-1))}\` ${reason}` }];
	}
	return [{ path, message: `${pathText(path)} ${reasonOf(issue, nodeAt(path), valueAt(root, path))}` }];
}

/** A path as it is written in flags and messages: `live.gopCache.maxBytes`, `listeners[0].port`. */
export function pathText(path: ConfigPath): string {
	let text = "";
	for (const key of path) text += typeof key === "number" ? `[${key}]` : text === "" ? key : `.${key}`;
	return text === "" ? "the configuration" : text;
}

function unknownKey(path: ConfigPath, key: string): string {
	const where = path.length === 0 ? "" : ` in ${pathText(path)}`;
	const near = suggestionFor(key, keysAt(path));
	return `unknown key \`${key}\`${where}${near === undefined ? "" : `, did you mean \`${near}\`?`}`;
}

function reasonOf(issue: z.core.$ZodIssue, node: SchemaNode | undefined, given: unknown): string {
	if (issue.code === "custom") return issue.message;
	if (given === undefined && (issue.code === "invalid_type" || issue.code === "invalid_value")) return "is missing";
	if (node?.kind === "leaf" && node.type === "choice") {
		const near = typeof given === "string" ? suggestionFor(given, node.choices) : undefined;
		const choices = node.choices.map(choice => `\`${choice}\``).join(", ");
		return `must be ${node.choices.length > 1 ? "one of " : ""}${choices}${near === undefined ? "" : `, did you mean \`${near}\`?`}`;
	}
	if (node?.kind === "leaf" && node.type === "integer") {
		return `must be a whole number from ${node.bounds}${given === null || typeof given === "object" ? "" : `, not ${String(given)}`}`;
	}
	if (issue.code === "invalid_type") {
		if (node?.kind === "section" || node?.kind === "record") return "must be a mapping of keys to values";
		if (node?.kind === "list") return "must be a list";
		if (node?.kind === "leaf" && node.type === "boolean") return "must be true or false";
		if (typeof given === "number" || typeof given === "boolean") return "must be text: put it into quotes";
		return "must be text";
	}
	return issue.message;
}

function valueAt(root: unknown, path: ConfigPath): unknown {
	let value = root;
	for (const key of path) value = typeof value === "object" && value !== null ? Reflect.get(value, key) : undefined;
	return value;
}
