import type { AmfWriteOptions } from "./amf-sink.ts";
import type { AmfReadOptions } from "./amf-source.ts";
import type { AmfValue } from "./amf-types.ts";
import { Amf0Reader } from "./amf0-reader.ts";
import { Amf0Writer } from "./amf0-writer.ts";
import { Amf3Reader } from "./amf3-reader.ts";
import { Amf3Writer } from "./amf3-writer.ts";

/** The encoding that a connection negotiated (`objectEncoding` of connect): AMF0 or AMF3. */
export type ObjectEncoding = 0 | 3;

/**
 * All AMF0 values of a message or script tag, AMF3 values behind marker 11 among them. Bytes after the last value that
 * cannot begin another one (a reserved marker, zeros, a second end of object) are left out, as Flash does; a value that
 * breaks off throws a `PeerError`.
 */
export function decodeAmf0(bytes: Uint8Array, options?: AmfReadOptions): AmfValue[] {
	const reader = new Amf0Reader(bytes, options);
	const values: AmfValue[] = [];
	while (!reader.atEnd && !(values.length > 0 && isAmf0Garbage(bytes, reader.position))) values.push(reader.read());
	return values;
}

/**
 * All AMF3 values, which follow each other and share their tables. Bytes after the last value that begin with no marker
 * are left out; a value that breaks off throws a `PeerError`.
 */
export function decodeAmf3(bytes: Uint8Array, options?: AmfReadOptions): AmfValue[] {
	const reader = new Amf3Reader(bytes, options);
	const values: AmfValue[] = [];
	while (!reader.atEnd && !(values.length > 0 && bytes[reader.position]! > 0x11)) values.push(reader.read());
	return values;
}

/** The values in AMF0. Throws a `UsageError` for what AMF0 cannot hold. */
export function encodeAmf0(...values: readonly AmfValue[]): Uint8Array {
	return encodeValues(values, 0);
}

/** The values in AMF3, without any switch from AMF0. Throws a `UsageError` for what cannot be written. */
export function encodeAmf3(...values: readonly AmfValue[]): Uint8Array {
	const writer = new Amf3Writer();
	for (const value of values) writer.write(value);
	return writer.finish();
}

/**
 * What a command or data message carries, behind the format selector where the type has one (17, 15). With encoding 3,
 * objects of every kind are AMF3 behind marker 11, while numbers, strings, booleans, null and undefined stay AMF0, as
 * Flash writes them. With encoding 0, what only AMF3 has throws a `UsageError`.
 */
export function encodeValues(
	values: readonly AmfValue[],
	objectEncoding: ObjectEncoding,
	options?: AmfWriteOptions,
): Uint8Array {
	const writer = new Amf0Writer(options);
	for (const value of values) {
		if (objectEncoding === 3 && typeof value === "object" && value !== null) writer.writeAvmPlus(value);
		else writer.write(value);
	}
	return writer.finish();
}

/** The greatest AMF0 marker, and those below it that begin no value: movie clip, object end, record set. */
const LAST_MARKER = 0x11;
const NOT_A_VALUE: readonly number[] = [0x04, 0x09, 0x0e];

/** Whether what is left is no value. It is decided by the first byte, but for zeros, which also mark a number. */
function isAmf0Garbage(bytes: Uint8Array, position: number): boolean {
	const marker = bytes[position]!;
	if (marker !== 0) return marker > LAST_MARKER || NOT_A_VALUE.includes(marker);
	const left = bytes.length - position;
	if (left >= 9) return false;
	for (let index = position; index < bytes.length - 1; index++) if (bytes[index] !== 0) return false;
	const last = bytes[bytes.length - 1];
	return last === 0 || (left === 3 && last === 9);
}
