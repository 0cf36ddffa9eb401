import { type AmfValue, decodeAmf0, decodeAmf3, encodeAmf0, encodeAmf3 } from "@millrace/core/amf";

/** A value after a way through the wire in a client's encoding. Throws a `UsageError` for what that cannot hold. */
export function wireValue<Value extends AmfValue>(value: Value, encoding: 0 | 3): Value {
	const [read] = encoding === 0 ? decodeAmf0(encodeAmf0(value)) : decodeAmf3(encodeAmf3(value));
	return read as Value;
}

/**
 * A value with objects that compare as equal to literals: those from the wire have no prototype, which
 * `assert.deepStrictEqual` minds. Objects of classes stay what they are.
 */
export function plainValue(value: AmfValue, seen = new Map<object, AmfValue>()): AmfValue {
	if (typeof value !== "object" || value === null) return value;
	const known = seen.get(value);
	if (known !== undefined) return known;
	if (Array.isArray(value)) {
		const items: AmfValue[] = [];
		seen.set(value, items);
		for (const item of value) items.push(plainValue(item, seen));
		return items;
	}
	if (Object.getPrototypeOf(value) !== null) return value;
	const members: { [name: string]: AmfValue } = {};
	seen.set(value, members);
	for (const [name, member] of Object.entries(value as { [name: string]: AmfValue })) {
		// As a literal would: a member of this name is a member, not the prototype.
		Object.defineProperty(members, name, {
			value: plainValue(member, seen),
			enumerable: true,
			configurable: true,
			writable: true,
		});
	}
	return members;
}
