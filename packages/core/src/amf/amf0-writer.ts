import { utf8ByteLength } from "../bytes/index.ts";
import { type AmfKind, isDense, kindOf, numberFrom } from "./amf-kind.ts";
import { AmfSink, type AmfWriteOptions, encodingError, unencodable } from "./amf-sink.ts";
import type { AmfEcmaArray, AmfTypedObject, AmfValue, AmfXml } from "./amf-types.ts";
import { Amf3Writer } from "./amf3-writer.ts";

const MAX_REFERENCE = 0xffff;
const MAX_SHORT = 0xffff;

/**
 * Writes AMF0 values one after the other (AMF 0 specification §2). Plain objects and instances of unregistered classes
 * become objects, arrays strict arrays, arrays with holes or named members and maps ECMA arrays, safe bigints numbers.
 * Members that are functions are left out, as Flash does.
 *
 * An object that occurs twice in one value, or inside itself, is written as a reference; references never cross from
 * one top-level value to another, since some peers reset their table there.
 *
 * What cannot be written throws a `UsageError` (`AMF_UNENCODABLE`) and leaves the writer unusable.
 */
export class Amf0Writer {
	readonly #sink: AmfSink;
	readonly #options: AmfWriteOptions;
	/** The containers of the current top-level value, by the index they have in the whole message. */
	readonly #references = new Map<object, number>();
	readonly #useReferences: boolean;
	#containers = 0;
	#amf3: Amf3Writer | undefined;

	/** The writer of local shared objects passes its own sink, made of the same options. */
	constructor(options: AmfWriteOptions = {}, sink: AmfSink = new AmfSink(options)) {
		this.#options = options;
		this.#sink = sink;
		this.#useReferences = options.references ?? true;
	}

	/** Appends a value. */
	write(value: AmfValue): void {
		// Clearing makes a new table, even of an empty map.
		if (this.#references.size > 0) this.#references.clear();
		try {
			this.#value(value);
		} catch (error) {
			throw encodingError(error);
		}
	}

	/** Appends a value in AMF3 behind marker 11, the switch to it. */
	writeAvmPlus(value: AmfValue): void {
		this.#sink.out.u8(0x11);
		this.#amf3 ??= new Amf3Writer(this.#sink);
		this.#amf3.write(value);
	}

	/** All that was written, in an array of its own. The writer is spent then. */
	finish(): Uint8Array {
		return this.#sink.out.finish();
	}

	#value(value: AmfValue): void {
		const out = this.#sink.out;
		switch (typeof value) {
			case "number":
				out.u8(0x00);
				out.f64(value);
				return;
			case "string":
				this.#string(value);
				return;
			case "boolean":
				out.u8(0x01);
				out.u8(value ? 1 : 0);
				return;
			case "undefined":
				out.u8(0x06);
				return;
			case "object":
				if (value === null) out.u8(0x05);
				else this.#object(value);
				return;
			default:
				out.u8(0x00);
				out.f64(numberFrom(value));
		}
	}

