import {
	AMF_LIMITS,
	type AmfClassRegistry,
	type AmfLimits,
	type AmfValue,
	type AmfWriteOptions,
	decodeAmf0,
	encodeValues,
	type ObjectEncoding,
} from "../../amf/index.ts";
import { PeerError } from "../../fault/index.ts";
import { TYPE_COMMAND, TYPE_COMMAND_AMF3 } from "./message-type.ts";

/** A command message (RTMP 1.0 §7.2): a call, a reply or a status. */
export type Command = {
	readonly name: string;
	/** 0: no reply is wanted. */
	readonly transactionId: number;
	/** The command object; nearly always `null` except in `connect` and its reply. */
	readonly object: AmfValue;
	readonly args: readonly AmfValue[];
};

/**
 * Reads a command of type 20 or 17. Type 17 begins with a format selector, 0, before values in AMF0 that may switch
 * to AMF3; some clients leave the selector out, which a string's marker in its place shows.
 *
 * @throws PeerError MESSAGE_MALFORMED where there is no name, or an AMF fault
 */
export function decodeCommand(
	type: number,
	payload: Uint8Array,
	limits: AmfLimits = AMF_LIMITS,
	classes?: AmfClassRegistry,
): Command {
	const options = classes === undefined ? { limits } : { limits, classes };
	const values = decodeAmf0(valueBytes(type === TYPE_COMMAND_AMF3, payload), options);
	const name = values[0];
	if (typeof name !== "string") throw new PeerError("MESSAGE_MALFORMED", "A command has no name.");
	const transactionId = typeof values[1] === "number" && Number.isFinite(values[1]) ? values[1] : 0;
	return { name, transactionId, object: values.length > 2 ? values[2] : null, args: values.slice(3) };
}

/** The bytes of the AMF values in a message that may have a format selector in front. */
export function valueBytes(mayHaveSelector: boolean, payload: Uint8Array): Uint8Array {
	return mayHaveSelector && payload[0] === 0 ? payload.subarray(1) : payload;
}

/** Message type of commands under an object encoding. */
export function commandType(encoding: ObjectEncoding): number {
	return encoding === 3 ? TYPE_COMMAND_AMF3 : TYPE_COMMAND;
}

/**
 * Payload of a command, with the format selector where the encoding has one.
 *
 * @throws UsageError AMF_UNENCODABLE for values that the encoding cannot hold
 */
export function encodeCommand(
	encoding: ObjectEncoding,
	name: string,
	transactionId: number,
	object: AmfValue,
	args: readonly AmfValue[],
	classes?: AmfClassRegistry,
): Uint8Array {
	return withSelector(encoding, encodeValues([name, transactionId, object, ...args], encoding, optionsOf(classes)));
}

/** Payload of a data message: a handler's name and its arguments. */
export function encodeData(
	encoding: ObjectEncoding,
	handler: string,
	args: readonly AmfValue[],
	classes?: AmfClassRegistry,
): Uint8Array {
	return withSelector(encoding, encodeValues([handler, ...args], encoding, optionsOf(classes)));
}

function optionsOf(classes: AmfClassRegistry | undefined): AmfWriteOptions | undefined {
	return classes && { classes };
}

function withSelector(encoding: ObjectEncoding, values: Uint8Array): Uint8Array {
	if (encoding === 0) return values;
	const payload = new Uint8Array(values.length + 1);
	payload.set(values, 1);
	return payload;
}
