import type { AmfValue } from "@millrace/core/amf";
import { MillraceError } from "@millrace/core/fault";
import {
	decodeSharedObjectMessage,
	encodeForSubscribers,
	encodeSharedObjectMessage,
	SharedObjectMaster,
	type SharedObjectMessage,
	SharedObjectReplica,
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
		offer(message, input.length);
	},
};

/** A server's and a client's object take every message that can be read, whatever it says. */
function offer(message: SharedObjectMessage, bytes: number): void {
	const use = { ...message, events: [{ kind: "use" } as const] };
	const master = new SharedObjectMaster(message.name, true, {
		send: (receivers, answer) => {
			if (receivers.length > 2) throw new Error(`There are ${receivers.length} receivers.`);
			for (const encoding of [0, 3] as const) encodeForSubscribers(answer, encoding);
		},
	});
	for (const id of ["author", "other"]) master.receive(id, 0, use, bytes);
	master.receive("author", 3, message, bytes);
	master.lock(0);
	master.receive("other", 0, message, bytes);
	master.unlock();
	const { bytes: held, num_properties: slots } = master.stats;
	if (master.state.slots.length !== slots || held < slots) throw new Error(`${slots} slots, ${held} bytes.`);

	const handler = {
		send: () => undefined,
		onSync: () => undefined,
		onSend: () => undefined,
		onStatus: () => undefined,
	};
	const replica = new SharedObjectReplica(message.name, handler, { persistent: false });
	replica.connect();
	replica.receive({ ...message, events: [{ kind: "use-success" }] });
	for (const event of message.events) if ("name" in event) replica.setDirty(event.name);
	replica.flush();
	replica.receive(message);
	replica.receive({ ...message, version: message.version + 1 });
}

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
