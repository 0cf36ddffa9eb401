import {
	Amf3Reader,
	Amf3Writer,
	type AmfClassRegistry,
	type AmfLimits,
	type AmfObject,
	type AmfValue,
} from "@millrace/core/amf";
import { PeerError } from "@millrace/core/fault";
import { NET_STATUS, type NetStatus } from "@millrace/core/rtmp";
import {
	type ClientFacts,
	PORT_QUESTIONS,
	type PortEffect,
	type PortEvent,
	type RecordedFacts,
	SERVER_CALLS,
	STREAM_ACTIONS,
	type StreamFacts,
} from "./port.ts";

/**
 * A port's events and effects as bytes: each an AMF3 array of the number of its kind and its fields in order. An
 * application is a peer that may be hostile, so what it sends is read with limits and checked field by field.
 */

/** How much one event or effect may make the decoder do. Its length is held against the limit for frames. */
export const PORT_AMF_LIMITS: AmfLimits = { depth: 72, values: 1_000_000, keyBytes: 65_535 };

/** How values cross the port on the application's side. */
export type PortCodecOptions = {
	/** The classes that the application has registered. Default: none. */
	readonly classes?: AmfClassRegistry | undefined;
	/** Bytes of one event or effect. More throws a `UsageError`. Default 16 MiB. */
	readonly maxBytes?: number | undefined;
};

/** Throws a `UsageError` for values that AMF cannot hold, or that are too large. */
export function encodeEvent(event: PortEvent): Uint8Array {
	return encodeFields(eventFields(event), {});
}

/** Throws a `UsageError` for values that AMF cannot hold, or that are too large. */
export function encodeEffect(effect: PortEffect, options: PortCodecOptions = {}): Uint8Array {
	return encodeFields(effectFields(effect), options);
}

/** Throws a `PeerError` for bytes that are no event. */
export function decodeEvent(bytes: Uint8Array, options: PortCodecOptions = {}): PortEvent {
	return readEvent(decodeFields(bytes, options));
}

/** Throws a `PeerError` for whatever an application may not say. */
export function decodeEffect(bytes: Uint8Array): PortEffect {
	return readEffect(decodeFields(bytes, {}));
}

/** What hosts and their runtimes tell each other beside the ports: a word and what belongs to it. */
export function encodeControl(word: string, ...values: readonly AmfValue[]): Uint8Array {
	return encodeFields([word, ...values], {});
}

/** Throws a `PeerError` for bytes that are no control message. */
export function decodeControl(bytes: Uint8Array): { readonly word: string; readonly values: readonly AmfValue[] } {
	const [word, ...values] = list(decodeFields(bytes, {}));
	return { word: text(word), values };
}

type Fields = readonly AmfValue[];

function encodeFields(fields: Fields, { classes, maxBytes }: PortCodecOptions): Uint8Array {
	const writer = new Amf3Writer({
		depth: PORT_AMF_LIMITS.depth,
		...(classes && { classes }),
		...(maxBytes && { maxBytes }),
	});
	writer.write(fields as AmfValue[]);
	return writer.finish();
}

function decodeFields(bytes: Uint8Array, { classes }: PortCodecOptions): AmfValue {
	return new Amf3Reader(bytes, { limits: PORT_AMF_LIMITS, ...(classes && { classes }) }).read();
}

function eventFields(event: PortEvent): Fields {
	switch (event.kind) {
		case "connect":
			return [0, { ...event.client, args: [...event.client.args] }];
		case "disconnect":
			return [1, event.client];
		case "call":
			return [2, event.client, event.call, event.name, [...event.args]];
		case "answer":
			return [3, event.client, event.call, event.failed, event.value];
		case "publish":
			return [4, event.client, event.request, { ...event.stream }];
		case "unpublish":
			return [5, event.client, { ...event.stream }];
		case "play":
			return [6, event.client, event.request, { ...event.stream }];
		case "stop":
			return [7, event.client, { ...event.stream }];
		case "shared-object":
			return [8, event.client, event.type, event.body];
		case "recorded":
			return [9, { ...event.file }];
		case "stream-status":
			return [10, event.stream, event.status, event.push ?? 0];
		case "reply":
			return [11, event.ask, event.failed, event.value];
		case "idle":
			return [12];
	}
}

/** The media side is trusted: its objects are what they are. */
function readEvent(fields: AmfValue): PortEvent {
	if (!Array.isArray(fields)) throw malformed("an event is no array");
	const [kind, a, b, c, d] = fields;
	switch (kind) {
		case 0:
			return { kind: "connect", client: a as unknown as ClientFacts };
		case 1:
			return { kind: "disconnect", client: text(a) };
		case 2:
			return { kind: "call", client: text(a), call: number(b), name: text(c), args: list(d) };
		case 3:
			return { kind: "answer", client: text(a), call: number(b), failed: c === true, value: d };
		case 4:
			return { kind: "publish", client: text(a), request: number(b), stream: c as unknown as StreamFacts };
		case 5:
			return { kind: "unpublish", client: text(a), stream: b as unknown as StreamFacts };
		case 6:
			return { kind: "play", client: text(a), request: number(b), stream: c as unknown as StreamFacts };
		case 7:
			return { kind: "stop", client: text(a), stream: b as unknown as StreamFacts };
		case 8:
			return { kind: "shared-object", client: text(a), type: sharedObjectType(b), body: bytes(c) };
		case 9:
			return { kind: "recorded", file: a as unknown as RecordedFacts };
		case 10:
			// Other servers have codes of their own.
			return { kind: "stream-status", stream: text(a), status: b as NetStatus, ...(c !== 0 && { push: number(c) }) };
		case 11:
			return { kind: "reply", ask: number(a), failed: b === true, value: c };
		case 12:
			return { kind: "idle" };
		default:
			throw malformed(`an event of kind ${String(kind)}`);
	}
}

