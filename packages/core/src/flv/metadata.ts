import {
	Amf0Reader,
	type AmfClassRegistry,
	AmfEcmaArray,
	type AmfObject,
	type AmfValue,
	decodeAmf0,
	decodeAmf3,
	encodeAmf0,
} from "../amf/index.ts";
import { LimitError, PeerError } from "../fault/index.ts";
import { MEDIA_DATA, MEDIA_DATA_AMF3, MediaMessage } from "./media-message.ts";

/** What a data message says: the name of a handler at the client, and what it is called with. */
export type StreamData = {
	/** Such as `onMetaData`; with `@setDataFrame` and `@clearDataFrame`, the name that these are about. */
	readonly handler: string;
	/** What follows the name. */
	readonly values: readonly AmfValue[];
	/**
	 * `"set"`: the publisher asks to keep the data and send it to everyone who joins (`@setDataFrame`). `"clear"`: to
	 * forget it (`@clearDataFrame`).
	 */
	readonly keep: "set" | "clear" | undefined;
	/** The values broke off or were no AMF here; those before are whole. */
	readonly fault: PeerError | undefined;
};

/**
 * Reads the payload of a data message: type 18 in AMF0, type 15 behind its format selector, which some senders leave
 * out or write in type 18 too. What breaks off behind the name is told in `fault`, for encoders write metadata that
 * Flash still understands. Typed objects become instances of the classes that are known. Throws `PeerError` (`MESSAGE_MALFORMED`) without a name, and `LimitError` of the AMF reader.
 */
export function parseData(
	payload: Uint8Array,
	type: typeof MEDIA_DATA | typeof MEDIA_DATA_AMF3,
	classes?: AmfClassRegistry,
): StreamData {
	const { values, fault } = decodeLeniently(payload, type, classes);
	const [first, second] = values;
	if (typeof first !== "string") throw withoutName(fault);
	const keep = first === SET_DATA_FRAME ? "set" : first === CLEAR_DATA_FRAME ? "clear" : undefined;
	if (keep === undefined) return { handler: first, values: values.slice(1), keep, fault };
	if (typeof second !== "string") throw withoutName(fault);
	return { handler: second, values: values.slice(2), keep, fault };
}

/** The members of `onMetaData`'s value, an array with names or an object; `undefined` for any other data. */
export function metadataOf(data: StreamData): AmfObject | undefined {
	const [value] = data.values;
	if (data.handler !== "onMetaData" || typeof value !== "object" || value === null) return undefined;
	if (value instanceof AmfEcmaArray) return value.toObject();
	return isPlainObject(value) ? value : undefined;
}

/** The payload of a type 18 message, or script tag, `onMetaData` with these members as an array with names, in order. */
export function encodeMetadata(members: AmfObject): Uint8Array {
	return encodeAmf0("onMetaData", new AmfEcmaArray(Object.entries(members)));
}

/**
 * The data message as it stands in a file: without `@setDataFrame`. `undefined`: it has no place in a file
 * (`@clearDataFrame`, `|RtmpSampleAccess`). Messages of other types and unreadable ones are returned as they are.
 */
export function recordedData(message: MediaMessage): MediaMessage | undefined {
	if (message.type !== MEDIA_DATA && message.type !== MEDIA_DATA_AMF3) return message;
	const { payload } = message;
	const start = selectorBytes(payload);
	if (startsWithString(payload, start, CLEAR_DATA_FRAME)) return undefined;
	if (startsWithString(payload, start, SAMPLE_ACCESS)) return undefined;
	if (!startsWithString(payload, start, SET_DATA_FRAME)) return message;
	const end = start + STRING_HEAD_BYTES + SET_DATA_FRAME.length;
	const bare = new Uint8Array(payload.length - end + start);
	bare.set(payload.subarray(0, start));
	bare.set(payload.subarray(end), start);
	return new MediaMessage(message.type, message.timestamp, bare);
}

const SET_DATA_FRAME = "@setDataFrame";
const CLEAR_DATA_FRAME = "@clearDataFrame";
/** What a player may read of the stream's samples; a message of the server to one player. */
const SAMPLE_ACCESS = "|RtmpSampleAccess";

const FORMAT_SELECTOR = 0;
const AMF0_STRING = 2;
const AMF3_STRING = 6;
/** Marker and length. */
const STRING_HEAD_BYTES = 3;

function decodeLeniently(
	payload: Uint8Array,
	type: number,
	classes: AmfClassRegistry | undefined,
): { values: AmfValue[]; fault: PeerError | undefined } {
	const options = classes && { classes };
	const start = selectorBytes(payload);
	// Pure AMF3 is not what the specification says of type 15, but a name in it cannot be anything else.
	const isAmf3 = type === MEDIA_DATA_AMF3 && payload[start] === AMF3_STRING;
	const body = payload.subarray(start);
	try {
		return { values: isAmf3 ? decodeAmf3(body, options) : decodeAmf0(body, options), fault: undefined };
	} catch (fault) {
		if (!(fault instanceof PeerError) || fault instanceof LimitError) throw fault;
		return { values: isAmf3 ? [] : valuesBeforeFault(body), fault };
	}
}

function valuesBeforeFault(body: Uint8Array): AmfValue[] {
	const reader = new Amf0Reader(body);
	const values: AmfValue[] = [];
	try {
		while (!reader.atEnd) values.push(reader.read());
	} catch (fault) {
		// The caller holds this fault already.
		if (!(fault instanceof PeerError)) throw fault;
	}
	return values;
}

/** A format selector is a zero in front of a string's marker; a number, which begins so too, is no handler's name. */
function selectorBytes(payload: Uint8Array): number {
	const isSelected = payload[0] === FORMAT_SELECTOR && (payload[1] === AMF0_STRING || payload[1] === AMF3_STRING);
	return isSelected ? 1 : 0;
}

function startsWithString(payload: Uint8Array, start: number, ascii: string): boolean {
	if (payload[start] !== AMF0_STRING || payload[start + 1] !== 0 || payload[start + 2] !== ascii.length) return false;
	for (let index = 0; index < ascii.length; index++) {
		if (payload[start + STRING_HEAD_BYTES + index] !== ascii.charCodeAt(index)) return false;
	}
	return true;
}

function withoutName(fault: PeerError | undefined): PeerError {
	return new PeerError("MESSAGE_MALFORMED", fault?.message ?? "A data message begins with a handler's name.");
}

function isPlainObject(value: object): value is AmfObject {
	return Object.getPrototypeOf(value) === null || Object.getPrototypeOf(value) === Object.prototype;
}
