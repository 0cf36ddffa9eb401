import type { ConfigPath } from "./schema-node.ts";

/** Tells where the value at a path of one source was written, for a message: `millrace.yaml:3:5`, `--latency`. */
export type Locate = (path: ConfigPath) => string;

type Entry =
	| { readonly locate: Locate; readonly value: unknown }
	| { readonly locate: Locate; readonly children: Map<string, Entry> };

/**
 * Settings gathered from several sources, each value with the source that it came from. Mappings of a later source are
 * merged into earlier ones; every other value, lists too, replaces what stood there.
 */
export class LayeredConfig {
	#root: Entry = { locate: () => "", children: new Map() };

	/** Lays a value over what is there, at a path and with its source. */
	lay(path: ConfigPath, value: unknown, locate: Locate): void {
		this.#root = merged(this.#root, wrapped(path, value), locate);
	}

	/** Replaces a list by a changed copy of it: what `isNew` names has the new source, the rest keeps its own. */
	patchList(list: string, items: readonly unknown[], isNew: (path: ConfigPath) => boolean, locate: Locate): void {
		const node = this.#root;
		const former = "children" in node ? node.children.get(list)?.locate : undefined;
		this.lay([list], items, path => (former === undefined || isNew(path) ? locate(path) : former(path)));
	}

	/** Everything that was laid, as plain objects. */
	value(): Record<string, unknown> {
		return plain(this.#root) as Record<string, unknown>;
	}

	/** Where the value at the path was written, or the nearest part around it; undefined where no source names it. */
	placeOf(path: ConfigPath): string | undefined {
		return this.#entryNear(path)?.locate(path) || undefined;
	}

	/** Whether a source names this very path, or a part around it that replaced everything below. */
	has(path: ConfigPath): boolean {
		let entry: Entry | undefined = this.#root;
		for (const key of path) {
			if (!("children" in entry)) return true;
			const next = entry.children.get(String(key));
			if (next === undefined) return false;
			entry = next;
		}
		return true;
	}

	#entryNear(path: ConfigPath): Entry {
		let entry = this.#root;
		for (const key of path) {
			const next = "children" in entry ? entry.children.get(String(key)) : undefined;
			if (next === undefined) return entry;
			entry = next;
		}
		return entry;
	}
}

/** A plain object, neither null nor a list. */
export function isMapping(value: unknown): value is Record<string, unknown> {
	return typeof value === "object" && value !== null && !Array.isArray(value);
}

function merged(below: Entry | undefined, value: unknown, locate: Locate): Entry {
	if (!isMapping(value)) return { locate, value };
	const children = new Map(below !== undefined && "children" in below ? below.children : []);
	for (const [key, child] of Object.entries(value)) children.set(key, merged(children.get(key), child, locate));
	return { locate: below !== undefined && "children" in below ? eitherPlace(below.locate, locate) : locate, children };
}

/** A mapping that two sources share has the place of the earlier one, unless that names none. */
function eitherPlace(earlier: Locate, later: Locate): Locate {
	return path => earlier(path) || later(path);
}

function plain(entry: Entry): unknown {
	if (!("children" in entry)) return entry.value;
	// A prototype named in a file must stay a key like any other, so that the schema refuses it.
	return Object.fromEntries([...entry.children].map(([key, child]) => [key, plain(child)]));
}

function wrapped(path: ConfigPath, value: unknown): unknown {
	return path.reduceRight((inner, key) => ({ [key]: inner }), value);
}
