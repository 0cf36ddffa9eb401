import { AmfEcmaArray, type AmfObject, AmfTypedObject, type AmfValue, AmfVector } from "../amf/index.ts";

/**
 * A value without what AMF0 has not, for clients that speak AMF0 while others of the same object speak AMF3: vectors
 * become arrays, byte arrays and dictionaries with keys other than strings `undefined`. What is one object stays one.
 */
export function amf0Form(value: AmfValue, made = new Map<object, AmfValue>()): AmfValue {
	if (typeof value !== "object" || value === null || value instanceof Date) return value;
	const known = made.get(value);
	if (known !== undefined) return known;
	if (value instanceof Uint8Array) return undefined;
	if (ArrayBuffer.isView(value)) return [...value];
	if (Array.isArray(value)) return arrayForm(value, value, made);
	if (value instanceof AmfVector) return arrayForm(value, value.items, made);
	if (value instanceof Map) return mapForm(value, made);
	if (value instanceof AmfEcmaArray) {
		const array = new AmfEcmaArray();
		made.set(value, array);
		for (const [key, item] of value.entries) array.entries.set(key, amf0Form(item, made));
		for (const item of value.dense) array.dense.push(amf0Form(item, made));
		return array;
	}
	if (value instanceof AmfTypedObject) {
		const members: AmfObject = Object.create(null);
		const typed = new AmfTypedObject(value.className, members);
		made.set(value, typed);
		copyMembers(value.members, members, made);
		return typed;
	}
	const prototype: unknown = Object.getPrototypeOf(value);
	// Instances of classes (XML, those of the application) are the writer's business.
	if (prototype !== null && prototype !== Object.prototype) return value;
	const object: AmfObject = Object.create(null);
	made.set(value, object);
	copyMembers(value as AmfObject, object, made);
	return object;
}

function arrayForm(identity: object, items: readonly AmfValue[], made: Map<object, AmfValue>): AmfValue[] {
	const array: AmfValue[] = [];
	made.set(identity, array);
	for (const item of items) array.push(amf0Form(item, made));
	return array;
}

function mapForm(map: Map<AmfValue, AmfValue>, made: Map<object, AmfValue>): AmfValue {
	const array = new AmfEcmaArray();
	made.set(map, array);
	for (const [key, item] of map) {
		if (typeof key !== "string") return undefined;
		array.entries.set(key, amf0Form(item, made));
	}
	return array;
}

function copyMembers(from: AmfObject, to: AmfObject, made: Map<object, AmfValue>): void {
	for (const key of Object.keys(from)) to[key] = amf0Form(from[key], made);
}
