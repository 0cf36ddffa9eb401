import { decodeAmf0, decodeAmf3, encodeAmf3, encodeValues } from "@millrace/core/amf";
import { AMF_CASES, bytesOf } from "../../packages/core/src/amf/amf-case.ts";
import { decodedOrRefused, encodedOrTooLarge, mustEqual } from "../amf-oracle.ts";
import type { FuzzTarget } from "../fuzz-target.ts";

/** AMF3 values: whatever is decoded is encoded and decoded again to the same, alone and behind AMF0's switch. */
export const target: FuzzTarget = {
	name: "amf3",
	seeds: () => AMF_CASES.filter(each => each.encoding === 3).map(each => bytesOf(each.bytes)),
	run(input) {
		const values = decodedOrRefused(() => decodeAmf3(input));
		if (values === undefined) return;
		const mayShare = values.length > 1;
		const alone = encodedOrTooLarge(values, () => encodeAmf3(...values), mayShare);
		if (alone !== undefined) mustEqual(values, decodeAmf3(alone));
		const switched = encodedOrTooLarge(values, () => encodeValues(values, 3), mayShare);
		if (switched !== undefined) mustEqual(values, decodeAmf0(switched));
	},
};
