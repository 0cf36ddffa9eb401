import type { ByteReader } from "../bytes/index.ts";
import { PeerError } from "../fault/index.ts";
import type { AmfExternalReader } from "./amf-class-registry.ts";
import { type AmfReadOptions, AmfSource } from "./amf-source.ts";
import { AmfEcmaArray, type AmfObject, type AmfValue, AmfVector, AmfXml } from "./amf-types.ts";

/** How the members of a class are sent (AMF 3 specification §3.12). */
type Traits = {
	readonly className: string;
	readonly isExternalizable: boolean;
	readonly isDynamic: boolean;
	/** The sealed members' names; a broken peer may repeat one. */
	readonly names: readonly string[];
	/** What `AmfTypedObject.sealedCount` says of them. */
	readonly sealedCount: number | undefined;
};

/**
 * Reads AMF3 values that follow each other and share their string, object and traits tables (AMF 3 specification §3).
 * Faults are `PeerError`s and `LimitError`s with the offset; after one, nothing more can be read. Lenient: U29 numbers
 * may be longer than needed, and a reference may name a value of another type than its marker says.
 */
export class Amf3Reader implements AmfExternalReader {
	readonly #source: AmfSource;
	readonly #strings: string[] = [];
	readonly #objects: AmfValue[] = [];
	readonly #traits: Traits[] = [];

	/** AMF0's reader passes its own source, so that bytes and limits are shared; `options` do not count then. */
	constructor(bytes: Uint8Array | AmfSource, options: AmfReadOptions = {}) {
		this.#source = bytes instanceof AmfSource ? bytes : new AmfSource(bytes, options);
	}

	/** Bytes read so far. */
	get position(): number {
		return this.#source.input.position;
	}

	/** Whether all bytes are read. */
	get atEnd(): boolean {
		return this.#source.input.remaining === 0;
	}

	/** The bytes themselves, for externalizable classes. */
	get bytes(): ByteReader {
		return this.#source.input;
	}

	/** The next value. */
	read(): AmfValue {
		return this.readValue();
	}

	/** A member's name that stands outside of an object, as in local shared object files; it shares the string table. */
	readKey(): string {
		return this.#key();
	}

	readValue(): AmfValue {
		const source = this.#source;
		source.spend();
		const marker = source.input.u8();
		switch (marker) {
			case 0x00:
				return undefined;
			case 0x01:
				return null;
			case 0x02:
				return false;
			case 0x03:
				return true;
			case 0x04:
				// 29 bits with a sign.
				return (this.#u29() << 3) >> 3;
			case 0x05:
				return source.input.f64();
			case 0x06:
				return this.#string();
			case 0x07:
			case 0x0b:
				return this.#xml(marker === 0x07);
			case 0x08:
				return this.#date();
			case 0x09:
				return this.#array();
			case 0x0a:
				return this.#object();
			case 0x0c:
				return this.#byteArray();
			case 0x0d:
			case 0x0e:
			case 0x0f:
				return this.#numberVector(marker);
			case 0x10:
				return this.#vector();
			case 0x11:
				return this.#dictionary();
			default:
				throw source.badMarker(marker);
		}
	}

	#u29(): number {
		const input = this.#source.input;
		let byte = input.u8();
		if (byte < 0x80) return byte;
		let value = byte & 0x7f;
		byte = input.u8();
		if (byte < 0x80) return (value << 7) | byte;
		value = (value << 7) | (byte & 0x7f);
		byte = input.u8();
		if (byte < 0x80) return (value << 7) | byte;
		value = (value << 7) | (byte & 0x7f);
		// The fourth byte has eight bits of its own.
		return (value << 8) | input.u8();
	}

