import { type AmfValue, inspectAmf } from "@millrace/core/amf";
import { MillraceError } from "@millrace/core/fault";
import { equalAmf } from "../packages/core/src/amf/amf-equality.ts";

/** What a decoder answers, or `undefined` when it refuses the input with a fault of ours; also shows each value. */
export function decodedOrRefused(decode: () => AmfValue[]): AmfValue[] | undefined {
	try {
		const values = decode();
		for (const value of values) {
			if (inspectAmf(value).length > 500) throw new Error("inspectAmf is longer than it promises.");
		}
		return values;
	} catch (error) {
		if (error instanceof MillraceError) return undefined;
		throw error;
	}
}

/**
 * What an encoder makes of decoded values, which it must be able to write, with two exceptions. A few bytes of
 * references may stand for more than an encoder is to write; and where `mayShare` says that the input had references
 * from one AMF context to another, which the encoder writes out, nesting grows.
 */
export function encodedOrTooLarge(
	values: readonly AmfValue[],
	encode: () => Uint8Array,
	mayShare: boolean,
): Uint8Array | undefined {
	try {
		return encode();
	} catch (error) {
		if (!(error instanceof MillraceError)) throw error;
		if (error.message.includes("more than 16777216 bytes")) return undefined;
		if (mayShare && error.message.includes("nested deeper")) return undefined;
		throw new Error(`${values.map(value => inspectAmf(value)).join(", ")} cannot be written.`, { cause: error });
	}
}

/** Throws unless the values are the same, identity aside: what contexts shared is written for each of them. */
export function mustEqual(expected: readonly AmfValue[], actual: readonly AmfValue[]): void {
	if (expected.length !== actual.length) throw new Error(`${expected.length} values became ${actual.length}.`);
	for (const [index, value] of expected.entries()) {
		if (equalAmf(value, actual[index], false)) continue;
		throw new Error(`A value changed from ${inspectAmf(value)} to ${inspectAmf(actual[index])}.`);
	}
}
