import { AgentRange } from "./agent-range.ts";

/** A key for clients from one version to another. */
export type VirtualKeyRule = { readonly key: string; readonly from: string; readonly to: string };

/**
 * What gives each client its virtual key by what it says it is (`VirtualKeys` of old servers): the key of the first rule
 * that fits, nothing where none does. `undefined` where there are no rules.
 */
export function virtualKeysBy(
	rules: readonly VirtualKeyRule[],
): ((flashVer: string) => string | undefined) | undefined {
	if (rules.length === 0) return undefined;
	const ranges = rules.map(rule => ({ key: rule.key, range: new AgentRange(rule) }));
	return flashVer => ranges.find(({ range }) => range.has(flashVer))?.key;
}
