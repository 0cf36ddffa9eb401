import { AmfEcmaArray, type AmfValue } from "@millrace/core/amf";

/** A method of a callback object. */
export type Callback = (...args: AmfValue[]) => unknown;

/**
 * Finds the method that a peer calls by name: a member that the user put on the object or on a class of his own. What
 * the library itself or the language defines cannot be called from outside, nor can accessors. A name with slashes or
 * dots, `chat/say` or `chat.say`, is a way through plain objects: `{ chat: { say() {} } }`, where `this` is the last.
 *
 * @param libraryPrototypes where the search along the prototypes ends
 */
export function findCallback(
	object: object,
	name: string,
	libraryPrototypes: ReadonlySet<object>,
): Callback | undefined {
	let holder = object;
	let value = memberOf(object, name, libraryPrototypes);
	if (value === undefined && PATH_SEPARATOR.test(name)) {
		for (const part of name.split(PATH_SEPARATOR)) {
			// Only what is nothing but members: the methods of sockets and arrays are not the peer's to call.
			if (value !== undefined && !isPlain(value)) return undefined;
			holder = value ?? object;
			value = memberOf(holder, part, libraryPrototypes);
			if (value === undefined) return undefined;
		}
	}
	if (typeof value !== "function") return undefined;
	const method = value as Callback;
	return (...args) => method.apply(holder, args);
}

const PATH_SEPARATOR = /[/.]/;

function memberOf(object: object, name: string, libraryPrototypes: ReadonlySet<object>): object | undefined {
	if (name === "constructor" || name === "__proto__") return undefined;
	let holder: object | null = object;
	while (holder !== null && holder !== Object.prototype && !libraryPrototypes.has(holder)) {
		const value: unknown = Object.getOwnPropertyDescriptor(holder, name)?.value;
		if (typeof value === "function" || (typeof value === "object" && value !== null)) return value;
		holder = Object.getPrototypeOf(holder);
	}
	return undefined;
}

function isPlain(value: object): boolean {
	const prototype: unknown = Object.getPrototypeOf(value);
	return prototype === Object.prototype || prototype === null;
}

/**
 * A value as ActionScript code expects it: arrays with named members (`onMetaData`, `info.data`) become objects, so
 * that `value.duration` works; those whose names are their indexes, as ActionScript 1 and 2 write every array, become
 * arrays. Everything else stays what it is.
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
	if (isArray && isIndexed(value)) {
		const items: AmfValue[] = [];
		seen.set(value, items);
		for (const item of value.entries.values()) items.push(flashValue(item, seen));
		return items;
	}
	if (!isArray && Object.getPrototypeOf(value) !== null) return value;
	const members = isArray ? value.toObject() : (value as { [key: string]: AmfValue });
	seen.set(value, members);
	for (const key of Object.keys(members)) members[key] = flashValue(members[key], seen);
	return members;
}

function isIndexed({ entries, dense }: AmfEcmaArray): boolean {
	let next = 0;
	for (const key of entries.keys()) if (key !== String(next++)) return false;
	return next > 0 && dense.length === 0;
}
