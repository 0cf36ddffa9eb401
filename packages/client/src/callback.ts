import { AmfEcmaArray, type AmfValue } from "@millrace/core/amf";

/** A method of a callback object. */
export type Callback = (...args: AmfValue[]) => unknown;

/**
 * Finds the method that a peer calls by name: a member that the user put on the object or on a class of his own. What
 * the library itself or the language defines cannot be called from outside, nor can accessors.
 *
 * @param libraryPrototypes where the search along the prototypes ends
 */
export function findCallback(
	object: object,
	name: string,
	libraryPrototypes: ReadonlySet<object>,
): Callback | undefined {
	if (name === "constructor" || name === "__proto__") return undefined;
	let holder: object | null = object;
	while (holder !== null && holder !== Object.prototype && !libraryPrototypes.has(holder)) {
		const value: unknown = Object.getOwnPropertyDescriptor(holder, name)?.value;
		if (typeof value === "function") return (...args) => value.apply(object, args);
		holder = Object.getPrototypeOf(holder);
	}
	return undefined;
}

/**
 * A value as ActionScript code expects it: arrays with named members (`onMetaData`, `info.data`) become objects, so
 * that `value.duration` works. Everything else stays what it is.
 */
export function flashValue(value: AmfValue, seen = new Map<object, AmfValue>()): AmfValue {
	if (typeof value !== "object" || value === null) return value;
	const known = seen.get(value);
	if (known !== undefined) return known;
	if (Array.isArray(value)) {
		seen.set(value, value);
		for (const [index, item] of value.entries()) value[index] = flashValue(item, seen);
		return value;
	}
	const isArray = value instanceof AmfEcmaArray;
	if (!isArray && Object.getPrototypeOf(value) !== null) return value;
	const members = isArray ? value.toObject() : (value as { [key: string]: AmfValue });
	seen.set(value, members);
	for (const key of Object.keys(members)) members[key] = flashValue(members[key], seen);
	return members;
}