	#string(): string {
		const head = this.#u29();
		return head & 1 ? this.#newString(head >> 1) : this.#oldString(head >> 1);
	}

	/** A string that names a member or class. */
	#key(): string {
		const head = this.#u29();
		if ((head & 1) === 0) return this.#oldString(head >> 1);
		this.#source.mustBeKey(head >> 1);
		return this.#newString(head >> 1);
	}

	#newString(length: number): string {
		// The empty string is never in the table.
		if (length === 0) return "";
		const text = this.#source.input.utf8(length);
		this.#strings.push(text);
		return text;
	}

	#oldString(index: number): string {
		const text = this.#strings[index];
		if (text === undefined) throw this.#source.badReference(index, this.#strings.length);
		return text;
	}

	/** The value that an object reference names; `head` has its low bit clear. */
	#shared(head: number): AmfValue {
		const index = head >> 1;
		if (index >= this.#objects.length) throw this.#source.badReference(index, this.#objects.length);
		return this.#objects[index];
	}

	#xml(isLegacy: boolean): AmfValue {
		const head = this.#u29();
		if ((head & 1) === 0) return this.#shared(head);
		const xml = new AmfXml(this.#source.input.utf8(head >> 1), isLegacy);
		this.#objects.push(xml);
		return xml;
	}

	#date(): AmfValue {
		const head = this.#u29();
		if ((head & 1) === 0) return this.#shared(head);
		const date = new Date(this.#source.input.f64());
		this.#objects.push(date);
		return date;
	}

	#byteArray(): AmfValue {
		const head = this.#u29();
		if ((head & 1) === 0) return this.#shared(head);
		// A copy: the message's bytes are shared and must not be written to by whoever receives the value.
		const bytes = new Uint8Array(this.#source.input.bytes(head >> 1));
		this.#objects.push(bytes);
		return bytes;
	}

	#array(): AmfValue {
		const source = this.#source;
		const head = this.#u29();
		if ((head & 1) === 0) return this.#shared(head);
		const count = head >> 1;
		source.mustHold(count, 1);
		let key = this.#key();
		if (key === "") {
			const items: AmfValue[] = [];
			this.#objects.push(items);
			this.#items(items, count);
			return items;
		}
		const array = new AmfEcmaArray();
		this.#objects.push(array);
		source.enter();
		for (; key !== ""; key = this.#key()) array.entries.set(key, this.readValue());
		source.leave();
		source.mustHold(count, 1);
		this.#items(array.dense, count);
		return array;
	}

	#items(items: AmfValue[], count: number): void {
		this.#source.enter();
		for (let index = 0; index < count; index++) items.push(this.readValue());
		this.#source.leave();
	}

	#numberVector(marker: number): AmfValue {
		const source = this.#source;
		const input = source.input;
		const head = this.#u29();
		if ((head & 1) === 0) return this.#shared(head);
		const count = head >> 1;
		source.mustHold(count, marker === 0x0f ? 8 : 4);
		// Whether the length is fixed, which typed arrays always are.
		input.skip(1);
		if (marker === 0x0f) {
			const numbers = new Float64Array(count);
			for (let index = 0; index < count; index++) numbers[index] = input.f64();
			this.#objects.push(numbers);
			return numbers;
		}
		const integers = marker === 0x0d ? new Int32Array(count) : new Uint32Array(count);
		for (let index = 0; index < count; index++) integers[index] = input.i32();
		this.#objects.push(integers);
		return integers;
	}

	#vector(): AmfValue {
		const head = this.#u29();
		if ((head & 1) === 0) return this.#shared(head);
		const count = head >> 1;
		this.#source.mustHold(count, 1);
		const isFixed = this.#source.input.u8() !== 0;
		const vector = new AmfVector(this.#key(), [], isFixed);
		this.#objects.push(vector);
		this.#items(vector.items, count);
		return vector;
	}

	#dictionary(): AmfValue {
		const source = this.#source;
		const head = this.#u29();
		if ((head & 1) === 0) return this.#shared(head);
		const count = head >> 1;
		source.mustHold(count, 2);
		// Whether keys are held weakly, which means nothing outside the sender.
		source.input.skip(1);
		const map = new Map<AmfValue, AmfValue>();
		this.#objects.push(map);
		source.enter();
		for (let index = 0; index < count; index++) {
			const key = this.readValue();
			map.set(key, this.readValue());
		}
		source.leave();
		return map;
	}

	#object(): AmfValue {
		const head = this.#u29();
		if ((head & 1) === 0) return this.#shared(head);
		const { classes } = this.#source;
		const traits = this.#readTraits(head);
		const members: AmfObject = Object.create(null);
		const { className } = traits;
		const instance = className === "" ? members : classes.instantiate(className, members, traits.sealedCount);
		this.#objects.push(instance);
		this.#source.enter();
		if (traits.isExternalizable) this.#readExternal(className, members);
		else this.#readMembers(traits, members);
		this.#source.leave();
		if (instance !== members) classes.complete(instance, members);
		return instance;
	}

	#readMembers(traits: Traits, members: AmfObject): void {
		for (const name of traits.names) members[name] = this.readValue();
		if (!traits.isDynamic) return;
		for (let key = this.#key(); key !== ""; key = this.#key()) members[key] = this.readValue();
	}

	#readExternal(className: string, members: AmfObject): void {
		const definition = this.#source.classes.externalizable(className);
		if (definition === undefined) {
			throw new PeerError("AMF_UNKNOWN_EXTERNALIZABLE", JSON.stringify(className), this.position);
		}
		definition.read(this, members);
	}

	/** The traits that the bits after an object's lowest one name or announce. */
	#readTraits(head: number): Traits {
		if ((head & 2) === 0) {
			const index = head >> 2;
			const known = this.#traits[index];
			if (known === undefined) throw this.#source.badReference(index, this.#traits.length);
			return known;
		}
		const isExternalizable = (head & 4) !== 0;
		const isDynamic = !isExternalizable && (head & 8) !== 0;
		const count = isExternalizable ? 0 : head >> 4;
		// Each sealed member has a name here and a value later, of one byte each at least.
		this.#source.mustHold(count, 2);
		const className = this.#key();
		const names: string[] = [];
		for (let index = 0; index < count; index++) {
			this.#source.spend();
			names.push(this.#key());
		}
		const sealedCount = isDynamic ? (count < 2 ? count : new Set(names).size) : undefined;
		const traits = { className, isExternalizable, isDynamic, names, sealedCount };
		this.#traits.push(traits);
		return traits;
	}
}
