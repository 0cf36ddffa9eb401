import type { Methods } from "./definition.ts";

/** A method without its types. */
export type AnyMethod = (client: unknown, ...args: never[]) => unknown;

/**
 * Finds a method by the name that a client called: `name`, `folder/name` or `folder.name`. Only what the application
 * itself has defined is found, nothing that objects have by nature.
 */
export function findMethod(
	methods: Methods<never, never> | Methods<unknown, unknown> | undefined,
	name: string,
): AnyMethod | undefined {
	let found: unknown = methods;
	for (const part of Object.hasOwn(methods ?? {}, name) ? [name] : name.split(/[/.]/)) {
		if (typeof found !== "object" || found === null || !Object.hasOwn(found, part)) return undefined;
		found = (found as Record<string, unknown>)[part];
	}
	return typeof found === "function" ? (found as AnyMethod) : undefined;
}
