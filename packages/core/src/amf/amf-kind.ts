import { unencodable } from "./amf-sink.ts";
import { AmfEcmaArray, AmfTypedObject, AmfVector, AmfXml } from "./amf-types.ts";

/** What a JavaScript object is to AMF. */
export type AmfKind =
	| "object"
	| "array"
	| "ecma"
	| "typed"
	| "date"
	| "map"
	| "xml"
	| "bytes"
	| "int-vector"
	| "uint-vector"
	| "number-vector"
	| "vector";

const KIND_OF_TAG: ReadonlyMap<string, AmfKind> = new Map([
	["[object Object]", "object"],
	["[object Date]", "date"],
	["[object Map]", "map"],
	["[object Uint8Array]", "bytes"],
	["[object Int32Array]", "int-vector"],
	["[object Uint32Array]", "uint-vector"],
	["[object Float64Array]", "number-vector"],
]);

/**
 * Classifies an object; instances of unknown classes are plain objects. Throws a `UsageError` for what would lose its
 * content (sets, errors, promises, other typed arrays). Told by tag, not by `instanceof`: the values of scripts come
 * from another realm.
 */
export function kindOf(value: object): AmfKind {
	const prototype: unknown = Object.getPrototypeOf(value);
	if (prototype === Object.prototype || prototype === null) return "object";
	if (Array.isArray(value)) return "array";
	if (value instanceof AmfEcmaArray) return "ecma";
	if (value instanceof AmfTypedObject) return "typed";
	if (value instanceof AmfXml) return "xml";
	if (value instanceof AmfVector) return "vector";
	const tag = Object.prototype.toString.call(value);
	const kind = KIND_OF_TAG.get(tag);
	if (kind === undefined) throw unencodable(`It is an ${tag.slice(1, -1)}.`);
	return kind;
}

/** Whether an array has neither holes nor named members, so that its items alone say everything. */
export function isDense(array: readonly unknown[]): boolean {
	const keys = Object.keys(array);
	// Index keys come first and in order: with as many keys as items, the last one tells whether all are indices.
	return keys.length === array.length && (keys.length === 0 || keys[keys.length - 1] === String(keys.length - 1));
}

/** What scripts may pass although the type of values forbids it: a bigint is a number where it is safe. */
export function numberFrom(value: unknown): number {
	if (typeof value !== "bigint") throw unencodable(`It is a ${typeof value}.`);
	const number = Number(value);
	if (!Number.isSafeInteger(number))
		throw unencodable(`The bigint ${value.toString().slice(0, 40)} is not a safe integer.`);
	return number;
}
