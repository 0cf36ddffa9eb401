import type { ByteWriter } from "../bytes/index.ts";
import { utf8ByteLength } from "../bytes/index.ts";
import type { AmfExternalWriter } from "./amf-class-registry.ts";
import { isDense, kindOf, numberFrom } from "./amf-kind.ts";
import { AmfSink, type AmfWriteOptions, encodingError, unencodable } from "./amf-sink.ts";
import type { AmfEcmaArray, AmfObject, AmfTypedObject, AmfValue, AmfVector, AmfXml } from "./amf-types.ts";

const MAX_U29 = 0x1fff_ffff;

/**
 * Writes AMF3 values one after the other (AMF 3 specification §3). Plain objects and instances of unregistered classes
 * become anonymous dynamic objects, arrays with holes or named members associative arrays, maps dictionaries, safe
 * bigints numbers. Members that are functions are left out, as Flash does. An array with a member whose name is empty,
 * which AMF0 has and where an array of AMF3 would end, becomes an object: nothing is lost but that it was an array.
 *
 * References never cross from one top-level value to another. Peers disagree whether the tables go on there: Adobe's
 * own server libraries keep them for the whole message, others start afresh. So a value after the first refers to no
 * string or class once the earlier ones have filled those tables, and only to its own objects, at their index in the
 * message.
 *
 * What cannot be written throws a `UsageError` (`AMF_UNENCODABLE`) and leaves the writer unusable.
 */
export class Amf3Writer implements AmfExternalWriter {
	readonly #sink: AmfSink;
	/** The objects of the current top-level value, by the index they have in the whole message. */
	readonly #objects = new Map<object, number>();
	readonly #strings = new Map<string, number>();
	/** Traits by all that they say. */
	readonly #traits = new Map<string, number>();
	#objectCount = 0;
	#canReferToStrings = true;
	#canReferToTraits = true;

	/** AMF0's writer passes its own sink, so that bytes and bounds are shared; `options` are in it already. */
	constructor(options: AmfWriteOptions | AmfSink = {}) {
		this.#sink = options instanceof AmfSink ? options : new AmfSink(options);
	}

	/** Where externalizable classes write their own bytes. */
	get bytes(): ByteWriter {
		return this.#sink.out;
	}

	/** Appends a top-level value. */
	write(value: AmfValue): void {
		if (this.#objects.size > 0) this.#objects.clear();
		this.#canReferToStrings = this.#strings.size === 0;
		this.#canReferToTraits = this.#traits.size === 0;
		try {
			this.writeValue(value);
		} catch (error) {
			throw encodingError(error);
		}
	}

	/** All that was written, in an array of its own. The writer is spent then. */
	finish(): Uint8Array {
		return this.#sink.out.finish();
	}

	/** Writes a member's name outside of an object, as in local shared object files; it shares the string table. */
	writeKey(key: string): void {
		this.#string(key);
	}

	/** Writes a value inside the current one: for externalizable classes. */
	writeValue(value: AmfValue): void {
		const out = this.#sink.out;
		switch (typeof value) {
			case "number":
				this.#number(value);
				return;
			case "string":
				out.u8(0x06);
				this.#string(value);
				return;
			case "boolean":
				out.u8(value ? 0x03 : 0x02);
				return;
			case "undefined":
				out.u8(0x00);
				return;
			case "object":
				if (value === null) out.u8(0x01);
				else this.#object(value);
				return;
			default:
				this.#number(numberFrom(value));
		}
	}

	#number(value: number): void {
		const out = this.#sink.out;
		// Negative zero and what needs more than 29 bits are doubles.
		if ((value << 3) >> 3 === value && !Object.is(value, -0)) {
			out.u8(0x04);
			this.#u29(value & MAX_U29);
		} else {
			out.u8(0x05);
			out.f64(value);
		}
	}