function effectFields(effect: PortEffect): Fields {
	switch (effect.kind) {
		case "accept":
			return [0, effect.client, effect.isMeasured === true];
		case "reject":
			return [1, effect.client, effect.status];
		case "result":
			return [2, effect.client, effect.call, effect.value];
		case "error":
			return [3, effect.client, effect.call, effect.status];
		case "call":
			return [4, effect.client, effect.call, effect.name, [...effect.args]];
		case "broadcast":
			return [5, effect.name, [...effect.args]];
		case "allow":
			return [6, effect.client, effect.request];
		case "refuse":
			return [7, effect.client, effect.request, effect.status];
		case "access":
			return [8, effect.client, effect.read, effect.write];
		case "bandwidth":
			return [9, effect.client, effect.toClient, effect.fromClient];
		case "shared-object":
			return [10, [...effect.clients], effect.type, effect.body];
		case "stream":
			return [11, effect.stream, effect.action, [...effect.args]];
		case "ask":
			return [12, effect.ask, effect.question, [...effect.args], effect.isAwaited];
		case "close":
			return [13, effect.client];
		case "log":
			return [14, effect.level, effect.text];
		case "shutdown":
			return [15];
		case "handles":
			return [16, [...effect.names]];
		case "decline":
			return [17, effect.client, effect.call];
		case "sample-access":
			return [18, effect.client, effect.audio, effect.video];
		case "unload":
			return [19];
		case "virtual-key":
			return [20, effect.client, effect.key];
	}
}

function readEffect(fields: AmfValue): PortEffect {
	if (!Array.isArray(fields)) throw malformed("an effect is no array");
	const [kind, a, b, c, d] = fields;
	switch (kind) {
		case 0:
			return { kind: "accept", client: text(a), isMeasured: b === true };
		case 1:
			return { kind: "reject", client: text(a), status: readStatus(b) };
		case 2:
			return { kind: "result", client: text(a), call: number(b), value: c };
		case 3:
			return { kind: "error", client: text(a), call: number(b), status: readStatus(c) };
		case 4:
			return { kind: "call", client: text(a), call: number(b), name: text(c), args: list(d) };
		case 5:
			return { kind: "broadcast", name: text(a), args: list(b) };
		case 6:
			return { kind: "allow", client: text(a), request: number(b) };
		case 7:
			return { kind: "refuse", client: text(a), request: number(b), status: readStatus(c) };
		case 8:
			return { kind: "access", client: text(a), read: text(b), write: text(c) };
		case 9:
			return { kind: "bandwidth", client: text(a), toClient: rate(b), fromClient: rate(c) };
		case 10:
			return { kind: "shared-object", clients: list(a).map(text), type: sharedObjectType(b), body: bytes(c) };
		case 11:
			return { kind: "stream", stream: text(a), action: oneOf(STREAM_ACTIONS, b), args: list(c) };
		case 12:
			return {
				kind: "ask",
				ask: number(a),
				question: oneOf(PORT_QUESTIONS, b),
				args: list(c),
				isAwaited: d === true,
			};
		case 13:
			return { kind: "close", client: text(a) };
		case 14:
			return { kind: "log", level: oneOf(LOG_LEVELS, a), text: text(b) };
		case 15:
			return { kind: "shutdown" };
		case 16:
			return { kind: "handles", names: list(a).map(name => oneOf(SERVER_CALLS, name)) };
		case 17:
			return { kind: "decline", client: text(a), call: number(b) };
		case 18:
			return { kind: "sample-access", client: text(a), audio: text(b), video: text(c) };
		case 19:
			return { kind: "unload" };
		case 20:
			return { kind: "virtual-key", client: text(a), key: text(b) };
		default:
			throw malformed(`an effect of kind ${String(kind)}`);
	}
}

const LOG_LEVELS = ["debug", "info", "warn", "error"] as const;

/** A status has a known code or one of the application's own, a level, and a description; what else it has is kept. */
function readStatus(value: AmfValue): NetStatus {
	if (typeof value !== "object" || value === null) throw malformed("a status is no object");
	const { code, level, description } = value as AmfObject;
	if (typeof code !== "string" || typeof description !== "string") throw malformed("a status without code");
	if (!Object.hasOwn(NET_STATUS, code)) throw malformed("a status with an unknown code");
	if (level !== "status" && level !== "warning" && level !== "error") throw malformed("a status without level");
	return value as NetStatus;
}

function text(value: AmfValue): string {
	if (typeof value !== "string") throw malformed("text was expected");
	return value;
}

function number(value: AmfValue): number {
	if (typeof value !== "number" || !Number.isFinite(value)) throw malformed("a number was expected");
	return value;
}

function rate(value: AmfValue): number {
	return value === Number.POSITIVE_INFINITY ? value : Math.max(0, number(value));
}

function list(value: AmfValue): AmfValue[] {
	if (!Array.isArray(value)) throw malformed("a list was expected");
	return value;
}

function bytes(value: AmfValue): Uint8Array {
	if (!(value instanceof Uint8Array)) throw malformed("bytes were expected");
	return value;
}

function sharedObjectType(value: AmfValue): 16 | 19 {
	if (value !== 16 && value !== 19) throw malformed("no message type of shared objects");
	return value;
}

function oneOf<T extends string>(known: readonly T[], value: AmfValue): T {
	const found = known.find(each => each === value);
	if (found === undefined) throw malformed("an unknown word");
	return found;
}

function malformed(what: string): PeerError {
	return new PeerError("APPLICATION_MALFORMED", what);
}
