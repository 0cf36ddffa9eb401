import type { ObjectEncoding } from "../amf/index.ts";
import { UsageError } from "../fault/index.ts";
import { amf0Form } from "./amf0-form.ts";
import { encodeSharedObjectMessage } from "./shared-object-codec.ts";
import type { SharedObjectMessage } from "./shared-object-message.ts";

/**
 * A master's message as bodies for all subscribers of one encoding: mostly one. What came in AMF3 and AMF0 has not is
 * left out of calls as it is of slots (`SlotValue`). Where the message is longer than `maxBytes`, by default what RTMP
 * allows, it becomes several; a call that is too long by itself is left out.
 */
export function encodeForSubscribers(
	message: SharedObjectMessage,
	encoding: ObjectEncoding,
	maxBytes?: number,
): Uint8Array[] {
	try {
		return [encodeSharedObjectMessage(message, encoding, maxBytes)];
	} catch (error) {
		if (!(error instanceof UsageError)) throw error;
	}
	return encoding === 0
		? encodePlain(withPlainCalls(message), encoding, maxBytes)
		: inHalves(message, encoding, maxBytes);
}

function encodePlain(message: SharedObjectMessage, encoding: ObjectEncoding, maxBytes?: number): Uint8Array[] {
	try {
		return [encodeSharedObjectMessage(message, encoding, maxBytes)];
	} catch (error) {
		if (!(error instanceof UsageError)) throw error;
		return inHalves(message, encoding, maxBytes);
	}
}

function inHalves(message: SharedObjectMessage, encoding: ObjectEncoding, maxBytes?: number): Uint8Array[] {
	const { events } = message;
	if (events.length < 2) return [];
	const middle = events.length >> 1;
	return [events.slice(0, middle), events.slice(middle)].flatMap(half =>
		encodePlain({ ...message, events: half }, encoding, maxBytes),
	);
}

function withPlainCalls(message: SharedObjectMessage): SharedObjectMessage {
	const events = message.events.map(event =>
		event.kind === "send" ? { ...event, args: event.args.map(value => amf0Form(value)) } : event,
	);
	return { ...message, events };
}
