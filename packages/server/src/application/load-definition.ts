import { UsageError } from "@millrace/core/fault";
import type { AnyDefinition } from "./instance-runtime.ts";

/** Imports an application's main file. Throws what the file throws, and a `UsageError` where it exports no application. */
export async function loadDefinition(url: string): Promise<AnyDefinition> {
	const module = (await import(url)) as { readonly default?: unknown };
	const definition = module.default;
	if (typeof definition !== "object" || definition === null) {
		throw new UsageError("USAGE", "The application's main file must export what defineApplication returns as default.");
	}
	return definition as AnyDefinition;
}
