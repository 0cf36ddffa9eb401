import { deflateRawSync, deflateSync, inflateRawSync, inflateSync } from "node:zlib";
import { Amf0Reader, Amf3Reader, encodeAmf0, encodeAmf3 } from "@millrace/core/amf";
import { decodeUtf8, encodeUtf8 } from "@millrace/core/bytes";
import { ByteBuffer, MAX_BYTE_ARRAY_BYTES } from "./byte-buffer.ts";
import type { NativeClass, ScriptFunction, ScriptObject, ScriptValue } from "./native-class.ts";
import type { ScriptRealm } from "./script-realm.ts";
import { decodeCharset, encodeCharset } from "./text-bytes.ts";

type Method = (self: ScriptObject, args: readonly ScriptValue[]) => ScriptValue;

const BUFFERS = new WeakMap<object, ByteBuffer>();

/**
 * Defines `ByteArray`, which is ActionScript 3's but for `inflate` and `deflate`. Objects are written as AMF3 unless
 * `objectEncoding` (or `ByteArray.defaultObjectEncoding`, for new arrays) says 0. Bytes are reached by index, too.
 */
export function defineByteArray(realm: ScriptRealm): void {
	const type: ScriptFunction = realm.defineClass({
		...byteArrayClass(realm, () => Reflect.get(type, "defaultObjectEncoding") === 0),
		fromAmf(value) {
			if (!(value instanceof Uint8Array)) return undefined;
			const object = realm.instantiate(type);
			BUFFERS.set(object, new ByteBuffer(value));
			return object;
		},
	});
	Reflect.set(type, "defaultObjectEncoding", 3);
	addIndexes(realm, Reflect.get(type, "prototype") as ScriptObject);
}

/** The bytes of a ByteArray, as they are stored, or `undefined` where the value is none. */
export function byteArrayBytes(value: ScriptValue): Uint8Array | undefined {
	return typeof value === "object" && value !== null ? BUFFERS.get(value)?.bytes : undefined;
}

function byteArrayClass(realm: ScriptRealm, isAmf0Default: () => boolean): NativeClass {
	return {
		name: "ByteArray",
		construct(self) {
			const bytes = new ByteBuffer();
			if (isAmf0Default()) bytes.objectEncoding = 0;
			BUFFERS.set(self, bytes);
		},
		methods: { ...numberMethods(), ...textMethods(), ...blockMethods(), ...objectMethods(realm) },
		accessors: {
			bytesAvailable: { get: self => buffer(self).available },
			length: {
				get: self => buffer(self).length,
				set: (self, value) => {
					buffer(self).length = toIndex(value);
				},
			},
			position: {
				get: self => buffer(self).position,
				set: (self, value) => {
					buffer(self).position = toIndex(value);
				},
			},
			endian: {
				get: self => (buffer(self).isLittleEndian ? "littleEndian" : "bigEndian"),
				set: (self, value) => {
					if (value !== "littleEndian" && value !== "bigEndian") {
						throw new TypeError("The endian of a ByteArray is bigEndian or littleEndian.");
					}
					buffer(self).isLittleEndian = value === "littleEndian";
				},
			},
			objectEncoding: {
				get: self => buffer(self).objectEncoding,
				set: (self, value) => {
					if (value !== 0 && value !== 3) throw new TypeError("The objectEncoding of a ByteArray is 0 or 3.");
					buffer(self).objectEncoding = value;
				},
			},
		},
		toAmf: self => new Uint8Array(buffer(self).bytes),
	};
}

/** `readByte` … `writeDouble`. */
function numberMethods(): Record<string, Method> {
	const methods: Record<string, Method> = {
		readBoolean: self => take(self, 1).getUint8(0) !== 0,
		writeBoolean: (self, [value]) => room(self, 1).setUint8(0, value ? 1 : 0),
	};
	for (const [name, bytes, read] of READS) {
		methods[`read${name}`] = self => read(take(self, bytes), buffer(self).isLittleEndian);
	}
	for (const [name, bytes, write] of WRITES) {
		methods[`write${name}`] = (self, [value]) => write(room(self, bytes), Number(value), buffer(self).isLittleEndian);
	}
	return methods;
}

const READS: readonly (readonly [string, number, (view: DataView, little: boolean) => number])[] = [
	["Byte", 1, view => view.getInt8(0)],
	["UnsignedByte", 1, view => view.getUint8(0)],
	["Short", 2, (view, little) => view.getInt16(0, little)],
	["UnsignedShort", 2, (view, little) => view.getUint16(0, little)],
	["Int", 4, (view, little) => view.getInt32(0, little)],
	["UnsignedInt", 4, (view, little) => view.getUint32(0, little)],
	["Float", 4, (view, little) => view.getFloat32(0, little)],
	["Double", 8, (view, little) => view.getFloat64(0, little)],
];

const WRITES: readonly (readonly [string, number, (view: DataView, value: number, little: boolean) => void])[] = [
	["Byte", 1, (view, value) => view.setInt8(0, value)],
	["Short", 2, (view, value, little) => view.setInt16(0, value, little)],
	["Int", 4, (view, value, little) => view.setInt32(0, value, little)],
	["UnsignedInt", 4, (view, value, little) => view.setUint32(0, value, little)],
	["Float", 4, (view, value, little) => view.setFloat32(0, value, little)],
	["Double", 8, (view, value, little) => view.setFloat64(0, value, little)],
];

