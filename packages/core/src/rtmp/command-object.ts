import { AmfEcmaArray, type AmfObject, AmfTypedObject, type AmfValue } from "../amf/index.ts";

/** The members of what a peer gave as an object of any kind; `undefined`: it is none. */
export function membersOf(value: AmfValue): AmfObject | undefined {
	if (value instanceof AmfEcmaArray) return value.toObject();
	if (value instanceof AmfTypedObject) return value.members;
	if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
	const prototype = Object.getPrototypeOf(value);
	return prototype === null || prototype === Object.prototype ? (value as AmfObject) : undefined;
}