	#string(text: string): void {
		const out = this.#sink.out;
		// Three bytes a code unit at most: the short form can be told without counting.
		const isShort = text.length * 3 <= MAX_SHORT || utf8ByteLength(text) <= MAX_SHORT;
		const at = out.length + 1;
		if (isShort) {
			out.u8(0x02);
			out.u16(0);
			out.patchU16(at, out.utf8(text));
		} else {
			out.u8(0x0c);
			out.u32(0);
			out.patchU32(at, out.utf8(text));
		}
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
				this.#typed(value, (value as AmfTypedObject).className, (value as AmfTypedObject).members);
				return;
			case "date":
				this.#sink.out.u8(0x0b);
				this.#sink.out.f64((value as Date).getTime());
				this.#sink.out.u16(0);
				return;
			case "xml":
				this.#xml(value as AmfXml);
				return;
			case "map":
				this.#map(value as Map<AmfValue, AmfValue>);
				return;
			default:
				this.#amf3Only(value, kind);
		}
	}

	#plain(value: object): void {
		const alias = this.#sink.classes.aliasOf(value);
		if (alias !== undefined) {
			this.#typed(value, alias, value);
		} else if (this.#begin(value)) {
			this.#sink.out.u8(0x03);
			this.#members(value);
			this.#end();
		}
	}

	/** `identity` is the object that references name, `members` the one whose members are written. */
	#typed(identity: object, className: string, members: object): void {
		if (!this.#begin(identity)) return;
		if (className === "") {
			this.#sink.out.u8(0x03);
		} else {
			this.#sink.out.u8(0x10);
			this.#key(className);
		}
		this.#members(members);
		this.#end();
	}

	#members(object: object): void {
		for (const key of Object.keys(object)) this.#member(key, (object as { [key: string]: AmfValue })[key]);
	}

	#array(array: AmfValue[]): void {
		if (!this.#begin(array)) return;
		const out = this.#sink.out;
		if (isDense(array)) {
			out.u8(0x0a);
			out.u32(array.length);
			for (let index = 0; index < array.length; index++) this.#value(array[index]);
			this.#sink.leave();
		} else {
			out.u8(0x08);
			out.u32(array.length);
			this.#members(array);
			this.#end();
		}
	}

	#ecmaArray(array: AmfEcmaArray): void {
		if (!this.#begin(array)) return;
		this.#sink.out.u8(0x08);
		this.#sink.out.u32(array.entries.size + array.dense.length);
		for (let index = 0; index < array.dense.length; index++) this.#member(String(index), array.dense[index]);
		for (const [key, value] of array.entries) this.#member(key, value);
		this.#end();
	}

	#map(map: Map<AmfValue, AmfValue>): void {
		for (const key of map.keys()) {
			if (typeof key !== "string") {
				this.#amf3Only(map, "map");
				return;
			}
		}
		if (!this.#begin(map)) return;
		this.#sink.out.u8(0x08);
		this.#sink.out.u32(map.size);
		for (const [key, value] of map) this.#member(key as string, value);
		this.#end();
	}

	#member(key: string, value: AmfValue): void {
		if (typeof value === "function") return;
		this.#key(key);
		this.#value(value);
	}

	#key(key: string): void {
		const out = this.#sink.out;
		const at = out.length;
		out.u16(0);
		const length = out.utf8(key);
		if (length > MAX_SHORT) throw unencodable(`A member's name has ${length} bytes; AMF0 allows ${MAX_SHORT}.`);
		out.patchU16(at, length);
	}

	#xml(xml: AmfXml): void {
		const out = this.#sink.out;
		out.u8(0x0f);
		const at = out.length;
		out.u32(0);
		out.patchU32(at, out.utf8(xml.text));
	}

	#amf3Only(value: AmfValue, kind: AmfKind): void {
		if (this.#options.avmPlus !== true) {
			throw unencodable(`AMF0 has no ${NAMES[kind] ?? kind}; only a peer that negotiated AMF3 can receive it.`);
		}
		this.writeAvmPlus(value);
	}

	/** Opens a container, or writes a reference to it and answers false. */
	#begin(container: object): boolean {
		if (this.#useReferences) {
			const known = this.#references.get(container);
			if (known !== undefined) {
				this.#sink.out.u8(0x07);
				this.#sink.out.u16(known);
				return false;
			}
			if (this.#containers <= MAX_REFERENCE) this.#references.set(container, this.#containers);
			this.#containers++;
		}
		this.#sink.enter();
		return true;
	}

	/** Closes a container of members. */
	#end(): void {
		this.#sink.out.u24(0x000009);
		this.#sink.leave();
	}
}

const NAMES: { readonly [kind in AmfKind]?: string } = {
	bytes: "byte array (Uint8Array)",
	"int-vector": "vector of integers (Int32Array)",
	"uint-vector": "vector of unsigned integers (Uint32Array)",
	"number-vector": "vector of numbers (Float64Array)",
	vector: "vector (AmfVector)",
	map: "map with other keys than strings",
};
