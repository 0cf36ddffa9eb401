import { AmfEcmaArray, AmfTypedObject, type AmfValue, decodeAmf0, encodeValues, inspectAmf } from "@millrace/core/amf";
import { MillraceError } from "@millrace/core/fault";
import { AMF_CASES, AMF0_MESSAGES, bytesOf } from "../../packages/core/src/amf/amf-case.ts";
import { equalAmf } from "../../packages/core/src/amf/amf-equality.ts";
import type { FuzzTarget } from "../fuzz-target.ts";

/** A message's values in AMF0: whatever is decoded is encoded and decoded again to the same. */
export const target: FuzzTarget = {
	name: "amf0",
	seeds: () => [
		...AMF_CASES.filter(each => each.encoding === 0).map(each => bytesOf(each.bytes)),
		// The AMF3 values, behind the switch.
		...AMF_CASES.filter(each => each.encoding === 3).map(each => bytesOf(`11${each.bytes}`)),
		...Object.values(AMF0_MESSAGES).map(bytesOf),
	],
	run(input) {
		const values = decoded(input);
		if (values === undefined) return;
		for (const value of values) {
			if (inspectAmf(value).length > 500) throw new Error("inspectAmf is longer than it promises.");
		}
		const once = encoded(values);
		if (once === undefined) return;
		const again = decodeAmf0(once);
		if (values.every(isPureAmf0)) mustEqual(values, again);
		// AMF0 writes some of what came as AMF3 in another form, which must then last.
		const twice = encoded(again);
		if (twice !== undefined) mustEqual(again, decodeAmf0(twice));
	},
};

function decoded(input: Uint8Array): AmfValue[] | undefined {
	try {
		return decodeAmf0(input);
	} catch (error) {
		if (error instanceof MillraceError) return undefined;
		throw error;
	}
}

function encoded(values: readonly AmfValue[]): Uint8Array | undefined {
	try {
		return encodeValues(values, 0, { avmPlus: true });
	} catch (error) {
		// Few bytes of references may stand for more than an encoder is to write.
		if (error instanceof MillraceError && error.message.includes("more than 16777216 bytes")) return undefined;
		throw error;
	}
}

function mustEqual(expected: readonly AmfValue[], actual: readonly AmfValue[]): void {
	if (expected.length !== actual.length) throw new Error(`${expected.length} values became ${actual.length}.`);
	for (const [index, value] of expected.entries()) {
		if (equalAmf(value, actual[index], false)) continue;
		throw new Error(`A value changed from ${inspectAmf(value)} to ${inspectAmf(actual[index])}.`);
	}
}

/** Whether nothing in it can only have come as AMF3. */
function isPureAmf0(value: AmfValue): boolean {
	const seen = new Set<AmfValue>();
	const isPure = (each: AmfValue): boolean => {
		if (typeof each !== "object" || each === null || seen.has(each)) return true;
		seen.add(each);
		if (Array.isArray(each)) return each.every(isPure);
		if (each instanceof AmfEcmaArray) return each.dense.length === 0 && [...each.entries.values()].every(isPure);
		if (each instanceof AmfTypedObject)
			return each.sealedCount === undefined && Object.values(each.members).every(isPure);
		// Dates, and XML of the one kind; of everything else AMF0 has only objects.
		if (each instanceof Date) return true;
		if ("legacy" in each && "text" in each && Object.getPrototypeOf(each) !== null) return each.legacy === true;
		return Object.getPrototypeOf(each) === null && Object.values(each).every(isPure);
	};
	return isPure(value);
}
