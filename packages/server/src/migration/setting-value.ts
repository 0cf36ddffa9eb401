import { childOf, type XmlElement } from "./xml-element.ts";

/** A number of an old file; `undefined`: it is none. */
export function numberOf(value: string): number | undefined {
	return /^-?\d{1,15}(\.\d+)?$/.test(value) ? Number(value) : undefined;
}

/** `true` and `false` as old files write them; `undefined`: it is neither. */
export function switchOf(value: string): boolean | undefined {
	if (/^(true|yes|on|1)$/i.test(value)) return true;
	return /^(false|no|off|0)$/i.test(value) ? false : undefined;
}

/** The switch in an attribute `enable` or `enabled`. */
export function isEnabled(element: XmlElement | undefined): boolean | undefined {
	const value = element?.attributes.get("enable") ?? element?.attributes.get("enabled");
	return value === undefined ? undefined : switchOf(value);
}

/** The text of a child; `undefined` where there is none, or an empty one. */
export function textOf(element: XmlElement | undefined, child: string): string | undefined {
	return childOf(element, child)?.text || undefined;
}
