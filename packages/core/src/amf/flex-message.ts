import type { AmfObject, AmfValue } from "./amf-types.ts";
import { AmfEcmaArray, AmfTypedObject } from "./amf-types.ts";

/** A call in Flex's envelope (`flex.messaging.messages.RemotingMessage`). */
export type FlexCall = {
	readonly kind: "call";
	/** The service that is called. */
	readonly destination: string;
	/** Its method. */
	readonly operation: string;
	readonly args: readonly AmfValue[];
} & FlexEnvelope;

/** What a Flex channel asks of the server itself (`CommandMessage`, or its small form `DSC`). */
export type FlexCommand = { readonly kind: "command"; readonly operation: number } & FlexEnvelope;

/** A message of another kind (`AsyncMessage`, `HTTPMessage`, …), or one that lacks what its kind has. */
export type FlexOther = { readonly kind: "other"; readonly className: string } & FlexEnvelope;

export type FlexMessage = FlexCall | FlexCommand | FlexOther;

type FlexEnvelope = {
	/** What the answer's `correlationId` is to be. */
	readonly messageId: AmfValue;
	readonly clientId: AmfValue;
	readonly destination: string;
};

/** Operations of a `CommandMessage` that mean something to a gateway. */
export const FLEX_COMMAND = { ping: 5, login: 8, logout: 9 } as const;

/** What an answer in Flex's envelope is made with. */
export type FlexStamp = {
	/** An identifier that no other message has. */
	readonly messageId: string;
	/** Milliseconds since 1970. */
	readonly timestamp: number;
};

/** Reads a message of Flex out of the arguments of a call whose target is `null`. `undefined`: it is none. */
export function readFlexMessage(args: AmfValue): FlexMessage | undefined {
	const first = Array.isArray(args) ? args[0] : args;
	if (!(first instanceof AmfTypedObject)) return undefined;
	const { className, members } = first;
	const destination = typeof members["destination"] === "string" ? members["destination"] : "";
	const envelope = { messageId: idOf(members, "messageId"), clientId: idOf(members, "clientId"), destination };
	const { operation } = members;
	if (className === `${PACKAGE}RemotingMessage` && typeof operation === "string") {
		return { kind: "call", ...envelope, operation, args: listOf(members["body"]) };
	}
	if ((className === `${PACKAGE}CommandMessage` || className === "DSC") && typeof operation === "number") {
		return { kind: "command", ...envelope, operation };
	}
	const isMessage = className.startsWith(PACKAGE) || SMALL_MESSAGES.includes(className);
	return isMessage ? { kind: "other", ...envelope, className } : undefined;
}

/** The `AcknowledgeMessage` that answers a message with a result. */
export function flexResult(request: FlexMessage, body: AmfValue, stamp: FlexStamp): AmfTypedObject {
	return new AmfTypedObject(`${PACKAGE}AcknowledgeMessage`, answerMembers(request, body, stamp));
}

/** The `ErrorMessage` that answers a message with a fault. */
export function flexFault(
	request: FlexMessage,
	fault: { readonly code: string; readonly text: string; readonly detail: string; readonly data?: AmfValue },
	stamp: FlexStamp,
): AmfTypedObject {
	const members = answerMembers(request, null, stamp);
	members["faultCode"] = fault.code;
	members["faultString"] = fault.text;
	members["faultDetail"] = fault.detail;
	members["rootCause"] = null;
	members["extendedData"] = fault.data ?? null;
	return new AmfTypedObject(`${PACKAGE}ErrorMessage`, members);
}

const PACKAGE = "flex.messaging.messages.";
const SMALL_MESSAGES = ["DSA", "DSC", "DSK"];

/** An identifier, which small forms of messages carry as its 16 bytes. */
function idOf(members: AmfObject, name: "messageId" | "clientId"): AmfValue {
	const bytes = members[`${name}Bytes`];
	if (!(bytes instanceof Uint8Array) || bytes.length !== 16) return members[name];
	const digits = Array.from(bytes, byte => byte.toString(16).padStart(2, "0")).join("");
	return digits.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-").toUpperCase();
}

function answerMembers({ messageId, clientId }: FlexEnvelope, body: AmfValue, stamp: FlexStamp): AmfObject {
	const members: AmfObject = Object.create(null);
	return Object.assign(members, {
		body,
		clientId: clientId ?? stamp.messageId,
		correlationId: messageId,
		destination: null,
		headers: Object.create(null) as AmfObject,
		messageId: stamp.messageId,
		timestamp: stamp.timestamp,
		timeToLive: 0,
	});
}

/** Arguments are an array; `null` stands for none. */
function listOf(body: AmfValue): readonly AmfValue[] {
	if (Array.isArray(body)) return body;
	if (body instanceof AmfEcmaArray) return body.dense;
	return body === null || body === undefined ? [] : [body];
}