function textMethods(): Record<string, Method> {
	return {
		readUTF: self => decodeUtf8(takeBytes(self, take(self, 2).getUint16(0, buffer(self).isLittleEndian))),
		readUTFBytes: (self, [count]) => decodeCharset(takeBytes(self, toIndex(count)), "utf-8"),
		readMultiByte: (self, [count, charset]) => decodeCharset(takeBytes(self, toIndex(count)), String(charset)),
		writeUTF(self, [text]) {
			const bytes = encodeUtf8(String(text));
			if (bytes.length > 0xffff) throw new RangeError("The text of writeUTF has at most 65535 bytes.");
			room(self, 2).setUint16(0, bytes.length, buffer(self).isLittleEndian);
			buffer(self).put(bytes);
		},
		writeUTFBytes: (self, [text]) => buffer(self).put(encodeUtf8(String(text))),
		writeMultiByte: (self, [text, charset]) => buffer(self).put(encodeCharset(String(text), String(charset))),
		toString: (self: ScriptObject) => decodeCharset(buffer(self).bytes, "utf-8"),
	};
}

function blockMethods(): Record<string, Method> {
	return {
		readBytes(self, [target, offset, length]) {
			const to = buffer(target);
			const bytes = new Uint8Array(takeBytes(self, toIndex(length) || buffer(self).available));
			const { position } = to;
			to.position = toIndex(offset);
			to.put(bytes);
			to.position = position;
		},
		writeBytes(self, [source, offset, length]) {
			const from = buffer(source);
			const start = toIndex(offset);
			const end = length === undefined || length === 0 ? from.length : start + toIndex(length);
			if (start > from.length || end > from.length) throw new RangeError("Error #2006: The index is out of bounds.");
			buffer(self).put(from.bytes.slice(start, end));
		},
		clear: self => buffer(self).replace(new Uint8Array()),
		compress(self, [algorithm]) {
			const bytes = buffer(self);
			bytes.replace((isRaw(algorithm) ? deflateRawSync : deflateSync)(bytes.bytes));
			bytes.position = bytes.length;
		},
		uncompress(self, [algorithm]) {
			const bytes = buffer(self);
			bytes.replace(unpack(bytes.bytes, isRaw(algorithm)));
		},
	};
}

function objectMethods(realm: ScriptRealm): Record<string, Method> {
	return {
		readObject(self) {
			const bytes = buffer(self);
			if (bytes.available === 0) throw endOfFile();
			const Reader = bytes.objectEncoding === 0 ? Amf0Reader : Amf3Reader;
			const reader = new Reader(bytes.bytes.slice(bytes.position));
			const value = reader.read();
			bytes.position += reader.position;
			return realm.toScript(value);
		},
		writeObject(self, [value]) {
			const encode = buffer(self).objectEncoding === 0 ? encodeAmf0 : encodeAmf3;
			buffer(self).put(encode(realm.fromScript(value)));
		},
	};
}

/**
 * Lets `bytes[3]` be read and written. The members have no names of their own: what an array lacks is looked for behind
 * its prototype, where the functions are the realm's, as all that a script runs into.
 */
function addIndexes(realm: ScriptRealm, prototype: ScriptObject): void {
	const base = Object.getPrototypeOf(prototype) as ScriptObject;
	const handler = {
		get: realm.makeFunction("get", (_self, [target, name, receiver]) => {
			const index = indexOf(name);
			const bytes = byteArrayBytes(receiver);
			if (index !== undefined && bytes !== undefined) return bytes[index];
			return Reflect.get(target as object, name as PropertyKey, receiver);
		}),
		set: realm.makeFunction("set", (_self, [target, name, value, receiver]) => {
			const index = indexOf(name);
			const bytes = index === undefined ? undefined : BUFFERS.get(receiver as object);
			if (index === undefined || bytes === undefined) {
				return Reflect.set(target as object, name as PropertyKey, value, receiver);
			}
			if (index >= bytes.length) bytes.length = index + 1;
			bytes.bytes[index] = Number(value);
			return true;
		}),
	};
	Object.setPrototypeOf(prototype, new Proxy(base, handler as ProxyHandler<ScriptObject>));
}

function indexOf(name: unknown): number | undefined {
	return typeof name === "string" && /^(0|[1-9][0-9]{0,9})$/.test(name) ? Number(name) : undefined;
}

function buffer(object: ScriptValue): ByteBuffer {
	const found = typeof object === "object" && object !== null ? BUFFERS.get(object) : undefined;
	if (found === undefined) throw new TypeError("The object is no ByteArray.");
	return found;
}

function takeBytes(self: ScriptObject, count: number): Uint8Array {
	const bytes = buffer(self).take(count);
	if (bytes === undefined) throw endOfFile();
	return bytes;
}

function take(self: ScriptObject, count: number): DataView {
	return viewOf(takeBytes(self, count));
}

function room(self: ScriptObject, count: number): DataView {
	return viewOf(buffer(self).room(count));
}

function viewOf(bytes: Uint8Array): DataView {
	return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** As Flash numbers and words it. */
function endOfFile(): Error {
	return new RangeError("Error #2030: End of file was encountered.");
}

/** A count or a place, as Flash's `uint` takes it. */
function toIndex(value: ScriptValue): number {
	return Number(value) >>> 0;
}

function isRaw(algorithm: ScriptValue): boolean {
	if (algorithm === undefined || algorithm === "zlib") return false;
	if (algorithm === "deflate") return true;
	throw new TypeError("The algorithm of a ByteArray is zlib or deflate.");
}

function unpack(bytes: Uint8Array, isRawDeflate: boolean): Uint8Array {
	try {
		return (isRawDeflate ? inflateRawSync : inflateSync)(bytes, { maxOutputLength: MAX_BYTE_ARRAY_BYTES });
	} catch {
		throw new RangeError("Error #2058: There was an error decompressing the data.");
	}
}