	#u29(value: number): void {
		const out = this.#sink.out;
		if (value < 0x80) {
			out.u8(value);
		} else if (value < 0x4000) {
			out.u16(((value << 1) & 0x7f00) | 0x8000 | (value & 0x7f));
		} else if (value < 0x20_0000) {
			out.u24(((value << 2) & 0x7f_0000) | ((value << 1) & 0x7f00) | 0x80_8000 | (value & 0x7f));
		} else if (value <= MAX_U29) {
			out.u8((value >> 22) | 0x80);
			out.u8((value >> 15) | 0x80);
			out.u8((value >> 8) | 0x80);
			out.u8(value);
		} else {
			throw unencodable("A length or count needs more than 29 bits.");
		}
	}

	/** A length or count with the bit that says that no reference follows. */
	#inline(count: number): void {
		// Not shifted: large counts would become negative instead of being refused.
		this.#u29(count * 2 + 1);
	}

	#string(text: string): void {
		if (text === "") {
			this.#u29(1);
			return;
		}
		if (this.#canReferToStrings) {
			const known = this.#strings.get(text);
			if (known !== undefined) {
				this.#u29(known << 1);
				return;
			}
			this.#strings.set(text, this.#strings.size);
		}
		this.#text(text);
	}

	#text(text: string): void {
		this.#inline(utf8ByteLength(text));
		this.#sink.out.utf8(text);
	}

	#object(value: Exclude<AmfValue, undefined | null | boolean | number | string>): void {
		const kind = kindOf(value);
		switch (kind) {
			case "object":
				this.#plain(value);
				return;
			case "array":
				this.#array(value as AmfValue[]);
				return;
			case "ecma":
				this.#ecmaArray(value as AmfEcmaArray);
				return;
			case "typed":
				this.#typedObject(value as AmfTypedObject);
				return;
			case "date":
				if (!this.#begin(0x08, value)) return;
				this.#u29(1);
				this.#sink.out.f64((value as Date).getTime());
				return;
			case "xml":
				if (this.#begin((value as AmfXml).legacy ? 0x07 : 0x0b, value)) this.#text((value as AmfXml).text);
				return;
			case "map":
				this.#dictionary(value as Map<AmfValue, AmfValue>);
				return;
			case "bytes":
				if (!this.#begin(0x0c, value)) return;
				this.#inline((value as Uint8Array).length);
				this.#sink.out.bytes(value as Uint8Array);
				return;
			case "int-vector":
			case "uint-vector":
				this.#integerVector(kind === "int-vector" ? 0x0d : 0x0e, value as Int32Array);
				return;
			case "number-vector":
				this.#numberVector(value as Float64Array);
				return;
			case "vector":
				this.#vector(value as AmfVector);
		}
	}

	#array(array: AmfValue[]): void {
		if (Object.hasOwn(array, "")) {
			this.#anonymous(array, array as unknown as Members);
			return;
		}
		if (!this.#begin(0x09, array)) return;
		this.#sink.enter();
		if (isDense(array)) {
			this.#inline(array.length);
			this.#u29(1);
			this.#items(array);
		} else {
			// The items before the first hole stay positional, the others get their index as a name.
			let dense = 0;
			while (Object.hasOwn(array, dense)) dense++;
			this.#inline(dense);
			for (const key of Object.keys(array).slice(dense)) this.#namedItem(key, array[key as unknown as number]);
			this.#u29(1);
			for (let index = 0; index < dense; index++) this.writeValue(array[index]);
		}
		this.#sink.leave();
	}

	#ecmaArray(array: AmfEcmaArray): void {
		if (array.entries.has("")) {
			this.#anonymous(array, membersOf(array));
			return;
		}
		if (!this.#begin(0x09, array)) return;
		this.#sink.enter();
		this.#inline(array.dense.length);
		for (const [key, value] of array.entries) this.#namedItem(key, value);
		this.#u29(1);
		this.#items(array.dense);
		this.#sink.leave();
	}

	#namedItem(key: string, value: AmfValue): void {
		if (typeof value === "function") return;
		this.#string(key);
		this.writeValue(value);
	}

	#items(items: readonly AmfValue[]): void {
		for (let index = 0; index < items.length; index++) this.writeValue(items[index]);
	}

	#plain(object: object): void {
		const alias = this.#sink.classes.aliasOf(object);
		if (alias !== undefined) this.#typed(object, alias, object as Members, undefined);
		else this.#anonymous(object, object as Members);
	}

	#typedObject(object: AmfTypedObject): void {
		if (object.className === "") this.#anonymous(object, object.members);
		else this.#typed(object, object.className, object.members, object.sealedCount);
	}

	/** `identity` is the object that references name, `members` the one whose members are written. */
	#anonymous(identity: object, members: Members): void {
		if (!this.#begin(0x0a, identity)) return;
		this.#sink.enter();
		// An empty name ends the dynamic members, so a member of that name can only be sealed.
		const sealed = Object.hasOwn(members, "") && typeof members[""] !== "function" ? [""] : [];
		this.#writeTraits("", true, sealed);
		if (sealed.length > 0) this.writeValue(members[""]);
		this.#dynamic(members, Object.keys(members), 0);
		this.#sink.leave();
	}

	#typed(identity: object, className: string, members: Members, sealedCount: number | undefined): void {
		if (!this.#begin(0x0a, identity)) return;
		this.#sink.enter();
		const externalizable = sealedCount === undefined ? this.#sink.classes.externalizable(className) : undefined;
		if (externalizable !== undefined && (externalizable.holds?.(members) ?? true)) {
			this.#writeTraits(className, false, undefined);
			externalizable.write(this, members);
		} else {
			const keys = Object.keys(members).filter(key => typeof members[key] !== "function");
			const isDynamic = sealedCount !== undefined;
			const sealed = isDynamic ? keys.slice(0, sealedCount) : keys;
			// As in an anonymous object: where dynamic members would end, a sealed one may stand.
			const emptyKey = keys.indexOf("", sealed.length);
			if (emptyKey >= 0) sealed.push(...keys.splice(emptyKey, 1));
			this.#writeTraits(className, isDynamic, sealed);
			for (const key of sealed) this.writeValue(members[key]);
			if (isDynamic) this.#dynamic(members, keys, emptyKey < 0 ? sealed.length : sealed.length - 1);
		}
		this.#sink.leave();
	}

	/** Writes the members from the `start`th key on, and their end. */
	#dynamic(members: Members, keys: readonly string[], start: number): void {
		for (let index = start; index < keys.length; index++) {
			const key = keys[index]!;
			const value = members[key];
			if (key === "" || typeof value === "function") continue;
			this.#string(key);
			this.writeValue(value);
		}
		this.#u29(1);
	}

	/** `sealed` is `undefined` for an externalizable class. */
	#writeTraits(className: string, isDynamic: boolean, sealed: readonly string[] | undefined): void {
		if (this.#canReferToTraits) {
			const signature = JSON.stringify([className, isDynamic, sealed ?? null]);
			const known = this.#traits.get(signature);
			if (known !== undefined) {
				this.#u29((known << 2) | 0x01);
				return;
			}
			this.#traits.set(signature, this.#traits.size);
		}
		if (sealed === undefined) {
			this.#u29(0x07);
			this.#string(className);
			return;
		}
		this.#u29(sealed.length * 16 + (isDynamic ? 0x0b : 0x03));
		this.#string(className);
		for (const name of sealed) this.#string(name);
	}

	#integerVector(marker: number, vector: Int32Array): void {
		if (!this.#begin(marker, vector)) return;
		this.#inline(vector.length);
		this.#sink.out.u8(0);
		for (let index = 0; index < vector.length; index++) this.#sink.out.i32(vector[index]!);
	}

	#numberVector(vector: Float64Array): void {
		if (!this.#begin(0x0f, vector)) return;
		this.#inline(vector.length);
		this.#sink.out.u8(0);
		for (let index = 0; index < vector.length; index++) this.#sink.out.f64(vector[index]!);
	}

	#vector(vector: AmfVector): void {
		if (!this.#begin(0x10, vector)) return;
		this.#sink.enter();
		this.#inline(vector.items.length);
		this.#sink.out.u8(vector.fixed ? 1 : 0);
		this.#string(vector.typeName);
		this.#items(vector.items);
		this.#sink.leave();
	}

	#dictionary(map: Map<AmfValue, AmfValue>): void {
		if (!this.#begin(0x11, map)) return;
		this.#sink.enter();
		this.#inline(map.size);
		this.#sink.out.u8(0);
		for (const [key, value] of map) {
			this.writeValue(key);
			this.writeValue(value);
		}
		this.#sink.leave();
	}

	/** Writes the marker and gives the object its index, or writes a reference to it and answers false. */
	#begin(marker: number, object: object): boolean {
		this.#sink.out.u8(marker);
		const known = this.#objects.get(object);
		if (known !== undefined) {
			this.#u29(known << 1);
			return false;
		}
		this.#objects.set(object, this.#objectCount++);
		return true;
	}
}

type Members = { readonly [key: string]: AmfValue };

/** What an array holds, as the members of an object. */
function membersOf(array: AmfEcmaArray): Members {
	const members: AmfObject = Object.create(null);
	for (const [key, value] of array.entries) members[key] = value;
	for (const [index, value] of array.dense.entries()) members[index] = value;
	return members;
}
