import { fileURLToPath } from "node:url";
import { UsageError } from "@millrace/core/fault";
import type { AnyDefinition } from "./instance-runtime.ts";

/**
 * Loads an application's main file: imports a module, or has a script of the old server run in each instance. Throws
 * what the file throws, and a `UsageError` where it exports no application.
 *
 * @param folder the application's, absolute
 */
export async function loadDefinition(url: string, folder: string): Promise<AnyDefinition> {
	const main = fileURLToPath(url);
	if (!/\.m?ts$/.test(main)) {
		// Modules need nothing of this, and most are known by their names.
		const { isScript } = await import("../script/index.ts");
		const { legacyDefinition } = await import("../legacy/index.ts");
		if (isScript(main)) return legacyDefinition({ main, folder });
	}
	const module = (await import(url)) as { readonly default?: unknown };
	const definition = module.default;
	if (typeof definition !== "object" || definition === null) {
		throw new UsageError("USAGE", "The application's main file must export what defineApplication returns as default.");
	}
	return definition as AnyDefinition;
}
