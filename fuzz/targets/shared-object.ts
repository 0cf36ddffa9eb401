import type { AmfValue } from "@millrace/core/amf";
import { MillraceError } from "@millrace/core/fault";
import {
	decodeSharedObjectMessage,
	encodeSharedObjectMessage,
	type SharedObjectMessage,
	type SharedObjectType,
	SlotValue,
} from "@millrace/core/shared-object";
import { bytesOf } from "../../packages/core/src/amf/amf-case.ts";
import { SHARED_OBJECT_CASES } from "../../packages/core/src/shared-object/shared-object-case.ts";
import { encodedOrTooLarge, mustEqual } from "../amf-oracle.ts";
import type { FuzzTarget } from "../fuzz-target.ts";

const LIMITS = { events: 1000, nameBytes: 1024, amf: { depth: 64, values: 10_000, keyBytes: 65_535 } };

/** Messages about shared objects, behind a byte for the type: whatever is read is written and read again to the same. */
export const target: FuzzTarget = {
	name: "shared-object",
	seeds: () => SHARED_OBJECT_CASES.map(each => Uint8Array.of(each.type, ...bytesOf(each.bytes))),
	run(input) {
		const type: SharedObjectType = input[0] === 16 ? 16 : 19;
		const message = decodedOrRefused(type, input.subarray(1));
		if (message === undefined) return;
		if (message.events.length > LIMITS.events) throw new Error(`There are ${message.events.length} events.`);
		const values = valuesOf(message);
		const written = encodedOrTooLarge(values, () => encodeSharedObjectMessage(message, 3), true);
		if (written === undefined) return;
		const again = decodedOrRefused(16, written);
		// What references stood for may be more than is read at once.
		if (again === undefined) return;
		if (again.name !== message.name || again.version !== message.version) throw new Error("The head changed.");
		mustEqual(namesOf(message), namesOf(again));
		// AMF0 has forms of its own for some of what comes as AMF3 the second time.
		if (type === 16 && values.every(isPlain)) mustEqual(values, valuesOf(again));
		makeForms(values);
	},
};

function decodedOrRefused(type: SharedObjectType, body: Uint8Array): SharedObjectMessage | undefined {
	try {
		return decodeSharedObjectMessage(type, body, LIMITS);
	} catch (error) {
		if (error instanceof MillraceError) return undefined;
		throw error;
	}
}

function namesOf(message: SharedObjectMessage): AmfValue[] {
	return message.events.map(event => ("name" in event ? `${event.kind} ${event.name}` : event.kind));
}

function valuesOf(message: SharedObjectMessage): AmfValue[] {
	return message.events.flatMap(event => ("value" in event ? [event.value] : "args" in event ? [...event.args] : []));
}

function isPlain(value: AmfValue): boolean {
	return typeof value !== "object" || value === null;
}

/** A value that was read can be sent to clients of both encodings, unless it is too much. */
function makeForms(values: readonly AmfValue[]): void {
	for (const value of values) {
		try {
			const forms = new SlotValue(value);
			forms.form(0);
		} catch (error) {
			if (!(error instanceof MillraceError)) throw error;
		}
	}
}
