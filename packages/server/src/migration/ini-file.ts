import { faultAt, type OldFile } from "./old-file.ts";

/** A variable of `fms.ini` or `ams.ini`. */
export type IniVariable = { readonly name: string; readonly value: string; readonly line: number };

/**
 * Reads `NAME = value` lines; `#` begins a comment line, quotes keep the spaces of a value. Of a name that stands twice,
 * the last one counts.
 *
 * @throws ConfigError with the line of what is neither
 */
export function parseIni({ text, shownAs }: OldFile): IniVariable[] {
	const variables = new Map<string, IniVariable>();
	for (const [index, raw] of text
		.replace(/^\uFEFF/, "")
		.split("\n")
		.entries()) {
		const line = raw.trim();
		if (line === "" || line.startsWith("#") || line.startsWith(";")) continue;
		const match = /^([A-Za-z_][\w.]*)\s*=\s*(.*)$/.exec(line);
		if (match === null) throw faultAt(shownAs, index + 1, "expected NAME = value, or # and a comment");
		const [, name = "", value = ""] = match;
		variables.set(name, { name, value: /^(["'])(.*)\1$/.exec(value)?.[2] ?? value, line: index + 1 });
	}
	return [...variables.values()];
}

/** What XML files use as `${NAME}`, and where they do. */
export class Variables {
	readonly #values: ReadonlyMap<string, string>;
	readonly #uses = new Map<string, string[]>();

	constructor(variables: readonly IniVariable[]) {
		this.#values = new Map(variables.map(({ name, value }) => [name, value]));
	}

	/** Where a variable was used, as `conf/Server.xml:12`. */
	usesOf(name: string): readonly string[] {
		return this.#uses.get(name) ?? [];
	}

	/**
	 * A text with its variables filled in; those that are not set are left as they are.
	 *
	 * @param place where it stands; remembered as a use of each
	 */
	fill(text: string, place: string): string {
		return text.replace(/\$\{([^}]*)\}/g, (whole, written: string) => {
			const name = written.trim();
			const value = this.#values.get(name);
			if (value !== undefined) this.#uses.set(name, [...this.usesOf(name), place]);
			return value ?? whole;
		});
	}
}
