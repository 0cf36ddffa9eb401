import { AmfEcmaArray, AmfTypedObject, type AmfValue, AmfXml, decodeAmf0, encodeValues } from "@millrace/core/amf";
import { AMF_CASES, AMF0_MESSAGES, bytesOf } from "../../packages/core/src/amf/amf-case.ts";
import { decodedOrRefused, encodedOrTooLarge, mustEqual } from "../amf-oracle.ts";
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
		const values = decodedOrRefused(() => decodeAmf0(input));
		if (values === undefined) return;
		const mayShare = values.length > 1 || input.includes(AVM_PLUS);
		const once = encodedOrTooLarge(values, () => encodeValues(values, 0, { avmPlus: true }), mayShare);
		if (once === undefined) return;
		const again = decodeAmf0(once);
		if (values.every(isPureAmf0)) mustEqual(values, again);
		// AMF0 writes some of what came as AMF3 in another form, which must then last.
		const twice = encodedOrTooLarge(again, () => encodeValues(again, 0, { avmPlus: true }), false);
		if (twice !== undefined) mustEqual(again, decodeAmf0(twice));
	},
};

/** The marker of the switch to AMF3, whose values share one set of tables in a message. */
const AVM_PLUS = 0x11;

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
		if (each instanceof Date) return true;
		if (each instanceof AmfXml) return each.legacy;
		// Of everything else AMF0 has only objects.
		return Object.getPrototypeOf(each) === null && Object.values(each).every(isPure);
	};
	return isPure(value);
}
