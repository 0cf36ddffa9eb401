import { Document, isMap, isScalar, type Node, visit } from "yaml";
import { ConfigError, type ConfigPath, resolveOptions, rootNode, type ServerOptionsInput } from "../config/index.ts";

/** A configuration that is being written, with a comment for each value that says where it is from. */
export class ConfigDraft {
	readonly #values: Record<string, unknown>;
	readonly #comments: { readonly path: ConfigPath; readonly text: string }[] = [];

	constructor(values: Record<string, unknown> = {}) {
		this.#values = values;
	}

	/** The settings so far, as a person would write them. */
	get value(): ServerOptionsInput {
		return this.#values as ServerOptionsInput;
	}

	/** What is set at a path; `undefined`: nothing. */
	get(path: ConfigPath): unknown {
		let at: unknown = this.#values;
		for (const key of path) at = typeof at === "object" && at !== null ? Reflect.get(at, key) : undefined;
		return at;
	}

	/** Sets a value, also in place of a former one. Sections on the way are made. */
	set(path: ConfigPath, value: unknown, comment?: string): void {
		let at: Record<string, unknown> = this.#values;
		for (const key of path.slice(0, -1)) {
			if (!Object.hasOwn(at, key)) at[key] = {};
			at = at[key] as Record<string, unknown>;
		}
		at[String(path.at(-1))] = value;
		if (comment !== undefined) this.#comments.push({ path, text: comment });
	}

	/** Adds an item to a list. */
	append(path: ConfigPath, item: unknown, comment?: string): void {
		const list = (this.get(path) as readonly unknown[] | undefined) ?? [];
		this.set(path, [...list, item], comment);
	}

	/** Takes away what is set at a path, and the sections around it that are empty then. */
	delete(path: ConfigPath): void {
		const section = this.get(path.slice(0, -1));
		if (typeof section !== "object" || section === null) return;
		Reflect.deleteProperty(section, String(path.at(-1)));
		if (path.length > 1 && Object.keys(section).length === 0) this.delete(path.slice(0, -1));
	}

	/** What the settings say against a value at a path, among those that are set; `undefined`: it can stand there. */
	objection(path: ConfigPath, value: unknown): string | undefined {
		const probe = new ConfigDraft(structuredClone(this.#values));
		probe.set(path, value);
		try {
			resolveOptions(probe.value);
			return undefined;
		} catch (error) {
			if (!(error instanceof ConfigError)) throw error;
			return error.problems.map(({ message }) => message).join("; ");
		}
	}

	/** The configuration file. */
	text(head: string): string {
		const known = [...rootNode.fields.keys()];
		const sorted = Object.entries(this.#values).toSorted(([a], [b]) => known.indexOf(a) - known.indexOf(b));
		const document = new Document(Object.fromEntries(sorted));
		document.commentBefore = head;
		for (const { path, text } of this.#comments) annotate(document.contents, path, text);
		if (isMap(document.contents)) {
			for (const pair of document.contents.items.slice(1)) if (isScalar(pair.key)) pair.key.spaceBefore = true;
		}
		visit(document, {
			Seq(_key, list) {
				if (list.items.every(isScalar)) list.flow = true;
			},
		});
		return document.toString({ lineWidth: 0 });
	}
}

/** Puts a comment behind a single value, and above the key of a list or a section. */
function annotate(contents: Node | null, path: ConfigPath, text: string): void {
	let node: unknown = contents;
	for (const [index, key] of path.entries()) {
		if (!isMap(node)) return;
		const pair = node.items.find(item => isScalar(item.key) && item.key.value === key);
		if (pair === undefined) return;
		node = pair.value;
		if (index < path.length - 1 || !isScalar(pair.key)) continue;
		if (isScalar(node)) node.comment = ` ${text}`;
		else if (!pair.key.commentBefore?.split("\n").includes(` ${text}`)) {
			pair.key.commentBefore = [pair.key.commentBefore, ` ${text}`].filter(Boolean).join("\n");
		}
	}
}
