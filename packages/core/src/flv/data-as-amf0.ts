import { decodeAmf0, encodeValues } from "../amf/index.ts";
import { MillraceError } from "../fault/index.ts";

/**
 * The body of a type-15 (AMF3) data message as that of type 18, for receivers that know AMF0 alone; `undefined` where
 * AMF0 cannot hold it or the body is not AMF.
 */
export function dataAsAmf0(payload: Uint8Array): Uint8Array | undefined {
	try {
		return encodeValues(decodeAmf0(payload[0] === 0 ? payload.subarray(1) : payload), 0);
	} catch (error) {
		if (error instanceof MillraceError) return undefined;
		throw error;
	}
}
