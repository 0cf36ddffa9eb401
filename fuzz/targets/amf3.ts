import { type AmfValue, decodeAmf0, decodeAmf3, encodeAmf3, encodeValues, inspectAmf } from "@millrace/core/amf";
import { MillraceError } from "@millrace/core/fault";
import { AMF_CASES, bytesOf } from "../../packages/core/src/amf/amf-case.ts";
import { equalAmf } from "../../packages/core/src/amf/amf-equality.ts";
import type { FuzzTarget } from "../fuzz-target.ts";

/** AMF3 values: whatever is decoded is encoded and decoded again to the same, alone and behind AMF0's switch. */
export const target: FuzzTarget = {
	name: "amf3",
	seeds: () => AMF_CASES.filter(each => each.encoding === 3).map(each => bytesOf(each.bytes)),
	run(input) {
		const values = decoded(input);
		if (values === undefined) return;
		for (const value of values) {
			if (inspectAmf(value).length > 500) throw new Error("inspectAmf is longer than it promises.");
		}
		mustEqual(
			values,
			encoded(values, () => encodeAmf3(...values)),
			decodeAmf3,
		);
		mustEqual(
			values,
			encoded(values, () => encodeValues(values, 3)),
			decodeAmf0,
		);
	},
};

function decoded(input: Uint8Array): AmfValue[] | undefined {
	try {
		return decodeAmf3(input);
	} catch (error) {
		if (error instanceof MillraceError) return undefined;
		throw error;
	}
}

function encoded(values: readonly AmfValue[], encode: () => Uint8Array): Uint8Array | undefined {
	try {
		return encode();
	} catch (error) {
		if (error instanceof MillraceError) {
			// Few bytes of references may stand for more than an encoder is to write.
			if (error.message.includes("more than 16777216 bytes")) return undefined;
			throw new Error(`${values.map(value => inspectAmf(value)).join(", ")} cannot be written.`, { cause: error });
		}
		throw error;
	}
}

/** Objects that came shared by several top-level values are written for each of them, hence no identity. */
function mustEqual(
	expected: readonly AmfValue[],
	bytes: Uint8Array | undefined,
	decode: (bytes: Uint8Array) => AmfValue[],
): void {
	if (bytes === undefined) return;
	const actual = decode(bytes);
	if (expected.length !== actual.length) throw new Error(`${expected.length} values became ${actual.length}.`);
	for (const [index, value] of expected.entries()) {
		if (equalAmf(value, actual[index], false)) continue;
		throw new Error(`A value changed from ${inspectAmf(value)} to ${inspectAmf(actual[index])}.`);
	}
}
